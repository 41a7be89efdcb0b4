//! What becomes of the exits of a step. Exits that lead to one step are one line, or one small link inside the box, a
//! stub, where a line would make a thicket; what leads to no step is a mark.

use std::collections::HashMap;

use super::change::DrawnChange;
use super::union::{Chart, To};

/// A step with this many others that lead to it is reached by stubs.
const WAYS_IN_MAX: usize = 4;
/// Lines lead back by so many steps of the document at most.
const BACK_MAX: usize = 6;
/// What the spans of all lines, in steps of the document, come to at most. The time of a layout grows with it.
const SPANS_MAX: usize = 1000;

/// The exits of a step that lead to one place.
#[derive(Debug)]
pub(super) struct ExitGroup<'d> {
    /// `None` for what leads there from every step.
    pub from: Option<usize>,
    pub to: To<'d>,
    /// One for each exit that has one.
    pub labels: Vec<String>,
    /// How many exits these are.
    pub exits: usize,
    pub follows: bool,
    pub change: DrawnChange,
    pub becomes: Becomes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Becomes {
    Line,
    Stub,
    Mark,
}

/// The exits of all steps, by step and in the order of the exits; what leads there from every step is last.
pub(super) fn groups<'d>(chart: &Chart<'d>) -> Vec<ExitGroup<'d>> {
    let mut groups: Vec<ExitGroup<'d>> = Vec::new();
    let steps = chart.boxes.iter().enumerate().map(|(index, step)| (Some(index), &step.ways));
    for (from, ways) in steps.chain([(None, &chart.everywhere)]) {
        let first = groups.len();
        for way in ways {
            let known = groups[first..].iter_mut().find(|group| group.to == way.to);
            match known {
                Some(group) => {
                    group.labels.extend(way.label.clone());
                    group.exits += 1;
                    group.follows |= way.follows;
                    if group.change != way.change {
                        group.change = DrawnChange::Changed;
                    }
                }
                None => groups.push(ExitGroup {
                    from,
                    to: way.to,
                    labels: way.label.clone().into_iter().collect(),
                    exits: 1,
                    follows: way.follows,
                    change: way.change,
                    becomes: Becomes::Mark,
                }),
            }
        }
    }
    decide(chart, &mut groups);
    groups
}

fn decide(chart: &Chart<'_>, groups: &mut [ExitGroup<'_>]) {
    let mut ways_in: HashMap<usize, usize> = HashMap::new();
    for to in groups.iter().filter(|group| group.from.is_some()).filter_map(|group| group.to.step()) {
        *ways_in.entry(to).or_default() += 1;
    }
    let reached = |index: usize| chart.boxes[index].is_reached;
    let mut spans = Vec::new();
    for (place, group) in groups.iter_mut().enumerate() {
        group.becomes = match (group.from, group.to.step()) {
            (_, None) => Becomes::Mark,
            (None, Some(_)) => Becomes::Stub,
            (Some(from), Some(to)) if from == to => Becomes::Stub,
            // Steps that are never reached stand apart, one below the other.
            (Some(from), Some(to)) if !reached(from) => match to == from + 1 && !reached(to) {
                true => Becomes::Line,
                false => Becomes::Stub,
            },
            (Some(_), Some(_)) if group.follows => Becomes::Line,
            (Some(_), Some(to)) if ways_in[&to] > WAYS_IN_MAX => Becomes::Stub,
            (Some(from), Some(to)) if from > to + BACK_MAX => Becomes::Stub,
            (Some(from), Some(to)) => {
                spans.push((from.abs_diff(to), place));
                Becomes::Line
            }
        };
    }
    shorten(groups, spans);
}

/// Makes stubs of the longest lines until the rest is short enough. Lines to the following step stay.
fn shorten(groups: &mut [ExitGroup<'_>], mut spans: Vec<(usize, usize)>) {
    let lines = groups.iter().filter(|group| group.becomes == Becomes::Line).count();
    let following = lines - spans.len();
    let mut total: usize = following + spans.iter().map(|(span, _)| span).sum::<usize>();
    spans.sort_unstable();
    while total > SPANS_MAX {
        let Some((span, place)) = spans.pop() else { return };
        groups[place].becomes = Becomes::Stub;
        total -= span;
    }
}
