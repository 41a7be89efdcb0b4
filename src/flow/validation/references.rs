//! What concerns other flows: the ones this flow calls, and those that listen to the same messages.
//! The caller brings the facts about other flows; nothing is looked up here.

mod circles;
mod conflicts;
mod neighbours;

pub use neighbours::{CalledDocument, Neighbours};

use std::collections::HashSet;

use uuid::Uuid;

use crate::flow::document::{CallMode, Canonical, Document, FlowVersion, StepKind, SubFlow, sort_findings};
use crate::flow::finding::Finding;
use crate::flow::limits::CALL_DEPTH_MAX;
use crate::flow::text::nearest;

/// The flows a document calls or transfers to, each once, in order of their steps.
pub fn called_flows(document: &Document) -> Vec<(Uuid, FlowVersion)> {
    let mut called = Vec::new();
    for (_, _, call) in calls(document) {
        if !called.contains(&(call.flow_id, call.version)) {
            called.push((call.flow_id, call.version));
        }
    }
    called
}

/// The steps of a document that call or transfer to another flow: index, id, and the call.
pub fn calls(document: &Document) -> impl Iterator<Item = (usize, &str, &SubFlow)> {
    document.steps.iter().enumerate().filter_map(|(index, step)| match &step.kind {
        StepKind::SubFlow(call) => Some((index, step.id.as_str(), call)),
        _ => None,
    })
}

/// What can be said of a document among others. `own_id` is absent for a document that is no flow yet.
pub fn references(flow: &Canonical, own_id: Option<Uuid>, neighbours: &Neighbours<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, id, call) in calls(&flow.document) {
        let place = format!("/steps/{index}");
        let found = check_call(call, &place, own_id, neighbours);
        findings.extend(found.into_iter().map(|finding| finding.in_step(id)));
    }
    circles::check(&flow.document, own_id, neighbours, &mut findings);
    conflicts::check(&flow.document, own_id, neighbours, &mut findings);
    sort_findings(&mut findings, flow);
    findings
}

fn check_call(
    call: &SubFlow,
    place: &str,
    own_id: Option<Uuid>,
    neighbours: &Neighbours<'_>,
) -> Vec<Finding> {
    let at = |member: &str| format!("{place}/{member}");
    if call.mode == CallMode::Call && own_id == Some(call.flow_id) {
        return vec![Finding::error("RECURSION", at("flowId"), "The flow calls itself.")];
    }
    let callee = match (neighbours.resolve)(call.flow_id, call.version) {
        CalledDocument::Found(callee) => callee,
        CalledDocument::NoFlow => {
            let message = format!("No flow has the id {}.", call.flow_id);
            return vec![Finding::error("FLOW_REF_NOT_FOUND", at("flowId"), message)];
        }
        CalledDocument::NoVersion => {
            let message = "The flow has no such version.".to_owned();
            return vec![Finding::error("FLOW_REF_NOT_FOUND", at("version"), message)];
        }
        CalledDocument::NotPublished => {
            let message = format!("The flow \"{}\" is not published.", call.flow_id);
            return vec![Finding::error("FLOW_REF_NOT_PUBLISHED", at("flowId"), message)];
        }
    };
    let mut findings = check_mapping(call, place, &callee);
    if call.mode == CallMode::Call {
        let stack: Vec<Uuid> = own_id.into_iter().chain([call.flow_id]).collect();
        let mut below = Calls { neighbours, stack, done: HashSet::new() };
        if let Some(id) = below.return_below(&callee) {
            let message = format!("Calls lead from \"{}\" back to the flow {id} while it runs.", callee.name);
            findings.push(Finding::error("RECURSION", at("flowId"), message));
        }
    }
    findings
}

/// The calls below a flow, walked depth first.
struct Calls<'a> {
    neighbours: &'a Neighbours<'a>,
    /// Flows that are running when the next call is made.
    stack: Vec<Uuid>,
    /// Flows of which nothing below leads back.
    done: HashSet<Uuid>,
}

impl Calls<'_> {
    /// The flow that would be called while it is running. Deeper than a run may call nothing is looked at.
    fn return_below(&mut self, caller: &Document) -> Option<Uuid> {
        for (_, _, call) in calls(caller).filter(|(_, _, call)| call.mode == CallMode::Call) {
            if self.stack.contains(&call.flow_id) {
                return Some(call.flow_id);
            }
            if self.stack.len() > CALL_DEPTH_MAX || self.done.contains(&call.flow_id) {
                continue;
            }
            if let CalledDocument::Found(callee) = (self.neighbours.resolve)(call.flow_id, call.version) {
                self.stack.push(call.flow_id);
                let found = self.return_below(&callee);
                self.stack.pop();
                if found.is_some() {
                    return found;
                }
                self.done.insert(call.flow_id);
            }
        }
        None
    }
}

/// Inputs must be variables the callee lets a caller set, outputs ones it returns.
fn check_mapping(call: &SubFlow, place: &str, callee: &Document) -> Vec<Finding> {
    let names = |wanted: fn(&crate::flow::document::Variable) -> bool| {
        callee
            .variables
            .iter()
            .filter(move |variable| wanted(variable))
            .map(|variable| variable.name.as_str())
    };
    let mut findings = Vec::new();
    for name in call.inputs.keys().filter(|name| !names(|v| v.scope.is_input()).any(|input| input == **name))
    {
        let mut pointer = format!("{place}/inputs");
        crate::flow::pointer::push(&mut pointer, name);
        let message = format!("\"{name}\" is no input of the flow \"{}\".", callee.name);
        let finding = Finding::error("BAD_FLOW_MAPPING", pointer, message);
        findings.push(finding.did_you_mean(nearest(name, names(|v| v.scope.is_input()))));
    }
    for (index, output) in call.outputs.iter().enumerate() {
        if !names(|v| v.scope.is_output()).any(|name| name == output.from) {
            let message = format!("\"{}\" is no output of the flow \"{}\".", output.from, callee.name);
            let finding =
                Finding::error("BAD_FLOW_MAPPING", format!("{place}/outputs/{index}/from"), message);
            findings.push(finding.did_you_mean(nearest(&output.from, names(|v| v.scope.is_output()))));
        }
    }
    findings
}
