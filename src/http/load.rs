//! How much is carried out at once. What is more waits for a moment, and is refused when there is no room for it by then,
//! with when to come back: a longer queue would only make everybody wait, and who is refused at once and comes again at
//! once takes the processor from those that are carried out. Two things tell that there is more than can be done: requests
//! that take long once they are begun, because the database or another resource is busy, and a runtime that is late with its
//! tasks, because the processor is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::problem::{Code, Problem};

/// A request that takes longer counts as slow.
const SLOW: Duration = Duration::from_millis(300);
/// The number of those under way is cut after each window in which most were slow, but the first: a moment in which the
/// disk holds everybody up is over by then.
const WINDOW: Duration = Duration::from_millis(100);
const CUT_TO: f64 = 0.8;
/// What each quick request adds to the number, while it is used.
const GROWTH: f64 = 0.5;
const USUAL: Bounds = Bounds { at_first: 128.0, min: 64.0, max: 1024.0 };
/// Of requests that each may cost as much as hundreds: where the flows are not in memory, whole lists take the processor for
/// tens of milliseconds.
const LONG: Bounds = Bounds { at_first: 8.0, min: 4.0, max: 32.0 };
/// How long a request waits for room, before it is refused.
const WAIT_MAX: Duration = Duration::from_millis(250);

/// How often the runtime is asked whether it is late.
const PROBE_EVERY: Duration = Duration::from_millis(25);
const LATE: Duration = Duration::from_millis(400);
/// Requests begun since the runtime was asked, below which it is not they that make it late.
const BEGUN_MIN: u64 = 8;

/// Clones share everything.
#[derive(Debug, Clone)]
pub struct Load(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    counts: Mutex<Counts>,
    runtime: Runtime,
    /// Told that one ended, whoever has waited longest to be begun.
    ended: Notify,
}

/// Between which the number of requests under way stays.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    at_first: f64,
    min: f64,
    max: f64,
}

#[derive(Debug)]
struct Counts {
    bounds: Bounds,
    under_way: usize,
    /// Requests under way of each organization that has any.
    of: HashMap<Uuid, usize>,
    under_way_max: f64,
    window: Window,
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

/// When the runtime was asked last, and what came since.
#[derive(Debug)]
struct Runtime {
    start: Instant,
    /// In milliseconds since `start`; `NEVER` where nobody asks.
    asked_ms: AtomicU64,
    begun: AtomicU64,
}

const NEVER: u64 = u64::MAX;

/// A request that is carried out, until this is dropped.
#[derive(Debug)]
pub struct LoadShare {
    load: Load,
    org_id: Uuid,
    /// `None`: how long it takes says nothing of how busy the process is.
    began: Option<Instant>,
}

impl LoadShare {
    pub fn waits_in_line(&mut self) {
        self.began = None;
    }
}

impl Drop for LoadShare {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut counts = self.load.counts();
        counts.end(self.org_id, self.began.unwrap_or(now), now);
        let has_room = (counts.under_way as f64) < counts.under_way_max;
        drop(counts);
        if has_room {
            self.load.0.ended.notify_one();
        }
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::within(USUAL)
    }
}

impl Load {
    /// Of long requests, each of which counts among all others too.
    pub fn of_long_requests() -> Self {
        Self::within(LONG)
    }

    fn within(bounds: Bounds) -> Self {
        let runtime =
            Runtime { start: Instant::now(), asked_ms: AtomicU64::new(NEVER), begun: AtomicU64::new(0) };
        let window = Window { begin: Instant::now(), slow: 0, quick: 0, was_slow: false };
        let counts =
            Counts { bounds, under_way: 0, of: HashMap::new(), under_way_max: bounds.at_first, window };
        Self(Arc::new(Shared { counts: Mutex::new(counts), runtime, ended: Notify::new() }))
    }

    /// Asks the current runtime, for as long as there is one, whether it is late.
    pub fn watching_the_runtime() -> Self {
        let load = Self::default();
        let shared = Arc::downgrade(&load.0);
        tokio::spawn(async move {
            while let Some(shared) = shared.upgrade() {
                shared.runtime.asked();
                drop(shared);
                tokio::time::sleep(PROBE_EVERY).await;
            }
        });
        load
    }

    /// Begins a request of an organization as soon as it may, or refuses it.
    pub async fn begin(&self, org_id: Uuid) -> Result<LoadShare, Problem> {
        let begun = match self.0.runtime.is_late(Instant::now()) {
            true => None,
            false => timeout(WAIT_MAX, self.begun(org_id)).await.ok(),
        };
        let detail = "More requests are under way than this process can answer in time.";
        begun.ok_or_else(|| Problem::retry(Code::Overloaded, 1, detail))
    }

