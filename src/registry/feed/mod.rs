//! Following a log: every event once, in order, none skipped. A reader knows the position it has read up to and asks
//! for what follows it, of the tail that all readers of a log share or, where that does not reach back far enough, of
//! the log itself. Nothing waits for a reader: one that is slow reads later.

mod hub;
mod tail;

use std::sync::Arc;

use tokio::sync::watch;
use uuid::Uuid;

pub(super) use self::hub::Hub;
use self::tail::{PAGE, Tail};
use super::RegistryError;
use super::caller::{Caller, Scope};
use super::names;
use super::source::ReadSource;
use crate::flow::event::StreamKind;
use crate::store::{FeedEntry, Store, StoreError};

/// Somebody who follows a log.
#[derive(Debug)]
pub struct FeedReader {
    store: Store,
    org_id: Uuid,
    position: i64,
    tail: watch::Receiver<Tail>,
    /// Failures of the tail that this reader knows of.
    failures: u64,
}

impl FeedReader {
    /// Everything up to here was read.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Waits until there is something to read, or it turned out that what follows cannot be read. Nothing is lost when
    /// the wait is given up.
    pub async fn moved(&mut self) {
        let (position, failures) = (self.position, self.failures);
        let moved = self.tail.wait_for(|tail| tail.head() > position || tail.failures() > failures).await;
        moved.map(drop).expect("a tail is kept while it has readers");
    }

    /// The next events, moving on; of them, those that `caller` may see.
    pub async fn read(&mut self, caller: &Caller) -> Result<Vec<Arc<FeedEntry>>, StoreError> {
        let (kept, failures) = {
            let tail = self.tail.borrow();
            // Where the tail failed the log itself says why, or that it is well again.
            let kept = tail.after(self.position, PAGE).filter(|kept| !kept.is_empty());
            (kept, tail.failures())
        };
        self.failures = failures;
        let mut events = match kept {
            Some(events) => events,
            None => {
                let mut source = ReadSource::near(&self.store);
                let read = match self.read_from(source.store()).await {
                    Err(error) if source.fail_over(&error) => self.read_from(source.store()).await?,
                    // What a standby does not have yet.
                    Ok(none) if none.is_empty() && source.leave_standby() => {
                        self.read_from(source.store()).await?
                    }
                    read => read?,
                };
                read.into_iter().map(Arc::new).collect()
            }
        };
        self.position = events.last().map_or(self.position, |last| last.entry.position);
        events.retain(|event| is_shown(caller, event));
        Ok(events)
    }

    /// The next events, of the log itself.
    async fn read_from(&self, store: &Store) -> Result<Vec<FeedEntry>, StoreError> {
        let read = store.events_after(self.org_id, self.position, PAGE as i64);
        let mut read = store.in_time(read).await?;
        let entries = read.iter_mut().map(|event| &mut event.entry);
        store.in_time(names::fill(store, self.org_id, entries)).await?;
        Ok(read)
    }
}

/// Whether an event exists for a caller: those of flows for whoever may read flows or the log, all others for whoever
/// may read the log and is not confined to numbers.
fn is_shown(caller: &Caller, event: &FeedEntry) -> bool {
    match event.entry.stream_kind {
        StreamKind::Flow => caller.sees(event.phone_number_id.as_deref()),
        StreamKind::ApiKey | StreamKind::Organization => {
            caller.scopes.contains(Scope::AuditRead) && caller.phone_number_ids.is_empty()
        }
    }
}

/// The logs, to be followed.
#[derive(Debug, Clone)]
pub struct Feed {
    store: Store,
    hub: Hub,
}

impl Feed {
    pub(super) fn new(store: Store) -> Self {
        Self { hub: Hub::new(store.clone()), store }
    }

    /// To be told of what is appended here.
    pub(super) fn hub(&self) -> Hub {
        self.hub.clone()
    }

    /// Where the log of the caller's organization stands.
    pub async fn head(&self, caller: &Caller) -> Result<i64, RegistryError> {
        Ok(self.store.head(caller.org_id).await?)
    }

    /// A reader of what comes after a position of the caller's log, which stood at `head` just now. `None` when the
    /// log has too many readers in this process.
    pub fn follow(&self, caller: &Caller, position: i64, head: i64) -> Option<FeedReader> {
        let (org_id, store) = (caller.org_id, self.store.clone());
        let tail = self.hub.follow(org_id, head)?;
        let failures = tail.borrow().failures();
        Some(FeedReader { store, org_id, position, tail, failures })
    }
}
