//! Turns what the engine answers into data: lazy lists become lists, numbers are held against what JSON
//! carries, and what would not fit into a run's state is refused before it is built.

use minijinja::value::ValueKind;

use crate::flow::json::{DEPTH_MAX, INTEGER_MAX};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::value::{self, Value};

/// All variables of a flow together have at most this much JSON; one value cannot have more.
pub const STATE_BYTES_MAX: usize = 256 * 1024;

/// Plain data with the value of `value`.
pub fn settle(value: &Value) -> Result<Value, StepError> {
    Settling { bytes_left: STATE_BYTES_MAX }.value(value, DEPTH_MAX)
}

struct Settling {
    bytes_left: usize,
}

impl Settling {
    fn value(&mut self, value: &Value, depth_left: usize) -> Result<Value, StepError> {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => {
                self.take(4)?;
                Ok(Value::UNDEFINED)
            }
            ValueKind::Bool => {
                self.take(4)?;
                Ok(value.clone())
            }
            ValueKind::Number => {
                self.take(1)?;
                number(value)
            }
            ValueKind::String => {
                self.take(value.as_str().map_or(0, str::len) + 2)?;
                Ok(value.clone())
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let depth_left = deeper(depth_left)?;
                self.take(2)?;
                let mut items = Vec::new();
                for item in value.try_iter().map_err(|error| no_data(&error.to_string()))? {
                    self.take(1)?;
                    items.push(self.value(&item, depth_left)?);
                }
                Ok(value::list(items))
            }
            ValueKind::Map => self.object(value, deeper(depth_left)?),
            kind => Err(no_data(&kind.to_string())),
        }
    }

    fn object(&mut self, value: &Value, depth_left: usize) -> Result<Value, StepError> {
        self.take(2)?;
        let mut members = Vec::new();
        for key in value.try_iter().map_err(|error| no_data(&error.to_string()))? {
            let name = key.as_str().ok_or_else(|| no_data("an object whose keys are no texts"))?;
            self.take(name.len() + 4)?;
            let member = value.get_item(&key).unwrap_or_default();
            members.push((name.to_owned(), self.value(&member, depth_left)?));
        }
        Ok(value::object(members))
    }

    fn take(&mut self, bytes: usize) -> Result<(), StepError> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(|| {
            StepError::new(code::STATE_LIMIT, format!("A value has more than {STATE_BYTES_MAX} bytes."))
        })?;
        Ok(())
    }
}

fn deeper(depth_left: usize) -> Result<usize, StepError> {
    depth_left.checked_sub(1).ok_or_else(|| {
        StepError::new(code::STATE_LIMIT, format!("A value is nested deeper than {DEPTH_MAX} levels."))
    })
}

fn number(value: &Value) -> Result<Value, StepError> {
    let range = || StepError::new(code::NUMBER_RANGE, "The number is beyond what JSON carries exactly.");
    if value.is_integer() {
        let integer = i64::try_from(value.clone()).map_err(|_| range())?;
        return (-INTEGER_MAX..=INTEGER_MAX)
            .contains(&integer)
            .then(|| Value::from(integer))
            .ok_or_else(range);
    }
    value::as_float(value).and_then(value::number).ok_or_else(range)
}

fn no_data(what: &str) -> StepError {
    StepError::new(code::EXPR_TYPE, format!("The result is no data: {what}."))
}
