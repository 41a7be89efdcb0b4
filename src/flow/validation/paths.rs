//! Where runs can and cannot go: targets that name nothing, steps nobody reaches, runs that never end.

use std::collections::BTreeSet;

use super::collect::Findings;
use super::graph::{Graph, GraphNode};
use crate::flow::document::{Document, Edge, Step, StepKind, Target, WaitFor};
use crate::flow::finding::Finding;
use crate::flow::text::nearest;

pub fn check(document: &Document, graph: &Graph<'_>, findings: &mut Findings) {
    dangling_targets(document, findings);
    if document.steps.is_empty() {
        return;
    }
    unreachable_steps(document, graph, findings);
    resumed_from_nowhere(document, graph, findings);
    let reached = graph.reachable([0]);
    let leaves =
        |step: usize| graph.hops[step].iter().any(|hop| is_way_out(&hop.edge) && hop.to.step().is_none());
    if !reached.iter().enumerate().any(|(step, &reached)| reached && leaves(step)) {
        let message = "No path from the first step reaches an end.";
        // A menu that always comes back is meant; a flow that goes on by itself for ever is not.
        let asks = |step: &Step| waits_for_the_person(&step.kind);
        let runs_on = cycles(document, graph, asks).iter().flatten().any(|&step| reached[step]);
        let is_dead =
            !reached.iter().enumerate().any(|(step, &reached)| reached && asks(&document.steps[step]));
        findings.push(if runs_on || is_dead {
            Finding::error("NO_END_REACHABLE", "/steps", message)
        } else {
            Finding::warning("NO_END_REACHABLE", "/steps", message)
        });
    }
    for index in 0..document.steps.len() {
        fallthrough_into_branch(document, graph, index, findings);
    }
}

fn waits_for_the_person(kind: &StepKind) -> bool {
    match kind {
        StepKind::Ask(_) | StepKind::Choice(_) => true,
        StepKind::Wait(wait) => matches!(wait.until, WaitFor::Event { .. }),
        _ => false,
    }
}

/// Errors and interrupts may end a run; they are not how it is meant to end.
fn is_way_out(edge: &Edge) -> bool {
    !matches!(edge, Edge::Error | Edge::Interrupt(_))
}

fn dangling_targets(document: &Document, findings: &mut Findings) {
    let mut check = |target: &Target, pointer: &dyn Fn() -> String| {
        let Some(id) = target.step_id().filter(|id| document.step(id).is_none()) else { return };
        findings.push_with(|| {
            let finding = Finding::error("DANGLING_NEXT", pointer(), format!("No step has id \"{id}\"."));
            finding.did_you_mean(nearest(id, document.steps.iter().map(|step| step.id.as_str())))
        });
    };
    for (index, step) in document.steps.iter().enumerate() {
        for (place, target) in step.targets() {
            check(target, &|| format!("/steps/{index}{place}"));
        }
    }
    for (target, pointer) in document.settings.targets() {
        check(target, &|| pointer.to_owned());
    }
    for (index, interrupt) in document.interrupts.iter().enumerate() {
        check(&interrupt.next, &|| format!("/interrupts/{index}/next"));
    }
}

/// Targets that lead back to where an interrupt was heard, at places that a run reaches without one.
fn resumed_from_nowhere(document: &Document, graph: &Graph<'_>, findings: &mut Findings) {
    let message = "A run comes here without an interrupt, and then has nothing to resume.";
    let mut tell = |pointer: String| findings.push(Finding::error("NOTHING_TO_RESUME", pointer, message));
    let is_resume = |target: &&Target| **target == Target::Resume;
    let resumes = |step: &Step| step.targets().iter().any(|(_, target)| is_resume(target));
    if document.steps.iter().any(resumes) {
        let on_error =
            document.settings.on_error.iter().filter_map(|target| document.step_index(target.step_id()?));
        let is_interrupt = |edge: &Edge| matches!(edge, Edge::Interrupt(_));
        let reached = graph.reachable_by([0].into_iter().chain(on_error), |edge| !is_interrupt(edge));
        for (index, step) in document.steps.iter().enumerate().filter(|&(index, _)| reached[index]) {
            for (place, target) in step.targets() {
                if is_resume(&target) {
                    tell(format!("/steps/{index}{place}"));
                }
            }
        }
    }
    for (target, pointer) in document.settings.targets() {
        if is_resume(&target) {
            tell(pointer.to_owned());
        }
    }
    for (index, interrupt) in document.interrupts.iter().enumerate() {
        if is_resume(&&interrupt.next) {
            tell(format!("/interrupts/{index}/next"));
        }
    }
}

fn unreachable_steps(document: &Document, graph: &Graph<'_>, findings: &mut Findings) {
    let reached = graph.reachable([0].into_iter().chain(graph.entries.iter().copied()));
    for index in (0..document.steps.len()).filter(|&index| !reached[index]) {
        let message = "Nothing leads to this step.";
        findings.push(Finding::warning("UNREACHABLE_STEP", format!("/steps/{index}"), message));
    }
}

