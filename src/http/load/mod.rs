//! How much is carried out at once. What is more waits for a moment, and is refused when there is no room for it by then,
//! with when to come back: a longer queue would only make everybody wait, and who is refused at once and comes again at
//! once takes the processor from those that are carried out. Two things tell that there is more than can be done: requests
//! that take long once they are begun, because the database or another resource is busy, and a runtime that is late with its
//! tasks, because the processor is.

mod room;
mod runtime;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use self::room::{Bounds, Room};
use self::runtime::Runtime;
use super::problem::{Code, Problem};

const USUAL: Bounds = Bounds { at_first: 128.0, min: 64.0, max: 1024.0 };
/// Where the flows are not in memory, whole lists take the processor for tens of milliseconds.
const LONG: Bounds = Bounds { at_first: 8.0, min: 4.0, max: 32.0 };
/// How long a request waits for room, before it is refused.
const WAIT_MAX: Duration = Duration::from_millis(250);

/// How often the runtime is asked whether it is late.
const PROBE_EVERY: Duration = Duration::from_millis(25);

/// Which requests a request is counted among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestLength {
    Usual,
    /// One that may cost as much as hundreds of others.
    Long,
}

/// Clones share everything.
#[derive(Debug, Clone)]
pub struct Load(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    usual: Mutex<Room<LoadShare>>,
    long: Mutex<Room<LoadShare>>,
    runtime: Runtime,
}

/// A request that is carried out, until this is dropped.
#[derive(Debug)]
pub struct LoadShare {
    /// `None`: it was never counted.
    load: Option<Load>,
    org_id: Uuid,
    length: RequestLength,
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
        let Some(load) = self.load.take() else { return };
        let now = Instant::now();
        let mut room = load.room(self.length);
        room.end(self.org_id, self.began.map(|began| now.duration_since(began)), now);
        while let Some((org_id, waiting)) = room.next_waiting() {
            match waiting.send(load.share(org_id, self.length)) {
                Ok(()) => room.count(org_id),
                Err(mut share) => {
                    share.load = None;
                    room.forget(org_id);
                }
            }
        }
    }
}

impl Default for Load {
    fn default() -> Self {
        let room = |bounds| Mutex::new(Room::within(bounds));
        Self(Arc::new(Shared { usual: room(USUAL), long: room(LONG), runtime: Runtime::new() }))
    }
}

impl Load {
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
    pub async fn begin(&self, org_id: Uuid, length: RequestLength) -> Result<LoadShare, Problem> {
        let share = match self.0.runtime.is_late(Instant::now()) {
            true => None,
            false => self.begun(org_id, length).await,
        };
        let detail = "More requests are under way than this process can answer in time.";
        share.ok_or_else(|| Problem::retry(Code::Overloaded, 1, detail))
    }

    async fn begun(&self, org_id: Uuid, length: RequestLength) -> Option<LoadShare> {
        let (tell, begun) = oneshot::channel();
        {
            let mut room = self.room(length);
            if room.begin(org_id) {
                return Some(self.share(org_id, length));
            }
            room.wait(org_id, tell);
        }
        timeout(WAIT_MAX, begun).await.ok()?.ok()
    }

    fn share(&self, org_id: Uuid, length: RequestLength) -> LoadShare {
        LoadShare { load: Some(self.clone()), org_id, length, began: Some(Instant::now()) }
    }

    fn room(&self, length: RequestLength) -> MutexGuard<'_, Room<LoadShare>> {
        let room = match length {
            RequestLength::Usual => &self.0.usual,
            RequestLength::Long => &self.0.long,
        };
        room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const ORG: Uuid = Uuid::from_u128(1);

    fn begun(load: &Load, org_id: Uuid, wanted: usize) -> Vec<LoadShare> {
        let begin = || load.begin(org_id, RequestLength::Usual).now_or_never()?.ok();
        (0..wanted).map_while(|_| begin()).collect()
    }

    #[tokio::test]
    async fn no_organization_takes_all() {
        let load = Load::default();
        let greedy = begun(&load, ORG, 2000);
        let other = begun(&load, Uuid::from_u128(2), 2000);
        assert_eq!(other.len(), greedy.len() / 2);
        assert!(load.begin(ORG, RequestLength::Usual).await.is_err());
    }

    #[tokio::test]
    async fn long_requests_and_usual_ones_leave_each_other_room() {
        let load = Load::default();
        let usual = begun(&load, ORG, 2000);
        assert_eq!(usual.len(), USUAL.at_first as usize);
        let long = load.begin(ORG, RequestLength::Long).now_or_never();
        assert!(long.is_some_and(|long| long.is_ok()));
    }

    #[tokio::test]
    async fn what_is_more_waits_for_room_and_not_for_long() {
        let load = Load::default();
        let mut under_way = begun(&load, ORG, 2000);
        let mut waiting = Vec::from([(), (), ()].map(|()| Box::pin(load.begin(ORG, RequestLength::Usual))));
        assert!(waiting.iter_mut().all(|waiting| waiting.now_or_never().is_none()));
        // A quick one that ends makes room for itself, and half of another.
        under_way.pop();
        assert!(begun(&load, ORG, 1).is_empty(), "who comes later is begun later");
        let since = Instant::now();
        let refused = waiting.pop().expect("the last").await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after_s()), (Code::Overloaded, Some(1)));
        assert!(since.elapsed() >= WAIT_MAX / 2, "{:?}", since.elapsed());
        for first in waiting {
            under_way.push(first.now_or_never().expect("it was begun").expect("it had room"));
        }
        drop(under_way);
        assert!(begun(&load, ORG, 2000).len() >= USUAL.at_first as usize, "all is as before");
    }

    /// Where as many are under way as usually may be, an organization that has few is begun when one of its own ends.
    #[tokio::test]
    async fn who_waits_is_begun_as_soon_as_it_may() {
        let load = Load::default();
        let greedy = begun(&load, ORG, 2000);
        let mut other = begun(&load, Uuid::from_u128(2), 2000);
        let mut waiting = Box::pin(load.begin(Uuid::from_u128(2), RequestLength::Usual));
        assert!((&mut waiting).now_or_never().is_none());
        other.pop();
        assert!(waiting.await.is_ok());
        drop(greedy);
    }
}
