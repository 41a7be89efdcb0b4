//! Filters over lists but those that compare their items.

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, State, filters};
use unicode_segmentation::UnicodeSegmentation;

use super::super::failure::coded;
use super::argument::defined;
use crate::interpreter::error::code;
use crate::interpreter::value::{self, Value};

pub fn register(env: &mut Environment<'static>) {
    env.add_filter("default", filters::default);
    env.add_filter("first", |value: &Value| match defined(value)?.as_str() {
        Some(text) => Ok(text.graphemes(true).next().map(Value::from).unwrap_or_default()),
        None => filters::first(value),
    });
    env.add_filter("items", items);
    env.add_filter("last", last);
    env.add_filter("length", |value: &Value| filters::length(defined(value)?));
    env.add_filter("list", filters::list);
    env.add_filter("map", filters::map);
    env.add_filter("select", filters::select);
    env.add_filter("reject", filters::reject);
    env.add_filter("selectattr", filters::selectattr);
    env.add_filter("rejectattr", filters::rejectattr);
    env.add_filter("slice", filters::slice);
    env.add_filter("reverse", reverse);
    env.add_filter("sum", sum);
}

/// The members of an object as pairs of name and value.
fn items(state: &State, object: &Value) -> Result<Value, Error> {
    if defined(object)?.kind() != ValueKind::Map {
        return Err(coded(code::EXPR_TYPE, format!("only objects have items, not {}", object.kind())));
    }
    let mut pairs = Vec::new();
    for key in object.try_iter()? {
        state.consume_fuel(1)?;
        let member = object.get_item(&key)?;
        pairs.push(value::list(vec![key, member]));
    }
    Ok(value::list(pairs))
}

fn last(state: &State, value: &Value) -> Result<Value, Error> {
    if let Some(text) = defined(value)?.as_str() {
        return Ok(text.graphemes(true).next_back().map(Value::from).unwrap_or_default());
    }
    state.consume_fuel(value.len().unwrap_or(0) as u64 / 2)?;
    Ok(value.try_iter()?.last().unwrap_or_default())
}

fn reverse(state: &State, value: &Value) -> Result<Value, Error> {
    if let Some(text) = defined(value)?.as_str() {
        return Ok(Value::from(text.graphemes(true).rev().collect::<String>()));
    }
    state.consume_fuel(value.len().unwrap_or(0) as u64 / 2)?;
    let mut items: Vec<Value> = value.try_iter()?.collect();
    items.reverse();
    Ok(value::list(items))
}

/// Numbers only, so that no list of lists is added up.
fn sum(state: &State, list: Value, args: Rest<Value>) -> Result<Value, Error> {
    let attribute = match &args[..] {
        [] => None,
        [attribute] => {
            Some(attribute.as_str().ok_or_else(|| coded(code::EXPR_TYPE, "the attribute is a text"))?)
        }
        _ => return Err(coded(code::EXPR_TYPE, "sum takes one attribute")),
    };
    let mut total = Value::from(0);
    for item in defined(&list)?.try_iter()? {
        state.consume_fuel(1)?;
        let item = match attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item,
        };
        if item.is_undefined() {
            continue;
        }
        if item.kind() != ValueKind::Number {
            return Err(coded(code::EXPR_TYPE, format!("only numbers can be summed, not {}", item.kind())));
        }
        total = add(&total, &item).ok_or_else(|| coded(code::NUMBER_RANGE, "the sum is out of range"))?;
    }
    Ok(total)
}

fn add(total: &Value, item: &Value) -> Option<Value> {
    match (value::as_integer(total), value::as_integer(item)) {
        (Some(a), Some(b)) => Some(Value::from(a + b)),
        _ => Some(Value::from(value::as_float(total)? + value::as_float(item)?)),
    }
}
