//! Rehearsals: what a command that puts a flow in force, or takes it out, would do now. They write nothing.

use uuid::Uuid;

use super::meeting::Meeting;
use super::plan::{FlowCommand, PublishOrder};
use super::{Commands, current};
use crate::flow::decide::{Decision, Order, Refusal, decide};
use crate::flow::document::Patch;
use crate::flow::event::State;
use crate::flow::finding::Finding;
use crate::registry::caller::Intent;
use crate::registry::{CallingFlows, RegistryError};

/// What may be rehearsed.
#[derive(Debug, Clone)]
pub enum RehearsedOrder {
    Publish(PublishOrder),
    Unpublish,
    /// True resumes the flow, false pauses it.
    Enable(bool),
    Delete,
}

/// What a command would do.
#[derive(Debug)]
pub struct Outlook {
    /// The flow's version now.
    pub current_version: i64,
    /// The version of the event; `None` where there would be none.
    pub version: Option<i64>,
    /// The flow's state afterwards; as it is now where nothing would happen.
    pub after: State,
    /// Errors forbid it.
    pub is_refused: bool,
    /// What validation says of the document that would come in force.
    pub findings: Vec<Finding>,
    /// Flows in force that call this one, and would be left without it.
    pub callers: Option<CallingFlows>,
}

impl Commands {
    /// What the order would do to a flow now.
    ///
    /// # Errors
    /// Like the command, but that flows which call this one are told of in the outlook, as are findings.
    pub async fn rehearse(
        &self,
        intent: Intent,
        flow_id: Uuid,
        order: RehearsedOrder,
    ) -> Result<Outlook, RegistryError> {
        let intent = Intent { idempotency: None, ..intent };
        let command = match order {
            RehearsedOrder::Publish(order) => FlowCommand::Publish(order),
            RehearsedOrder::Unpublish => FlowCommand::Plain(Order::Unpublish),
            RehearsedOrder::Enable(enabled) => FlowCommand::Update(Patch::of_enabled(enabled), None),
            RehearsedOrder::Delete => FlowCommand::Plain(Order::Delete),
        };
        let Meeting::Flow(found) = self.meet(&intent, flow_id).await? else {
            unreachable!("without an idempotency key nothing was answered before");
        };
        let (plan, callers) = match self.plan(&intent, &command, &found).await {
            Err(RegistryError::Called(callers)) => {
                let forced = Intent { forced: true, ..intent };
                (self.plan(&forced, &command, &found).await?, Some(callers))
            }
            planned => (planned?, None),
        };
        let decided = decide(Some(&current(&found.record)), plan.order.clone());
        let (version, after) = match &decided {
            Err(Refusal::NotFound) => return Err(RegistryError::FlowNotFound),
            Ok(Decision::Event(change)) => (Some(change.version), change.after),
            Ok(Decision::Nothing) | Err(Refusal::NotPublishable) => (None, found.record.state()),
        };
        Ok(Outlook {
            current_version: found.record.version,
            version,
            after,
            is_refused: decided == Err(Refusal::NotPublishable),
            findings: plan.findings,
            callers,
        })
    }
}
