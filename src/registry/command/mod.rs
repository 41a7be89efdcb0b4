//! Commands: read, decide, append. Runs to its end even when the caller hangs up; commands on one flow take turns,
//! so that conflicts only come from other replicas.

mod conflict;
mod echo;
mod edit;
mod ending;
mod meeting;
mod orders;
pub(super) mod plan;
mod publish;
mod rehearsal;
mod restore;

use std::sync::Arc;

use uuid::Uuid;

pub use self::echo::Echo;
use self::meeting::Meeting;
pub use self::plan::{DuplicateOrder, PublishOrder, RestoreOrder, RestoreSource};
use self::plan::{FlowCommand, Plan};
pub use self::publish::{PublishedSet, SET_MAX, SetEntry, SetOrder};
pub use self::rehearsal::{Outlook, RehearsedOrder};
pub use self::restore::Rehearsal;
use super::caller::Intent;
use super::log::{DECISIONS_MAX, Log, only};
use super::reads::{FlowAnswer, FlowReads, Shown};
use super::row::{after, row};
use super::turns::InForceKept;
use super::{RegistryError, Validation};
use crate::flow::canonical_json::of_sorted;
use crate::flow::decide::{Current, DecidedChange, Decision, Refusal, decide};
use crate::store::{Append, Appended, FlowRecord, Outcome, Store};

/// The answer to a command.
#[derive(Debug, Clone)]
pub struct Written {
    pub flow: Arc<FlowAnswer>,
    /// The answer repeats an earlier one, given under the same idempotency key.
    pub replayed: bool,
    /// Where in the organization's log the change stands; `None` where nothing was appended.
    pub appended_at: Option<i64>,
}

/// The commands on flows.
#[derive(Debug, Clone)]
pub struct Commands {
    store: Store,
    reads: FlowReads,
    validation: Validation,
    log: Log,
}

impl Commands {
    pub(super) fn new(store: Store, reads: FlowReads, validation: Validation, log: Log) -> Self {
        Self { store, reads, validation, log }
    }

