//! Filters over numbers.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, State, filters};

use super::super::failure::coded;
use super::argument::{defined, text_arg, with_scope};
use crate::flow::json::INTEGER_MAX;
use crate::flow::text::cut;
use crate::interpreter::error::code;
use crate::interpreter::value::{self, Value};

pub fn register(env: &mut Environment<'static>) {
    env.add_filter("abs", |number: &Value| filters::abs(defined(number)?.clone()));
    env.add_filter("bool", filters::bool);
    env.add_filter("round", filters::round);
    env.add_filter("int", int);
    env.add_filter("float", |value: &Value, default: Option<Value>| match numeric(value)? {
        Some(float) => value::number(float).ok_or_else(out_of_range),
        None => default.ok_or_else(|| no_number(value)),
    });
    env.add_filter("money", money);
}

fn int(value: &Value, default: Option<Value>) -> Result<Value, Error> {
    if let Some(integer) = value::as_integer(value) {
        return Ok(Value::from(integer));
    }
    match numeric(value)? {
        Some(float) if float.abs() <= INTEGER_MAX as f64 => Ok(Value::from(float.trunc() as i64)),
        Some(_) => Err(out_of_range()),
        None => default.ok_or_else(|| no_number(value)),
    }
}

/// The number a value is or spells.
fn numeric(value: &Value) -> Result<Option<f64>, Error> {
    Ok(match defined(value)?.kind() {
        ValueKind::Number => value::as_float(value),
        ValueKind::Bool => Some(if value.is_true() { 1.0 } else { 0.0 }),
        ValueKind::String => value.as_str().and_then(spelled_number),
        _ => None,
    })
}

fn out_of_range() -> Error {
    coded(code::NUMBER_RANGE, "the number is beyond what JSON carries exactly")
}

fn no_number(value: &Value) -> Error {
    coded(code::EXPR_TYPE, format!("{} is no number", shown(value)))
}

/// `-12.50`: digits with at most one point, nothing else around them but space.
pub fn spelled_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (all_digits(whole) && all_digits(fraction)).then(|| text.parse().ok()).flatten()
}

fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("“{}”", cut(text, 40)),
        None => value.kind().to_string(),
    }
}

fn money(state: &State, amount: &Value, currency: &Value) -> Result<String, Error> {
    let amount = match defined(amount)?.as_str() {
        Some(text) => spelled_number(text),
        None => value::as_float(amount),
    };
    let amount = amount.ok_or_else(|| coded(code::EXPR_TYPE, "an amount of money is a number"))?;
    if !amount.is_finite() {
        return Err(out_of_range());
    }
    let currency = text_arg(currency)?;
    with_scope(state, |scope| scope.shared.locale.money(amount, &currency))
}
