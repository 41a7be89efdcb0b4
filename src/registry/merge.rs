//! A document that was made of an earlier version, merged with the draft of now. Nothing is written.

use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Caller;
use super::history::History;
use super::reads::Selector;
use crate::flow::document::{Canonical, check_name};
use crate::flow::finding::Finding;
use crate::flow::merge::{self, Conflict};
use crate::flow::validation;

/// What a merge came to.
#[derive(Debug)]
pub struct MergedDraft {
    /// The version of the draft that it was merged with.
    pub version: i64,
    /// The merged document and what validation says of it; `None` where there are conflicts.
    pub merged: Option<(Canonical, Vec<Finding>)>,
    pub conflicts: Vec<Conflict>,
}

impl History {
    /// Merges a document that a client made of the version `base` with what became of the draft meanwhile.
    pub async fn merge(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        base: i64,
        document: Value,
    ) -> Result<MergedDraft, RegistryError> {
        let sent = Canonical::create(document).map_err(in_document)?;
        let draft = self.reads.get(caller, flow_id, Selector::Current).await?;
        let earlier = self.reads.version(caller, flow_id, base).await?;
        if earlier.document.is_erased() || draft.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let (base, now) = (earlier.document.value()?, draft.document.value()?);
        if sent.value["name"] != base["name"] {
            check_name(sent.name()).map_err(in_document)?;
        }
        let both = merge::merge(&base, &now, &sent.value);
        let version = draft.record.version;
        let conflicts = |conflicts| Ok(MergedDraft { version, merged: None, conflicts });
        if !both.conflicts.is_empty() {
            return conflicts(both.conflicts);
        }
        match Canonical::create(both.document) {
            Ok(merged) => {
                let findings = validation::findings(&merged);
                Ok(MergedDraft { version, merged: Some((merged, findings)), conflicts: Vec::new() })
            }
            // Each side is sound, and what they come to together is not.
            Err(faults) => {
                let each = faults.iter().map(|fault| merge::together(fault, &base, &now, &sent.value));
                conflicts(each.collect())
            }
        }
    }
}

/// What is wrong with the document, by its place in the request.
fn in_document(findings: Vec<Finding>) -> RegistryError {
    let placed = |finding: Finding| Finding { pointer: format!("/document{}", finding.pointer), ..finding };
    RegistryError::Invalid(findings.into_iter().map(placed).collect())
}
