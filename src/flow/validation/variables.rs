//! The life of variables: read nowhere, written nowhere, or read before they are written.

use super::collect::Findings;
use super::expressions::Reads;
use super::graph::Graph;
use crate::flow::document::{Document, Edge, Step, StepKind, Variable};
use crate::flow::finding::Finding;

/// Variables by index; a document has at most 100.
type VariableSet = u128;

pub fn check(document: &Document, graph: &Graph<'_>, reads: &Reads, findings: &mut Findings) {
    let written: VariableSet = document
        .steps
        .iter()
        .flat_map(Step::writes)
        .filter_map(|write| bit(document, &write.variable))
        .sum_bits();
    for (index, variable) in document.variables.iter().enumerate() {
        // A second declaration of a name is nobody's.
        if bit(document, &variable.name) != Some(1 << index) {
            continue;
        }
        let is_read = reads.variables.contains(&index);
        if !is_read && !reads.is_partial && !variable.scope.is_output() {
            let message = format!("Variable \"{}\" is read nowhere.", variable.name);
            findings.push(Finding::warning("UNUSED_VARIABLE", format!("/variables/{index}"), message));
        }
        if is_read && starts_unset(variable) && written & (1 << index) == 0 {
            let message =
                format!("Variable \"{}\" is read, but has no default and is never written.", variable.name);
            findings.push(Finding::warning("NEVER_ASSIGNED", format!("/variables/{index}"), message));
        }
    }
    maybe_unset(document, graph, reads, written, findings);
}

/// Whether the variable is null when a run begins, as far as the document tells.
fn starts_unset(variable: &Variable) -> bool {
    variable.default.is_null() && !variable.scope.is_input()
}

fn bit(document: &Document, name: &str) -> Option<VariableSet> {
    let index = document.variables.iter().position(|variable| variable.name == name)?;
    Some(1 << index)
}

trait SumBits {
    fn sum_bits(self) -> VariableSet;
}

impl<I: Iterator<Item = VariableSet>> SumBits for I {
    fn sum_bits(self) -> VariableSet {
        self.fold(0, |set, bit| set | bit)
    }
}

/// Reads that some path reaches before any write. Of a variable that is never written enough was said.
fn maybe_unset(
    document: &Document,
    graph: &Graph<'_>,
    reads: &Reads,
    written: VariableSet,
    findings: &mut Findings,
) {
    let set_before = set_before(document, graph);
    let mut told = std::collections::HashSet::new();
    for read in reads.reads.iter().filter(|read| !read.is_guarded && read.pointer.starts_with("/steps/")) {
        let Some(step) = read.step else { continue };
        let variable = &document.variables[read.variable];
        let bit: VariableSet = 1 << read.variable;
        let Some(before) = set_before[step] else { continue };
        let is_set = (before | set_within(document, &document.steps[step], &read.pointer)) & bit != 0;
        if !is_set && written & bit != 0 && told.insert((step, read.variable)) {
            let message = format!("Variable \"{}\" may not be set yet when this is read.", variable.name);
            let finding = Finding::warning("MAYBE_UNSET", read.pointer.clone(), message);
            findings.push(finding.at(read.position.offset, read.position.length));
        }
    }
}

/// For each step that can be reached, the variables that are set on every path to it.
fn set_before(document: &Document, graph: &Graph<'_>) -> Vec<Option<VariableSet>> {
    let initial = document
        .variables
        .iter()
        .enumerate()
        .filter(|(_, variable)| !starts_unset(variable))
        .map(|(index, _)| 1 << index)
        .sum_bits();
    let mut before: Vec<Option<VariableSet>> = vec![None; document.steps.len()];
    let mut pending = Vec::new();
    if let Some(first) = before.first_mut() {
        *first = Some(initial);
        pending.push(0);
    }
    while let Some(index) = pending.pop() {
        let step = &document.steps[index];
        let entering = before[index].expect("a step is pending once it is reached");
        for hop in &graph.hops[index] {
            let Some(to) = hop.to.step() else { continue };
            let leaving =
                if writes_before(&hop.edge) { after(document, step, entering, initial) } else { entering };
            let met = before[to].map_or(leaving, |known| known & leaving);
            if before[to] != Some(met) {
                before[to] = Some(met);
                pending.push(to);
            }
        }
    }
    before
}

/// Whether a step that is left by this edge has written what it writes.
fn writes_before(edge: &Edge) -> bool {
    matches!(edge, Edge::Next | Edge::Option(_) | Edge::Path(_) | Edge::Status(_) | Edge::Outcome(_))
}

fn after(document: &Document, step: &Step, before: VariableSet, initial: VariableSet) -> VariableSet {
    step.writes().iter().fold(before, |set, write| match bit(document, &write.variable) {
        Some(bit) if write.is_unset => (set & !bit) | (initial & bit),
        Some(bit) => set | bit,
        None => set,
    })
}

/// What the assignments before a place inside a `set` step have written.
fn set_within(document: &Document, step: &Step, pointer: &str) -> VariableSet {
    let StepKind::Set(set) = &step.kind else { return 0 };
    let mut tokens = pointer.split('/').skip(3);
    let entry = if tokens.next() == Some("assign") { tokens.next() } else { None };
    let entry = entry.and_then(|entry| entry.parse::<usize>().ok()).unwrap_or_default();
    set.assign.iter().take(entry).filter_map(|assignment| bit(document, &assignment.variable)).sum_bits()
}
