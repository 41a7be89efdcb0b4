//! Reads the JSON of a request strictly: every member that is unknown, missing or of the wrong kind becomes a finding
//! with its pointer. A null member is an absent one; an empty list where an object is meant is one, as PHP writes it.

use std::ops::RangeInclusive;

use serde_json::{Map, Value as Json};

use crate::flow::document::Duration;
use crate::flow::finding::Finding;
use crate::flow::pointer;
use crate::flow::report::ShapeReport;
use crate::flow::text::nearest;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct RequestNode<'a> {
    pub value: &'a Json,
    pub pointer: String,
    report: &'a ShapeReport,
}

/// The members of an object, unknown ones reported.
#[derive(Debug)]
pub struct Fields<'a> {
    node: RequestNode<'a>,
    members: Option<&'a Map<String, Json>>,
}

impl<'a> RequestNode<'a> {
    pub fn root(value: &'a Json, report: &'a ShapeReport) -> Self {
        Self { value, pointer: String::new(), report }
    }

    fn child(&self, token: &str, value: &'a Json) -> Self {
        let mut pointer = self.pointer.clone();
        pointer::push(&mut pointer, token);
        RequestNode { value, pointer, report: self.report }
    }

    pub fn report(&self, code: &'static str, message: impl Into<String>) {
        self.report.add(Finding::error(code, self.pointer.clone(), message));
    }

    pub fn invalid(&self, message: impl Into<String>) {
        self.report("INVALID_VALUE", message);
    }

    pub fn wrong_type(&self, expected: &str) {
        self.report("WRONG_TYPE", format!("must be {expected}"));
    }

    /// An object with these members and no others.
    pub fn fields(self, names: &[&str]) -> Fields<'a> {
        let fields = self.open();
        for (name, member) in fields.iter().filter(|(name, _)| !names.contains(name)) {
            let message = format!("must be one of {}", names.join(", "));
            let finding = Finding::error("UNKNOWN_FIELD", member.pointer, message);
            fields.node.report.add(finding.did_you_mean(nearest(name, names.iter().copied())));
        }
        fields
    }

    /// An object with any members.
    pub fn open(self) -> Fields<'a> {
        let members = match self.value {
            Json::Object(members) => Some(members),
            Json::Array(items) if items.is_empty() => None,
            _ => {
                self.wrong_type("an object");
                None
            }
        };
        Fields { node: self, members }
    }

    pub fn items(&self, most: usize) -> Vec<RequestNode<'a>> {
        let Json::Array(items) = self.value else {
            self.wrong_type("a list");
            return Vec::new();
        };
        if items.len() > most {
            self.report("LIMIT_EXCEEDED", format!("must have at most {most} items, has {}", items.len()));
        }
        self.children().take(most).collect()
    }

    /// The items of a list, however many there are.
    pub fn children(&self) -> impl Iterator<Item = RequestNode<'a>> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(|(index, item)| self.child(&index.to_string(), item))
    }

    /// A text of so many characters.
    pub fn text(&self, length: RangeInclusive<usize>) -> Option<&'a str> {
        let Json::String(text) = self.value else {
            self.wrong_type("a text");
            return None;
        };
        let chars = text.chars().count();
        if chars > *length.end() {
            self.report(
                "LIMIT_EXCEEDED",
                format!("must have at most {} characters, has {chars}", length.end()),
            );
        } else if chars < *length.start() {
            self.invalid("must not be empty");
        }
        Some(text)
    }

    pub fn texts(&self, most: usize, length: RangeInclusive<usize>) -> Vec<&'a str> {
        self.items(most).iter().filter_map(|item| item.text(length.clone())).collect()
    }

    pub fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(integer) = self.value.as_i64() else {
            self.wrong_type("an integer");
            return None;
        };
        if !range.contains(&integer) {
            self.invalid(format!("must be from {} to {}", range.start(), range.end()));
        }
        Some(integer)
    }

    pub fn boolean(&self) -> Option<bool> {
        let boolean = self.value.as_bool();
        if boolean.is_none() {
            self.wrong_type("true or false");
        }
        boolean
    }

    pub fn one_of<T: Copy>(&self, names: &[(&str, T)]) -> Option<T> {
        let text = self.text(1..=usize::MAX)?;
        let found = names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            self.invalid(format!("must be one of {}", names.join(", ")));
        }
        found
    }

    pub fn duration_ms(&self) -> Option<u64> {
        let text = self.text(1..=64)?;
        match text.parse::<Duration>() {
            Ok(duration) => Some(duration.as_ms()),
            Err(error) => {
                self.invalid(error.to_string());
                None
            }
        }
    }
}

impl<'a> Fields<'a> {
    /// A member that is there, null or not.
    pub fn present(&self, name: &str) -> Option<RequestNode<'a>> {
        Some(self.node.child(name, self.members?.get(name)?))
    }

    /// A member that is there and not null.
    pub fn get(&self, name: &str) -> Option<RequestNode<'a>> {
        self.present(name).filter(|node| !node.value.is_null())
    }

    pub fn need(&self, name: &str) -> Option<RequestNode<'a>> {
        let node = self.get(name);
        if node.is_none() {
            let pointer = format!("{}/{name}", self.node.pointer);
            self.node.report.add(Finding::error("MISSING_FIELD", pointer, "is missing"));
        }
        node
    }

    pub fn json(&self, name: &str) -> &'a Json {
        const NULL: &Json = &Json::Null;
        self.members.and_then(|members| members.get(name)).unwrap_or(NULL)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'a str, RequestNode<'a>)> {
        self.members.into_iter().flatten().map(|(name, value)| (name.as_str(), self.node.child(name, value)))
    }

    pub fn node(&self) -> &RequestNode<'a> {
        &self.node
    }
}
