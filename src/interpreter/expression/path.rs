//! Looks name paths up without the engine, where undefined anywhere on the way is just undefined. They are what a
//! decision saw, and what plain templates consist of.

use std::borrow::Cow;

use super::scope::{EvaluationScope, masked_secret};
use crate::expression::{NamePath, PathKey, Root};
use crate::interpreter::value::{self, Value};

impl NamePath {
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
