//! What became of the exits of a step: "leads to X, before Y".

use serde_json::Value;

use super::lines::entry_name;
use crate::flow::document::{Edge, Exit};
use crate::flow::pointer;
use crate::outline::sentence::Sentence;
use crate::outline::ways::{WayTarget, Ways};

/// An exit that is new, gone, or leads elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct ExitChange {
    /// When it is taken; empty for the way on that is always taken.
    pub when: Sentence,
    pub old: Option<WayTarget>,
    pub new: Option<WayTarget>,
}

/// A step with the document around it.
#[derive(Debug, Clone, Copy)]
pub struct PlacedStep<'d> {
    pub ways: Ways<'d>,
    /// From 0.
    pub index: usize,
    pub value: &'d Value,
}

/// The exits that differ between two states of a step, and the paths of the targets that these exits read. An exit whose
/// target is written otherwise and leads where it led is none of them.
pub fn exit_changes(
    old: Option<PlacedStep<'_>>,
    new: Option<PlacedStep<'_>>,
) -> (Vec<ExitChange>, Vec<String>) {
    let (before, after) = (exits(old), exits(new));
    let (mut changes, mut paths) = (Vec::new(), Vec::new());
    let mut add = |old: Option<&SeenExit<'_>>, new: Option<&SeenExit<'_>>| {
        let shown = new.or(old).expect("an exit has a side");
        paths.extend([old, new].into_iter().flatten().filter_map(|seen| seen.path.clone()));
        changes.push(ExitChange {
            when: shown.when.clone(),
            old: old.map(|seen| seen.to.clone()),
            new: new.map(|seen| seen.to.clone()),
        });
    };
    for seen in &after {
        match before.iter().find(|earlier| earlier.key == seen.key) {
            Some(earlier) if earlier.exit.target == seen.exit.target || earlier.to == seen.to => {}
            earlier => add(earlier, Some(seen)),
        }
    }
    for gone in before.iter().filter(|earlier| after.iter().all(|seen| seen.key != earlier.key)) {
        add(Some(gone), None);
    }
    (changes, paths)
}

struct SeenExit<'d> {
    exit: &'d Exit,
    /// What the exit is on both sides.
    key: String,
    when: Sentence,
    to: WayTarget,
    path: Option<String>,
}

fn exits(step: Option<PlacedStep<'_>>) -> Vec<SeenExit<'_>> {
    let Some(PlacedStep { ways, index, value }) = step else { return Vec::new() };
    let exits = ways.document.steps[index].exits();
    let mut seen: Vec<SeenExit<'_>> = Vec::new();
    for (exit, way) in exits.iter().zip(ways.ways_out(index, value)) {
        let key = match &exit.edge {
            // Cases are told apart by their conditions, because their numbers shift when one comes in between.
            Edge::Case(_) => format!("case {}", way.when.plain()),
            edge => edge.to_string(),
        };
        let earlier = seen.iter().filter(|other| other.key.split('\0').next() == Some(&*key)).count();
        let key = if earlier == 0 { key } else { format!("{key}\0{earlier}") };
        let path = exit.place.as_deref().map(|place| path_of(value, place));
        let when = if exit.edge == Edge::Next { Sentence::default() } else { way.when };
        seen.push(SeenExit { exit, key, when, to: way.to, path });
    }
    seen
}

/// The path of a place inside a step in the author's terms: an entry of a list by its id where it has one.
fn path_of(step: &Value, place: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut around = Some(step);
    for token in pointer::tokens(place) {
        let inner = around.and_then(|value| match value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            value => value.get(&*token),
        });
        names.push(match (around, inner, token.parse()) {
            (Some(Value::Array(_)), Some(entry), Ok(index)) => entry_name(entry, index),
            _ => token.into_owned(),
        });
        around = inner;
    }
    names.join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::document::Canonical;
    use crate::outline::DisplayLanguage;

    fn flow(step: Value) -> Canonical {
        let steps = json!([step, { "id": "pago", "type": "end" }, { "id": "fin", "type": "end" }]);
        Canonical::create(json!({ "name": "x", "steps": steps })).unwrap()
    }

    fn placed(flow: &Canonical) -> PlacedStep<'_> {
        let ways = Ways { document: &flow.document, language: DisplayLanguage::En };
        PlacedStep { ways, index: 0, value: &flow.value["steps"][0] }
    }

    #[track_caller]
    fn check(old: Value, new: Value, expected: &[&str], expected_paths: &[&str]) {
        let (old, new) = (flow(old), flow(new));
        let (changes, paths) = exit_changes(Some(placed(&old)), Some(placed(&new)));
        let word = |destination: &Option<WayTarget>| match destination {
            None => "-".to_owned(),
            Some(WayTarget::Step { id, .. }) => id.clone(),
            Some(WayTarget::End) => "end".to_owned(),
            Some(WayTarget::Resume) => "resume".to_owned(),
        };
        let line =
            |exit: &ExitChange| format!("{}: {} > {}", exit.when.plain(), word(&exit.old), word(&exit.new));
        let shown: Vec<String> = changes.iter().map(line).collect();
        assert_eq!(shown, expected);
        assert_eq!(paths, expected_paths);
    }

    #[test]
    fn an_exit_leads_elsewhere() {
        let choice = |next: &str| {
            json!({ "id": "a", "type": "choice", "text": "?",
            "options": [{ "id": "pro", "title": "Pro", "next": next }, { "id": "no", "title": "No" }] })
        };
        let paths = ["options.pro.next", "options.pro.next"];
        check(choice("pago"), choice("fin"), &["On “Pro”: pago > fin"], &paths);
        check(choice("pago"), choice("pago"), &[], &[]);
        let message = |next: &str| json!({ "id": "a", "type": "message", "text": "?", "next": next });
        check(message("$next"), message("fin"), &[": pago > fin"], &["next", "next"]);
        check(message("$next"), message("pago"), &[], &[]);
    }

    #[test]
    fn cases_keep_their_identity_when_one_comes_in_between() {
        let branch = |cases: Value| json!({ "id": "a", "type": "branch", "cases": cases });
        let old = branch(json!([{ "when": "edad > 17", "next": "pago" }]));
        let new =
            branch(json!([{ "when": "edad > 64", "next": "fin" }, { "when": "edad > 17", "next": "pago" }]));
        check(old, new, &["When edad > 64: - > fin"], &["cases.0.next"]);
    }
}
