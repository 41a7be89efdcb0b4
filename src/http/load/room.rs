//! How many requests are under way, and how many may be: fewer while most take long, more while they do not.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot::Sender;
use tokio::time::Instant;
use uuid::Uuid;

/// A request that takes longer counts as slow.
const SLOW: Duration = Duration::from_millis(300);
/// The number of those under way is cut after each window in which most were slow, but the first: a moment in which the
/// disk holds everybody up is over by then.
const WINDOW: Duration = Duration::from_millis(100);
const CUT_TO: f64 = 0.8;
/// What each quick request adds to the number, while it is used.
const GROWTH: f64 = 0.5;

/// Between which the number of requests under way stays.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub at_first: f64,
    pub min: f64,
    pub max: f64,
}

/// `T` is what those who wait are given.
#[derive(Debug)]
pub struct Room<T> {
    bounds: Bounds,
    under_way: usize,
    under_way_max: f64,
    window: Window,
    /// Those who have requests under way, or waiting.
    of: HashMap<Uuid, Requests<T>>,
    /// Those who have requests waiting, in the order of their turns.
    waiting: VecDeque<Uuid>,
}

/// The requests of an organization.
#[derive(Debug)]
struct Requests<T> {
    under_way: usize,
    /// Those that wait, in the order in which they came.
    line: VecDeque<Sender<T>>,
}

/// What ended in the window of time that goes on.
#[derive(Debug)]
struct Window {
    begin: Instant,
    slow: usize,
    quick: usize,
    /// Whether most were slow in the one before.
    was_slow: bool,
}

