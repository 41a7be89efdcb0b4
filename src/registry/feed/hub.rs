//! Which logs this process follows, and the one task that looks whether they moved. It asks for the heads of all of
//! them at once, a few times a second, which finds what other replicas append; appends of this process wake it. A log
//! that cannot be read fails its own readers and keeps nobody else waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use uuid::Uuid;

use super::tail::{PAGE, Tail};
use crate::registry::names;
use crate::store::{Store, StoreError};

/// Readers of one organization's log in one process.
const READERS_MAX: usize = 100;
/// Between two looks while something moves; each look that finds nothing makes the next wait a little longer.
const BUSY: Duration = Duration::from_millis(50);
const QUIET: Duration = Duration::from_millis(250);
/// After a look that failed: of all logs, or of one.
const FAILED: Duration = Duration::from_secs(1);

/// Clones share everything.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Hub {
    store: Store,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    tails: Mutex<HashMap<Uuid, watch::Sender<Tail>>>,
    appended: Notify,
}

impl Hub {
    pub(in crate::registry) fn new(store: Store) -> Self {
        Self { store, shared: Arc::default() }
    }

    /// The end of a log, kept up to date from now on; `head` is where it stands, as far as the reader knows. `None`
    /// when the log has too many readers here.
    pub(super) fn follow(&self, org_id: Uuid, head: i64) -> Option<watch::Receiver<Tail>> {
        let mut tails = self.tails();
        let is_first = tails.is_empty();
        let tail = tails.entry(org_id).or_insert_with(|| watch::Sender::new(Tail::at(head)));
        if tail.receiver_count() >= READERS_MAX {
            return None;
        }
        let reader = tail.subscribe();
        if is_first {
            tokio::spawn(look(self.clone()));
        }
        Some(reader)
    }

    /// This process has appended to a log: whoever follows it need not wait for the next look.
    pub(in crate::registry) fn appended(&self, org_id: Uuid) {
        if self.tails().contains_key(&org_id) {
            self.shared.appended.notify_one();
        }
    }

    /// Lets go of the events that are kept of a log: content of some may have been erased.
    pub(in crate::registry) fn forget(&self, org_id: Uuid) {
        if let Some(tail) = self.tails().get(&org_id) {
            tail.send_modify(Tail::forget);
        }
    }

    fn tails(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<Tail>>> {
        self.shared.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The logs that have readers, and where their tails end. The others are forgotten.
    fn followed(&self) -> HashMap<Uuid, i64> {
        let mut tails = self.tails();
        tails.retain(|_, tail| tail.receiver_count() > 0);
        tails.iter().map(|(org_id, tail)| (*org_id, tail.borrow().head())).collect()
    }

    /// How many events the log that moved most had more; beyond a page they are left for the next look. Logs that
    /// could not be read a moment ago are passed over, and those that cannot be now are added to them.
    async fn catch_up(
        &self,
        followed: &HashMap<Uuid, i64>,
        failed: &mut HashMap<Uuid, Instant>,
    ) -> Result<usize, StoreError> {
        failed.retain(|_, at| at.elapsed() < FAILED);
        let org_ids: Vec<Uuid> =
            followed.keys().filter(|org_id| !failed.contains_key(org_id)).copied().collect();
        let heads = self.store.in_time(self.store.heads(&org_ids)).await?;
        let moved = heads.into_iter().filter(|(org_id, head)| *head > followed[org_id]);
        let extend = |(org_id, _)| async move { (org_id, self.extend(org_id, followed[&org_id]).await) };
        let mut most = 0;
        for (org_id, extended) in join_all(moved.map(extend)).await {
            match extended {
                Ok(events) => most = most.max(events),
                Err(error) => {
                    tracing::warn!(%error, %org_id, "a log that is followed could not be read, trying again");
                    failed.insert(org_id, Instant::now());
                    // What passes is waited for; of all else the readers find out by themselves.
                    if !matches!(error, StoreError::Unavailable(_))
                        && let Some(tail) = self.tails().get(&org_id)
                    {
                        tail.send_modify(Tail::fail);
                    }
                }
            }
        }
        Ok(most)
    }

    /// Adds one page to a tail that ends at `head`. Nobody else extends tails, so nothing comes in between.
    async fn extend(&self, org_id: Uuid, head: i64) -> Result<usize, StoreError> {
        let mut events = self.store.in_time(self.store.events_after(org_id, head, PAGE as i64)).await?;
        let entries = events.iter_mut().map(|event| &mut event.entry);
        self.store.in_time(names::fill(&self.store, org_id, entries)).await?;
        let count = events.len();
        if let Some(tail) = self.tails().get(&org_id) {
            tail.send_modify(|tail| tail.extend(events));
        }
        Ok(count)
    }
}

/// Runs while any log has readers. Whoever comes after its end finds no tails and starts it anew; both are decided
/// under one lock.
async fn look(hub: Hub) {
    let (mut pause, mut failed) = (BUSY, HashMap::new());
    loop {
        let followed = hub.followed();
        if followed.is_empty() {
            return;
        }
        pause = match hub.catch_up(&followed, &mut failed).await {
            Ok(0) => QUIET.min(pause * 3 / 2),
            Ok(PAGE) => continue,
            Ok(_) => BUSY,
            Err(error) => {
                tracing::warn!(%error, "the logs that are followed could not be read, trying again");
                FAILED
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = hub.shared.appended.notified() => {}
        }
    }
}
