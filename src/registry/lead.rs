//! How far the draft of a flow is ahead of what is published, as a number. Two documents are compared once for it: digests
//! name them, so the number holds for good.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Caller;
use super::reads::{FlowAnswer, FlowReads, Selector};
use crate::flow::diff;
use crate::flow::digest::Digest;

/// Pairs of documents whose number is kept, of about 150 bytes each.
const LEADS_MAX: usize = 4_000;

/// What a draft has that is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftLead {
    pub changes: usize,
    /// Whether data of editors differ too.
    pub layout: bool,
}

/// An organization, what is published, and the draft.
type Pair = (Uuid, Digest, Digest);

/// The numbers that are kept. Clones share them.
#[derive(Clone)]
pub(super) struct DraftLeads(Arc<Cache<Pair, DraftLead>>);

impl DraftLeads {
    pub(super) fn new() -> Self {
        Self(Arc::new(Cache::new(LEADS_MAX)))
    }
}

impl fmt::Debug for DraftLeads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DraftLeads").field("pairs", &self.0.len()).finish()
    }
}

impl DraftLeads {
    /// The number of a draft that the caller was shown; `None` where it is not ahead. Documents are compared beside the
    /// threads that answer requests.
    pub(super) async fn of(
        &self,
        reads: &FlowReads,
        caller: &Caller,
        draft: &Arc<FlowAnswer>,
    ) -> Result<Option<DraftLead>, RegistryError> {
        let (true, Some(published)) = (draft.has_unpublished_changes(), &draft.record.published) else {
            return Ok(None);
        };
        if draft.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let pair = (draft.org_id, published.document, draft.record.document);
        if let Some(known) = self.0.get(&pair) {
            return Ok(Some(known));
        }
        let selector = Selector::Version(published.version);
        let published = reads.get(caller, draft.record.flow_id, selector).await?;
        if published.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let draft = Arc::clone(draft);
        let lead = match tokio::task::spawn_blocking(move || lead(&published, &draft)).await {
            Ok(lead) => lead?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.0.insert(pair, lead);
        Ok(Some(lead))
    }
}

fn lead(published: &FlowAnswer, draft: &FlowAnswer) -> Result<DraftLead, RegistryError> {
    let diff = diff::diff(&published.document.value()?, &draft.document.value()?);
    Ok(DraftLead { changes: diff.changed_paths().len() - usize::from(diff.layout), layout: diff.layout })
}