impl<T> Room<T> {
    pub fn within(bounds: Bounds) -> Self {
        Self {
            bounds,
            under_way: 0,
            under_way_max: bounds.at_first,
            window: Window { begin: Instant::now(), slow: 0, quick: 0, was_slow: false },
            of: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Begins a request where there is room for it and none of its organization waits.
    pub fn begin(&mut self, org_id: Uuid) -> bool {
        let may_begin = !self.has_waiting(org_id) && self.has_room(org_id);
        if may_begin {
            self.count(org_id);
        }
        may_begin
    }

    /// Has a request wait for room.
    pub fn wait(&mut self, org_id: Uuid, tell: Sender<T>) {
        if !self.has_waiting(org_id) {
            self.waiting.push_back(org_id);
        }
        self.requests(org_id).line.push_back(tell);
    }

    /// Takes the next request that waits and has room: each organization in its turn. It is to be counted, or
    /// forgotten where it has gone meanwhile.
    pub fn next_waiting(&mut self) -> Option<(Uuid, Sender<T>)> {
        let mut index = 0;
        while index < self.waiting.len() && (self.under_way as f64) < 2.0 * self.under_way_max {
            let org_id = self.waiting[index];
            if !self.has_waiting(org_id) {
                continue;
            }
            if !self.has_room(org_id) {
                index += 1;
                continue;
            }
            self.waiting.remove(index);
            let line = &mut self.requests(org_id).line;
            let (first, is_last) = (line.pop_front()?, line.is_empty());
            if !is_last {
                self.waiting.push_back(org_id);
            }
            return Some((org_id, first));
        }
        None
    }

    /// A request has begun.
    pub fn count(&mut self, org_id: Uuid) {
        self.under_way += 1;
        self.requests(org_id).under_way += 1;
    }

    /// A request has ended. `None`: how long it took says nothing of how busy the process is.
    pub fn end(&mut self, org_id: Uuid, took: Option<Duration>, now: Instant) {
        if let Some(took) = took {
            let is_slow = took >= SLOW;
            if self.window.ends_in_a_cut(is_slow, now) {
                let used = self.under_way_max.min(self.under_way as f64);
                self.under_way_max = (used * CUT_TO).max(self.bounds.min);
            } else if !is_slow && self.under_way as f64 * 2.0 >= self.under_way_max {
                self.under_way_max = (self.under_way_max + GROWTH).min(self.bounds.max);
            }
        }
        self.under_way -= 1;
        self.requests(org_id).under_way -= 1;
        self.forget(org_id);
    }

    /// Remembers nothing of an organization without requests.
    pub fn forget(&mut self, org_id: Uuid) {
        if self.of.get(&org_id).is_some_and(|own| own.under_way == 0 && own.line.is_empty()) {
            self.of.remove(&org_id);
        }
    }

    /// Whether requests of an organization wait. Those that have gone are forgotten, from the first on: all wait equally long.
    fn has_waiting(&mut self, org_id: Uuid) -> bool {
        let Some(own) = self.of.get_mut(&org_id) else { return false };
        let had = !own.line.is_empty();
        while own.line.front().is_some_and(Sender::is_closed) {
            own.line.pop_front();
        }
        let has = !own.line.is_empty();
        if had && !has {
            self.waiting.retain(|waiting| *waiting != org_id);
            self.forget(org_id);
        }
        has
    }

    fn requests(&mut self, org_id: Uuid) -> &mut Requests<T> {
        self.of.entry(org_id).or_insert_with(|| Requests { under_way: 0, line: VecDeque::new() })
    }

    /// Where as many are under way as may be, an organization with less than its share gets in still.
    fn has_room(&self, org_id: Uuid) -> bool {
        let under_way = self.under_way as f64;
        let own = self.of.get(&org_id).map_or(0, |own| own.under_way);
        let is_small = || {
            let organizations = self.of.len() + usize::from(!self.of.contains_key(&org_id));
            (own as f64) < (self.under_way_max / organizations as f64).max(1.0)
        };
        under_way < self.under_way_max || (under_way < 2.0 * self.under_way_max && is_small())
    }
}

impl Window {
    /// Counts a request that ended; whether a window ended with it after which fewer should be under way.
    fn ends_in_a_cut(&mut self, is_slow: bool, now: Instant) -> bool {
        *(if is_slow { &mut self.slow } else { &mut self.quick }) += 1;
        if now.duration_since(self.begin) < WINDOW {
            return false;
        }
        let were_slow = self.slow > self.quick;
        let is_cut = were_slow && self.was_slow;
        *self = Self { begin: now, slow: 0, quick: 0, was_slow: were_slow };
        is_cut
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const ORG: Uuid = Uuid::from_u128(1);
    const BOUNDS: Bounds = Bounds { at_first: 128.0, min: 64.0, max: 1024.0 };

    #[test]
    fn slow_requests_cut_the_number_and_quick_ones_restore_it() {
        let mut room = Room::<()>::within(BOUNDS);
        let fill = |room: &mut Room<()>| (0..2000).take_while(|_| room.begin(ORG)).count();
        assert_eq!(fill(&mut room), BOUNDS.at_first as usize);
        let mut now = Instant::now() + SLOW;
        while room.under_way > 0 {
            room.end(ORG, Some(SLOW), now);
            now += WINDOW;
        }
        assert_eq!(fill(&mut room), BOUNDS.min as usize);
        for _ in 0..100_000 {
            room.end(ORG, Some(Duration::ZERO), now);
            fill(&mut room);
        }
        assert_eq!(room.under_way, BOUNDS.max as usize);
    }

    #[test]
    fn neither_a_moment_nor_a_few_slow_requests_cut_the_number() {
        let mut room = Room::<()>::within(BOUNDS);
        let mut now = Instant::now() + SLOW;
        for _ in 0..20 {
            for slow in [100, 0, 49] {
                (0..100).for_each(|_| assert!(room.begin(ORG)));
                for n in 0..100 {
                    room.end(ORG, Some(if n < slow { SLOW } else { Duration::ZERO }), now);
                }
                now += WINDOW;
            }
        }
    }

    #[test]
    fn nothing_is_remembered_of_who_has_gone() {
        let mut room = Room::<()>::within(Bounds { at_first: 1.0, ..BOUNDS });
        assert!(room.begin(ORG));
        for other in [1, 1, 2].map(Uuid::from_u128) {
            let (tell, told) = oneshot::channel();
            room.wait(other, tell);
            drop(told);
        }
        room.end(ORG, None, Instant::now());
        assert!(room.next_waiting().is_none());
        assert!(room.of.is_empty() && room.waiting.is_empty());
        assert!(room.begin(ORG));
    }

    #[test]
    fn organizations_take_turns() {
        let mut room = Room::<()>::within(Bounds { at_first: 1.0, ..BOUNDS });
        assert!(room.begin(ORG));
        let waiting = [1, 1, 2, 3, 1].map(|other| {
            let (tell, told) = oneshot::channel();
            room.wait(Uuid::from_u128(other), tell);
            told
        });
        let mut order = Vec::new();
        let mut ends = ORG;
        for _ in &waiting {
            room.end(ends, None, Instant::now());
            let (org_id, _) = room.next_waiting().expect("there is room");
            room.count(org_id);
            order.push(org_id.as_u128());
            ends = org_id;
        }
        assert_eq!(order, [1, 2, 3, 1, 1]);
    }
}
