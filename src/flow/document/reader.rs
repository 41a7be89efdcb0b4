//! Reading JSON into types: a cursor that knows where it stands and reports what it finds wrong.
//! A reading that reported anything yields stand-ins; whoever asked for it discards them with the document.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::duration::Duration;
use super::edge::Target;
use super::source::{Expression, Template};
use crate::flow::finding::Finding;
use crate::flow::pointer::Path;

/// Characters of a template, at most.
pub const TEMPLATE_LENGTH_MAX: usize = 8192;
/// Characters of an expression, at most.
pub const EXPRESSION_LENGTH_MAX: usize = 1000;
/// Characters of any name or id, at most.
pub const NAME_LENGTH_MAX: usize = 64;

/// Findings kept by one pass; a body can hold more mistakes than anybody wants to read.
const KEPT_MAX: usize = 1000;
/// Items of a list that are read although there are too many.
const KEPT_BEYOND: usize = 100;

/// Collects findings.
#[derive(Debug, Default)]
pub struct Report {
    findings: RefCell<Vec<Finding>>,
}

impl Report {
    pub fn add(&self, finding: Finding) {
        if !self.is_full() {
            self.findings.borrow_mut().push(finding);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.findings.borrow().is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.findings.borrow().len() >= KEPT_MAX
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }
}

/// A value, where it stands, and where to report.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    pub value: &'a Value,
    pub path: Path<'a>,
    /// The id of the step around it.
    pub step: Option<&'a str>,
    pub report: &'a Report,
}

impl<'a> Node<'a> {
    pub fn new(value: &'a Value, path: Path<'a>, report: &'a Report) -> Self {
        Self { value, path, step: None, report }
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
        Object { node: self, members }
    }

    /// Any object, kept by value.
    pub fn free_object(self) -> Map<String, Value> {
        self.object().members.cloned().unwrap_or_default()
    }

    /// An object of the author's own keys, read one by one.
    pub fn keyed<'s, T>(&'s self, read: impl Fn(&str, Node<'s>) -> T) -> Vec<(String, T)> {
        let members = self.object().members.into_iter().flatten();
        members
            .map(|(key, value)| {
                let path = self.path.member(key);
                (key.clone(), read(key, Node { value, path, ..*self }))
            })
            .collect()
    }

    pub fn list<'s, T>(
        &'s self,
        length: RangeInclusive<usize>,
        mut read: impl FnMut(Node<'s>) -> T,
    ) -> Vec<T> {
        let Some(items) = self.value.as_array() else {
            self.wrong_type("an array");
            return Vec::new();
        };
        self.check_length(items.len(), length.clone(), "item");
        // The list is refused whatever is further beyond its limit, and each item takes memory.
        items
            .iter()
            .take(length.end().saturating_add(KEPT_BEYOND))
            .enumerate()
            .map(|(index, value)| {
                let path = self.path.index(index);
                read(Node { value, path, ..*self })
            })
            .collect()
    }

    fn check_length(&self, length: usize, allowed: RangeInclusive<usize>, unit: &str) {
        let (least, most) = (*allowed.start(), *allowed.end());
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        if length > most {
            self.limit(format!("must have at most {most} {unit}{}, has {length}", plural(most)));
        } else if length < least && length == 0 {
            self.invalid("must not be empty");
        } else if length < least {
            self.invalid(format!("must have at least {least} {unit}{}", plural(least)));
        }
    }

    pub fn string(self) -> String {
        self.str().unwrap_or_default().to_owned()
    }