/// The block that one way of a step leads to runs, without a word, into the block of another way.
fn fallthrough_into_branch(document: &Document, graph: &Graph<'_>, from: usize, findings: &mut Findings) {
    let step = &document.steps[from];
    let ways: BTreeSet<usize> = graph.exits[from]
        .iter()
        .filter(|exit| matches!(exit.edge, Edge::Case(_) | Edge::Option(_) | Edge::Path(_)))
        .filter_map(|exit| document.step_index(exit.target.step_id()?))
        .collect();
    for &way in &ways {
        let mut at = way;
        while at != from && falls_through(document, graph, at) && at + 1 < document.steps.len() {
            at += 1;
            if ways.contains(&at) {
                let message = format!(
                    "Without \"next\" this step runs into \"{}\", another way of \"{}\".",
                    document.steps[at].id, step.id
                );
                let pointer = format!("/steps/{}", at - 1);
                let finding = Finding::warning("FALLTHROUGH_INTO_BRANCH", pointer, message);
                // Two branches may share their blocks.
                if !findings
                    .iter()
                    .any(|known| known.code == finding.code && known.pointer == finding.pointer)
                {
                    findings.push(finding);
                }
                break;
            }
        }
    }
}

/// Whether some normal exit of a step leads on because nothing says where to.
fn falls_through(document: &Document, graph: &Graph<'_>, step: usize) -> bool {
    let is_normal = |edge: &Edge| matches!(edge, Edge::Next | Edge::Option(_) | Edge::Path(_));
    !matches!(document.steps[step].kind, StepKind::Branch(_))
        && graph.exits[step].iter().any(|exit| is_normal(&exit.edge) && exit.place.is_none())
}

/// Cycles in which nobody is waited for.
pub fn loops(document: &Document, graph: &Graph<'_>, findings: &mut Findings) {
    for cycle in cycles(document, graph, |step| step.kind.waits()) {
        let names: Vec<String> =
            cycle.iter().map(|&index| format!("\"{}\"", document.steps[index].id)).collect();
        let pointer = format!("/steps/{}", cycle[0]);
        let names = names.join(", ");
        findings.push(if has_conditional_exit(document, graph, &cycle) {
            let message = format!("The loop through {names} may run without waiting for input.");
            Finding::warning("LOOP_MAY_NOT_WAIT", pointer, message)
        } else {
            let message = format!("The loop through {names} never waits for input and has no way out.");
            Finding::error("INPUTLESS_LOOP", pointer, message)
        });
    }
}

/// The steps of each cycle that no step which `waits` is part of, in array order.
fn cycles(document: &Document, graph: &Graph<'_>, waits: impl Fn(&Step) -> bool) -> Vec<Vec<usize>> {
    let next = |from: usize| {
        let step = &document.steps[from];
        let hops = if waits(step) { &[][..] } else { &graph.hops[from] };
        hops.iter().filter(move |hop| counts(step, &hop.edge)).filter_map(|hop| hop.to.step())
    };
    let reach: Vec<BTreeSet<usize>> = (0..document.steps.len())
        .map(|start| {
            let (mut reached, mut pending) = (BTreeSet::new(), vec![start]);
            while let Some(at) = pending.pop() {
                pending.extend(next(at).filter(|&step| reached.insert(step)));
            }
            reached
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut cycles = Vec::new();
    for start in 0..reach.len() {
        if reach[start].contains(&start) && seen.insert(start) {
            let cycle: Vec<usize> =
                reach[start].iter().copied().filter(|&step| reach[step].contains(&start)).collect();
            seen.extend(&cycle);
            cycles.push(cycle);
        }
    }
    cycles
}

/// Where a call itself says its errors go is part of how the flow goes on; other errors are accidents.
fn counts(step: &Step, edge: &Edge) -> bool {
    let calls = matches!(step.kind, StepKind::Http(_) | StepKind::Action(_) | StepKind::SubFlow(_));
    match edge {
        Edge::Error => calls && step.on_error.is_some(),
        // Who interrupts has been waited for, inside a called flow.
        Edge::Interrupt(_) => false,
        _ => true,
    }
}

/// Whether something that is decided during the run leads out of a cycle. A called flow may wait itself.
fn has_conditional_exit(document: &Document, graph: &Graph<'_>, cycle: &[usize]) -> bool {
    let is_outside = |to: GraphNode| to.step().is_none_or(|step| !cycle.contains(&step));
    cycle.iter().any(|&index| {
        let step = &document.steps[index];
        let decides = step.when.is_some()
            || matches!(
                step.kind,
                StepKind::Branch(_) | StepKind::Split(_) | StepKind::Http(_) | StepKind::Action(_)
            );
        let leaves = || graph.hops[index].iter().any(|hop| counts(step, &hop.edge) && is_outside(hop.to));
        matches!(step.kind, StepKind::SubFlow(_)) || (decides && leaves())
    })
}
