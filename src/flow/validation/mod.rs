//! Semantic findings: what is wrong or doubtful in a document whose shape is sound.
//! One file per kind of question; none of them changes anything or fails.

mod references;

pub use references::{Neighbours, Reference, called_flows, references};

use super::document::{Canonical, sort_findings};
use super::finding::Finding;

/// What can be said of a document alone, in document order. An error blocks publishing.
pub fn findings(flow: &Canonical) -> Vec<Finding> {
    let document = &flow.document;
    let mut findings = Vec::new();
    if document.steps.is_empty() {
        findings.push(Finding::error("EMPTY_FLOW", "/steps", "The flow has no steps."));
    }
    sort_findings(&mut findings, flow);
    findings
}
