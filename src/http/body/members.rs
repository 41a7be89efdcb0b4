//! Reads the members of a small body one by one, and gathers what is wrong with them.

use serde_json::{Map, Value};

use crate::flow::finding::Finding;
use crate::flow::pointer;
use crate::flow::text::name_fault;
use crate::http::problem::Problem;

/// An object's members. An empty array is an empty object: PHP cannot tell the two apart.
pub fn object(body: Value) -> Result<Map<String, Value>, Problem> {
    match body {
        Value::Object(members) => Ok(members),
        Value::Array(items) if items.is_empty() => Ok(Map::new()),
        _ => Err(Problem::validation(vec![Finding::error("WRONG_TYPE", "", "must be an object")])),
    }
}

/// The members of a body that were not read yet, and what was wrong with those that were.
#[derive(Debug)]
pub struct Members {
    members: Map<String, Value>,
    /// The pointer to the object they are members of.
    place: String,
    findings: Vec<Finding>,
}

impl Members {
    pub fn new(body: Option<Value>) -> Result<Self, Problem> {
        let members = body.map_or_else(|| Ok(Map::new()), object)?;
        Ok(Self { members, place: String::new(), findings: Vec::new() })
    }

    /// A member that `read` makes sense of; absent and `null` are the same. `expected` says what it must be.
    pub fn take<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        let taken = read(value);
        if taken.is_none() {
            self.refuse("INVALID_VALUE", name, format!("must be {expected}"));
        }
        taken
    }

    /// A member that must be there.
    pub fn need<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.members.remove(name);
            self.refuse("MISSING_FIELD", name, "is missing");
            return None;
        }
        self.take(name, expected, read)
    }

    /// The members of an object inside, to be given back by [`Self::outside`].
    pub fn inside(&mut self, place: String, object: Value) -> Option<Self> {
        match object {
            Value::Object(members) => Some(Self { members, place, findings: Vec::new() }),
            _ => {
                self.refuse_at("WRONG_TYPE", place, "must be an object");
                None
            }
        }
    }

    /// Takes over what is wrong with the members of an object inside, those that nobody took included.
    pub fn outside(&mut self, mut inside: Self) {
        inside.refuse_unknown();
        self.findings.append(&mut inside.findings);
    }

    /// A line of text of at most so many characters, trimmed, that people can read.
    pub fn text(&mut self, name: &str, chars_min: usize, chars_max: usize) -> Option<String> {
        let expected =
            format!("one line of {chars_min} to {chars_max} characters, of which some can be seen");
        self.take(name, &expected, |value| {
            let text = value.as_str()?.trim();
            let is_sound = text.is_empty() || name_fault(text).is_none();
            (is_sound && (chars_min..=chars_max).contains(&text.chars().count())).then(|| text.to_owned())
        })
    }

    pub fn refuse(&mut self, code: &'static str, name: &str, message: impl Into<String>) {
        let mut place = self.place.clone();
        pointer::push(&mut place, name);
        self.refuse_at(code, place, message);
    }

    pub fn refuse_at(&mut self, code: &'static str, pointer: String, message: impl Into<String>) {
        self.findings.push(Finding::error(code, pointer, message));
    }

    fn refuse_unknown(&mut self) {
        for name in std::mem::take(&mut self.members).keys() {
            self.refuse("UNKNOWN_FIELD", name, "is not a member of this object");
        }
    }

    /// What is left, where nothing was wrong with what was taken.
    pub fn rest(self) -> Result<Map<String, Value>, Problem> {
        if self.findings.is_empty() { Ok(self.members) } else { Err(Problem::validation(self.findings)) }
    }

    /// What is left is unknown, and everything that is wrong is said at once.
    pub fn finish(mut self) -> Result<(), Problem> {
        self.refuse_unknown();
        if self.findings.is_empty() { Ok(()) } else { Err(Problem::validation(self.findings)) }
    }
}
