//! Three-way merge of canonical documents: two changes of one document as one, by step and member. What both sides change
//! in different ways is a conflict, and nobody's guess. Not here: whether what comes of it is sound, which is
//! validation's business.

mod order;
mod place;
mod together;

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use order::{MergedOrder, merged_order};
use place::Place;
pub use together::together;

/// What two changes of one document come to together.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The merged document. Where there is a conflict it has what the draft has.
    pub document: Value,
    pub conflicts: Vec<Conflict>,
}

/// A place that both sides changed in different ways. An absent value is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// RFC 6901, into the sent document; to what is around the place where that document lacks it.
    pub pointer: String,
    /// The place in the author's terms: `steps.pago.text`.
    pub path: String,
    pub message: Cow<'static, str>,
    pub base: Value,
    pub draft: Value,
    pub sent: Value,
}

/// The member of the document and of a step that holds data of editors.
const META: &str = "meta";
/// Members that only mean something together.
const TRIGGER: [&str; 2] = ["triggerType", "triggerConfig"];

/// One value in the document both sides began with, in the draft, and in the sent document.
#[derive(Debug, Clone, Copy)]
struct Versions<'v> {
    base: Option<&'v Value>,
    draft: Option<&'v Value>,
    sent: Option<&'v Value>,
}

/// Merges two documents that were made of one. Members of the documents, of their steps and of objects inside are merged
/// each for itself, lists entry by entry where their entries have an id or a name.
///
/// Of data of editors (`meta`) the sent one is taken where both sides changed it: it says nothing about the flow.
pub fn merge(base: &Value, draft: &Value, sent: &Value) -> Merge {
    let mut merger = Merger::default();
    let versions = Versions { base: Some(base), draft: Some(draft), sent: Some(sent) };
    let mut document = merger.value(&Place::root(), versions).unwrap_or_default();
    merger.trigger(&mut document, versions);
    Merge { document, conflicts: merger.conflicts }
}

impl<'v> Versions<'v> {
    /// What is taken without looking inside; `None` where both sides changed the value in different ways.
    fn decided(self) -> Option<Option<&'v Value>> {
        if self.draft == self.sent || self.sent == self.base {
            Some(self.draft)
        } else if self.draft == self.base {
            Some(self.sent)
        } else {
            None
        }
    }

    fn member(self, name: &str) -> Self {
        self.map(|value| value.get(name))
    }

    fn map(self, pick: impl Fn(&'v Value) -> Option<&'v Value>) -> Self {
        Self {
            base: self.base.and_then(&pick),
            draft: self.draft.and_then(&pick),
            sent: self.sent.and_then(&pick),
        }
    }

    /// The three as lists, where all of them are.
    fn lists(self) -> Option<[&'v [Value]; 3]> {
        let list = |value: Option<&'v Value>| value.and_then(Value::as_array).map(Vec::as_slice);
        Some([list(self.base)?, list(self.draft)?, list(self.sent)?])
    }

    /// Both sides as objects, where they are and where either is the kind of object it was.
    fn objects(self) -> Option<[&'v Map<String, Value>; 2]> {
        let sides = [self.draft?.as_object()?, self.sent?.as_object()?];
        let is_of_another_kind =
            |base: &Value| !base.is_object() || sides.iter().any(|side| side.get("type") != base.get("type"));
        if self.base.is_some_and(is_of_another_kind) { None } else { Some(sides) }
    }
}

#[derive(Debug, Default)]
struct Merger {
    conflicts: Vec<Conflict>,
}

impl Merger {
    fn value(&mut self, at: &Place, versions: Versions<'_>) -> Option<Value> {
        if let Some(decided) = versions.decided() {
            return decided.cloned();
        }
        if let Some(sides) = versions.objects() {
            return Some(self.object(at, versions, sides));
        }
        if let Some(lists) = versions.lists() {
            if let Some(key) = common_key(lists) {
                return Some(self.keyed_list(at, versions, lists, key));
            }
            if is_by_place(lists) {
                return Some(self.list_by_place(at, lists));
            }
        }
        self.conflict(at, versions, message(versions))
    }

    fn object(&mut self, at: &Place, versions: Versions<'_>, sides: [&Map<String, Value>; 2]) -> Value {
        let mut merged = Map::new();
        for name in sides.iter().flat_map(|side| side.keys()) {
            if merged.contains_key(name) || (at.is_document() && TRIGGER.contains(&name.as_str())) {
                continue;
            }
            let member = versions.member(name);
            let value = match name == META && at.has_meta() {
                true => member.decided().unwrap_or(member.sent).cloned(),
                false => self.value(&at.member(name), member),
            };
            if let Some(value) = value {
                merged.insert(name.clone(), value);
            }
        }
        merged.into()
    }