    pub fn str(self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong_type("a string");
        }
        text
    }

    /// A string of so many characters (Unicode scalar values).
    pub fn text(self, length: RangeInclusive<usize>) -> String {
        let Some(text) = self.str() else { return String::new() };
        self.check_length(text.chars().count(), length, "character");
        text.to_owned()
    }

    pub fn template(self) -> Template {
        self.text(0..=TEMPLATE_LENGTH_MAX)
    }

    pub fn expression(self) -> Expression {
        self.text(1..=EXPRESSION_LENGTH_MAX)
    }

    /// A string whose every character is allowed; `rule` says so in words.
    pub fn name(self, length_max: usize, allowed: impl Fn(usize, char) -> bool, rule: &str) -> String {
        let Some(text) = self.str() else { return String::new() };
        let is_sound = text.chars().enumerate().all(|(index, c)| allowed(index, c));
        if text.is_empty() || !is_sound || text.len() > length_max {
            self.invalid(format!("must be {rule}"));
        }
        text.to_owned()
    }

    /// A name of a variable, declared or not.
    pub fn variable_name(self) -> String {
        self.name(
            NAME_LENGTH_MAX,
            |index, c| {
                if index == 0 { c.is_ascii_lowercase() } else { c.is_ascii_alphanumeric() || c == '_' }
            },
            "a lower-case letter followed by up to 63 letters, digits and \"_\"",
        )
    }

    /// An id that is unique among its neighbours: of an option, a path, an outcome.
    pub fn exit_id(self) -> String {
        self.name(
            NAME_LENGTH_MAX,
            |_, c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'),
            "1 to 64 letters, digits, \"_\" and \"-\"",
        )
    }

    /// JSON kept by value, whose strings are templates.
    pub fn json(self) -> Value {
        self.check_strings();
        self.value.clone()
    }

    /// The same for an object.
    pub fn json_object(self) -> Map<String, Value> {
        self.check_strings();
        self.free_object()
    }

    fn check_strings(self) {
        match self.value {
            Value::String(_) => drop(self.template()),
            Value::Array(_) => drop(self.list(0..=usize::MAX, Node::check_strings)),
            Value::Object(_) => drop(self.keyed(|_, value| value.check_strings())),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Checks the bytes of the canonical form.
    pub fn check_bytes(self, most: usize) {
        let bytes = crate::flow::canonical_json::to_vec(self.value).len();
        if bytes > most {
            self.limit(format!("must have at most {most} bytes, has {bytes}"));
        }
    }

    pub fn boolean(self) -> bool {
        self.value.as_bool().unwrap_or_else(|| {
            self.wrong_type("true or false");
            false
        })
    }

    pub fn number(self) -> f64 {
        self.value.as_f64().unwrap_or_else(|| {
            self.wrong_type("a number");
            0.0
        })
    }

    pub fn integer(self, range: RangeInclusive<i64>) -> i64 {
        match whole(self.value) {
            Some(integer) if range.contains(&integer) => integer,
            Some(_) => {
                self.invalid(format!("must be between {} and {}", range.start(), range.end()));
                *range.start()
            }
            None => {
                self.wrong_type("an integer");
                *range.start()
            }
        }
    }

    /// An integer that fits a small type because its range does.
    pub fn small(self, range: RangeInclusive<u16>) -> u32 {
        let integer = self.integer(i64::from(*range.start())..=i64::from(*range.end()));
        u32::try_from(integer).expect("the range is one of u16")
    }

    /// One of an enumeration's names.
    pub fn one_of<T: Copy + Default>(self, names: &[(&str, T)]) -> T {
        let Some(text) = self.str() else { return T::default() };
        let found = names.iter().find(|&&(name, _)| name == text);
        found.map(|&(_, value)| value).unwrap_or_else(|| {
            let names: Vec<&str> = names.iter().map(|&(name, _)| name).collect();
            self.invalid(format!("must be one of {}", names.join(", ")));
            T::default()
        })
    }

    pub fn duration(self, range: RangeInclusive<Duration>) -> Duration {
        let Some(text) = self.str() else { return Duration::default() };
        match text.parse::<Duration>() {
            Ok(duration) if range.contains(&duration) => duration,
            Ok(_) => {
                self.invalid(format!("must be between {} and {}", range.start(), range.end()));
                Duration::default()
            }
            Err(error) => {
                self.invalid(format!("is {error}"));
                Duration::default()
            }
        }
    }

    pub fn target(self) -> Target {
        let Some(text) = self.str() else { return Target::default() };
        let target = Target::parse(text);
        if text.is_empty() || (text.starts_with('$') && target.step_id().is_some()) {
            self.invalid("must be a step id, \"$next\", \"$end\" or \"$resume\"");
        }
        target
    }
}

/// A number as an integer, however it is written.
#[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        let is_exact = number.fract() == 0.0 && number.abs() <= crate::flow::json::INTEGER_MAX as f64;
        is_exact.then_some(number as i64)
    })
}

/// The members of an object, none if the value was no object.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    pub node: Node<'a>,
    members: Option<&'a Map<String, Value>>,
}

impl Object<'_> {
    pub fn has(&self, name: &str) -> bool {
        self.members.is_some_and(|members| members.contains_key(name))
    }

    /// Which of these members are there.
    pub fn which<'n>(&self, names: &[&'n str]) -> Vec<&'n str> {
        names.iter().copied().filter(|name| self.has(name)).collect()
    }

    pub fn optional<'s, T>(&'s self, name: &'s str, read: impl FnOnce(Node<'s>) -> T) -> Option<T> {
        let value = self.members?.get(name)?;
        let path = self.node.path.member(name);
        Some(read(Node { value, path, ..self.node }))
    }

    /// A member of a canonical document, which keeps the nulls of its own.
    pub fn nullable<'s, T>(&'s self, name: &'s str, read: impl FnOnce(Node<'s>) -> T) -> Option<T> {
        self.optional(name, |node| (!node.value.is_null()).then(|| read(node))).flatten()
    }

    pub fn or_default<'s, T: Default>(&'s self, name: &'s str, read: impl FnOnce(Node<'s>) -> T) -> T {
        self.optional(name, read).unwrap_or_default()
    }

    pub fn need<'s, T: Default>(&'s self, name: &'s str, read: impl FnOnce(Node<'s>) -> T) -> T {
        self.optional(name, read).unwrap_or_else(|| {
            self.missing(name, "is missing");
            T::default()
        })
    }

    /// Reports a member that is not there.
    pub fn missing(&self, name: &str, message: impl Into<String>) {
        self.at(name, |node| node.report("MISSING_FIELD", message));
    }

    /// Reports on a member, whether it is there or not.
    pub fn at<'s>(&'s self, name: &'s str, report: impl FnOnce(Node<'s>)) {
        let Some(members) = self.members else { return };
        let value = members.get(name).unwrap_or(&Value::Null);
        report(Node { value, path: self.node.path.member(name), ..self.node });
    }
}
