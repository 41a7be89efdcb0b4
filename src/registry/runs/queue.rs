//! The wait for a processor to run on. Runs take at most half of them, so that everything else goes on. Organizations
//! take turns of equal time, so that one that asks for much delays its own: in its turn its runs follow each other, and a
//! run that is not done when the turn is over waits for the next one where it stands, on its own thread.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::lines::Lines;
use crate::interpreter::RunPace;
use crate::registry::RegistryError;

/// Runs of one organization that may wait to begin; a further one is refused at once.
const WAITING_MAX: usize = 200;
/// Runs of all organizations that have begun and wait, each with a thread and what it has made of its trace. A further one
/// keeps its processor until there is room.
const BEGUN_WAITING_MAX: usize = 32;
/// How long runs of an organization have a processor while others wait.
const TURN: Duration = Duration::from_millis(1);

/// Clones share everything.
#[derive(Debug, Clone)]
pub(super) struct RunQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    turn: Duration,
    slots: Mutex<Slots>,
}

#[derive(Debug)]
struct Slots {
    /// None is free while somebody waits.
    free: usize,
    lines: Lines<Place>,
}

/// Where a run is told that it has a processor.
type Place = oneshot::Sender<RunSlot>;

/// A processor for one run, given on when it is dropped.
#[derive(Debug)]
pub(super) struct RunSlot {
    /// `None`: it was given on.
    queue: Option<RunQueue>,
    org_id: Uuid,
    /// What earlier runs have taken of the turn.
    taken: Duration,
    /// When the run began, or went on.
    since: Option<Instant>,
}

impl Drop for RunSlot {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.give_on(queue.slots(), self);
        }
    }
}

