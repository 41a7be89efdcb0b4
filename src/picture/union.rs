//! One chart of a flow, or of two versions of it: what both have stands once, with what only one has beside it.

use std::collections::{HashMap, HashSet};

use super::change::DrawnChange;
use super::graph::{DrawnVersion, ExitTarget, VersionExit, VersionStep};
use super::layer::Layer;
use super::request::Request;
use crate::flow::diff;

/// Steps and where they lead, by index.
#[derive(Debug)]
pub(super) struct Chart<'d> {
    pub boxes: Vec<StepBox<'d>>,
    /// Where settings and interrupts lead, from any step.
    pub everywhere: Vec<Way<'d>>,
}

#[derive(Debug)]
pub(super) struct StepBox<'d> {
    pub id: &'d str,
    pub kind: &'static str,
    pub says: String,
    pub ways: Vec<Way<'d>>,
    pub change: DrawnChange,
    /// Which step of its version it is, from 1.
    pub number: usize,
    pub is_reached: bool,
}

/// One exit of one version, or of both.
#[derive(Debug, Clone)]
pub(super) struct Way<'d> {
    pub label: Option<String>,
    pub to: To<'d>,
    pub follows: bool,
    pub change: DrawnChange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum To<'d> {
    Step(usize),
    End,
    Resume,
    Missing(&'d str),
}

impl To<'_> {
    pub fn step(self) -> Option<usize> {
        match self {
            Self::Step(index) => Some(index),
            _ => None,
        }
    }
}

/// The chart of a request: of its flow, or of both versions where they are compared.
pub(super) fn chart<'r>(request: &Request<'r>) -> Chart<'r> {
    let after = DrawnVersion::of(request.flow, request.words);
    match request.layer {
        Layer::Diff { before } => {
            let changes = diff::diff(&before.value, &request.flow.value).steps.changed;
            let changed = changes.iter().map(|step| step.id.as_str()).collect();
            join(&DrawnVersion::of(before, request.words), &after, &changed)
        }
        _ => join(&after, &after, &HashSet::new()),
    }
}

fn join<'d>(before: &DrawnVersion<'d>, after: &DrawnVersion<'d>, changed: &HashSet<&str>) -> Chart<'d> {
    let old: HashMap<&str, &VersionStep<'d>> = before.steps.iter().map(|step| (step.id, step)).collect();
    let new: HashMap<&str, &VersionStep<'d>> = after.steps.iter().map(|step| (step.id, step)).collect();
    let order = order(before, after, &new);
    let places: HashMap<&str, usize> = order.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let numbers = |side: &DrawnVersion<'d>| -> HashMap<&str, usize> {
        side.steps.iter().enumerate().map(|(index, step)| (step.id, index + 1)).collect()
    };
    let (old_numbers, new_numbers) = (numbers(before), numbers(after));
    let boxes = order.iter().map(|&id| {
        let (was, is) = (old.get(id), new.get(id));
        let step = is.or(was).expect("the order has steps of either version");
        let exits = |step: Option<&&VersionStep<'d>>| step.map_or(0..0, |step| 0..step.exits.len());
        let was_exits: Vec<_> = exits(was).map(|index| &was.expect("it has exits").exits[index]).collect();
        let is_exits: Vec<_> = exits(is).map(|index| &is.expect("it has exits").exits[index]).collect();
        StepBox {
            id: step.id,
            kind: step.kind,
            says: step.says.clone(),
            ways: ways(&was_exits, &is_exits, &places),
            change: match (was, is) {
                (None, _) => DrawnChange::Added,
                (_, None) => DrawnChange::Removed,
                _ if changed.contains(id) => DrawnChange::Changed,
                _ => DrawnChange::Same,
            },
            number: new_numbers.get(id).or_else(|| old_numbers.get(id)).copied().unwrap_or_default(),
            is_reached: false,
        }
    });
    let everywhere = |side: &'_ DrawnVersion<'d>| -> Vec<_> { (0..side.everywhere.len()).collect() };
    let was: Vec<_> = everywhere(before).into_iter().map(|index| &before.everywhere[index]).collect();
    let is: Vec<_> = everywhere(after).into_iter().map(|index| &after.everywhere[index]).collect();
    let mut chart = Chart { boxes: boxes.collect(), everywhere: ways(&was, &is, &places) };
    mark_reached(&mut chart);
    chart
}

/// The steps of both versions: in the order of the newer one, a step that is gone behind the one it followed.
fn order<'d>(
    before: &DrawnVersion<'d>,
    after: &DrawnVersion<'d>,
    new: &HashMap<&str, &VersionStep<'d>>,
) -> Vec<&'d str> {
    let mut gone_behind: HashMap<Option<&str>, Vec<&'d str>> = HashMap::new();
    let mut kept = None;
    for step in &before.steps {
        match new.contains_key(step.id) {
            true => kept = Some(step.id),
            false => gone_behind.entry(kept).or_default().push(step.id),
        }
    }
    let mut order = gone_behind.remove(&None).unwrap_or_default();
    for step in &after.steps {
        order.push(step.id);
        order.extend(gone_behind.remove(&Some(step.id)).unwrap_or_default());
    }
    order
}

/// The exits of both versions: those of the newer one in their order, then those that are gone.
fn ways<'d>(
    was: &[&VersionExit<'d>],
    is: &[&VersionExit<'d>],
    places: &HashMap<&str, usize>,
) -> Vec<Way<'d>> {
    let is_same = |one: &VersionExit<'d>, other: &VersionExit<'d>| one.key == other.key && one.to == other.to;
    let way = |exit: &VersionExit<'d>, change| Way {
        label: exit.label.clone(),
        to: match exit.to {
            ExitTarget::Step(id) => places.get(id).map_or(To::Missing(id), |&index| To::Step(index)),
            ExitTarget::End => To::End,
            ExitTarget::Resume => To::Resume,
            ExitTarget::Missing(id) => To::Missing(id),
        },
        follows: exit.follows,
        change,
    };
    let now = is.iter().map(|exit| {
        let is_old = was.iter().any(|other| is_same(exit, other));
        way(exit, if is_old { DrawnChange::Same } else { DrawnChange::Added })
    });
    let gone = was.iter().filter(|exit| !is.iter().any(|other| is_same(exit, other)));
    now.chain(gone.map(|exit| way(exit, DrawnChange::Removed))).collect()
}

/// Marks the steps that a run can come to: from the first of each version, and from where settings and interrupts lead.
fn mark_reached(chart: &mut Chart<'_>) {
    let mut pending: Vec<usize> = chart.everywhere.iter().filter_map(|way| way.to.step()).collect();
    pending.extend((0..chart.boxes.len()).filter(|&index| chart.boxes[index].number == 1));
    while let Some(index) = pending.pop() {
        if !std::mem::replace(&mut chart.boxes[index].is_reached, true) {
            pending.extend(chart.boxes[index].ways.iter().filter_map(|way| way.to.step()));
        }
    }
}
