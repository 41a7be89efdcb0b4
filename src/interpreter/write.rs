//! Writing to variables: what a value becomes there, and how much all of them may hold.

use minijinja::value::ValueKind;

use super::canonical;
use super::error::{StepError, code};
use super::expression::STATE_BYTES_MAX;
use super::value::{self, Value, from_json};
use crate::flow::document::VariableType;
use crate::flow::json::DEPTH_MAX;
use crate::flow::text::cut;

/// The value as a variable of this type keeps it. The rules are those of documents: see
/// [`VariableType::coerce`].
pub fn coerce(kind: VariableType, value: &Value) -> Option<Value> {
    use ValueKind as K;
    use VariableType as T;
    match (kind, value.kind()) {
        (_, K::Undefined | K::None)
        | (T::Any, _)
        | (T::String, K::String)
        | (T::Number, K::Number)
        | (T::Boolean, K::Bool)
        | (T::List, K::Seq)
        | (T::Object | T::File | T::Location, K::Map) => Some(value.clone()),
        (T::Integer, K::Number) => value::as_integer(value).map(Value::from),
        (_, K::String | K::Number | K::Bool) => {
            kind.coerce(&scalar_json(value)?).map(|coerced| from_json(&coerced))
        }
        _ => None,
    }
}

fn scalar_json(value: &Value) -> Option<serde_json::Value> {
    match value.kind() {
        ValueKind::String => value.as_str().map(serde_json::Value::from),
        ValueKind::Bool => Some(value.is_true().into()),
        _ if value.is_integer() => i64::try_from(value.clone()).ok().map(serde_json::Value::from),
        _ => value::as_float(value).map(serde_json::Value::from),
    }
}

/// The error for a value that does not coerce.
pub fn mismatch(name: &str, kind: VariableType, value: &Value) -> StepError {
    let message =
        format!("{} does not fit the variable {name}, which is of type {}.", shown(value), kind.as_str());
    StepError::new(code::TYPE_MISMATCH, message)
}

fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::Seq => "A list".to_owned(),
        ValueKind::Map => "An object".to_owned(),
        _ => cut(&canonical::text(value), 80),
    }
}

/// The bytes of JSON that a value takes, which nests no deeper than JSON may.
pub fn measured(value: &Value) -> Result<usize, StepError> {
    match value.kind() {
        ValueKind::Undefined => Ok(4),
        ValueKind::Bool => Ok(5),
        // What a number counts, whatever its digits.
        ValueKind::Number => Ok(24),
        ValueKind::String => Ok(string_bytes(value.as_str().unwrap_or_default())),
        ValueKind::Seq | ValueKind::Map if !nests_within(value, DEPTH_MAX) => {
            let message = format!("A value is nested deeper than {DEPTH_MAX} levels.");
            Err(StepError::new(code::STATE_LIMIT, message))
        }
        _ => Ok(canonical::len_up_to(value, STATE_BYTES_MAX)),
    }
}

/// A string with its quotes and escapes.
fn string_bytes(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
        0..0x20 => 5,
        _ => 0,
    });
    2 + text.len() + escapes.sum::<usize>()
}

fn nests_within(value: &Value, levels: usize) -> bool {
    if let Some(items) = value::items(value) {
        return levels > 0 && items.iter().all(|item| nests_within(item, levels - 1));
    }
    if let Some(members) = value::members(value) {
        return levels > 0 && members.iter().all(|(_, member)| nests_within(member, levels - 1));
    }
    true
}

/// The error for variables that hold too much together.
pub fn state_limit() -> StepError {
    let message = format!("All variables together have more than {STATE_BYTES_MAX} bytes of JSON.");
    StepError::new(code::STATE_LIMIT, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn coerces_as_documents_do() {
        use VariableType as T;
        let kinds = [
            T::String,
            T::Number,
            T::Integer,
            T::Boolean,
            T::Date,
            T::Time,
            T::Datetime,
            T::List,
            T::Object,
            T::File,
            T::Location,
            T::Any,
        ];
        let values = [
            json!(null),
            json!(true),
            json!(3),
            json!(3.5),
            json!(1e300),
            json!("x"),
            json!(" 12.50 "),
            json!("true"),
            json!("2026-01-31"),
            json!("09:30"),
            json!("2026-01-31T09:30Z"),
            json!([1]),
            json!({"a": 1}),
        ];
        for kind in kinds {
            for json in &values {
                let ours = coerce(kind, &from_json(json)).map(|value| canonical::text(&value));
                let theirs = kind.coerce(json).map(|json| canonical::text(&from_json(&json)));
                assert_eq!(ours, theirs, "{kind:?} {json}");
            }
        }
    }
}
