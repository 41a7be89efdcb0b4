//! Operators that lowering puts where the engine's own would read kinds as one another, walk values unpaid
//! or fail on undefined too early. They are filters whose names no template can spell.

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, State};

use super::cost::{is_container, pay_for_text, pay_for_walk, pay_for_walks};
use super::failure::{coded, no_text, undefined};
use super::path::{Key, step};
use super::text::text_of;
use crate::interpreter::error::code;
use crate::interpreter::value::{self, Value};

/// Shows a plain path: undefined is the empty text, and noted.
pub const RENDER: &str = "=render";
/// Looks a plain path up: undefined anywhere on the way is undefined.
pub const LOOK_UP: &str = "=look-up";
/// An operand of arithmetic: refuses undefined.
pub const KNOWN: &str = "=known";
/// An operand of a product: refuses undefined, and lists, which the engine would repeat without end.
pub const FACTOR: &str = "=factor";
/// What is divided by: refuses undefined and zero.
pub const DIVISOR: &str = "=divisor";
pub const POWER: &str = "=power";
/// An operand of `~`, as text.
pub const TEXT: &str = "=text";
/// An operand of an order comparison, paid for.
pub const PAID: &str = "=paid";
/// A key of an object literal: text only.
pub const KEY: &str = "=key";
pub const EQUAL: &str = "=equal";
pub const CONTAINED: &str = "=in";

pub fn register(env: &mut Environment<'static>) {
    env.add_filter(RENDER, render);
    env.add_filter(LOOK_UP, look_up);
    env.add_filter(KNOWN, known);
    env.add_filter(FACTOR, factor);
    env.add_filter(DIVISOR, divisor);
    env.add_filter(POWER, power);
    env.add_filter(TEXT, text);
    env.add_filter(PAID, paid);
    env.add_filter(KEY, key);
    env.add_filter(EQUAL, equal);
    env.add_filter(CONTAINED, contained);
}

/// The paths that an evaluation rendered as nothing.
#[derive(Debug, Default)]
pub struct NullsRendered(pub Vec<Box<str>>);

/// `args` are the path as written, then its keys.
fn render(state: &mut State, root: &Value, args: Rest<Value>) -> Value {
    let found = walk(root, &args);
    if !found.is_undefined() {
        return found;
    }
    if let Some(path) = args.first().and_then(Value::as_str) {
        state.get_or_insert_extension(NullsRendered::default()).0.push(path.into());
    }
    Value::from("")
}

fn look_up(root: &Value, args: Rest<Value>) -> Value {
    walk(root, &args)
}

fn walk(root: &Value, args: &[Value]) -> Value {
    let keys = args.get(1..).unwrap_or_default();
    keys.iter().fold(root.clone(), |value, key| match (key.as_str(), value::as_integer(key)) {
        (Some(name), _) => step(&value, &Key::Name(name.into())),
        (None, Some(index)) => step(&value, &Key::Index(index)),
        (None, None) => Value::UNDEFINED,
    })
}

fn known(operand: &Value) -> Result<Value, Error> {
    if operand.is_undefined() { Err(undefined(operand)) } else { Ok(operand.clone()) }
}

fn factor(operand: &Value) -> Result<Value, Error> {
    match operand.kind() {
        ValueKind::Undefined => Err(undefined(operand)),
        ValueKind::Seq | ValueKind::Iterable => Err(coded(code::EXPR_TYPE, "a list cannot be multiplied")),
        _ => Ok(operand.clone()),
    }
}

fn divisor(operand: &Value) -> Result<Value, Error> {
    match known(operand)? {
        zero if value::as_float(&zero) == Some(0.0) => Err(coded(code::NUMBER_RANGE, "division by zero")),
        other => Ok(other),
    }
}

fn power(base: &Value, exponent: &Value) -> Result<Value, Error> {
    let number = |operand: &Value| {
        let known = known(operand)?;
        value::as_float(&known).ok_or_else(|| coded(code::EXPR_TYPE, "powers are taken of numbers"))
    };
    let power = number(base)?.powf(number(exponent)?);
    let of_integers =
        value::as_integer(base).is_some() && value::as_integer(exponent).is_some_and(|n| n >= 0);
    value::number(power)
        .filter(|power| power.is_integer() || !of_integers)
        .ok_or_else(|| coded(code::NUMBER_RANGE, "the power is out of range"))
}

/// Undefined passes, so that the engine's own error names it.
fn text(operand: &Value) -> Result<Value, Error> {
    if operand.is_undefined() || operand.as_str().is_some() {
        return Ok(operand.clone());
    }
    text_of(operand).map(Value::from).map_err(no_text)
}

fn paid(state: &State, operand: &Value) -> Result<Value, Error> {
    pay_for_walk(state, operand)?;
    Ok(operand.clone())
}

fn key(operand: &Value) -> Result<Value, Error> {
    match operand.kind() {
        ValueKind::Undefined => Err(undefined(operand)),
        ValueKind::String => Ok(operand.clone()),
        kind => Err(coded(code::EXPR_TYPE, format!("keys of an object are texts, not {kind}"))),
    }
}

fn equal(state: &State, left: &Value, right: &Value) -> Result<bool, Error> {
    for operand in [left, right] {
        if operand.is_undefined() {
            return Err(undefined(operand));
        }
    }
    if is_container(left) && is_container(right) {
        pay_for_walk(state, left)?;
        pay_for_walk(state, right)?;
    }
    Ok(value::same(left, right))
}

/// Membership: a part of a text, an item of a list, a key of an object.
pub fn contained(state: &State, needle: &Value, container: &Value) -> Result<bool, Error> {
    for operand in [container, needle] {
        if operand.is_undefined() {
            return Err(undefined(operand));
        }
    }
    match container.kind() {
        ValueKind::String => {
            let hay = container.as_str().unwrap_or_default();
            pay_for_text(state, hay, 1)?;
            match needle.as_str() {
                Some(needle) => Ok(hay.contains(needle)),
                None => Ok(hay.contains(&text_of(needle).map_err(no_text)?)),
            }
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = container.len().unwrap_or(0) as u64;
            pay_for_walks(state, needle, items)?;
            state.consume_fuel(items / 2)?;
            Ok(container.try_iter()?.any(|item| value::same(&item, needle)))
        }
        ValueKind::Map => Ok(needle
            .as_str()
            .is_some_and(|key| container.get_attr(key).is_ok_and(|member| !member.is_undefined()))),
        kind => Err(coded(code::EXPR_TYPE, format!("nothing can be in {kind}"))),
    }
}
