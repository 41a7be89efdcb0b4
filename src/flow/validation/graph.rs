//! The graph of steps: where a run can go from each, with what settings and interrupts add.

use crate::flow::document::{CallMode, Document, Edge, Exit, Step, StepKind, Target, Wait};

/// One way from a step.
#[derive(Debug, Clone)]
pub struct Hop {
    pub edge: Edge,
    pub to: GraphNode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GraphNode {
    Step(usize),
    /// The run is over.
    End,
    /// A target that names no step.
    Nowhere,
}

impl GraphNode {
    pub fn step(self) -> Option<usize> {
        match self {
            Self::Step(index) => Some(index),
            Self::End | Self::Nowhere => None,
        }
    }
}

#[derive(Debug)]
pub struct Graph<'d> {
    /// The exits each step has itself.
    pub exits: Vec<&'d [Exit]>,
    /// By step.
    pub hops: Vec<Vec<Hop>>,
    /// Where runs can be besides the first step: at targets of interrupts and of the settings' `onError`.
    pub entries: Vec<usize>,
}

impl<'d> Graph<'d> {
    pub fn of(document: &'d Document) -> Self {
        let exits: Vec<_> = document.steps.iter().map(Step::exits).collect();
        let hops = exits.iter().enumerate().map(|(index, exits)| hops(document, index, exits)).collect();
        let interrupts = document.interrupts.iter().map(|interrupt| &interrupt.next);
        let entries = interrupts
            .chain(&document.settings.on_error)
            .filter_map(|target| document.step_index(target.step_id()?))
            .collect();
        Self { exits, hops, entries }
    }

    /// The steps that can be reached from these, themselves included.
    pub fn reachable(&self, from: impl IntoIterator<Item = usize>) -> Vec<bool> {
        self.reachable_by(from, |_| true)
    }

    /// The steps that are reached from these by edges of some kinds.
    pub fn reachable_by(
        &self,
        from: impl IntoIterator<Item = usize>,
        by: impl Fn(&Edge) -> bool,
    ) -> Vec<bool> {
        let mut reached = vec![false; self.hops.len()];
        let mut pending: Vec<usize> = from.into_iter().filter(|&step| step < reached.len()).collect();
        while let Some(step) = pending.pop() {
            if !std::mem::replace(&mut reached[step], true) {
                let hops = self.hops[step].iter().filter(|hop| by(&hop.edge));
                pending.extend(hops.filter_map(|hop| hop.to.step()));
            }
        }
        reached
    }
}

fn hops(document: &Document, index: usize, exits: &[Exit]) -> Vec<Hop> {
    let step = &document.steps[index];
    let to = |target: &Target| match target {
        Target::Next if index + 1 < document.steps.len() => vec![GraphNode::Step(index + 1)],
        Target::Next | Target::End => vec![GraphNode::End],
        Target::Step(id) => vec![document.step_index(id).map_or(GraphNode::Nowhere, GraphNode::Step)],
        // Any step that may have waited.
        Target::Resume => {
            let heard = document.steps.iter().enumerate().filter(|(_, step)| hears_interrupts(step));
            heard.map(|(index, _)| GraphNode::Step(index)).collect()
        }
    };
    let lead =
        |edge: Edge, target: &Target| to(target).into_iter().map(move |to| Hop { edge: edge.clone(), to });
    let mut hops: Vec<Hop> = exits.iter().flat_map(|exit| lead(exit.edge.clone(), &exit.target)).collect();
    let settings = &document.settings;
    let has = |hops: &[Hop], edge: &Edge| hops.iter().any(|hop| hop.edge == *edge);
    if step.asks() && !has(&hops, &Edge::RetriesExhausted) {
        hops.extend(settings.retry.next.iter().flat_map(|next| lead(Edge::RetriesExhausted, next)));
    }
    if step.can_time_out() && step.timeout().is_none() {
        let expiry = settings.timeout.iter().map(|timeout| timeout.next.as_ref().unwrap_or(&Target::End));
        hops.extend(expiry.flat_map(|next| lead(Edge::Timeout, next)));
    }
    if step.on_error.is_none() {
        hops.extend(settings.on_error.iter().flat_map(|target| lead(Edge::Error, target)));
    }
    if hears_interrupts(step) {
        let interrupts = document.interrupts.iter().enumerate();
        hops.extend(interrupts.flat_map(|(index, command)| lead(Edge::Interrupt(index), &command.next)));
    }
    hops
}

fn hears_interrupts(step: &Step) -> bool {
    match &step.kind {
        StepKind::Ask(ask) => ask.allow_interrupts,
        StepKind::Choice(choice) => choice.allow_interrupts,
        StepKind::Wait(Wait { allow_interrupts, .. }) => *allow_interrupts,
        // While the called flow waits.
        StepKind::SubFlow(call) => call.mode == CallMode::Call,
        _ => false,
    }
}
