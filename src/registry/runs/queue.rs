//! The wait for a processor to run on. Runs take at most half of them, so that everything else goes on; and organizations
//! take turns, so that one that asks for many runs delays its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::registry::RegistryError;

/// Runs of one organization that may wait; a further one is refused at once.
const WAITING_MAX: usize = 200;

/// Clones share everything.
#[derive(Debug, Clone)]
pub(super) struct RunQueue(Arc<Mutex<Slots>>);

#[derive(Debug)]
struct Slots {
    free: usize,
    /// Organizations whose runs wait, in the order of their turns.
    waiting: VecDeque<(Uuid, VecDeque<oneshot::Sender<RunSlot>>)>,
}

/// A processor for one run, given on when it is dropped.
#[derive(Debug)]
pub(super) struct RunSlot {
    /// `None`: it was given on.
    queue: Option<RunQueue>,
}

impl Drop for RunSlot {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.give_on();
        }
    }
}

impl RunQueue {
    /// Of half of the processors, and of one at least.
    pub(super) fn of_this_machine() -> Self {
        Self::new(thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1)))
    }

    fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(Slots { free: at_once, waiting: VecDeque::new() })))
    }

    /// Waits for a processor.
    ///
    /// # Errors
    /// [`RegistryError::Overloaded`] where none is free in time, or too many runs of the organization wait already.
    pub(super) async fn slot(&self, org_id: Uuid, within: Duration) -> Result<RunSlot, RegistryError> {
        let Some(turn) = self.stand_in_line(org_id)? else {
            return Ok(RunSlot { queue: Some(self.clone()) });
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
        match slots.waiting.iter_mut().find(|(waiting, _)| *waiting == org_id) {
            None => slots.waiting.push_back((org_id, VecDeque::from([tell]))),
            Some((_, line)) => {
                line.retain(|waiting| !waiting.is_closed());
                if line.len() >= WAITING_MAX {
                    return Err(RegistryError::Overloaded);
                }
                line.push_back(tell);
            }
        }
        Ok(Some(turn))
    }

    /// Gives a slot to the next organization, which goes behind the others.
    fn give_on(&self) {
        let mut slots = self.slots();
        while let Some((org_id, mut line)) = slots.waiting.pop_front() {
            let Some(next) = line.pop_front() else { continue };
            slots.waiting.push_back((org_id, line));
            match next.send(RunSlot { queue: Some(self.clone()) }) {
                Ok(()) => return,
                // It waits no longer. The slot is still ours to give.
                Err(mut slot) => slot.queue = None,
            }
        }
        slots.free += 1;
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(20);

    fn org(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[tokio::test]
    async fn organizations_take_turns() {
        let queue = RunQueue::new(1);
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
        assert_eq!(order, [1, 2, 3, 1, 2, 1]);
        drop(held);
        assert_eq!(queue.slots().free, 1);
    }

    #[tokio::test]
    async fn who_waits_no_longer_is_passed_over() {
        let queue = RunQueue::new(1);
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
    }

    #[tokio::test]
    async fn a_line_has_an_end() {
        let queue = RunQueue::new(1);
        let _held = queue.slot(org(1), LONG).await.unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX).map(|_| queue.stand_in_line(org(1)).unwrap()).collect();
        assert!(matches!(queue.slot(org(1), LONG).await, Err(RegistryError::Overloaded)));
        drop(waiting);
        assert!(queue.stand_in_line(org(1)).is_ok());
    }
}