    /// Carries out a command on an existing flow.
    async fn carry_out(
        &self,
        intent: &Intent,
        flow_id: Uuid,
        command: &FlowCommand,
    ) -> Result<Written, RegistryError> {
        // A flow that is not in memory is read before its turn, together with others: it may not be there at all.
        if self.reads.unproven(intent.caller.org_id, flow_id).is_none() {
            check(command)?;
            if let Meeting::Answered(written) = self.meet(intent, flow_id).await? {
                return Ok(written);
            }
        }
        let _turn = self.log.turn(flow_id).await?;
        if let Some(written) = self.try_remembered(intent, flow_id, command).await? {
            return Ok(written);
        }
        check(command)?;
        let (mut last, mut kept) = (None, None);
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
                    let recorded =
                        self.record(intent, kept.as_ref(), Some(&found), flow_id, &plan, &change).await?;
                    if let Some(written) = recorded {
                        return Ok(written);
                    }
                    if plan.in_force_at.is_some() && kept.is_none() {
                        kept = Some(self.log.keep_in_force(intent.caller.org_id).await?);
                    }
                }
            }
            last = Some(found);
        }
        if kept.is_some() {
            return Err(RegistryError::Overloaded);
        }
        let last = last.expect("at least one decision was tried");
        Err(RegistryError::VersionConflict(last.current_version()))
    }

    /// Decides on the flow as it was last seen, however long ago, which saves the read. Only an event counts, because
    /// the append proves that the flow is still as it was; what memory would refuse is read and decided anew.
    async fn try_remembered(
        &self,
        intent: &Intent,
        flow_id: Uuid,
        command: &FlowCommand,
    ) -> Result<Option<Written>, RegistryError> {
        let Some(found) = self.reads.unproven(intent.caller.org_id, flow_id) else { return Ok(None) };
        let accepted = intent.if_match.as_ref().is_none_or(|wanted| wanted.accepts(found.record.version));
        if !accepted || !intent.caller.sees(found.record.phone_number_id.as_deref()) {
            return Ok(None);
        }
        let Ok(plan) = self.plan(intent, command, &found).await else { return Ok(None) };
        match decide(Some(&current(&found.record)), plan.order.clone()) {
            Ok(Decision::Event(change)) => {
                self.record(intent, None, Some(&found), flow_id, &plan, &change).await
            }
            Ok(Decision::Nothing) | Err(_) => Ok(None),
        }
    }

    /// Starts a new flow: its id is nobody else's, so nothing can conflict.
    async fn start(&self, intent: &Intent, plan: Plan) -> Result<Written, RegistryError> {
        let Ok(Decision::Event(change)) = decide(None, plan.order.clone()) else {
            unreachable!("an order that starts a flow is always an event");
        };
        let written = self.record(intent, None, None, Uuid::now_v7(), &plan, &change).await?;
        Ok(written.expect("the first event of a new stream meets no other"))
    }

    /// Nothing to change: only the idempotency key is recorded, so that a repeated request is answered alike.
    async fn leave(&self, intent: &Intent, found: Arc<FlowAnswer>) -> Result<Written, RegistryError> {
        if let Some(idempotency) = intent.idempotency.clone() {
            let FlowRecord { flow_id, version, .. } = found.record;
            let row = Append::unchanged(intent.caller.org_id, flow_id, version, idempotency);
            match self.log.append(row).await? {
                Outcome::Replayed(answer) => return self.replayed(intent, only(&answer)?).await,
                Outcome::KeyReused => return Err(RegistryError::IdempotencyKeyReused),
                Outcome::Appended(_)
                | Outcome::Conflict { .. }
                | Outcome::StateDiffers { .. }
                | Outcome::InForceMoved => {}
            }
        }
        Ok(Written { flow: found, replayed: false, appended_at: None })
    }

    /// Appends a decided change; `None` when somebody was faster.
    async fn record(
        &self,
        intent: &Intent,
        kept: Option<&InForceKept>,
        found: Option<&FlowAnswer>,
        flow_id: Uuid,
        plan: &Plan,
        change: &DecidedChange,
    ) -> Result<Option<Written>, RegistryError> {
        let row = row(intent, found, flow_id, plan, change);
        match self.log.append_keeping(kept, row).await? {
            Outcome::Appended(places) => {
                let flow = self.appended(intent, found, flow_id, plan, change, only(&places)?);
                let appended_at = Some(flow.record.position);
                Ok(Some(Written { flow, replayed: false, appended_at }))
            }
            Outcome::Replayed(answer) => self.replayed(intent, only(&answer)?).await.map(Some),
            Outcome::KeyReused => Err(RegistryError::IdempotencyKeyReused),
            Outcome::Conflict { version, .. } => {
                self.check_view(intent.caller.org_id, flow_id, version).await?;
                Ok(None)
            }
            Outcome::InForceMoved => Ok(None),
            Outcome::StateDiffers { .. } => {
                // What is remembered may be wrong: it is read and decided anew.
                self.reads.invalidate(intent.caller.org_id, flow_id);
                Ok(None)
            }
        }
    }

    /// The flow after a change that was appended.
    fn appended(
        &self,
        intent: &Intent,
        found: Option<&FlowAnswer>,
        flow_id: Uuid,
        plan: &Plan,
        change: &DecidedChange,
        place: Appended,
    ) -> Arc<FlowAnswer> {
        let author = of_sorted(&intent.caller.actor).into();
        let record = after(found.map(|found| &found.record), flow_id, plan, change, place, author);
        let document = match (&plan.draft, found) {
            (Some(draft), _) => Arc::clone(&draft.document),
            (None, Some(found)) => Arc::clone(&found.document),
            (None, None) => unreachable!("a new flow brings its document"),
        };
        let flow = FlowAnswer::new(intent.caller.org_id, record, document);
        self.reads.observe(&flow);
        flow
    }

    /// Events and view are written together, so a view behind the log was altered: deciding on it leads nowhere.
    async fn check_view(&self, org_id: Uuid, flow_id: Uuid, version: i64) -> Result<(), RegistryError> {
        let stored = self.reads.stored(org_id, flow_id, Shown::Draft).await?;
        let stored = stored.map_or(0, |flow| flow.record.version);
        if stored >= version {
            return Ok(());
        }
        let what = format!("the view is at version {stored}, the log at {version}: rebuild it");
        Err(RegistryError::corrupt(format!("flow {flow_id}"), what))
    }
}

/// What is wrong with a change itself is told whatever flow it is for, and without looking for that.
fn check(command: &FlowCommand) -> Result<(), RegistryError> {
    match command {
        FlowCommand::Update(patch, _) => patch.check().map_err(RegistryError::Invalid),
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