    /// Puts the trigger into the document. Of another type its configuration is another thing, so a side that chooses the
    /// type chooses both.
    fn trigger(&mut self, document: &mut Value, versions: Versions<'_>) {
        let Some(document) = document.as_object_mut() else { return };
        let [kind, config] = TRIGGER.map(|name| versions.member(name));
        let mut set = |name: &str, value: Option<Value>| match value {
            Some(value) => drop(document.insert(name.to_owned(), value)),
            None => drop(document.remove(name)),
        };
        if kind.draft == kind.base && kind.sent == kind.base {
            set(TRIGGER[0], kind.draft.cloned());
            set(TRIGGER[1], self.value(&Place::root().member(TRIGGER[1]), config));
            return;
        }
        let both = |kind: Option<&Value>, config: Option<&Value>| -> Value {
            [kind.cloned().unwrap_or_default(), config.cloned().unwrap_or_default()].into_iter().collect()
        };
        let (base, draft, sent) =
            (both(kind.base, config.base), both(kind.draft, config.draft), both(kind.sent, config.sent));
        let pair = Versions { base: Some(&base), draft: Some(&draft), sent: Some(&sent) };
        let chosen = match pair.decided() {
            Some(chosen) => chosen.cloned(),
            None => {
                let message = "another trigger on one side, another or another configuration on the other";
                self.conflict(&Place::root().member(TRIGGER[0]), pair, message)
            }
        };
        for (index, name) in TRIGGER.iter().enumerate() {
            set(name, chosen.as_ref().and_then(|pair| pair.get(index)).filter(|it| !it.is_null()).cloned());
        }
    }

    /// A list whose entries have an id or a name: entry by entry, wherever it stands.
    fn keyed_list(&mut self, at: &Place, whole: Versions<'_>, lists: [&[Value]; 3], key: &str) -> Value {
        let keys = lists.map(|list| list.iter().filter_map(|entry| entry[key].as_str()).collect::<Vec<_>>());
        let places = [0, 1, 2].map(|n| {
            keys[n].iter().enumerate().map(|(index, id)| (*id, index)).collect::<HashMap<&str, usize>>()
        });
        let found = |n: usize, id: &str| places[n].get(id).map(|index| &lists[n][*index]);
        let mut entries = Map::new();
        for &id in keys[1].iter().chain(keys[2].iter().filter(|id| !places[1].contains_key(*id))) {
            let entry = Versions { base: found(0, id), draft: found(1, id), sent: found(2, id) };
            let place = at.entry(id, places[2].get(id).copied());
            let is_two = entry.base.is_none() && entry.decided().is_none();
            let merged = match is_two {
                true => self.conflict(&place, entry, "both sides add an entry of this id"),
                false => self.value(&place, entry),
            };
            if let Some(merged) = merged {
                entries.insert(id.to_owned(), merged);
            }
        }
        let [base, draft, sent] = &keys;
        let order = merged_order(base, draft, sent, |id| entries.contains_key(id));
        let MergedOrder { merged, is_contradictory, contested } = order;
        if is_contradictory {
            self.conflict(at, whole, "both sides order the entries anew");
        }
        // What a flow does next follows from the order of its steps; other lists only show it.
        for (of_draft, of_sent) in contested.into_iter().filter(|_| at.is_steps()) {
            let versions = Versions { base: None, draft: found(1, of_draft), sent: found(2, of_sent) };
            let place = at.entry(of_sent, places[2].get(of_sent).copied());
            self.conflict(&place, versions, "both sides add a step at this place");
        }
        merged.into_iter().filter_map(|id| entries.remove(id)).collect()
    }

    /// A list that either side left as long as it was: entry by entry, where it stands.
    fn list_by_place(&mut self, at: &Place, [base, draft, sent]: [&[Value]; 3]) -> Value {
        let entries = base.iter().zip(draft).zip(sent).enumerate();
        entries
            .filter_map(|(index, ((base, draft), sent))| {
                let versions = Versions { base: Some(base), draft: Some(draft), sent: Some(sent) };
                self.value(&at.entry(&index.to_string(), Some(index)), versions)
            })
            .collect()
    }

    /// Notes a conflict. The merged document has there what the draft has.
    fn conflict(&mut self, at: &Place, versions: Versions<'_>, message: &'static str) -> Option<Value> {
        let [base, draft, sent] =
            [versions.base, versions.draft, versions.sent].map(|value| value.cloned().unwrap_or_default());
        let (pointer, path) = at.written();
        self.conflicts.push(Conflict { pointer, path, message: message.into(), base, draft, sent });
        versions.draft.cloned()
    }
}

fn message(versions: Versions<'_>) -> &'static str {
    match (versions.draft, versions.sent) {
        (None, _) => "the draft no longer has it, the sent document changes it",
        (_, None) => "the draft changes it, the sent document no longer has it",
        _ => "both sides change it in different ways",
    }
}

/// The member that names the entries of all three lists, none twice in a list.
fn common_key(lists: [&[Value]; 3]) -> Option<&'static str> {
    ["id", "name"].into_iter().find(|key| {
        lists.iter().all(|list| {
            let mut names: Vec<_> =
                list.iter().map_while(|entry| entry.as_object()?.get(*key)?.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            names.len() == list.len()
        })
    })
}

/// Whether objects in three lists of one length can be told apart by where they stand.
fn is_by_place(lists: [&[Value]; 3]) -> bool {
    lists.iter().all(|list| list.len() == lists[0].len() && list.iter().all(Value::is_object))
}

#[cfg(test)]
mod tests;