impl RunSlot {
    /// What is taken of the turn. Until a run begins or goes on nothing is: its thread may be slow to wake.
    fn taken(&self) -> Duration {
        self.taken + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Gives the processor on where the turn is over and another organization waits. What is answered then tells of
    /// the next turn.
    fn give_way(&mut self) -> Option<oneshot::Receiver<Self>> {
        if self.taken() < self.queue.as_ref()?.0.turn {
            return None;
        }
        let queue = self.queue.clone()?;
        let mut slots = queue.slots();
        if !slots.lines.others_wait(self.org_id) {
            return None;
        }
        let (tell, next) = oneshot::channel();
        if !slots.lines.add_begun(self.org_id, tell, BEGUN_WAITING_MAX) {
            return None;
        }
        self.queue = None;
        queue.give_on(slots, self);
        Some(next)
    }
}

impl RunQueue {
    /// Of half of the processors, and of one at least; and how many runs it lets begin before one of them has ended.
    pub(super) fn of_this_machine() -> (Self, usize) {
        let at_once = thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1));
        (Self::new(at_once, TURN), at_once + BEGUN_WAITING_MAX)
    }

    fn new(at_once: usize, turn: Duration) -> Self {
        Self(Arc::new(Shared { turn, slots: Mutex::new(Slots { free: at_once, lines: Lines::default() }) }))
    }

    /// Waits for a processor.
    ///
    /// # Errors
    /// [`RegistryError::Overloaded`] where none is free in time, or too many runs of the organization wait already.
    pub(super) async fn slot(&self, org_id: Uuid, within: Duration) -> Result<RunSlot, RegistryError> {
        let Some(turn) = self.stand_in_line(org_id)? else {
            return Ok(self.give(org_id, Duration::ZERO));
        };
        match tokio::time::timeout(within, turn).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(RegistryError::Overloaded),
        }
    }

    /// Takes a free slot, or a place in the line.
    fn stand_in_line(&self, org_id: Uuid) -> Result<Option<oneshot::Receiver<RunSlot>>, RegistryError> {
        let mut slots = self.slots();
        if slots.free > 0 {
            slots.free -= 1;
            return Ok(None);
        }
        let (tell, turn) = oneshot::channel();
        if !slots.lines.add_new(org_id, tell, WAITING_MAX, |place| !place.is_closed()) {
            return Err(RegistryError::Overloaded);
        }
        Ok(Some(turn))
    }

    /// Gives a slot to the next run. It is told without the lock: whoever is woken may go before this thread, which has the
    /// lowest priority.
    fn give_on<'s>(&'s self, mut slots: MutexGuard<'s, Slots>, given: &RunSlot) {
        let (mut org_id, mut taken) = (given.org_id, given.taken());
        loop {
            let goes_on = taken < self.0.turn;
            let Some((next, place)) = slots.lines.next(org_id, goes_on) else { break };
            drop(slots);
            if next != org_id || !goes_on {
                (org_id, taken) = (next, Duration::ZERO);
            }
            match place.send(self.give(org_id, taken)) {
                Ok(()) => return,
                // It waits no longer. The slot is still ours to give.
                Err(mut slot) => slot.queue = None,
            }
            slots = self.slots();
        }
        slots.free += 1;
    }

    fn give(&self, org_id: Uuid, taken: Duration) -> RunSlot {
        RunSlot { queue: Some(self.clone()), org_id, taken, since: None }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turns of one run, on the thread on which it runs.
#[derive(Debug)]
pub(super) struct RunTurns {
    slot: RefCell<RunSlot>,
    waited: Cell<Duration>,
}

impl RunTurns {
    /// Begins now.
    pub(super) fn new(mut slot: RunSlot) -> Self {
        slot.since = Some(Instant::now());
        Self { slot: RefCell::new(slot), waited: Cell::default() }
    }

    /// How long the run has waited for further turns.
    pub(super) fn waited(&self) -> Duration {
        self.waited.get()
    }
}

impl RunPace for RunTurns {
    fn rest(&self) {
        let mut slot = self.slot.borrow_mut();
        let Some(next) = slot.give_way() else { return };
        let began = Instant::now();
        *slot = next.blocking_recv().expect("whoever has a slot keeps the queue, and who waits in it");
        let now = Instant::now();
        slot.since = Some(now);
        self.waited.set(self.waited.get() + (now - began));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::super::threads::RunThreads;
    use super::*;

    const LONG: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(20);

    fn org(n: usize) -> Uuid {
        Uuid::from_u128(n as u128)
    }

    /// One processor, and turns that are over at once.
    fn short_turns() -> RunQueue {
        RunQueue::new(1, Duration::ZERO)
    }

    /// One processor, and turns that no test outlasts.
    fn long_turns() -> RunQueue {
        RunQueue::new(1, Duration::from_secs(3600))
    }

    /// The organizations of runs that wait while one of the first has the processor, in the order in which they get it.
    async fn order(queue: RunQueue) -> Vec<usize> {
        let mut held = Some(queue.slot(org(1), LONG).await.unwrap());
        let mut waiting: Vec<_> =
            [1, 1, 1, 2, 3, 2].into_iter().map(|n| (n, Box::pin(queue.slot(org(n), LONG)))).collect();
        let mut order = Vec::new();
        // Each stands in line once it was asked.
        waiting.iter_mut().for_each(|(_, slot)| assert!(slot.now_or_never().is_none()));
        while !waiting.is_empty() {
            drop(held.take());
            let ready = waiting.iter_mut().position(|(_, slot)| {
                held = slot.now_or_never().map(Result::unwrap);
                held.is_some()
            });
            order.push(waiting.remove(ready.expect("one has its turn")).0);
        }
        drop(held);
        assert_eq!(queue.slots().free, 1);
        order
    }

    #[tokio::test]
    async fn organizations_take_turns() {
        assert_eq!(order(short_turns()).await, [2, 3, 1, 2, 1, 1]);
        assert_eq!(order(long_turns()).await, [1, 1, 1, 2, 2, 3]);
    }

    #[tokio::test]
    async fn who_waits_no_longer_is_passed_over() {
        let queue = short_turns();
        let held = queue.slot(org(1), LONG).await.unwrap();
        assert!(matches!(queue.slot(org(2), SHORT).await, Err(RegistryError::Overloaded)));
        let mut waiting = Box::pin(queue.slot(org(3), LONG));
        assert!((&mut waiting).now_or_never().is_none());
        let mut gone = Box::pin(queue.slot(org(4), LONG));
        assert!((&mut gone).now_or_never().is_none());
        drop(held);
        let held = waiting.await.unwrap();
        // Its slot is on the way to it.
        drop(held);
        drop(gone);
        assert_eq!(queue.slots().free, 1);
        let mut held = queue.slot(org(1), LONG).await.unwrap();
        drop(queue.stand_in_line(org(2)).unwrap());
        let mut next = held.give_way().expect("somebody waited");
        held = next.try_recv().expect("nobody else waits");
        drop(held);
        assert_eq!(queue.slots().free, 1);
    }

    #[tokio::test]
    async fn a_run_gives_way_when_its_turn_is_over_and_goes_on_before_new_ones() {
        let queue = short_turns();
        let mut held = queue.slot(org(1), LONG).await.unwrap();
        assert!(held.give_way().is_none(), "nobody waits");
        let mut new = queue.stand_in_line(org(1)).unwrap().unwrap();
        assert!(held.give_way().is_none(), "only its own organization waits");
        let mut other = queue.stand_in_line(org(2)).unwrap().unwrap();
        let mut next = held.give_way().expect("another organization waits");
        drop(held);
        let other = other.try_recv().expect("it is the other's turn");
        assert!(next.try_recv().is_err() && new.try_recv().is_err());
        drop(other);
        let held = next.try_recv().expect("the run that has begun is next");
        assert!(new.try_recv().is_err());
        drop(held);
        drop(new.try_recv().expect("the new one is next"));
        assert_eq!(queue.slots().free, 1);
    }

    #[tokio::test]
    async fn a_run_keeps_its_turn() {
        let queue = long_turns();
        let mut held = queue.slot(org(1), LONG).await.unwrap();
        let mut other = queue.stand_in_line(org(2)).unwrap().unwrap();
        assert!(held.give_way().is_none());
        assert!(other.try_recv().is_err());
        drop(held);
        drop(other.try_recv().unwrap());
        assert_eq!(queue.slots().free, 1);
    }

    #[tokio::test]
    async fn a_line_has_an_end() {
        let queue = long_turns();
        let _held = queue.slot(org(1), LONG).await.unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX).map(|_| queue.stand_in_line(org(1)).unwrap()).collect();
        assert!(matches!(queue.slot(org(1), LONG).await, Err(RegistryError::Overloaded)));
        drop(waiting);
        assert!(queue.stand_in_line(org(1)).is_ok());
    }

    #[tokio::test]
    async fn beside_many_runs_that_have_begun_and_wait_a_run_keeps_its_processor() {
        let queue = short_turns();
        let mut held = queue.slot(org(1), LONG).await.unwrap();
        let begin = || {
            let (tell, next) = oneshot::channel();
            queue.slots().lines.add_begun(org(2), tell, BEGUN_WAITING_MAX).then_some(next)
        };
        let mut begun: Vec<_> = (0..BEGUN_WAITING_MAX).map(|_| begin().expect("there is room")).collect();
        assert!(begin().is_none());
        assert!(held.give_way().is_none());
        drop(held);
        let mut held = begun.remove(0).try_recv().expect("it is next");
        let mut new = queue.stand_in_line(org(1)).unwrap().unwrap();
        begun.push(held.give_way().expect("there is room again"));
        drop(new.try_recv().expect("it is next"));
        drop((held, begun));
        assert_eq!(queue.slots().free, 1);
    }

    #[tokio::test]
    async fn a_run_waits_on_its_thread_and_one_that_panics_gives_its_processor_on() {
        let (queue, threads) = (short_turns(), RunThreads::new(1));
        let pace = RunTurns::new(queue.slot(org(1), LONG).await.unwrap());
        let other = queue.stand_in_line(org(2)).unwrap().unwrap();
        let run = threads.spawn(move || {
            pace.rest();
            assert!(pace.waited() > Duration::ZERO);
            panic!("of the test");
        });
        let other = other.await.unwrap();
        let own = queue.stand_in_line(org(1)).unwrap().unwrap();
        drop(other);
        drop(own.await.expect("it goes after the run that panics"));
        let run: Result<(), _> = run.await;
        assert!(run.unwrap_err().is_panic());
        assert_eq!(queue.slots().free, 1);
    }
}
