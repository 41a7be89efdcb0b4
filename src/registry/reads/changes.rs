//! What changed behind a position, for who keeps a copy.

use super::list::FlowList;
use super::{FlowReads, Shown};
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::store::{Changes, LogHead};

/// Flows that changed, as they are now, each once.
#[derive(Debug)]
pub struct ChangedFlows {
    pub list: FlowList,
    /// The position up to which these are all that changed.
    pub up_to: i64,
    /// Whether there are changes behind it.
    pub has_more: bool,
}

impl FlowReads {
    /// The oldest changes behind a position, of at most `limit` flows: of flows, or of what is in force. There may be
    /// fewer and yet more behind them: one page looks at a bounded part of the log.
    pub async fn changed(
        &self,
        caller: &Caller,
        head: LogHead,
        in_force: bool,
        after: i64,
        limit: i64,
    ) -> Result<ChangedFlows, RegistryError> {
        let (org_id, confined_to) = (caller.org_id, &caller.phone_number_ids[..]);
        let wanted = Changes { org_id, in_force, confined_to, after, end: head.position.max(after) };
        let found = self.store.changes(wanted, limit).await?;
        let shown = if in_force { Shown::InForce } else { Shown::Draft };
        let list = FlowList::page(self.clone(), org_id, shown, found.flows.into());
        Ok(ChangedFlows { list, up_to: found.up_to, has_more: found.up_to < head.position })
    }
}
