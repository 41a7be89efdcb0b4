//! Reading JSON into types: a cursor that knows where it stands and reports what it finds wrong.
//! A reading that reported anything yields stand-ins; whoever asked for it discards them with the document.

use serde_json::{Map, Value};

use super::schema::part::Length;
use super::schema::{FieldSet, Part};
use crate::flow::finding::Finding;
use crate::flow::pointer::Path;
use crate::flow::report::ShapeReport;

/// Items of a list that are read although there are too many.
const KEPT_BEYOND: usize = 100;

/// A value, where it stands, and where to report.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    pub value: &'a Value,
    /// What the value is declared to be.
    pub part: Part,
    pub path: Path<'a>,
    /// The id of the step around it.
    pub step: Option<&'a str>,
    pub report: &'a ShapeReport,
}

impl<'a> Cursor<'a> {
    pub fn new(value: &'a Value, part: Part, path: Path<'a>, report: &'a ShapeReport) -> Self {
        Self { value, part, path, step: None, report }
    }

    pub fn report(&self, code: &'static str, message: impl Into<String>) {
        self.report.add(self.finding(code, message));
    }

    /// A finding about this value.
    pub fn finding(&self, code: &'static str, message: impl Into<String>) -> Finding {
        let finding = Finding::error(code, self.path.to_string(), message);
        match self.step {
            Some(id) => finding.in_step(id),
            None => finding,
        }
    }

    pub fn wrong_type(&self, expected: &str) {
        self.report("WRONG_TYPE", format!("must be {expected}"));
    }

    pub fn invalid(&self, message: impl Into<String>) {
        self.report("INVALID_VALUE", message);
    }

    pub fn limit(&self, message: impl Into<String>) {
        self.report("LIMIT_EXCEEDED", message);
    }

    /// An object's members. What is no object has none, and they are not missed.
    pub fn object(self) -> Object<'a> {
        let members = self.value.as_object();
        if members.is_none() {
            self.wrong_type("an object");
        }
        let kind = self.value.get("type").and_then(Value::as_str);
        Object { node: self, members, declared: self.part.fields(Some(self.value), kind) }
    }

    /// Any object, kept by value.
    pub fn free_object(self) -> Map<String, Value> {
        self.object().members.cloned().unwrap_or_default()
    }

    /// An object of the author's own keys, read one by one.
    pub fn keyed<'s, T>(&'s self, read: impl Fn(&str, Cursor<'s>) -> T) -> Vec<(String, T)> {
        let members = self.object().members.into_iter().flatten();
        members
            .map(|(key, value)| {
                let path = self.path.member(key);
                (key.clone(), read(key, Cursor { value, part: self.item_part(), path, ..*self }))
            })
            .collect()
    }

    /// The items of a list, of which there may be as many as is declared.
    pub fn list<'s, T>(&'s self, mut read: impl FnMut(Cursor<'s>) -> T) -> Vec<T> {
        let length = self.declared("a list", |part| match part {
            Part::List { length, .. } => Some(*length),
            _ => None,
        });
        let Some(items) = self.value.as_array() else {
            self.wrong_type("an array");
            return Vec::new();
        };
        self.check_length(items.len(), length, "item");
        // The list is refused whatever is further beyond its limit, and each item takes memory.
        let kept = items.iter().take(length.most.saturating_add(KEPT_BEYOND)).enumerate();
        kept.map(|(index, value)| {
            let path = self.path.index(index);
            read(Cursor { value, part: self.item_part(), path, ..*self })
        })
        .collect()
    }

    /// The items of a list, however many there are.
    pub fn items(&'a self) -> impl Iterator<Item = Cursor<'a>> {
        self.value.as_array().into_iter().flatten().enumerate().map(|(index, value)| Cursor {
            value,
            part: self.item_part(),
            path: self.path.index(index),
            ..*self
        })
    }

    fn item_part(&self) -> Part {
        self.declared("what has items", |part| part.item())
    }

    /// What is declared of the value as what it is read as. The readers and the tables are held against each other by the
    /// tests of documents.
    pub(super) fn declared<T>(&self, read_as: &str, find: impl Fn(&Part) -> Option<T>) -> T {
        let found = match self.part {
            Part::Either(parts) => parts.iter().find_map(find),
            part => find(&part),
        };
        found.unwrap_or_else(|| panic!("{} is declared as {:?}, and read as {read_as}", self.path, self.part))
    }

    pub(super) fn check_length(&self, length: usize, Length { least, most }: Length, unit: &str) {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        if length > most {
            self.limit(format!("must have at most {most} {unit}{}, has {length}", plural(most)));
        } else if length < least && length == 0 {
            self.invalid("must not be empty");
        } else if length < least {
            self.invalid(format!("must have at least {least} {unit}{}", plural(least)));
        }
    }
}

/// The members of an object, none if the value was no object.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    pub node: Cursor<'a>,
    members: Option<&'a Map<String, Value>>,
    declared: Option<FieldSet>,
}

impl Object<'_> {
    pub fn has(&self, name: &str) -> bool {
        self.members.is_some_and(|members| members.contains_key(name))
    }

    /// Which of these members are there.
    pub fn which<'n>(&self, names: &[&'n str]) -> Vec<&'n str> {
        names.iter().copied().filter(|name| self.has(name)).collect()
    }

    pub fn optional<'s, T>(&'s self, name: &'s str, read: impl FnOnce(Cursor<'s>) -> T) -> Option<T> {
        let value = self.members?.get(name)?;
        // What is declared nowhere was reported when the value was settled.
        let part = self.declared?.part_of(name)?;
        let path = self.node.path.member(name);
        Some(read(Cursor { value, part, path, ..self.node }))
    }

    /// A member of a canonical document, which keeps the nulls of its own.
    pub fn nullable<'s, T>(&'s self, name: &'s str, read: impl FnOnce(Cursor<'s>) -> T) -> Option<T> {
        self.optional(name, |node| (!node.value.is_null()).then(|| read(node))).flatten()
    }

    pub fn or_default<'s, T: Default>(&'s self, name: &'s str, read: impl FnOnce(Cursor<'s>) -> T) -> T {
        self.optional(name, read).unwrap_or_default()
    }

    pub fn need<'s, T: Default>(&'s self, name: &'s str, read: impl FnOnce(Cursor<'s>) -> T) -> T {
        self.optional(name, read).unwrap_or_else(|| {
            self.missing(name, "is missing");
            T::default()
        })
    }

    /// The first of these members that is there; a second one is reported.
    pub fn only_one_of<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        let present = self.which(names);
        for second in present.iter().skip(1) {
            self.at(second, |node| {
                node.invalid(format!("excludes \"{}\"; give one of {}", present[0], names.join(", ")));
            });
        }
        present.first().copied()
    }

    /// Reports a member that is not there.
    pub fn missing(&self, name: &str, message: impl Into<String>) {
        self.at(name, |node| node.report("MISSING_FIELD", message));
    }

    /// Reports on a member, whether it is there or not.
    pub fn at<'s>(&'s self, name: &'s str, report: impl FnOnce(Cursor<'s>)) {
        let Some(members) = self.members else { return };
        let value = members.get(name).unwrap_or(&Value::Null);
        report(Cursor { value, path: self.node.path.member(name), ..self.node });
    }
}
