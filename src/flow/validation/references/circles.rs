//! Flows that hand over to each other in a circle in which nothing is waited for: a run would go round for ever.

use std::collections::HashSet;

use uuid::Uuid;

use super::neighbours::{CalledDocument, Neighbours};
use crate::flow::document::{CallMode, Document, Edge, FlowVersion, StepKind, SubFlow};
use crate::flow::finding::Finding;
use crate::flow::validation::graph::Graph;

pub fn check(
    document: &Document,
    own_id: Option<Uuid>,
    neighbours: &Neighbours<'_>,
    findings: &mut Vec<Finding>,
) {
    let Some(own_id) = own_id else { return };
    for (index, call) in quiet_transfers(document) {
        if leads_to(own_id, call, neighbours) {
            let message = "Flows hand over from here back to this flow, and nothing on the way has to wait.";
            let finding = Finding::warning("LOOP_MAY_NOT_WAIT", format!("/steps/{index}/flowId"), message);
            findings.push(finding.in_step(&document.steps[index].id));
        }
    }
}

/// Whether hand-overs lead from a step to a flow although nothing has been waited for.
fn leads_to(own_id: Uuid, from: &SubFlow, neighbours: &Neighbours<'_>) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![(from.flow_id, from.version)];
    while let Some((id, version)) = open.pop() {
        if (id, version) == (own_id, FlowVersion::Published) {
            return true;
        }
        if seen.insert((id, version))
            && let CalledDocument::Found(next) = (neighbours.resolve)(id, version)
        {
            open.extend(quiet_transfers(&next).into_iter().map(|(_, call)| (call.flow_id, call.version)));
        }
    }
    false
}

/// The steps that hand over, of those to which a path leads from the first step on which nothing waits. A called flow is
/// taken to wait.
fn quiet_transfers(document: &Document) -> Vec<(usize, &SubFlow)> {
    let calls = |index: usize| match &document.steps[index].kind {
        StepKind::SubFlow(call) => Some(call),
        _ => None,
    };
    if !(0..document.steps.len())
        .any(|index| calls(index).is_some_and(|call| call.mode == CallMode::Transfer))
    {
        return Vec::new();
    }
    let graph = Graph::of(document);
    let waits = |index: usize| document.steps[index].kind.waits() || calls(index).is_some();
    let (mut reached, mut open) = (vec![false; document.steps.len()], vec![0]);
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut reached[index], true) && !waits(index) {
            let hops = graph.hops[index].iter().filter(|hop| !matches!(hop.edge, Edge::Interrupt(_)));
            open.extend(hops.filter_map(|hop| hop.to.step()));
        }
    }
    let found = reached.into_iter().enumerate().filter(|(_, reached)| *reached);
    let transfers = found.filter_map(|(index, _)| Some((index, calls(index)?)));
    transfers.filter(|(_, call)| call.mode == CallMode::Transfer).collect()
}
