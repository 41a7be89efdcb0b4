//! The graph of steps: where a run can go from each, with what settings and interrupts add.

use crate::flow::document::{Document, Edge, Exit, Step, StepKind, Target, Wait};

/// One way from a step.
#[derive(Debug, Clone)]
pub struct Hop {
    pub edge: Edge,
    pub to: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    Step(usize),
    /// The run is over.
    End,
    /// A target that names no step.
    Nowhere,
}

impl Node {
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
    pub exits: Vec<Vec<Exit<'d>>>,
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
        let mut reached = vec![false; self.hops.len()];
        let mut pending: Vec<usize> = from.into_iter().filter(|&step| step < reached.len()).collect();
        while let Some(step) = pending.pop() {
            if !std::mem::replace(&mut reached[step], true) {
                pending.extend(self.hops[step].iter().filter_map(|hop| hop.to.step()));
            }
        }
        reached
    }
}

fn hops(document: &Document, index: usize, exits: &[Exit<'_>]) -> Vec<Hop> {
    let step = &document.steps[index];
    let to = |target: &Target| match target {
        Target::Next if index + 1 < document.steps.len() => Node::Step(index + 1),
        Target::Next | Target::End => Node::End,
        Target::Step(id) => document.step_index(id).map_or(Node::Nowhere, Node::Step),
    };
    let mut hops: Vec<Hop> =
        exits.iter().map(|exit| Hop { edge: exit.edge.clone(), to: to(exit.target) }).collect();
    let settings = &document.settings;
    let has = |hops: &[Hop], edge: &Edge| hops.iter().any(|hop| hop.edge == *edge);
    if step.asks() && !has(&hops, &Edge::RetriesExhausted) {
        hops.extend(
            settings.retry.next.iter().map(|next| Hop { edge: Edge::RetriesExhausted, to: to(next) }),
        );
    }
    if step.can_time_out() && step.timeout().is_none() {
        let expiry = settings.timeout.iter().map(|timeout| timeout.next.as_ref().map_or(Node::End, to));
        hops.extend(expiry.map(|to| Hop { edge: Edge::Timeout, to }));
    }
    if step.on_error.is_none() {
        hops.extend(settings.on_error.iter().map(|target| Hop { edge: Edge::Error, to: to(target) }));
    }
    if hears_interrupts(step) {
        let interrupts = document.interrupts.iter().enumerate();
        hops.extend(
            interrupts.map(|(index, command)| Hop { edge: Edge::Interrupt(index), to: to(&command.next) }),
        );
    }
    hops
}

fn hears_interrupts(step: &Step) -> bool {
    match &step.kind {
        StepKind::Ask(ask) => ask.allow_interrupts,
        StepKind::Choice(choice) => choice.allow_interrupts,
        StepKind::Wait(Wait { allow_interrupts, .. }) => *allow_interrupts,
        _ => false,
    }
}
