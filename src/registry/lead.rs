//! How far the draft of a flow is ahead of what is published, as a number.

use std::sync::Arc;

use super::RegistryError;
use super::caller::Caller;
use super::reads::{FlowAnswer, FlowReads, Selector};
use crate::flow::diff;

/// What a draft has that is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftLead {
    pub changes: usize,
    /// Whether data of editors differ too.
    pub layout: bool,
}

/// Compares a draft with what is published; `None` where they are equal. Long documents take milliseconds, so they are
/// compared on a thread that answers no requests.
pub(super) async fn draft_lead(
    reads: &FlowReads,
    caller: &Caller,
    draft: &Arc<FlowAnswer>,
) -> Result<Option<DraftLead>, RegistryError> {
    let (true, Some(published)) = (draft.has_unpublished_changes(), &draft.record.published) else {
        return Ok(None);
    };
    let selector = Selector::Version(published.version);
    let published = reads.get(caller, draft.record.flow_id, selector).await?;
    if draft.document.is_erased() || published.document.is_erased() {
        return Err(RegistryError::Erased);
    }
    let draft = Arc::clone(draft);
    match tokio::task::spawn_blocking(move || compared(&published, &draft)).await {
        Ok(lead) => lead.map(Some),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn compared(published: &FlowAnswer, draft: &FlowAnswer) -> Result<DraftLead, RegistryError> {
    let diff = diff::diff(&published.document.value()?, &draft.document.value()?);
    Ok(DraftLead { changes: diff.changed_paths().len() - usize::from(diff.layout), layout: diff.layout })
}
