//! Semantic findings: what is wrong or doubtful in a document whose shape is sound.
//! One file per kind of question; none of them changes anything or fails.
//! `names`, `paths`, `exits`, `variables` ask about the flow of a run, `channel`, `menu`, `texts`, `translations`
//! about what is sent, `syntax`, `operators`, `expressions`, `pattern` about what is written in strings,
//! `secrets` about what should not be, `references` about other flows.

mod channel;
mod exits;
mod expressions;
mod graph;
mod menu;
mod names;
mod operators;
mod paths;
mod pattern;
mod references;
mod secrets;
mod syntax;
#[cfg(test)]
mod tests;
mod texts;
mod translations;
mod variables;

pub use references::{Neighbours, Reference, called_flows, references};

use super::document::{Canonical, Document, sort_findings};
use super::finding::Finding;
use super::pointer;

/// What can be said of a document alone, in document order. An error blocks publishing.
pub fn findings(flow: &Canonical) -> Vec<Finding> {
    let document = &flow.document;
    let mut findings = Vec::new();
    if document.steps.is_empty() {
        findings.push(Finding::error("EMPTY_FLOW", "/steps", "The flow has no steps."));
    }
    let graph = graph::Graph::of(document);
    names::check(document, &mut findings);
    paths::check(document, &graph, &mut findings);
    paths::loops(document, &graph, &mut findings);
    exits::check(document, &mut findings);
    channel::check(document, &mut findings);
    translations::check(document, &mut findings);
    secrets::check(document, &mut findings);
    pattern::check(document, &mut findings);
    let reads = expressions::check(document, &mut findings);
    variables::check(document, &graph, &reads, &mut findings);
    for finding in &mut findings {
        finding.step_id = step_id(document, &finding.pointer);
    }
    sort_findings(&mut findings, flow);
    findings
}

/// The id of the step a place is in.
fn step_id(document: &Document, place: &str) -> Option<String> {
    let mut tokens = pointer::tokens(place);
    let index = tokens.next().filter(|member| member == "steps").and_then(|_| tokens.next())?;
    document.steps.get(index.parse::<usize>().ok()?).map(|step| step.id.clone())
}
