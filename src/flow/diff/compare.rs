//! Member-by-member comparison of any two values, as a list of changes with readable paths.
//! Knows nothing of what the members mean.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::align::align;

/// The longest path that is spelt out, in bytes; what lies deeper is a change of the value around it.
/// Keys can be an author's own (`triggerConfig`, literal values), and paths are kept in the log.
const PATH_MAX: usize = 200;

/// One difference. Paths join member names, entry ids and, where entries have none, indices from 0 with
/// dots (`steps.plan.options.pro.title`, `steps.edad.validation.0.rule`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ValueChange {
    /// A member has another value; null stands for an absent one.
    Changed { path: String, before: Value, after: Value },
    /// An entry of a list is new.
    Added { path: String, after: Value },
    /// An entry of a list is gone.
    Removed { path: String, before: Value },
    /// An entry of a list stands elsewhere among its neighbours; positions count from 1.
    Moved { path: String, from: usize, to: usize },
}

impl ValueChange {
    pub fn path(&self) -> &str {
        match self {
            Self::Changed { path, .. }
            | Self::Added { path, .. }
            | Self::Removed { path, .. }
            | Self::Moved { path, .. } => path,
        }
    }

    /// The change in the author's words: `steps.pago.text`, `steps.pago moved from 3 to 5`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Changed { path, .. } => path.clone(),
            Self::Added { path, .. } => format!("{path} added"),
            Self::Removed { path, .. } => format!("{path} removed"),
            // Others were added or moved around it; equal numbers would read as a mistake.
            Self::Moved { path, from, to } if from == to => format!("{path} moved"),
            Self::Moved { path, from, to } => format!("{path} moved from {from} to {to}"),
        }
    }
}

/// Appends what differs between two values found at `path`.
pub(super) fn compare(path: &str, before: &Value, after: &Value, changes: &mut Vec<ValueChange>) {
    if before == after {
        return;
    }
    let parts = match (before, after) {
        (Value::Object(before), Value::Object(after)) => compare_objects(path, before, after),
        (Value::Array(before), Value::Array(after)) => compare_arrays(path, before, after),
        _ => None,
    };
    match parts {
        Some(parts) => changes.extend(parts),
        None => changes.push(changed(path, before, after)),
    }
}

/// Compares a member that one side may lack.
pub(super) fn compare_members(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<ValueChange>,
) {
    match (before, after) {
        (Some(before), Some(after)) => compare(path, before, after, changes),
        (None, None) => {}
        // Said even of null and absent: they are different documents.
        (Some(before), None) => changes.push(changed(path, before, &Value::Null)),
        (None, Some(after)) => changes.push(changed(path, &Value::Null, after)),
    }
}

fn changed(path: &str, before: &Value, after: &Value) -> ValueChange {
    ValueChange::Changed { path: path.to_owned(), before: before.clone(), after: after.clone() }
}

/// `None`, so that the object is shown whole, when a differing member cannot be spelt.
fn compare_objects(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Option<Vec<ValueChange>> {
    let mut changes = Vec::new();
    for key in union(before, after) {
        let (old, new) = (before.get(key), after.get(key));
        if old != new {
            compare_members(&join(path, key)?, old, new, &mut changes);
        }
    }
    Some(changes)
}

/// The names of both objects, in order.
pub(super) fn union<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> Vec<&'a String> {
    let mut keys: Vec<&String> =
        before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect();
    keys.sort_unstable();
    keys
}

/// `None` when the list is best shown whole.
fn compare_arrays(path: &str, before: &[Value], after: &[Value]) -> Option<Vec<ValueChange>> {
    match ["id", "name"].into_iter().find(|key| names_all(before, key) && names_all(after, key)) {
        Some(key) => compare_keyed(path, key, before, after),
        None => compare_indexed(path, before, after),
    }
}

fn names_all(entries: &[Value], key: &str) -> bool {
    entries.iter().all(|entry| entry.get(key).is_some_and(Value::is_string))
}

/// What names an entry: the member that identifies it, and how many earlier ones share it (a draft may
/// hold two options of one id).
pub(super) type EntryKey<'a> = (&'a str, usize);

pub(super) fn entry_keys<'a>(entries: &'a [Value], key: &str) -> Vec<EntryKey<'a>> {
    let mut seen = HashMap::new();
    let mut numbered = |name| {
        let count = seen.entry(name).or_insert(0);
        *count += 1;
        (name, *count - 1)
    };
    entries.iter().map(|entry| numbered(entry.get(key).and_then(Value::as_str).unwrap_or(""))).collect()
}

/// An entry's key as people read it: `pro`, and `pro#2` for the second of that id.
pub(super) fn spell((name, earlier): EntryKey<'_>) -> String {
    if earlier == 0 { name.to_owned() } else { format!("{name}#{}", earlier + 1) }
}

fn compare_keyed(path: &str, key: &str, before: &[Value], after: &[Value]) -> Option<Vec<ValueChange>> {
    let (keys_before, keys_after) = (entry_keys(before, key), entry_keys(after, key));
    let alignment = align(&keys_before, &keys_after);
    let mut changes = Vec::new();
    for &place in &alignment.removed {
        let path = join(path, &spell(keys_before[place]))?;
        changes.push(ValueChange::Removed { path, before: before[place].clone() });
    }
    for &place in &alignment.added {
        let path = join(path, &spell(keys_after[place]))?;
        changes.push(ValueChange::Added { path, after: after[place].clone() });
    }
    for kept in &alignment.kept {
        let path = join(path, &spell(keys_after[kept.after]))?;
        compare(&path, &before[kept.before], &after[kept.after], &mut changes);
        if kept.moved {
            changes.push(ValueChange::Moved { path, from: kept.before + 1, to: kept.after + 1 });
        }
    }
    Some(changes)
}

/// Lists of objects without names (cases, rules, interrupts) are compared place by place between their
/// equal ends; any other list is one value.
fn compare_indexed(path: &str, before: &[Value], after: &[Value]) -> Option<Vec<ValueChange>> {
    if !before.iter().chain(after).all(Value::is_object) {
        return None;
    }
    let head = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let (rest_before, rest_after) = (&before[head..], &after[head..]);
    let tail = rest_before.iter().rev().zip(rest_after.iter().rev()).take_while(|(old, new)| old == new);
    let tail = tail.count();
    let rest_before = &rest_before[..rest_before.len() - tail];
    let rest_after = &rest_after[..rest_after.len() - tail];
    let mut changes = Vec::new();
    let at = |index: usize| join(path, &(head + index).to_string());
    match (rest_before, rest_after) {
        ([], added) => {
            for (index, entry) in added.iter().enumerate() {
                changes.push(ValueChange::Added { path: at(index)?, after: entry.clone() });
            }
        }
        (removed, []) => {
            for (index, entry) in removed.iter().enumerate() {
                changes.push(ValueChange::Removed { path: at(index)?, before: entry.clone() });
            }
        }
        (old, new) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&at(index)?, old, new, &mut changes);
            }
        }
        _ => return None,
    }
    Some(changes)
}

/// `None` when the longer path could not be read: too long, or with a key that is empty or no plain text.
fn join(path: &str, key: &str) -> Option<String> {
    let readable = !key.is_empty() && !key.chars().any(char::is_control);
    (readable && path.len() + 1 + key.len() <= PATH_MAX).then(|| format!("{path}.{key}"))
}
