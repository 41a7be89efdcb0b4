//! Semantic findings: what is wrong or doubtful in a document whose shape is sound. Nothing here changes or fails.
//! About runs ask `names`, `paths`, `exits`, `variables`; about what is sent `channel`, `menu`, `texts`, `translations`;
//! about what is written in strings `syntax`, `operators`, `expressions`, `pattern`, `secrets`; about other flows
//! `references`.

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
