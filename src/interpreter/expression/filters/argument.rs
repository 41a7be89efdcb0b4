//! What filters ask of their arguments, and how they reach the scope of the evaluation.

use std::borrow::Cow;

use minijinja::{Error, State};

use super::super::failure::{coded, no_text, undefined};
use super::super::scope::EvaluationScope;
use super::super::text::text_of;
use crate::interpreter::error::code;
use crate::interpreter::value::Value;

/// The text of an argument; undefined is refused.
pub fn text_arg(value: &Value) -> Result<Cow<'_, str>, Error> {
    match value.as_str() {
        Some(text) => Ok(Cow::Borrowed(text)),
        None if value.is_undefined() => Err(undefined(value)),
        None => text_of(value).map(Cow::Owned).map_err(no_text),
    }
}

/// A value that is there; undefined is refused.
pub fn defined(value: &Value) -> Result<&Value, Error> {
    if value.is_undefined() { Err(undefined(value)) } else { Ok(value) }
}

/// Runs `read` on the scope of the evaluation.
pub fn with_scope<T>(state: &State, read: impl FnOnce(&EvaluationScope) -> T) -> Result<T, Error> {
    let scope = state.lookup(EvaluationScope::SELF);
    match scope.as_ref().and_then(Value::downcast_object_ref::<EvaluationScope>) {
        Some(scope) => Ok(read(scope)),
        None => Err(coded(code::EXPR_TYPE, "the filter needs a run")),
    }
}