    /// Begins a request once there is room for it.
    async fn begun(&self, org_id: Uuid) -> LoadShare {
        while !self.counts().begin(org_id) {
            self.0.ended.notified().await;
        }
        LoadShare { load: self.clone(), org_id, began: Some(Instant::now()) }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Where as many are under way as may be, an organization with less than its share gets in still.
    fn begin(&mut self, org_id: Uuid) -> bool {
        let under_way = self.under_way as f64;
        let own = self.of.get(&org_id).copied().unwrap_or(0);
        let is_small = || {
            let organizations = self.of.len() + usize::from(own == 0);
            (own as f64) < (self.under_way_max / organizations as f64).max(1.0)
        };
        if under_way >= self.under_way_max && (under_way >= 2.0 * self.under_way_max || !is_small()) {
            return false;
        }
        self.under_way += 1;
        *self.of.entry(org_id).or_default() += 1;
        true
    }

    fn end(&mut self, org_id: Uuid, began: Instant, now: Instant) {
        let is_slow = now.duration_since(began) >= SLOW;
        if self.window.ends_in_a_cut(is_slow, now) {
            let used = self.under_way_max.min(self.under_way as f64);
            self.under_way_max = (used * CUT_TO).max(self.bounds.min);
        } else if !is_slow && self.under_way as f64 * 2.0 >= self.under_way_max {
            self.under_way_max = (self.under_way_max + GROWTH).min(self.bounds.max);
        }
        self.under_way -= 1;
        if let Some(own) = self.of.get_mut(&org_id) {
            *own -= 1;
            if *own == 0 {
                self.of.remove(&org_id);
            }
        }
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

impl Runtime {
    fn asked(&self) {
        self.asked_ms.store(self.ms(Instant::now()), Ordering::Relaxed);
        self.begun.store(0, Ordering::Relaxed);
    }

    fn is_late(&self, now: Instant) -> bool {
        let asked_ms = self.asked_ms.load(Ordering::Relaxed);
        if asked_ms == NEVER || self.begun.fetch_add(1, Ordering::Relaxed) < BEGUN_MIN {
            return false;
        }
        self.ms(now).saturating_sub(asked_ms) > LATE.as_millis() as u64
    }

    fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.start).as_millis()).unwrap_or(NEVER - 1)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const ORG: Uuid = Uuid::from_u128(1);

    fn begun(load: &Load, org_id: Uuid, wanted: usize) -> Vec<LoadShare> {
        (0..wanted).map_while(|_| load.begin(org_id).now_or_never()?.ok()).collect()
    }

    #[test]
    fn slow_requests_cut_the_number_and_quick_ones_restore_it() {
        let load = Load::default();
        let mut counts = load.counts();
        let fill = |counts: &mut Counts| (0..2000).take_while(|_| counts.begin(ORG)).count();
        assert_eq!(fill(&mut counts), USUAL.at_first as usize);
        let mut now = Instant::now() + SLOW;
        while counts.under_way > 0 {
            counts.end(ORG, now.checked_sub(SLOW).unwrap(), now);
            now += WINDOW;
        }
        assert_eq!(fill(&mut counts), USUAL.min as usize);
        for _ in 0..100_000 {
            counts.end(ORG, now, now);
            fill(&mut counts);
        }
        assert_eq!(counts.under_way, USUAL.max as usize);
    }

    #[test]
    fn neither_a_moment_nor_a_few_slow_requests_cut_the_number() {
        let load = Load::default();
        let mut counts = load.counts();
        let mut now = Instant::now() + SLOW;
        for _ in 0..20 {
            for slow in [100, 0, 49] {
                (0..100).for_each(|_| assert!(counts.begin(ORG)));
                for n in 0..100 {
                    let began = if n < slow { now.checked_sub(SLOW).unwrap() } else { now };
                    counts.end(ORG, began, now);
                }
                now += WINDOW;
            }
        }
    }

    #[tokio::test]
    async fn no_organization_takes_all() {
        let load = Load::default();
        let greedy = begun(&load, ORG, 2000);
        let other = begun(&load, Uuid::from_u128(2), 2000);
        assert_eq!(other.len(), greedy.len() / 2);
        assert!(load.begin(ORG).await.is_err());
    }

    #[tokio::test]
    async fn what_is_more_waits_for_room_and_not_for_long() {
        let load = Load::default();
        let mut under_way = begun(&load, ORG, 2000);
        let mut waiting = Vec::from([(), ()].map(|()| Box::pin(load.begin(ORG))));
        assert!(waiting.iter_mut().all(|waiting| waiting.now_or_never().is_none()));
        under_way.pop();
        under_way.push(waiting.remove(0).await.expect("who came first is begun first"));
        let since = Instant::now();
        let refused = waiting.remove(0).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after_s()), (Code::Overloaded, Some(1)));
        assert!(since.elapsed() < 4 * WAIT_MAX, "{:?}", since.elapsed());
    }

    #[test]
    fn a_runtime_that_is_late_takes_nothing_more() {
        let start = Instant::now();
        let runtime = Runtime { start, asked_ms: AtomicU64::new(0), begun: AtomicU64::new(0) };
        let late = start + LATE + Duration::from_millis(1);
        for _ in 0..BEGUN_MIN {
            assert!(!runtime.is_late(late));
        }
        assert!(runtime.is_late(late) && !runtime.is_late(start + LATE));
        runtime.asked();
        assert!(!runtime.is_late(late));
        runtime.asked_ms.store(NEVER, Ordering::Relaxed);
        runtime.begun.store(BEGUN_MIN, Ordering::Relaxed);
        assert!(!runtime.is_late(late));
    }
}
