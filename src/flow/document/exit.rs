//! The exits of a step: by which edge, to where, and where that is written. They are read off the targets that the
//! step's type declares.

use serde_json::Value;

use super::edge::{Edge, Exit, Target, Write};
use super::reader::Cursor;
use super::schema::part::{Leads, Leaves, Part};
use super::schema::{FoundMember, walk};
use super::settings::{Retry, Timeout};
use super::step::{CallMode, Choice, Op, Step, StepKind, WaitFor};

/// Completes a step with what is read off its declaration: its exits and the variables it writes.
pub(super) fn complete(step: &mut Step, node: Cursor<'_>) {
    step.exits = exits(step, node.value, node.part);
    step.writes = writes(node.value, node.part);
}

/// The exits the step itself has, in the order in which coverage lists them: what only the settings or an interrupt
/// would do is not among them. An exit without a target of its own takes the step's `next`; a timeout without one ends
/// the run.
fn exits(step: &Step, value: &Value, part: Part) -> Vec<Exit> {
    let mut exits = Vec::new();
    walk(value, part, None, &mut |found| exits.extend(exit(step, &found)));
    let is_left_by_own = |exit: &Exit| matches!(exit.edge, Edge::Option(_) | Edge::Path(_));
    match leaves(&step.kind) {
        Leaves::Next if !exits.iter().any(is_left_by_own) => exits.push(next(step, Edge::Next)),
        Leaves::End => exits.push(Exit { edge: Edge::End, target: Target::End, place: None }),
        Leaves::Next | Leaves::OwnExits => {}
    }
    if step.when.is_some() {
        exits.push(Exit { edge: Edge::Skip, target: Target::Next, place: None });
    }
    exits.sort_by_key(|exit| coverage_rank(&exit.edge));
    exits
}

/// How a step is left: a transfer ends the run, whatever other `flow` steps do.
fn leaves(kind: &StepKind) -> Leaves {
    match kind {
        StepKind::SubFlow(call) if call.mode == CallMode::Transfer => Leaves::End,
        kind => kind.declared().leaves,
    }
}

/// The exit whose target stands, or could stand, at a place.
fn exit(step: &Step, found: &FoundMember<'_, '_>) -> Option<Exit> {
    let Part::Target(leads) = found.part else { return None };
    let edge = edge(&step.kind, leads, found)?;
    let target = match (found.text(), &edge) {
        (Some(target), _) => Target::parse(target),
        (None, Edge::Option(_) | Edge::Path(_)) => return Some(next(step, edge)),
        (None, Edge::Timeout) => return Some(Exit { edge, target: Target::End, place: None }),
        (None, Edge::Else) => Target::default(),
        (None, _) => return None,
    };
    Some(Exit { edge, target, place: Some(found.pointer.into()) })
}

fn edge(kind: &StepKind, leads: Leads, found: &FoundMember<'_, '_>) -> Option<Edge> {
    let name = |member| found.entry.and_then(|entry| entry.text(member)).map(str::to_owned);
    Some(match leads {
        // With several options chosen at once none of them leads anywhere.
        Leads::Option if matches!(kind, StepKind::Choice(Choice { multiple: Some(_), .. })) => return None,
        Leads::Outcome if leaves(kind) == Leaves::End => return None,
        Leads::Option => Edge::Option(name("id")?),
        Leads::Path => Edge::Path(name("id")?),
        Leads::Outcome => Edge::Outcome(name("id")?),
        Leads::Status => Edge::Status(name("status")?),
        Leads::Case => Edge::Case(found.entry?.index),
        Leads::Else => Edge::Else,
        Leads::Empty => Edge::Empty,
        Leads::OnError => Edge::Error,
        Leads::RetriesExhausted => Edge::RetriesExhausted,
        Leads::Timeout => Edge::Timeout,
        Leads::Next | Leads::Elsewhere => return None,
    })
}

/// An exit that goes the step's normal way.
fn next(step: &Step, edge: Edge) -> Exit {
    Exit {
        edge,
        target: step.next.clone().unwrap_or_default(),
        place: step.next.as_ref().map(|_| "/next".into()),
    }
}

