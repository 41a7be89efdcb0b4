//! The exits of a step in its written form, before it is typed: what the edges of a graph connect.

use serde_json::{Map, Value, json};

use crate::flow::document::edge::Edge;
use crate::flow::document::step::StatusMatch;

/// Exits that must lead somewhere and lead nowhere yet.
pub(super) fn loose_exits(step: &Map<String, Value>) -> Vec<Edge> {
    let mut loose = Vec::new();
    let loose_in = |list: &str| {
        let items = step.get(list).and_then(Value::as_array).into_iter().flatten().enumerate();
        items.filter(|(_, item)| item.get("next").is_none())
    };
    let name = |item: &Value, member: &str| item.get(member).and_then(Value::as_str).map(str::to_owned);
    loose.extend(loose_in("cases").map(|(index, _)| Edge::Case(index)));
    loose.extend(loose_in("on").filter_map(|(_, on)| name(on, "status").map(Edge::Status)));
    loose.extend(loose_in("outcomes").filter_map(|(_, outcome)| name(outcome, "id").map(Edge::Outcome)));
    match kind(step) {
        "branch" if !step.contains_key("else") => loose.push(Edge::Else),
        "branch" | "end" | "handoff" => {}
        _ if !step.contains_key("next") => loose.push(Edge::Next),
        _ => {}
    }
    loose
}

fn kind(step: &Map<String, Value>) -> &str {
    step.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Leads an exit of a step to a target. Answers where in the step the target stands, as a pointer;
/// `None` when the step has no such exit.
pub(super) fn set_exit(step: &mut Map<String, Value>, exit: &Edge, target: &Value) -> Option<String> {
    let kind = kind(step).to_owned();
    let kind = kind.as_str();
    match exit {
        Edge::Next if !matches!(kind, "branch" | "end" | "handoff") => set(step, "next", target),
        Edge::Error => set(step, "onError", target),
        Edge::Else if kind == "branch" => set(step, "else", target),
        Edge::Empty if kind == "choice" => set(step, "emptyNext", target),
        Edge::Case(index) if kind == "branch" => set_in(step, "cases", *index, target),
        Edge::Option(id) if kind == "choice" => set_by_name(step, "options", "id", id, target),
        Edge::Path(id) if kind == "split" => set_by_name(step, "paths", "id", id, target),
        Edge::Status(status) if kind == "http" => {
            StatusMatch::parse(status)?;
            add_missing(step, "on", "status", status);
            set_by_name(step, "on", "status", status, target)
        }
        Edge::Outcome(id) if matches!(kind, "action" | "flow") => {
            add_missing(step, "outcomes", "id", id);
            set_by_name(step, "outcomes", "id", id, target)
        }
        // How long a wait lasts an edge cannot say, how often to retry has a default.
        Edge::Timeout if matches!(kind, "ask" | "choice" | "wait") => set_inside(step, "timeout", target),
        Edge::RetriesExhausted if matches!(kind, "ask" | "choice") => {
            step.entry("retry").or_insert_with(|| json!({}));
            set_inside(step, "retry", target)
        }
        _ => None,
    }
}

fn set(step: &mut Map<String, Value>, member: &str, target: &Value) -> Option<String> {
    step.insert(member.to_owned(), target.clone());
    Some(format!("/{member}"))
}

fn set_inside(step: &mut Map<String, Value>, member: &str, target: &Value) -> Option<String> {
    step.get_mut(member)?.as_object_mut()?.insert("next".to_owned(), target.clone());
    Some(format!("/{member}/next"))
}

fn set_in(step: &mut Map<String, Value>, list: &str, index: usize, target: &Value) -> Option<String> {
    step.get_mut(list)?.get_mut(index)?.as_object_mut()?.insert("next".to_owned(), target.clone());
    Some(format!("/{list}/{index}/next"))
}

fn set_by_name(
    step: &mut Map<String, Value>,
    list: &str,
    member: &str,
    name: &str,
    target: &Value,
) -> Option<String> {
    let items = step.get(list)?.as_array()?;
    let index = items.iter().position(|item| item.get(member).and_then(Value::as_str) == Some(name))?;
    set_in(step, list, index, target)
}

/// An exit that a list of exits gains by its edge alone.
fn add_missing(step: &mut Map<String, Value>, list: &str, member: &str, name: &str) {
    let Some(items) = step.entry(list).or_insert_with(|| json!([])).as_array_mut() else { return };
    if !items.iter().any(|item| item.get(member).and_then(Value::as_str) == Some(name)) {
        items.push(json!({ (member): name }));
    }
}
