//! What the operators do that lowering puts in place of the engine's own.

use std::cmp::Ordering;

use chrono_tz::Tz;
use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, State};

use super::compare;
use super::cost::{is_container, pay_for_text, pay_for_walk, pay_for_walks};
use super::failure::{coded, no_text, undefined};
use super::filters::{ONE_SEGMENT, percent_encoded, with_scope};
use super::path::step;
use super::text::text_of;
use crate::expression::{PathKey, operator as op};
use crate::flow::text::beginning;
use crate::interpreter::error::code;
use crate::interpreter::value::{self, Value};

pub fn register(env: &mut Environment<'static>) {
    env.add_filter(op::RENDER, render);
    env.add_filter(op::LOOK_UP, look_up);
    env.add_filter(op::MEMBER, |value: &Value, key: &Value| member(value, key));
    env.add_filter(op::KNOWN, known);
    env.add_filter(op::FACTOR, factor);
    env.add_filter(op::DIVISOR, divisor);
    env.add_filter(op::POWER, power);
    env.add_filter(op::TEXT, text);
    env.add_filter(op::KEY, key);
    env.add_filter(op::EQUAL, equal);
    let mut order = |name, holds: fn(Ordering) -> bool| {
        env.add_filter(name, move |state: &State, a: &Value, b: &Value| ordered(state, a, b).map(holds));
    };
    order(op::LESS, Ordering::is_lt);
    order(op::LESS_OR_EQUAL, Ordering::is_le);
    order(op::GREATER, Ordering::is_gt);
    order(op::GREATER_OR_EQUAL, Ordering::is_ge);
    env.add_filter(op::CHAIN, chain);
    env.add_filter(op::CONTAINED, contained);
    env.add_filter(op::SLICE, slice);
    env.add_filter(op::SEGMENT, segment);
    env.add_filter(op::ENCODED, |part: &Value| match part.as_str() {
        Some(text) => Value::from(text.replace('/', "%2F")),
        None => part.clone(),
    });
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
    keys.iter().fold(root.clone(), |value, key| member(&value, key))
}

fn member(value: &Value, key: &Value) -> Value {
    match (key.as_str(), value::as_integer(key)) {
        (Some(name), _) => step(value, &PathKey::Name(name.into())),
        (None, Some(index)) => step(value, &PathKey::Index(index)),
        (None, None) => Value::UNDEFINED,
    }
}

pub fn known(operand: &Value) -> Result<Value, Error> {
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

fn key(operand: &Value) -> Result<Value, Error> {
    match operand.kind() {
        ValueKind::Undefined => Err(undefined(operand)),
        ValueKind::String => Ok(operand.clone()),
        kind => Err(coded(code::EXPR_TYPE, format!("keys of an object are texts, not {kind}"))),
    }
}

/// A part of a text, counted in characters, or of a list; bounds below zero count from the end. A bound inside what a
/// person sees as one sign moves to its beginning.
fn slice(state: &State, whole: &Value, start: &Value, stop: &Value) -> Result<Value, Error> {
    let bound = |bound: &Value, otherwise: i64| match value::as_integer(bound) {
        _ if bound.is_undefined() || bound.is_none() => Ok(otherwise),
        Some(bound) => Ok(bound),
        None => Err(coded(code::EXPR_TYPE, "slices are bounded by integers")),
    };
    let length = match whole.as_str() {
        Some(text) => {
            pay_for_text(state, text, 2)?;
            text.chars().count()
        }
        None => match whole.kind() {
            ValueKind::Seq | ValueKind::Iterable => whole.len().unwrap_or_default(),
            kind => return Err(coded(code::EXPR_TYPE, format!("there are no parts of {kind}"))),
        },
    };
    let place = |bound: i64| {
        let from_end = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX);
        if bound < 0 { length.saturating_sub(from_end) } else { from_end.min(length) }
    };
    let (start, stop) = (place(bound(start, 0)?), place(bound(stop, i64::MAX)?));
    if let Some(text) = whole.as_str() {
        let (start, stop) = (beginning(text, start).len(), beginning(text, stop).len());
        return Ok(Value::from(text.get(start..stop).unwrap_or_default()));
    }
    let taken = stop.saturating_sub(start);
    state.consume_fuel(taken as u64 / 2)?;
    Ok(value::list(whole.try_iter()?.skip(start).take(taken).collect()))
}

fn segment(state: &State, part: &Value) -> Result<Value, Error> {
    let text = text_of(part).map_err(no_text)?;
    pay_for_text(state, &text, 2)?;
    Ok(Value::from(percent_encoded(&text, ONE_SEGMENT)))
}

fn both_known(left: &Value, right: &Value) -> Result<(), Error> {
    match [left, right].into_iter().find(|operand| operand.is_undefined()) {
        Some(operand) => Err(undefined(operand)),
        None => Ok(()),
    }
}

/// The zone of the flow that is run; outside of a run there is none but UTC.
fn zone_of(state: &State) -> Tz {
    with_scope(state, |scope| scope.shared.zone).unwrap_or_default()
}

fn equal(state: &State, left: &Value, right: &Value) -> Result<bool, Error> {
    both_known(left, right)?;
    if is_container(left) && is_container(right) {
        pay_for_walk(state, left)?;
        pay_for_walk(state, right)?;
    }
    Ok(compare::equal(left, right, || zone_of(state)))
}

fn ordered(state: &State, left: &Value, right: &Value) -> Result<Ordering, Error> {
    both_known(left, right)?;
    pay_for_walk(state, left)?;
    pay_for_walk(state, right)?;
    compare::order(left, right, || zone_of(state)).map_err(|mixed| coded(code::EXPR_TYPE, mixed.to_string()))
}

fn chain(state: &State, first: &Value, rest: Rest<Value>) -> Result<bool, Error> {
    let mut left = first;
    for pair in rest.chunks_exact(2) {
        let right = &pair[1];
        let holds = match pair[0].as_str() {
            Some("==") => equal(state, left, right)?,
            Some("!=") => !equal(state, left, right)?,
            Some("<") => ordered(state, left, right)?.is_lt(),
            Some("<=") => ordered(state, left, right)?.is_le(),
            Some(">") => ordered(state, left, right)?.is_gt(),
            _ => ordered(state, left, right)?.is_ge(),
        };
        if !holds {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

/// Membership: a part of a text, an item of a list, a key of an object.
pub fn contained(state: &State, needle: &Value, container: &Value) -> Result<bool, Error> {
    both_known(container, needle)?;
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
            Ok(container.try_iter()?.any(|item| compare::equal(&item, needle, || zone_of(state))))
        }
        ValueKind::Map => Ok(needle
            .as_str()
            .is_some_and(|key| container.get_attr(key).is_ok_and(|member| !member.is_undefined()))),
        kind => Err(coded(code::EXPR_TYPE, format!("nothing can be in {kind}"))),
    }
}
