//! Name paths such as `order.customer.name`: looked up without the engine, where undefined anywhere on the
//! way is just undefined. They are what a decision saw, and what plain templates consist of.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::scope::{EvaluationScope, Names, Root, masked_secret};
use crate::interpreter::value::{self, Value};

/// A root name and the members below it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamePath {
    /// As a trace writes it: `order.id`, `steps["my-id"].value`, `items[0]`.
    pub text: Box<str>,
    pub root: Root,
    pub keys: Box<[PathKey]>,
}

/// A path and where in its source, in bytes, it appears first.
#[derive(Debug, Clone, PartialEq)]
pub struct NameReference {
    pub path: NamePath,
    pub span: (usize, usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathKey {
    Name(Box<str>),
    Index(i64),
}

impl NamePath {
    pub fn new(root: &str, keys: Vec<PathKey>, names: &Names) -> Self {
        let mut text = root.to_owned();
        for key in &keys {
            match key {
                PathKey::Name(name) if is_identifier(name) => write!(text, ".{name}"),
                PathKey::Name(name) => write!(text, "[{}]", serde_json::Value::from(&**name)),
                PathKey::Index(index) => write!(text, "[{index}]"),
            }
            .expect("a string takes all text");
        }
        Self { text: text.into(), root: Root::of(root, names), keys: keys.into() }
    }

    /// The value at this moment; undefined where anything on the way is.
    pub fn lookup<'s>(&self, scope: &'s EvaluationScope) -> Cow<'s, Value> {
        let (mut current, keys) = match (self.root, &*self.keys) {
            (Root::Vars, [PathKey::Name(name), rest @ ..]) => {
                let variable = scope.names.variable(name).and_then(|index| scope.variables.get(index));
                (variable.map_or(Cow::Owned(Value::UNDEFINED), Cow::Borrowed), rest)
            }
            (Root::Steps, [PathKey::Name(id), PathKey::Name(field), rest @ ..]) => {
                let record = scope.names.step(id).and_then(|index| scope.steps.get(index));
                (Cow::Owned(record.map_or(Value::UNDEFINED, |record| record.get(field))), rest)
            }
            (Root::Secrets, [PathKey::Name(name), rest @ ..]) if scope.secrets => {
                (Cow::Owned(masked_secret(name)), rest)
            }
            (root, keys) => {
                let stored = scope.stored(root);
                (stored.map_or_else(|| Cow::Owned(scope.root(root)), Cow::Borrowed), keys)
            }
        };
        for key in keys {
            current = match current {
                Cow::Borrowed(value) => step_borrowed(value, key),
                Cow::Owned(value) => Cow::Owned(step(&value, key)),
            };
        }
        current
    }
}

fn step_borrowed<'v>(value: &'v Value, key: &PathKey) -> Cow<'v, Value> {
    match key {
        PathKey::Name(name) => match value::members(value) {
            Some(members) => members.get(name).map_or(Cow::Owned(Value::UNDEFINED), Cow::Borrowed),
            None => Cow::Owned(Value::UNDEFINED),
        },
        PathKey::Index(_) => Cow::Owned(step(value, key)),
    }
}

/// One step down. What the engine would refuse (a member of undefined) is undefined here.
pub fn step(value: &Value, key: &PathKey) -> Value {
    if value.is_undefined() {
        return Value::UNDEFINED;
    }
    match key {
        PathKey::Name(name) => value.get_attr(name),
        PathKey::Index(index) => value.get_item(&Value::from(*index)),
    }
    .unwrap_or_default()
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
