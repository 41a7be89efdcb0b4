//! The exits of a step in its written form, before it is typed: what the edges of a graph connect. Where the target of
//! an exit stands is read off the declaration of the step's type.

use serde_json::{Map, Value, json};

use crate::flow::document::edge::Edge;
use crate::flow::document::schema::part::{Field, Leads, Leaves, Part, Presence};
use crate::flow::document::step::{COMMON, STEP_TYPES, StatusMatch};

/// Where the target of an exit stands in a step of some type.
#[derive(Clone, Copy)]
enum Slot {
    /// A member of the step.
    Member(&'static str),
    /// The `next` of an object; the object is made where it may be there without other members.
    Inside { member: &'static str, may_be_made: bool },
    /// The `next` of an entry of a list, which is found by its member `key`, or by its index; the entry is made where
    /// it needs no other members.
    Entry { list: &'static str, key: &'static str, may_be_made: bool },
}

/// The members of a step of this type, and how it is left.
fn declared(kind: &str) -> (&'static [Field], Leaves) {
    STEP_TYPES
        .iter()
        .find(|known| known.name == kind)
        .map_or((&[], Leaves::Next), |known| (known.fields, known.leaves))
}

fn slot(kind: &str, wanted: Leads) -> Option<Slot> {
    let (own, leaves) = declared(kind);
    if wanted == Leads::Next && leaves != Leaves::Next {
        return None;
    }
    let needs_only = |fields: &[Field], known: &[&str]| {
        let is_known = |field: &Field| known.contains(&field.name);
        fields.iter().all(|field| is_known(field) || matches!(field.presence, Presence::Optional))
    };
    let leads = |field: &Field| matches!(field.part, Part::Target(leads) if leads == wanted);
    own.iter().chain(COMMON).find_map(|field| match field.part {
        Part::Target(_) if leads(field) => Some(Slot::Member(field.name)),
        Part::Object(object) if object.fields.iter().any(leads) => {
            Some(Slot::Inside { member: field.name, may_be_made: needs_only(object.fields, &[]) })
        }
        Part::List { item: Part::Object(object), .. } if object.fields.iter().any(leads) => {
            let key = if wanted == Leads::Status { "status" } else { "id" };
            Some(Slot::Entry {
                list: field.name,
                key,
                may_be_made: needs_only(object.fields, &[key, "next"]),
            })
        }
        _ => None,
    })
}

fn kind(step: &Map<String, Value>) -> &str {
    step.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Exits that must lead somewhere and lead nowhere yet.
pub(super) fn loose_exits(step: &Map<String, Value>) -> Vec<Edge> {
    let mut loose = Vec::new();
    for wanted in [Leads::Case, Leads::Status, Leads::Outcome, Leads::Else, Leads::Next] {
        match slot(kind(step), wanted) {
            Some(Slot::Member(member)) if !step.contains_key(member) => {
                loose.push(if wanted == Leads::Else { Edge::Else } else { Edge::Next });
            }
            Some(Slot::Entry { list, key, .. }) => {
                let entries = step.get(list).and_then(Value::as_array).into_iter().flatten().enumerate();
                loose.extend(entries.filter(|(_, entry)| entry.get("next").is_none()).filter_map(
                    |(index, entry)| {
                        let name = entry.get(key).and_then(Value::as_str).map(str::to_owned);
                        match wanted {
                            Leads::Case => Some(Edge::Case(index)),
                            Leads::Status => name.map(Edge::Status),
                            _ => name.map(Edge::Outcome),
                        }
                    },
                ));
            }
            _ => {}
        }
    }
    loose
}

/// Leads an exit of a step to a target. Returns where in the step the target stands, as a pointer;
/// `None` when the step has no such exit.
pub(super) fn set_exit(step: &mut Map<String, Value>, exit: &Edge, target: &Value) -> Option<String> {
    let (leads, name) = match exit {
        Edge::Next => (Leads::Next, ""),
        Edge::Error => (Leads::OnError, ""),
        Edge::Else => (Leads::Else, ""),
        Edge::Empty => (Leads::Empty, ""),
        Edge::Timeout => (Leads::Timeout, ""),
        Edge::RetriesExhausted => (Leads::RetriesExhausted, ""),
        Edge::Case(_) => (Leads::Case, ""),
        Edge::Option(id) => (Leads::Option, id.as_str()),
        Edge::Path(id) => (Leads::Path, id.as_str()),
        Edge::Outcome(id) => (Leads::Outcome, id.as_str()),
        Edge::Status(status) => {
            StatusMatch::parse(status)?;
            (Leads::Status, status.as_str())
        }
        Edge::End | Edge::Skip | Edge::Interrupt(_) => return None,
    };
    match slot(kind(step), leads)? {
        Slot::Member(member) => {
            step.insert(member.to_owned(), target.clone());
            Some(format!("/{member}"))
        }
        Slot::Inside { member, may_be_made } => {
            if may_be_made {
                step.entry(member).or_insert_with(|| json!({}));
            }
            step.get_mut(member)?.as_object_mut()?.insert("next".to_owned(), target.clone());
            Some(format!("/{member}/next"))
        }
        Slot::Entry { list, key, may_be_made } => {
            let index = match exit {
                Edge::Case(index) => *index,
                _ => entry_index(step, list, key, name, may_be_made)?,
            };
            step.get_mut(list)?.get_mut(index)?.as_object_mut()?.insert("next".to_owned(), target.clone());
            Some(format!("/{list}/{index}/next"))
        }
    }
}

/// The entry of that name. One that needs nothing but its name is made where it is missing.
fn entry_index(
    step: &mut Map<String, Value>,
    list: &str,
    key: &str,
    name: &str,
    may_be_made: bool,
) -> Option<usize> {
    if may_be_made {
        step.entry(list).or_insert_with(|| json!([]));
    }
    let entries = step.get_mut(list)?.as_array_mut()?;
    let found = entries.iter().position(|entry| entry.get(key).and_then(Value::as_str) == Some(name));
    found.or_else(|| {
        may_be_made.then(|| entries.push(json!({ (key): name })))?;
        Some(entries.len() - 1)
    })
}
