//! Walking a value along its declaration: every member that is there, with what it is and where it stands.
//! Whatever is known of members by what they are is read off such a walk: templates, texts, variables written, exits.

use serde_json::Value;

use super::part::{Field, LocalNames, Part, Translation};
use crate::flow::pointer;

/// What stands at one place.
#[derive(Debug, Clone, Copy)]
pub struct FoundMember<'w, 'v> {
    /// From the value that is walked down to the place.
    pub pointer: &'w str,
    /// Never `Either`: of several parts it is the one that is meant.
    pub part: Part,
    /// Absent for a target that is not written down, and for what may be translated without being there; other members
    /// that are absent are not visited.
    pub value: Option<&'v Value>,
    pub names: LocalNames,
    pub translation: Translation,
    /// The entry of a list that the place is in.
    pub entry: Option<ListEntry<'v>>,
}

/// An entry of a list.
#[derive(Debug, Clone, Copy)]
pub struct ListEntry<'v> {
    pub index: usize,
    pub value: &'v Value,
    /// Where its index begins in the pointer.
    offset: usize,
}

impl<'v> ListEntry<'v> {
    /// A member of the entry that is a text.
    pub fn text(&self, name: &str) -> Option<&'v str> {
        self.value.get(name).and_then(Value::as_str)
    }
}

impl FoundMember<'_, '_> {
    pub fn text(&self) -> Option<&str> {
        self.value.and_then(Value::as_str)
    }

    /// What a translation calls the place: its tokens with dots, an entry by its id where it has one.
    pub fn translation_path(&self) -> String {
        translation_path(self.pointer, self.entry)
    }
}

fn translation_path(pointer: &str, entry: Option<ListEntry<'_>>) -> String {
    let dotted = |part: &str| part.trim_matches('/').replace('/', ".");
    let Some((entry, id)) = entry.and_then(|entry| Some((entry, entry.text("id")?))) else {
        return dotted(pointer);
    };
    let rest = pointer[entry.offset..].split_once('/').map_or("", |(_, rest)| rest);
    format!("{}.{id}.{}", dotted(&pointer[..entry.offset]), dotted(rest))
}

/// Walks a value that is `part`, and calls `visit` for its lists and for all that is neither object nor list, in the
/// format's order. `kind` is the `type` around it.
pub fn walk<'v>(
    value: &'v Value,
    part: Part,
    kind: Option<&'v str>,
    visit: &mut dyn FnMut(FoundMember<'_, 'v>),
) {
    let mut walk = Walk { pointer: String::new(), kind, entry: None, visit };
    walk.part(value, part, Context { names: LocalNames::default(), translation: Translation::No });
}

/// What a field says of all that is inside it.
#[derive(Clone, Copy)]
struct Context {
    names: LocalNames,
    translation: Translation,
}

struct Walk<'w, 'v> {
    pointer: String,
    kind: Option<&'v str>,
    entry: Option<ListEntry<'v>>,
    visit: &'w mut dyn FnMut(FoundMember<'_, 'v>),
}

impl<'v> Walk<'_, 'v> {
    fn at(&mut self, token: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, token);
        walk(self);
        self.pointer.truncate(length);
    }

    fn found(&mut self, value: Option<&'v Value>, part: Part, context: Context) {
        let Context { names, translation } = context;
        (self.visit)(FoundMember {
            pointer: &self.pointer,
            part,
            value,
            names,
            translation,
            entry: self.entry,
        });
    }

    fn part(&mut self, value: &'v Value, part: Part, context: Context) {
        match part.meant_by(value) {
            part @ Part::List { item, .. } => {
                self.found(Some(value), part, context);
                let before = self.entry;
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    self.entry = Some(ListEntry { index, value, offset: self.pointer.len() + 1 });
                    self.at(&index.to_string(), |walk| walk.part(value, *item, context));
                }
                self.entry = before;
            }
            Part::Keyed(member) => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    self.at(key, |walk| walk.part(value, *member, context));
                }
            }
            part @ (Part::Json | Part::NullableJson | Part::JsonObject) => self.json(value, part, context),
            part => {
                let before = self.kind;
                if matches!(part, Part::Step { .. }) {
                    self.kind = value.get("type").and_then(Value::as_str);
                }
                match part.fields(Some(value), self.kind) {
                    Some(fields) => fields.iter().for_each(|field| self.field(value, field, context)),
                    None => self.found(Some(value), part, context),
                }
                self.kind = before;
            }
        }
    }

    fn field(&mut self, object: &'v Value, field: &'static Field, context: Context) {
        let context = Context { names: context.names.or(field.names), translation: field.translation };
        match (object.get(field.name), field.part) {
            (Some(value), part) => self.at(field.name, |walk| walk.part(value, part, context)),
            (None, part) if matches!(part, Part::Target(_)) || field.translation == Translation::Allowed => {
                self.at(field.name, |walk| walk.found(None, part, context));
            }
            (None, _) => {}
        }
    }

    /// The strings inside JSON.
    fn json(&mut self, value: &'v Value, part: Part, context: Context) {
        match value {
            Value::String(_) => self.found(Some(value), part, context),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.at(&index.to_string(), |walk| walk.json(item, part, context));
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.at(name, |walk| walk.json(member, part, context));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
