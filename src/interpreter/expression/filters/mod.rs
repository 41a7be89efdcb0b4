//! The filters of expressions (docs/flow-format.md, 4.2). Where the engine has one of the same name it is used,
//! behind a guard when it would walk nested values unpaid or write them as Python does.

mod date;
mod list;
mod number;
mod text;

pub use text::cut;

use std::borrow::Cow;

use minijinja::{Environment, Error, State};

use super::failure::{coded, no_text, undefined};
use super::scope::Scope;
use super::text::text_of;
use crate::interpreter::error::code;
use crate::interpreter::value::Value;

pub fn register(env: &mut Environment<'static>) {
    date::register(env);
    list::register(env);
    number::register(env);
    text::register(env);
}

/// The text of an argument; undefined is refused.
fn text_arg(value: &Value) -> Result<Cow<'_, str>, Error> {
    match value.as_str() {
        Some(text) => Ok(Cow::Borrowed(text)),
        None if value.is_undefined() => Err(undefined(value)),
        None => text_of(value).map(Cow::Owned).map_err(no_text),
    }
}

fn defined(value: &Value) -> Result<&Value, Error> {
    if value.is_undefined() { Err(undefined(value)) } else { Ok(value) }
}

/// Runs `read` on the scope of the evaluation.
pub(super) fn with_scope<T>(state: &State, read: impl FnOnce(&Scope) -> T) -> Result<T, Error> {
    let scope = state.lookup(Scope::SELF);
    match scope.as_ref().and_then(Value::downcast_object_ref::<Scope>) {
        Some(scope) => Ok(read(scope)),
        None => Err(coded(code::EXPR_TYPE, "the filter needs a run")),
    }
}
