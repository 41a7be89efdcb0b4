//! The flows in force that call a flow or hand a conversation over to it: to be read, and to keep it in force.

use uuid::Uuid;

use super::{FlowAnswer, FlowReads, Selector, Shown};
use crate::flow::document::SubFlow;
use crate::flow::validation::calls;
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::registry::calling::{CallingFlow, CallingFlows, CallingStep};
use crate::store::{Calling, FlowRecord};

/// Calling flows that a refusal names at most; all of them can be listed.
const NAMED_MAX: usize = 20;

impl FlowReads {
    /// The flows in force that call a flow, in the order of their ids. The flow may be deleted.
    pub async fn calling(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        limit: i64,
        after: Option<Uuid>,
    ) -> Result<Vec<CallingFlow>, RegistryError> {
        let org_id = caller.org_id;
        self.get(caller, flow_id, Selector::Draft).await?;
        let confined_to = &caller.phone_number_ids;
        let (_, records) = self.store.calling(Calling { org_id, flow_id, confined_to, after, limit }).await?;
        self.with_calls(org_id, flow_id, records).await
    }

    /// Refuses where flows in force call the flow, whoever may see them. Otherwise that is so while the event at this
    /// position is the last that changed what is in force.
    pub(in crate::registry) async fn check_uncalled(
        &self,
        caller: &Caller,
        flow_id: Uuid,
    ) -> Result<i64, RegistryError> {
        let org_id = caller.org_id;
        let limit = i64::try_from(NAMED_MAX + 1).expect("a small number");
        let wanted = Calling { org_id, flow_id, confined_to: &[], after: None, limit };
        let (position, mut records) = self.store.calling(wanted).await?;
        let found = records.len();
        if found == 0 {
            return Ok(position);
        }
        records.retain(|record| caller.sees(record.phone_number_id.as_deref()));
        records.truncate(NAMED_MAX);
        let has_more = records.len() < found;
        let named = self.with_calls(org_id, flow_id, records).await?;
        Err(RegistryError::Called(CallingFlows { named, has_more }))
    }

    async fn with_calls(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        records: Vec<FlowRecord>,
    ) -> Result<Vec<CallingFlow>, RegistryError> {
        let flows = self.with_documents(org_id, Shown::InForce, records).await?;
        flows.iter().map(|flow| told(flow, flow_id)).collect()
    }
}

fn told(flow: &FlowAnswer, called: Uuid) -> Result<CallingFlow, RegistryError> {
    let members = flow.document.members()?;
    Ok(CallingFlow {
        flow_id: flow.record.flow_id,
        name: members.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned(),
        published_version: flow.record.published.as_ref().map(|published| published.version),
        calls: calls_of(flow, called)?,
    })
}

fn calls_of(flow: &FlowAnswer, flow_id: Uuid) -> Result<Vec<CallingStep>, RegistryError> {
    if flow.document.is_erased() {
        return Ok(Vec::new());
    }
    let document = flow.document.canonical()?.document;
    let step = |(_, step_id, call): (usize, &str, &SubFlow)| CallingStep {
        step_id: step_id.to_owned(),
        mode: call.mode,
        version: call.version,
    };
    Ok(calls(&document).filter(|(_, _, call)| call.flow_id == flow_id).map(step).collect())
}
