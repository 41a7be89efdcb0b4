//! The way into the log, for commands of every kind: one writer, turns for those on the same stream, and the notice to
//! whoever follows the log here. What was begun runs to its end, also when its caller has gone.

use tokio::sync::OwnedMutexGuard;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::RegistryError;
use super::feed::Hub;
use super::turns::Turns;
use crate::store::{Append, Outcome, Store, StoreError, Writer};

/// How often a command is decided again when other replicas were faster.
pub(super) const DECISIONS_MAX: usize = 64;
/// Commands under way at once, also those whose callers have gone.
const UNDER_WAY_MAX: usize = 4096;

/// Clones share everything.
#[derive(Debug, Clone)]
pub(super) struct Log {
    writer: Writer<Append>,
    hub: Hub,
    turns: Turns,
    under_way: TaskTracker,
}

/// The one of a list that holds what a single event led to.
pub(super) fn only<T: Copy>(list: &[T]) -> Result<T, RegistryError> {
    match list {
        [only] => Ok(*only),
        _ => Err(RegistryError::corrupt("an append", format!("{} results of one event", list.len()))),
    }
}

impl Log {
    pub(super) fn new(store: &Store, hub: Hub) -> Self {
        Self { writer: Writer::start(store), hub, turns: Turns::new(), under_way: TaskTracker::new() }
    }

    /// Appends, and tells those who follow the log here.
    pub(super) async fn append(&self, row: Append) -> Result<Outcome, StoreError> {
        let org_id = row.org_id;
        let outcome = self.writer.append(row).await?;
        if matches!(outcome, Outcome::Appended(_)) {
            self.hub.appended(org_id);
        }
        Ok(outcome)
    }

    /// Waits for the turn of a command on this stream; it lasts until the guard is dropped.
    pub(super) async fn turn(&self, stream_id: Uuid) -> Result<OwnedMutexGuard<()>, RegistryError> {
        self.turns.take(stream_id).await
    }

    /// The same for a command on several streams.
    pub(super) async fn turns(
        &self,
        stream_ids: impl Iterator<Item = Uuid>,
    ) -> Result<Vec<OwnedMutexGuard<()>>, RegistryError> {
        self.turns.take_all(stream_ids).await
    }

    /// Runs a command in a task of its own: whoever waits for it may go away, the command does not.
    pub(super) async fn detached<F, T>(&self, command: F) -> Result<T, RegistryError>
    where
        F: Future<Output = Result<T, RegistryError>> + Send + 'static,
        T: Send + 'static,
    {
        // Callers are bounded by their connections; those that are gone must not pile up behind a database that stalls.
        if self.under_way.len() >= UNDER_WAY_MAX {
            return Err(RegistryError::Overloaded);
        }
        match self.under_way.spawn(command).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(RegistryError::OutcomeUnknown("the service was stopped".to_owned())),
            },
        }
    }

    /// Waits until every command that was begun has ended. No new one may be begun after this is called.
    pub(super) async fn finish(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }
}
