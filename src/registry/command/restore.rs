//! Restore: a document of the past becomes the draft again, or comes in force at once. Of the document nothing of now
//! is left behind; whether the flow is enabled stays as it is.

use std::sync::Arc;

use uuid::Uuid;

use super::ending::check_reason;
use super::meeting::Meeting;
use super::orders::confine;
use super::plan::{FlowCommand, Plan, Prepared, RestoreOrder, RestoreSource};
use super::{Commands, Written, current};
use crate::flow::decide::{Decision, Order, Refusal, Restoration, decide};
use crate::flow::diff::{self, Diff};
use crate::flow::event::{RestoreMode, State};
use crate::flow::finding::Finding;
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::reads::{FlowAnswer, LoadedDocument};

/// What a restore would do.
#[derive(Debug)]
pub struct Rehearsal {
    pub flow_id: Uuid,
    pub from_version: i64,
    /// `None`: everything is so already, there would be no event.
    pub version: Option<i64>,
    /// A restore to live that errors forbid.
    pub is_refused: bool,
    /// The flow's state afterwards; as it is now where nothing would happen.
    pub after: State,
    /// From the draft of now to the restored one.
    pub diff: Diff,
    /// What validation says of the restored document.
    pub findings: Vec<Finding>,
}

impl Commands {
    /// Brings back a document of the past, and the flow with it where it is deleted.
    pub async fn restore(
        &self,
        intent: Intent,
        flow_id: Uuid,
        order: RestoreOrder,
    ) -> Result<Written, RegistryError> {
        check_reason(&intent)?;
        self.command(intent, flow_id, FlowCommand::Restore(order)).await
    }

    /// What [`restore`](Self::restore) would do now. Writes nothing.
    pub async fn rehearse_restore(
        &self,
        intent: Intent,
        flow_id: Uuid,
        order: RestoreOrder,
    ) -> Result<Rehearsal, RegistryError> {
        let intent = Intent { idempotency: None, ..intent };
        let Meeting::Flow(found) = self.meet(&intent, flow_id).await? else {
            unreachable!("without an idempotency key nothing was answered before");
        };
        let plan = self.plan_restore(&intent, order, &found).await?;
        let restored = plan.draft.as_ref().expect("a restore brings a draft");
        let findings = match order.mode {
            RestoreMode::Live => plan.findings.clone(),
            RestoreMode::Draft => {
                self.validation.own_findings(&intent.caller, flow_id, &restored.document.canonical()?).await?
            }
        };
        let Order::Restore(Restoration { from_version, .. }) = &plan.order else {
            unreachable!("a restore is planned as one");
        };
        let decided = decide(Some(&current(&found.record)), plan.order.clone());
        let (version, after) = match &decided {
            Ok(Decision::Event(change)) => (Some(change.version), change.after),
            Ok(Decision::Nothing) | Err(_) => (None, found.record.state()),
        };
        Ok(Rehearsal {
            flow_id,
            from_version: *from_version,
            version,
            is_refused: decided == Err(Refusal::NotPublishable),
            after,
            diff: diff::diff(&found.document.value()?, &restored.document.value()?),
            findings,
        })
    }

    pub(super) async fn plan_restore(
        &self,
        intent: &Intent,
        order: RestoreOrder,
        found: &FlowAnswer,
    ) -> Result<Plan, RegistryError> {
        // Elsewhere a deleted flow is not found before any precondition counts.
        if intent.if_match.as_ref().is_some_and(|wanted| !wanted.accepts(found.record.version)) {
            return Err(RegistryError::PreconditionFailed(found.current_version()));
        }
        let source = self.restored(intent, order.source, found).await?;
        if source.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let canonical = source.document.canonical()?;
        confine(&intent.caller, canonical.phone_number_id())?;
        let in_force_at = self.in_force_at(intent, &canonical).await?;
        let (findings, is_publishable) = match order.mode {
            RestoreMode::Draft => (Vec::new(), true),
            RestoreMode::Live => {
                let own_id = found.record.flow_id;
                let findings = self.validation.own_findings(&intent.caller, own_id, &canonical).await?;
                let has_errors = findings.iter().any(Finding::is_error);
                let is_publishable = !has_errors || self.was_in_force(&source).await?;
                (findings, is_publishable)
            }
        };
        let restoration = Restoration {
            from_version: source.record.version,
            document: source.document.digest(),
            mode: order.mode,
            is_publishable,
            changed: changed(&found.document, &source.document)?,
        };
        Ok(Plan {
            draft: Some(Prepared::draft(&canonical, Arc::clone(&source.document))),
            in_force: (order.mode == RestoreMode::Live)
                .then(|| Prepared::in_force(&canonical, Arc::clone(&source.document))),
            findings,
            in_force_at: in_force_at.filter(|_| order.mode == RestoreMode::Live),
            ..Plan::plain(Order::Restore(restoration))
        })
    }

    async fn restored(
        &self,
        intent: &Intent,
        source: RestoreSource,
        found: &FlowAnswer,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let version = match source {
            RestoreSource::Version(version) => version,
            RestoreSource::Published => match &found.record.published {
                Some(published) => published.version,
                None => return Err(RegistryError::NotPublished(found.current_version())),
            },
        };
        self.reads.version(&intent.caller, found.record.flow_id, version).await
    }

    async fn was_in_force(&self, source: &FlowAnswer) -> Result<bool, RegistryError> {
        let digest = source.document.digest();
        Ok(self.store.was_in_force(source.org_id, source.record.flow_id, digest).await?)
    }
}

/// What the restore changes, in words. Against content that was erased there is nothing to compare.
fn changed(before: &LoadedDocument, after: &LoadedDocument) -> Result<Vec<String>, RegistryError> {
    if before.is_erased() {
        return Ok(Vec::new());
    }
    Ok(diff::changed_paths(&before.value()?, &after.value()?))
}