/// Coverage lists how a step goes on first, then what comes of waiting, then named exits, then the special ones.
const fn coverage_rank(edge: &Edge) -> u8 {
    match edge {
        Edge::Option(_) | Edge::Case(_) | Edge::Path(_) | Edge::Else | Edge::Next | Edge::End => 0,
        Edge::RetriesExhausted => 1,
        Edge::Timeout => 2,
        Edge::Status(_) | Edge::Outcome(_) => 3,
        Edge::Empty => 4,
        Edge::Skip => 5,
        Edge::Error => 6,
        Edge::Interrupt(_) => 7,
    }
}

/// Every variable a step writes, in order.
fn writes(value: &Value, part: Part) -> Vec<Write> {
    let mut writes = Vec::new();
    walk(value, part, None, &mut |found| {
        if let (Part::Written, Some(variable)) = (found.part, found.text()) {
            let is_unset = found.entry.is_some_and(|entry| entry.text("op") == Some(Op::Unset.as_str()));
            writes.push(Write { variable: variable.into(), place: found.pointer.into(), is_unset });
        }
    });
    writes
}

impl Step {
    /// Every variable the step writes, in order.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The exits the step itself has, in the order in which coverage lists them.
    pub fn exits(&self) -> &[Exit] {
        &self.exits
    }

    /// Every target the step writes down, with its place inside the step. Also those no exit uses.
    pub fn targets(&self) -> Vec<(&str, &Target)> {
        let mut targets: Vec<_> =
            self.exits.iter().filter_map(|exit| Some((exit.place.as_deref()?, &exit.target))).collect();
        if let Some(next) = &self.next {
            targets.push(("/next", next));
        }
        targets.sort_by_key(|&(place, _)| place);
        targets.dedup();
        targets
    }

    /// The step's own retry policy.
    pub fn retry(&self) -> Option<&Retry> {
        match &self.kind {
            StepKind::Ask(ask) => ask.retry.as_ref(),
            StepKind::Choice(choice) => choice.retry.as_ref(),
            _ => None,
        }
    }

    /// The step's own timeout.
    pub fn timeout(&self) -> Option<&Timeout> {
        match &self.kind {
            StepKind::Ask(ask) => ask.timeout.as_ref(),
            StepKind::Choice(choice) => choice.timeout.as_ref(),
            StepKind::Wait(wait) => match &wait.until {
                WaitFor::Event { timeout, .. } => timeout.as_ref(),
                WaitFor::Duration(_) | WaitFor::Until(_) => None,
            },
            _ => None,
        }
    }

    /// Whether the step accepts or rejects what a person answers, and so has retries.
    pub const fn asks(&self) -> bool {
        matches!(self.kind, StepKind::Ask(_) | StepKind::Choice(_))
    }

    /// Whether a timeout of the settings applies when the step has none.
    pub const fn can_time_out(&self) -> bool {
        match &self.kind {
            StepKind::Ask(_) | StepKind::Choice(_) => true,
            StepKind::Wait(wait) => matches!(wait.until, WaitFor::Event { .. }),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::flow::document::Canonical;

    fn check(step: Value, expected: &[&str]) {
        let flow = Canonical::create(json!({ "name": "x", "steps": [step] })).unwrap();
        let exits = flow.document.steps[0].exits();
        let written: Vec<String> = exits
            .iter()
            .map(|exit| format!("{} {} {}", exit.edge, exit.target, exit.place.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(written, expected);
    }

    #[test]
    fn exits_stand_in_coverage_order() {
        check(json!({ "type": "goto", "next": "a", "when": "true" }), &["next a /next", "skip $next -"]);
        check(json!({ "type": "end" }), &["end $end -"]);
        check(
            json!({ "type": "ask", "retry": { "next": "r" }, "timeout": { "after": "PT1H" }, "onError": "e" }),
            &["next $next -", "retries_exhausted r /retry/next", "timeout $end -", "error e /onError"],
        );
        check(
            json!({ "type": "choice", "text": "?", "next": "n", "emptyNext": "m", "options": [
                { "id": "a", "title": "A", "next": "x" }, { "id": "b", "title": "B" } ] }),
            &["option:a x /options/0/next", "option:b n /next", "empty m /emptyNext"],
        );
        check(
            json!({ "type": "branch", "cases": [{ "when": "true", "next": "a" }] }),
            &["case:0 a /cases/0/next", "else $next /else"],
        );
        check(
            json!({ "type": "http", "url": "https://a.example/", "on": [{ "status": "4xx", "next": "a" }] }),
            &["next $next -", "status:4xx a /on/0/next"],
        );
    }
}
