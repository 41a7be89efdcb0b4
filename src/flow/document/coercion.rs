//! What a value becomes when it is written to a variable.

use serde_json::Value;

use super::VariableType;
use crate::flow::json::INTEGER_MAX;
use crate::flow::moment::{Moment, parse_date, parse_time};

impl VariableType {
    /// The value as this type keeps it; `None` when it does not fit. Null fits every type, `any` takes
    /// everything. Text becomes a number, boolean or point in time only when the whole trimmed text is the
    /// plain form of one; numbers and booleans become text; lists, objects, files and locations never convert.
    pub fn coerce(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (_, Value::Null)
            | (Self::Any, _)
            | (Self::String, Value::String(_))
            | (Self::Number, Value::Number(_))
            | (Self::Boolean, Value::Bool(_))
            | (Self::List, Value::Array(_))
            | (Self::Object | Self::File | Self::Location, Value::Object(_)) => Some(value.clone()),
            (Self::Integer, Value::Number(number)) => integer(number.as_f64()?).map(Value::from),
            (Self::String, Value::Number(number)) => Some(Value::String(plain_number(number.as_f64()?))),
            (Self::String, Value::Bool(boolean)) => Some(Value::String(boolean.to_string())),
            (_, Value::String(text)) => self.read_text(text.trim()),
            _ => None,
        }
    }

    fn read_text(self, text: &str) -> Option<Value> {
        match self {
            Self::Number => {
                number(text).map(|number| integer(number).map_or(Value::from(number), Value::from))
            }
            Self::Integer => number(text).and_then(integer).map(Value::from),
            Self::Boolean => text.parse::<bool>().ok().map(Value::Bool),
            Self::Date => parse_date(text).map(|_| Value::from(text)),
            Self::Time => is_time(text).then(|| Value::from(text)),
            // With or without seconds and an offset.
            Self::Datetime => Moment::parse_datetime(text).map(|_| Value::from(text)),
            _ => None,
        }
    }
}

/// Text as JSON writes numbers, without an exponent.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits(whole) && all_digits(fraction))
        .then(|| text.parse().ok())
        .flatten()
        .filter(|n: &f64| n.is_finite())
}

#[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
fn integer(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= INTEGER_MAX as f64).then_some(number as i64)
}

/// A number without exponent and without trailing zeros.
fn plain_number(number: f64) -> String {
    number.to_string()
}

/// `HH:MM` or `HH:MM:SS`.
fn is_time(text: &str) -> bool {
    matches!(text.len(), 5 | 8) && parse_time(text).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn coerces_by_the_plain_form_or_not_at_all() {
        use VariableType as T;
        let kept = [
            (T::Integer, json!(null)),
            (T::String, json!("x")),
            (T::Any, json!([1, { "a": null }])),
            (T::Number, json!(1.5)),
            (T::File, json!({ "kind": "image" })),
            (T::Date, json!("2026-01-31")),
            (T::Time, json!("09:30")),
            (T::Datetime, json!("2026-01-31T09:30")),
            (T::Datetime, json!("2026-01-31T09:30:00.123Z")),
            (T::Datetime, json!("2026-01-31T09:30:00-05:00")),
        ];
        for (kind, value) in kept {
            assert_eq!(kind.coerce(&value), Some(value), "{kind:?}");
        }
        let converted = [
            (T::Number, json!(" 12.50 "), json!(12.5)),
            (T::Number, json!("3"), json!(3)),
            (T::Integer, json!(3.0), json!(3)),
            (T::Integer, json!("-7"), json!(-7)),
            (T::Boolean, json!("true"), json!(true)),
            (T::String, json!(12.5), json!("12.5")),
            (T::String, json!(1e21), json!("1000000000000000000000")),
            (T::String, json!(false), json!("false")),
            (T::Date, json!(" 2026-01-31 "), json!("2026-01-31")),
        ];
        for (kind, value, result) in converted {
            assert_eq!(kind.coerce(&value), Some(result), "{kind:?} {value}");
        }
        let refused = [
            (T::Integer, json!(3.5)),
            (T::Integer, json!("9007199254740992")),
            (T::Number, json!("1e3")),
            (T::Number, json!("12 €")),
            (T::Number, json!(true)),
            (T::Boolean, json!("yes")),
            (T::Boolean, json!(1)),
            (T::Date, json!("2026-02-30")),
            (T::Date, json!("31/01/2026")),
            (T::Time, json!("25:00")),
            (T::Datetime, json!("2026-01-31")),
            (T::List, json!("[]")),
            (T::Object, json!([])),
            (T::Location, json!("1,2")),
            (T::String, json!({})),
        ];
        for (kind, value) in refused {
            assert_eq!(kind.coerce(&value), None, "{kind:?} {value}");
        }
    }
}
