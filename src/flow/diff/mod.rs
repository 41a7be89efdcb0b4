//! What changed between two canonical documents, in the author's terms: by step id, member by member.
//! Key order never counts as a change, and editor data (`meta` of the flow and of its steps) only as one
//! remark, `layout`. Not here: what a change means for publishing, which is validation's business.

mod align;
mod compare;
mod patch;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use align::align;
pub use compare::ValueChange;
use compare::{EntryKey, compare, compare_members, entry_keys, spell, union};
pub use patch::json_patch;

/// All differences between two documents, with both values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// Name, description, number, account, format version.
    pub document: Vec<ValueChange>,
    pub trigger: Vec<ValueChange>,
    pub variables: ListDiff,
    pub steps: ListDiff,
    pub settings: Vec<ValueChange>,
    pub interrupts: Vec<ValueChange>,
    pub translations: Vec<ValueChange>,
    /// Whether editor data differs: coordinates, colours, what has no meaning to a run.
    pub layout: bool,
}

/// The differences of a list whose entries have an id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ListDiff {
    pub added: Vec<DiffEntry>,
    pub removed: Vec<DiffEntry>,
    pub moved: Vec<Move>,
    pub changed: Vec<EntryChanges>,
}

/// An entry that only one side has; `position` counts from 1, on that side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiffEntry {
    pub id: String,
    pub position: usize,
    pub value: Value,
}

/// An entry that stands elsewhere among the others; positions count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub id: String,
    pub from: usize,
    pub to: usize,
}

/// What changed inside an entry; the paths are whole ones (`steps.pago.text`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryChanges {
    pub id: String,
    pub changes: Vec<ValueChange>,
}

/// The path that stands for all editor data.
const LAYOUT: &str = "layout";
/// The member of the flow and of a step that holds it.
const META: &str = "meta";

/// What changed, as an event lists it: `name`, `steps.pago.text`, `steps.pago moved from 3 to 5`,
/// `variables.edad.default`, `layout`. Empty exactly when the documents are equal.
///
/// Positions count from 1. The order is that of the format's members, of lists what was added,
/// removed, moved, changed.
pub fn changed_paths(before: &Value, after: &Value) -> Vec<String> {
    diff(before, after).changed_paths()
}

/// Like `changed_paths`, for some members of two documents: the name of each, and its canonical text before and after.
pub fn changed_among<'t>(
    members: impl Iterator<Item = (&'t str, &'t str, &'t str)>,
) -> serde_json::Result<Vec<String>> {
    let mut diff = Diff::default();
    for (name, before, after) in members {
        let (before, after): (Value, Value) = (serde_json::from_str(before)?, serde_json::from_str(after)?);
        diff.add(name, Some(&before), Some(&after));
    }
    Ok(diff.changed_paths())
}

/// The step a changed path is about, if it is about one: `pago` of `steps.pago.text` and `steps.pago removed`.
pub fn step_of(path: &str) -> Option<&str> {
    path.strip_prefix("steps.")?.split(['.', ' ']).next()
}

/// Compares two canonical documents.
pub fn diff(before: &Value, after: &Value) -> Diff {
    let mut diff = Diff::default();
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        compare("document", before, after, &mut diff.document);
        return diff;
    };
    for key in union(before, after) {
        diff.add(key, before.get(key), after.get(key));
    }
    diff
}

impl Diff {
    /// Compares one member of the document.
    fn add(&mut self, key: &str, old: Option<&Value>, new: Option<&Value>) {
        if old == new {
            return;
        }
        match key {
            "triggerType" | "triggerConfig" => compare_members(key, old, new, &mut self.trigger),
            "variables" => self.layout |= self.variables.fill("variables", "name", old, new),
            "steps" => self.layout |= self.steps.fill("steps", "id", old, new),
            "settings" => compare_members(key, old, new, &mut self.settings),
            "interrupts" => compare_members(key, old, new, &mut self.interrupts),
            "translations" => compare_members(key, old, new, &mut self.translations),
            META => self.layout = true,
            _ => compare_members(key, old, new, &mut self.document),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every difference as one path in the author's words, in the order of the format's members.
    pub fn changed_paths(&self) -> Vec<String> {
        let mut paths = in_words(&self.document);
        paths.extend(in_words(&self.trigger));
        paths.extend(self.variables.in_words("variables"));
        paths.extend(self.steps.in_words("steps"));
        for changes in [&self.settings, &self.interrupts, &self.translations] {
            paths.extend(in_words(changes));
        }
        paths.extend(self.layout.then(|| LAYOUT.to_owned()));
        paths
    }
}

fn in_words(changes: &[ValueChange]) -> Vec<String> {
    changes.iter().map(ValueChange::in_words).collect()
}

impl ListDiff {
    /// Compares two lists by the member `key` of their entries; true when editor data of an entry that
    /// both have differs.
    fn fill(&mut self, section: &str, key: &str, before: Option<&Value>, after: Option<&Value>) -> bool {
        let (before, after) = (entries(before), entries(after));
        let (keys_before, keys_after) = (entry_keys(before, key), entry_keys(after, key));
        let alignment = align(&keys_before, &keys_after);
        let entry = |keys: &[EntryKey<'_>], values: &[Value], place: usize| DiffEntry {
            id: spell(keys[place]),
            position: place + 1,
            value: values[place].clone(),
        };
        self.added = alignment.added.iter().map(|&place| entry(&keys_after, after, place)).collect();
        self.removed = alignment.removed.iter().map(|&place| entry(&keys_before, before, place)).collect();
        let mut layout = false;
        for kept in &alignment.kept {
            let (old, new) = (&before[kept.before], &after[kept.after]);
            if !kept.moved && old == new {
                continue;
            }
            let id = spell(keys_after[kept.after]);
            layout |= old.get(META) != new.get(META);
            let changes = compare_entries(&format!("{section}.{id}"), old, new);
            if kept.moved {
                self.moved.push(Move { id: id.clone(), from: kept.before + 1, to: kept.after + 1 });
            }
            if !changes.is_empty() {
                self.changed.push(EntryChanges { id, changes });
            }
        }
        layout
    }

    fn in_words(&self, section: &str) -> impl Iterator<Item = String> {
        let added = self.added.iter().map(move |entry| format!("{section}.{} added", entry.id));
        let removed = self.removed.iter().map(move |entry| format!("{section}.{} removed", entry.id));
        let moved = self.moved.iter().map(move |step| {
            let path = format!("{section}.{}", step.id);
            ValueChange::Moved { path, from: step.from, to: step.to }.in_words()
        });
        let changed = self.changed.iter().flat_map(|entry| in_words(&entry.changes));
        added.chain(removed).chain(moved).chain(changed)
    }
}

/// What the entries of a list are called in paths: each by its member `key`, `pro#2` the second of one name.
pub fn entry_ids(list: Option<&Value>, key: &str) -> Vec<String> {
    entry_keys(entries(list), key).into_iter().map(spell).collect()
}

fn entries(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Compares two steps or variables without their editor data.
fn compare_entries(path: &str, before: &Value, after: &Value) -> Vec<ValueChange> {
    let mut changes = Vec::new();
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        compare(path, before, after, &mut changes);
        return changes;
    };
    for key in union(before, after).into_iter().filter(|key| *key != META) {
        compare_members(&format!("{path}.{key}"), before.get(key), after.get(key), &mut changes);
    }
    changes
}

#[cfg(test)]
mod tests;
