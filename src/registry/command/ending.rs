//! What flows in force depend on stays in force, unless somebody takes it away with a reason; and what is put in force
//! finds what it depends on. Both is proven by the append.

use super::Commands;
use super::plan::Plan;
use crate::flow::decide::Order;
use crate::flow::document::Canonical;
use crate::flow::finding::Finding;
use crate::flow::validation::called_flows;
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::reads::FlowAnswer;

/// What a reason must say at least, in characters.
const REASON_MIN: usize = 3;

impl Commands {
    /// The plan of an order that may take a flow out of force.
    pub(super) async fn plan_ending(
        &self,
        intent: &Intent,
        order: Order,
        found: &FlowAnswer,
    ) -> Result<Plan, RegistryError> {
        if intent.forced || !ends(&order, found) {
            return Ok(Plan::plain(order));
        }
        let in_force_at = self.reads.check_uncalled(&intent.caller, found.record.flow_id).await?;
        Ok(Plan { in_force_at: Some(in_force_at), ..Plan::plain(order) })
    }

    /// Where the log last changed what is in force, if the document depends on flows that are. To be asked before these
    /// are looked at.
    pub(super) async fn in_force_at(
        &self,
        intent: &Intent,
        flow: &Canonical,
    ) -> Result<Option<i64>, RegistryError> {
        if called_flows(&flow.document).is_empty() {
            return Ok(None);
        }
        Ok(Some(self.store.in_force_position(intent.caller.org_id).await?))
    }
}

/// Whether an order leaves those who call the flow without it.
fn ends(order: &Order, found: &FlowAnswer) -> bool {
    let record = &found.record;
    let is_in_force = record.published.is_some() && record.enabled;
    !record.deleted
        && match order {
            Order::Delete => true,
            Order::Unpublish => record.published.is_some(),
            Order::Update { enabled, .. } => *enabled == Some(false) && is_in_force,
            _ => false,
        }
}

pub(super) fn check_reason(intent: &Intent) -> Result<(), RegistryError> {
    if intent.reason.as_ref().is_none_or(|reason| reason.chars().count() < REASON_MIN) {
        let message = format!("must say why, in {REASON_MIN} to 500 characters");
        return Err(RegistryError::Invalid(vec![Finding::error("INVALID_VALUE", "/reason", message)]));
    }
    Ok(())
}
