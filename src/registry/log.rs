//! The way into the log, for commands of every kind: one writer, turns for those on the same stream, and the notice to
//! whoever follows the log here. What was begun runs to its end, also when its caller has gone.

use tokio::sync::OwnedMutexGuard;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Intent;
use super::feed::Hub;
use super::row::context;
use super::turns::{InForceKept, Turns};
use crate::flow::event::{EventType, State, StreamKind, canonical_bytes};
use crate::store::{Append, Appended, NewEvent, Outcome, Store, ViewChange, Writer};

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

/// An event of the organization itself: it stands on the one stream of its kind and changes no view.
pub(super) fn organization_event(intent: &Intent, event_type: EventType, payload: Vec<u8>) -> NewEvent {
    NewEvent {
        stream_kind: StreamKind::Organization,
        stream_id: intent.caller.org_id,
        expected: 0,
        event_id: Uuid::now_v7(),
        event_type,
        payload: payload.into(),
        context: canonical_bytes(&context(intent, None)).into(),
        actor: intent.caller.actor.opaque_id(),
        state: State::without_document(false),
        document_bytes: None,
        view: ViewChange::None,
    }
}

impl Log {
    pub(super) fn new(store: &Store, hub: Hub) -> Self {
        Self { writer: Writer::start(store), hub, turns: Turns::new(), under_way: TaskTracker::new() }
    }

    /// Appends, and tells those who follow the log here.
    pub(super) async fn append(&self, row: Append) -> Result<Outcome, RegistryError> {
        self.append_keeping(None, row).await
    }

    /// Appends; who keeps what is in force as it is may change it.
    pub(super) async fn append_keeping(
        &self,
        kept: Option<&InForceKept>,
        row: Append,
    ) -> Result<Outcome, RegistryError> {
        let org_id = row.org_id;
        let _changing = match kept.is_none() && row.changes_in_force() {
            true => Some(self.turns.change_in_force(org_id).await?),
            false => None,
        };
        let outcome = self.writer.append(row).await?;
        if matches!(outcome, Outcome::Appended(_)) {
            self.hub.appended(org_id);
        }
        Ok(outcome)
    }

    /// Keeps what is in force of an organization as it is: whoever decides on it while others publish would decide in vain
    /// again and again.
    pub(super) async fn keep_in_force(&self, org_id: Uuid) -> Result<InForceKept, RegistryError> {
        self.turns.keep_in_force(org_id).await
    }

    /// Appends an event of the organization, whatever its stream has come to. Here they take turns, and other replicas
    /// may come between.
    pub(super) async fn append_to_organization(
        &self,
        store: &Store,
        org_id: Uuid,
        event: NewEvent,
    ) -> Result<Appended, RegistryError> {
        let _turn = self.turn(event.stream_id).await?;
        let mut version = store.stream_version(org_id, event.stream_id).await?;
        for _ in 0..DECISIONS_MAX {
            match self.append_to_organization_at(org_id, event.clone(), version).await? {
                Ok(place) => return Ok(place),
                Err(moved) => version = moved,
            }
        }
        Err(RegistryError::Overloaded)
    }

    /// Appends to the organization's own stream only where that is at a version; else says at which it is.
    pub(super) async fn append_to_organization_at(
        &self,
        org_id: Uuid,
        event: NewEvent,
        version: i64,
    ) -> Result<Result<Appended, i64>, RegistryError> {
        let event = NewEvent { expected: version, ..event };
        match self.append(Append::event(org_id, event, None)).await? {
            Outcome::Appended(places) => only(&places).map(Ok),
            Outcome::Conflict { version, .. } => Ok(Err(version)),
            other => {
                let what = format!("a row without an idempotency key came to {other:?}");
                Err(RegistryError::corrupt("an append", what))
            }
        }
    }

    /// Waits for the turn of a command on this stream; it lasts until the guard is dropped.
    pub(super) async fn turn(&self, stream_id: Uuid) -> Result<OwnedMutexGuard<()>, RegistryError> {
        self.turns.take(stream_id).await
    }

    /// Waits for the turn of a command on several streams.
    pub(super) async fn turns(
        &self,
        stream_ids: impl Iterator<Item = Uuid>,
    ) -> Result<Vec<OwnedMutexGuard<()>>, RegistryError> {
        self.turns.take_all(stream_ids).await
    }

    /// Runs a command in a task of its own: whoever waits for it may go away, the command does not. The task begins with
    /// the call, so that who waits does not carry the room of the command as well.
    pub(super) fn detached<F, T>(
        &self,
        command: F,
    ) -> impl Future<Output = Result<T, RegistryError>> + Send + use<F, T>
    where
        F: Future<Output = Result<T, RegistryError>> + Send + 'static,
        T: Send + 'static,
    {
        // Callers are bounded by their connections; those that are gone must not pile up behind a database that stalls.
        let may_begin = self.under_way.len() < UNDER_WAY_MAX;
        let task = may_begin.then(|| self.under_way.spawn(command));
        async {
            match task.ok_or(RegistryError::Overloaded)?.await {
                Ok(done) => done,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(RegistryError::OutcomeUnknown("the service was stopped".to_owned())),
                },
            }
        }
    }

    /// Waits until every command that was begun has ended. No new one may be begun after this is called.
    pub(super) async fn finish(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }
}
