//! The exits of a step: by which edge, to where, and where that is written.

use super::step::{CallMode, Choice, ChoiceOptions, Step, StepKind, WaitFor};
use super::{Edge, Retry, Target, Timeout};
use crate::flow::pointer::Spot;

/// One way out of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit<'d> {
    pub edge: Edge,
    pub target: &'d Target,
    /// The member that names the target, inside the step. Absent when nothing names it.
    pub place: Option<Spot>,
}

static NEXT: Target = Target::Next;
static END: Target = Target::End;

impl Step {
    /// The exits the step itself has, in the order in which coverage lists them: what only the settings
    /// or an interrupt would do is not among them. An exit without a target of its own takes the step's
    /// `next`; a timeout without one ends the run.
    pub fn exits(&self) -> Vec<Exit<'_>> {
        let mut exits = Vec::new();
        self.main_exits(&mut exits);
        self.waiting_exits(&mut exits);
        self.named_exits(&mut exits);
        if let StepKind::Choice(Choice { empty_next: Some(target), .. }) = &self.kind {
            exits.push(Exit { edge: Edge::Empty, target, place: Some(Spot::at("/emptyNext")) });
        }
        if self.when.is_some() {
            exits.push(Exit { edge: Edge::Skip, target: &NEXT, place: None });
        }
        if let Some(target) = &self.on_error {
            exits.push(Exit { edge: Edge::Error, target, place: Some(Spot::at("/onError")) });
        }
        exits
    }

    /// Every target the step writes down, with its place inside the step. Also those no exit uses.
    pub fn targets(&self) -> Vec<(Spot, &Target)> {
        let mut targets: Vec<_> =
            self.exits().into_iter().filter_map(|exit| Some((exit.place?, exit.target))).collect();
        if let Some(next) = &self.next {
            targets.push((Spot::at("/next"), next));
        }
        targets.sort_by_key(|&(place, _)| place);
        targets.dedup();
        targets
    }

    /// The normal exit.
    fn next_exit(&self, edge: Edge) -> Exit<'_> {
        let place = self.next.is_some().then(|| Spot::at("/next"));
        Exit { edge, target: self.next.as_ref().unwrap_or(&NEXT), place }
    }

    /// An exit that may have a target of its own, and otherwise goes the normal way.
    fn own_exit<'d>(&'d self, edge: Edge, target: Option<&'d Target>, place: Spot) -> Exit<'d> {
        match target {
            Some(target) => Exit { edge, target, place: Some(place) },
            None => self.next_exit(edge),
        }
    }

    fn main_exits<'d>(&'d self, exits: &mut Vec<Exit<'d>>) {
        match &self.kind {
            StepKind::Choice(Choice { options: ChoiceOptions::Fixed(options), multiple: None, .. }) => {
                exits.extend(options.iter().enumerate().map(|(index, option)| {
                    let place = Spot::in_entry("/options", index, "/next");
                    self.own_exit(Edge::Option(option.id.clone()), option.next.as_ref(), place)
                }));
            }
            StepKind::Branch(branch) => {
                exits.extend(branch.cases.iter().enumerate().map(|(index, case)| Exit {
                    edge: Edge::Case(index),
                    target: &case.next,
                    place: Some(Spot::in_entry("/cases", index, "/next")),
                }));
                exits.push(Exit {
                    edge: Edge::Else,
                    target: &branch.otherwise,
                    place: Some(Spot::at("/else")),
                });
            }
            StepKind::Split(split) => {
                exits.extend(split.paths.iter().enumerate().map(|(index, path)| {
                    let place = Spot::in_entry("/paths", index, "/next");
                    self.own_exit(Edge::Path(path.id.clone()), path.next.as_ref(), place)
                }));
            }
            StepKind::Handoff(_) | StepKind::End(_) => {
                exits.push(Exit { edge: Edge::End, target: &END, place: None });
            }
            StepKind::Flow(call) if call.mode == CallMode::Transfer => {
                exits.push(Exit { edge: Edge::End, target: &END, place: None });
            }
            _ => exits.push(self.next_exit(Edge::Next)),
        }
    }

    fn waiting_exits<'d>(&'d self, exits: &mut Vec<Exit<'d>>) {
        if let Some(target) = self.retry().and_then(|retry| retry.next.as_ref()) {
            exits.push(Exit { edge: Edge::RetriesExhausted, target, place: Some(Spot::at("/retry/next")) });
        }
        if let Some(timeout) = self.timeout() {
            exits.push(match &timeout.next {
                Some(target) => Exit { edge: Edge::Timeout, target, place: Some(Spot::at("/timeout/next")) },
                None => Exit { edge: Edge::Timeout, target: &END, place: None },
            });
        }
    }

    fn named_exits<'d>(&'d self, exits: &mut Vec<Exit<'d>>) {
        let outcomes = match &self.kind {
            StepKind::Http(http) => {
                exits.extend(http.on.iter().enumerate().map(|(index, on)| Exit {
                    edge: Edge::Status(on.status.to_string()),
                    target: &on.next,
                    place: Some(Spot::in_entry("/on", index, "/next")),
                }));
                return;
            }
            StepKind::Action(action) => &action.outcomes,
            StepKind::Flow(call) if call.mode == CallMode::Call => &call.outcomes,
            _ => return,
        };
        exits.extend(outcomes.iter().enumerate().map(|(index, outcome)| Exit {
            edge: Edge::Outcome(outcome.id.clone()),
            target: &outcome.next,
            place: Some(Spot::in_entry("/outcomes", index, "/next")),
        }));
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
            .map(|exit| {
                format!(
                    "{} {} {}",
                    exit.edge,
                    exit.target,
                    exit.place.map_or_else(|| "-".to_owned(), |place| place.to_string())
                )
            })
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
