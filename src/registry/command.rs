//! Commands: read, decide, append. Runs to its end even when the caller hangs up; commands on one flow take turns,
//! so that conflicts only come from other replicas.

use std::sync::Arc;

use uuid::Uuid;

use super::answer::{FlowAnswer, Written};
use super::caller::{Idempotency, Intent};
use super::orders::{Command, Plan};
use super::row::{after, row};
use super::{CurrentVersion, Registry, RegistryError};
use crate::flow::decide::{Change, Current, Decision, Refusal, decide};
use crate::flow::event::StreamKind;
use crate::store::{Answered, Append, CurrentFlow, FlowRecord, FoundFlow, Outcome, Projection, StoreError};

/// How often a command is decided again when other replicas were faster.
pub(super) const DECISIONS_MAX: usize = 64;

/// Commands under way at once, also those whose callers have gone.
const UNDER_WAY_MAX: usize = 4096;

/// What a command meets: the flow, or the answer it was given before under its idempotency key.
pub(super) enum Meeting {
    Flow(Arc<FlowAnswer>),
    Answered(Written),
}

impl Registry {
    /// Runs a command in a task of its own: whoever waits for it may go away, the command does not.
    pub(super) async fn detached<F, T>(&self, command: F) -> Result<T, RegistryError>
    where
        F: Future<Output = Result<T, RegistryError>> + Send + 'static,
        T: Send + 'static,
    {
        // Callers are bounded by their connections; those that are gone must not pile up behind a database that stalls.
        if self.commands.len() >= UNDER_WAY_MAX {
            return Err(StoreError::Overloaded.into());
        }
        match self.commands.spawn(command).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::OutcomeUnknown("the service was stopped".to_owned()).into()),
            },
        }
    }

    /// Carries out a command on an existing flow.
    pub(super) async fn carry_out(
        &self,
        intent: &Intent,
        flow_id: Uuid,
        command: &Command,
    ) -> Result<Written, RegistryError> {
        // A flow that is not in memory is read before its turn, together with others: it may not be there at all.
        if self.documents.last_seen(intent.caller.org_id, flow_id).is_none() {
            check(command)?;
            if let Meeting::Answered(written) = self.meet(intent, flow_id).await? {
                return Ok(written);
            }
        }
        let _turn = self.turns.take(flow_id).await?;
        if let Some(written) = self.try_remembered(intent, flow_id, command).await? {
            return Ok(written);
        }
        check(command)?;
        let mut last = None;
        for _ in 0..DECISIONS_MAX {
            let found = match self.meet(intent, flow_id).await? {
                Meeting::Answered(written) => return Ok(written),
                Meeting::Flow(found) => found,
            };
            let plan = self.plan(intent, command, &found).await?;
            match decide(Some(&current(&found.record)), plan.order.clone()) {
                Err(Refusal::NotFound) => return Err(RegistryError::FlowNotFound),
                Err(Refusal::NotPublishable) => return Err(RegistryError::NotPublishable(plan.findings)),
                Ok(Decision::Nothing) => return self.leave(intent, found).await,
                Ok(Decision::Event(change)) => {
                    if let Some(written) = self.record(intent, Some(&found), flow_id, &plan, &change).await? {
                        return Ok(written);
                    }
                }
            }
            last = Some(found);
        }
        let last = last.expect("at least one decision was tried");
        Err(RegistryError::VersionConflict(current_version(&last.record)))
    }

    /// Decides on the flow as it was last seen, however long ago, which saves the read. Only an event counts, because
    /// the append proves that the flow is still as it was; what memory would refuse is read and decided anew.
    async fn try_remembered(
        &self,
        intent: &Intent,
        flow_id: Uuid,
        command: &Command,
    ) -> Result<Option<Written>, RegistryError> {
        let Some(found) = self.documents.last_seen(intent.caller.org_id, flow_id) else { return Ok(None) };
        let accepted = intent.if_match.as_ref().is_none_or(|wanted| wanted.accepts(found.record.version));
        if !accepted || !intent.caller.sees(found.record.phone_number_id.as_deref()) {
            return Ok(None);
        }
        let Ok(plan) = self.plan(intent, command, &found).await else { return Ok(None) };
        match decide(Some(&current(&found.record)), plan.order.clone()) {
            Ok(Decision::Event(change)) => {
                match self.record(intent, Some(&found), flow_id, &plan, &change).await {
                    // The database would not have it, and nothing happened: what is remembered may be wrong.
                    Err(RegistryError::Store(StoreError::Statement(error))) => {
                        tracing::warn!(%error, %flow_id, "deciding anew what memory had decided");
                        self.documents.forget(intent.caller.org_id, flow_id);
                        Ok(None)
                    }
                    recorded => recorded,
                }
            }
            Ok(Decision::Nothing) | Err(_) => Ok(None),
        }
    }

    /// Starts a new flow: its id is nobody else's, so nothing can conflict.
    pub(super) async fn start(&self, intent: &Intent, plan: Plan) -> Result<Written, RegistryError> {
        let Ok(Decision::Event(change)) = decide(None, plan.order.clone()) else {
            unreachable!("an order that starts a flow is always an event");
        };
        let written = self.record(intent, None, Uuid::now_v7(), &plan, &change).await?;
        Ok(written.expect("the first event of a new stream meets no other"))
    }

    /// Reads the flow, unless the idempotency key was answered already.
    pub(super) async fn meet(&self, intent: &Intent, flow_id: Uuid) -> Result<Meeting, RegistryError> {
        let org_id = intent.caller.org_id;
        let Some(Idempotency { key, .. }) = &intent.idempotency else {
            let known = self.documents.last_seen(org_id, flow_id);
            return self.met(intent, self.read_current(org_id, flow_id, false, known).await?);
        };
        let expected = self.documents.expected(org_id, flow_id);
        let known = expected.as_ref().map(|document| document.digest());
        let read = self.store.read_for_command(org_id, flow_id, known, Some(key)).await?;
        if let Some(answered) = read.answered {
            return self.repeat(intent, answered).await.map(Meeting::Answered);
        }
        let record = read.flow.ok_or(RegistryError::FlowNotFound)?;
        let document = match expected.filter(|document| document.digest() == record.document) {
            Some(document) => document,
            None => self.documents.resolve(org_id, record.document, read.document),
        };
        let found = self.documents.answer(org_id, record, document);
        self.documents.saw(&found);
        self.met(intent, found)
    }

    fn met(&self, intent: &Intent, found: Arc<FlowAnswer>) -> Result<Meeting, RegistryError> {
        if !intent.caller.sees(found.record.phone_number_id.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        let unwanted = intent.if_match.as_ref().is_some_and(|wanted| !wanted.accepts(found.record.version));
        if unwanted && !found.record.deleted {
            return Err(RegistryError::PreconditionFailed(current_version(&found.record)));
        }
        Ok(Meeting::Flow(found))
    }

    /// The first answer again; another request under the same key is refused.
    async fn repeat(&self, intent: &Intent, answered: Answered) -> Result<Written, RegistryError> {
        if intent.idempotency.as_ref().is_none_or(|idempotency| idempotency.request != answered.request) {
            return Err(RegistryError::IdempotencyKeyReused);
        }
        self.replayed(intent, answered.stream_id, answered.version).await
    }

    async fn replayed(&self, intent: &Intent, flow_id: Uuid, version: i64) -> Result<Written, RegistryError> {
        let flow = self.version(&intent.caller, flow_id, version).await?;
        Ok(Written { flow, replayed: true })
    }

    /// Nothing to change: only the idempotency key is recorded, so that a repeated request is answered alike.
    async fn leave(&self, intent: &Intent, found: Arc<FlowAnswer>) -> Result<Written, RegistryError> {
        if intent.idempotency.is_some() {
            let row = Append {
                org_id: intent.caller.org_id,
                stream_kind: StreamKind::Flow,
                stream_id: found.record.flow_id,
                expected: found.record.version,
                event: None,
                projection: Projection::None,
                idempotency: intent.idempotency.clone(),
            };
            match self.append(row).await? {
                Outcome::Replayed { stream_id, version } => {
                    return self.replayed(intent, stream_id, version).await;
                }
                Outcome::KeyReused => return Err(RegistryError::IdempotencyKeyReused),
                Outcome::Recorded | Outcome::Appended(_) | Outcome::Conflict { .. } => {}
            }
        }
        Ok(Written { flow: found, replayed: false })
    }

    /// Appends a decided change; `None` when another replica was faster.
    async fn record(
        &self,
        intent: &Intent,
        found: Option<&FlowAnswer>,
        flow_id: Uuid,
        plan: &Plan,
        change: &Change,
    ) -> Result<Option<Written>, RegistryError> {
        let row = row(intent, found, flow_id, plan, change);
        let event = row.event.as_ref().expect("a change is an event");
        let author = event.author.clone();
        match self.append(row).await? {
            Outcome::Appended(place) => {
                let record = after(found.map(|found| &found.record), flow_id, plan, change, place, author);
                let document = match (&plan.draft, found) {
                    (Some(draft), _) => Arc::clone(&draft.document),
                    (None, Some(found)) => Arc::clone(&found.document),
                    (None, None) => unreachable!("a new flow brings its document"),
                };
                let flow = self.documents.answer(intent.caller.org_id, record, document);
                self.documents.saw(&flow);
                Ok(Some(Written { flow, replayed: false }))
            }
            Outcome::Replayed { stream_id, version } => {
                self.replayed(intent, stream_id, version).await.map(Some)
            }
            Outcome::KeyReused => Err(RegistryError::IdempotencyKeyReused),
            Outcome::Conflict { version } => {
                self.check_view(intent.caller.org_id, flow_id, version).await?;
                Ok(None)
            }
            Outcome::Recorded => Ok(None),
        }
    }

    /// Events and view are written together, so a view behind the log was altered: deciding on it leads nowhere.
    async fn check_view(&self, org_id: Uuid, flow_id: Uuid, version: i64) -> Result<(), RegistryError> {
        let wanted = CurrentFlow { org_id, flow_id, in_force: false, version: None, known: None };
        let stored = match self.flows.ask(wanted).await? {
            FoundFlow::Stored(record, _) => record.version,
            FoundFlow::Unchanged | FoundFlow::Missing => 0,
        };
        if stored >= version {
            return Ok(());
        }
        let what = format!("the view is at version {stored}, the log at {version}: rebuild it");
        Err(StoreError::corrupt(format!("flow {flow_id}"), what).into())
    }
}

/// What is wrong with a change itself is told whatever flow it is for, and without looking for that.
fn check(command: &Command) -> Result<(), RegistryError> {
    match command {
        Command::Update(patch) => patch.check().map_err(RegistryError::Invalid),
        _ => Ok(()),
    }
}

pub(super) fn current(record: &FlowRecord) -> Current {
    Current {
        version: record.version,
        state: record.state(),
        published_document: record.published.as_ref().map(|published| published.document),
    }
}

pub(super) fn current_version(record: &FlowRecord) -> CurrentVersion {
    CurrentVersion {
        version: record.version,
        updated_at: record.updated_at,
        updated_by: record.updated_by.clone(),
    }
}
