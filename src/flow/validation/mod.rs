//! Semantic findings: what is wrong or doubtful in a document whose shape is sound. Nothing here changes or fails.
//! About runs ask `names`, `env`, `paths`, `exits`, `variables`; about what is sent `channel`, `menu`, `texts`,
//! `translations`, `window`, and `requests` of web calls; about what is listened for `heard` and `pattern`; about what is
//! written in strings `faults`, `arguments`, `operators`, `expressions`, `secrets`; about other flows `references`.

mod arguments;
mod channel;
mod collect;
mod env;
mod exits;
mod expressions;
mod faults;
mod graph;
mod heard;
mod menu;
mod names;
mod operators;
mod paths;
mod pattern;
mod references;
mod requests;
mod secrets;
mod texts;
mod translations;
mod variables;
mod window;

pub use env::{reads_env, secrets_of};
pub use references::{CalledDocument, Neighbours, called_flows, calls, references};

use collect::Findings;
use pattern::Patterns;

use super::document::{Canonical, Document, sort_findings};
use super::finding::Finding;
use super::pointer;

/// What can be said of a document alone, in document order. An error blocks publishing.
pub fn findings(flow: &Canonical) -> Vec<Finding> {
    let document = &flow.document;
    let mut findings = Findings::default();
    let graph = graph::Graph::of(document);
    let mut patterns = Patterns::default();
    let questions: &mut [&mut dyn FnMut(&mut Findings)] = &mut [
        &mut |findings| empty_flow(document, findings),
        &mut |findings| names::check(document, findings),
        &mut |findings| env::check(document, findings),
        &mut |findings| paths::check(document, &graph, findings),
        &mut |findings| paths::loops(document, &graph, findings),
        &mut |findings| exits::check(document, findings),
        &mut |findings| window::check(document, &graph, findings),
        &mut |findings| channel::check(flow, findings),
        &mut |findings| translations::check(flow, findings),
        &mut |findings| requests::check(document, findings),
        &mut |findings| secrets::check(document, findings),
        &mut |findings| heard::check(document, &mut patterns, findings),
    ];
    for ask in questions {
        findings.next_question();
        ask(&mut findings);
    }
    findings.next_question();
    let reads = expressions::check(flow, &mut patterns, &mut findings);
    findings.next_question();
    variables::check(document, &graph, &reads, &mut findings);
    let mut findings = findings.into_vec();
    for finding in &mut findings {
        finding.step_id = step_id(document, &finding.pointer);
    }
    sort_findings(&mut findings, flow);
    findings
}

fn empty_flow(document: &Document, findings: &mut Findings) {
    if document.steps.is_empty() {
        findings.push(Finding::error("EMPTY_FLOW", "/steps", "The flow has no steps."));
    }
}

/// The id of the step a place is in.
fn step_id(document: &Document, place: &str) -> Option<String> {
    let mut tokens = pointer::tokens(place);
    let index = tokens.next().filter(|member| member == "steps").and_then(|_| tokens.next())?;
    document.steps.get(index.parse::<usize>().ok()?).map(|step| step.id.clone())
}
