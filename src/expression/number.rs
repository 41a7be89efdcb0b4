//! Whole numbers, as every JSON reader carries them.

use minijinja::Value;
use minijinja::value::ValueKind;

/// The largest integer a double carries exactly, 2^53 − 1; the smallest is its negative.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// The integer a number is, when it is whole and within ±(2^53−1).
pub fn as_integer(value: &Value) -> Option<i64> {
    let integer = match value.kind() {
        ValueKind::Number if value.is_integer() => i64::try_from(value.clone()).ok()?,
        ValueKind::Number => {
            let float = f64::try_from(value.clone()).ok()?;
            (float.fract() == 0.0 && float.abs() <= INTEGER_MAX as f64).then_some(float as i64)?
        }
        _ => return None,
    };
    (-INTEGER_MAX..=INTEGER_MAX).contains(&integer).then_some(integer)
}
