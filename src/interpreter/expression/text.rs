//! How values become text: numbers without exponent, booleans as JSON writes them, lists joined by commas,
//! objects as canonical JSON. Writing stops at the limit of a rendered text.

use std::fmt::{self, Write as _};

use minijinja::value::ValueKind;

use crate::flow::json::INTEGER_MAX;
use crate::interpreter::canonical;
use crate::interpreter::error::code;
use crate::interpreter::value::Value;

/// A rendered text is at most this long.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Why a value has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    #[error("the text is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    #[error("the number is beyond what JSON carries exactly")]
    NumberRange,
    #[error("functions have no text")]
    NotData,
}

impl NoText {
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => code::EXPR_LIMIT,
            Self::NumberRange => code::NUMBER_RANGE,
            Self::NotData => code::EXPR_TYPE,
        }
    }
}

impl From<fmt::Error> for NoText {
    fn from(_: fmt::Error) -> Self {
        Self::TooLong
    }
}

/// The text of a value.
pub fn text_of(value: &Value) -> Result<String, NoText> {
    let mut text = String::new();
    write_text(&mut text, value)?;
    Ok(text)
}

/// Appends the text of a value, of at most [`TEXT_BYTES_MAX`] bytes.
pub fn write_text(out: &mut dyn fmt::Write, value: &Value) -> Result<(), NoText> {
    if let Some(text) = value.as_str() {
        return Limited { out, left: TEXT_BYTES_MAX }.text(text);
    }
    Limited { out, left: TEXT_BYTES_MAX }.value(value)
}

struct Limited<'a> {
    out: &'a mut dyn fmt::Write,
    left: usize,
}

impl Limited<'_> {
    fn text(&mut self, text: &str) -> Result<(), NoText> {
        self.left = self.left.checked_sub(text.len()).ok_or(NoText::TooLong)?;
        Ok(self.out.write_str(text)?)
    }

    fn value(&mut self, value: &Value) -> Result<(), NoText> {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Ok(()),
            ValueKind::Bool => self.text(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.number(value),
            ValueKind::String => self.text(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => self.list(value),
            ValueKind::Map => Ok(canonical::write(self, value)?),
            _ => Err(NoText::NotData),
        }
    }

    fn number(&mut self, value: &Value) -> Result<(), NoText> {
        if value.is_integer() {
            let integer = i64::try_from(value.clone()).map_err(|_| NoText::NumberRange)?;
            if !(-INTEGER_MAX..=INTEGER_MAX).contains(&integer) {
                return Err(NoText::NumberRange);
            }
            return self.text(itoa::Buffer::new().format(integer));
        }
        let float = f64::try_from(value.clone()).map_err(|_| NoText::NumberRange)?;
        if !float.is_finite() {
            return Err(NoText::NumberRange);
        }
        // Adding zero turns −0 into 0. `Display` writes the shortest digits, without exponent.
        Ok(write!(self, "{}", float + 0.0)?)
    }

    fn list(&mut self, list: &Value) -> Result<(), NoText> {
        for (index, item) in list.try_iter().map_err(|_| NoText::NotData)?.enumerate() {
            if index > 0 {
                self.text(", ")?;
            }
            self.value(&item)?;
        }
        Ok(())
    }
}

/// Objects inside a text are written by the JSON writer, under the same limit.
impl fmt::Write for Limited<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text).map_err(|_| fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interpreter::value::from_json;

    #[test]
    fn every_kind_has_its_text() {
        for (json, expected) in [
            (json!(null), ""),
            (json!(true), "true"),
            (json!(12.50), "12.5"),
            (json!(-0.0), "0"),
            (json!(1e21), "1000000000000000000000"),
            (json!(7.0), "7"),
            (json!("¡hola!"), "¡hola!"),
            (json!([1, "a", null, [2, false]]), "1, a, , 2, false"),
            (json!({"b": 1.0, "a": [null, "x"]}), r#"{"a":[null,"x"],"b":1}"#),
        ] {
            assert_eq!(text_of(&from_json(&json)).as_deref(), Ok(expected), "{json}");
        }
    }

    #[test]
    fn refuses_what_json_cannot_carry_and_what_is_too_long() {
        assert_eq!(text_of(&Value::from(1u64 << 53)), Err(NoText::NumberRange));
        assert_eq!(text_of(&Value::from(f64::NAN)), Err(NoText::NumberRange));
        assert_eq!(text_of(&Value::from("a".repeat(TEXT_BYTES_MAX + 1))), Err(NoText::TooLong));
        assert!(text_of(&Value::from("a".repeat(TEXT_BYTES_MAX))).is_ok());
        let shared = Value::from(vec![from_json(&json!({"a": "b".repeat(1000)})); 100]);
        assert_eq!(text_of(&shared), Err(NoText::TooLong));
    }
}
