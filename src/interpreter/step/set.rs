//! `set`: write variables, each assignment seeing the ones before it.

use minijinja::value::ValueKind;

use crate::flow::document::{self, Edge, Op};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{Uncompilable, ValueTemplate};
use crate::interpreter::program::{CompiledExit, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};
use crate::interpreter::value::{self, Value, items, list};

#[derive(Debug)]
pub struct CompiledSet {
    assignments: Vec<Assignment>,
    next: CompiledExit,
}

#[derive(Debug)]
struct Assignment {
    variable: usize,
    op: Op,
    value: Option<ValueTemplate>,
    pointer: Box<str>,
}

impl CompiledSet {
    pub fn compile(set: &document::Set, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let compile = |(index, assignment): (usize, &document::Assignment)| {
            let at = |member: &str| format!("assign/{index}/{member}");
            let value = assignment.value.as_ref();
            Ok(Assignment {
                variable: step.variable(&assignment.variable, &at("variable"))?,
                op: assignment.op,
                value: value.map(|value| step.value(value, &at("value"))).transpose()?,
                pointer: step.at(&format!("assign/{index}")).into(),
            })
        };
        Ok(Self {
            assignments: set.assign.iter().enumerate().map(compile).collect::<Result<_, _>>()?,
            next: step.exit(&Edge::Next),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        for assignment in &self.assignments {
            assignment.perform(visit).map_err(|error| error.or_at(&assignment.pointer))?;
        }
        Ok(Left::By(&self.next))
    }
}

impl Assignment {
    fn perform<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<(), StepError> {
        let given = self.value.as_ref().map(|value| visit.value(value)).transpose()?;
        let current = visit.frame.scope.variables[self.variable].clone();
        let written = match self.op {
            Op::Set => given.unwrap_or_default(),
            Op::Append => appended(&current, given.unwrap_or_default())?,
            Op::Increment => incremented(&current, &given.unwrap_or_else(|| Value::from(1)))?,
            Op::Unset => visit.frame.program.variables[self.variable].default.clone(),
        };
        visit.write(self.variable, written)
    }
}

fn appended(current: &Value, item: Value) -> Result<Value, StepError> {
    let kept = match (current.kind(), items(current)) {
        (ValueKind::Undefined, _) => &[],
        (_, Some(items)) => items,
        _ => return Err(StepError::new(code::TYPE_MISMATCH, "Only a list can be appended to.")),
    };
    Ok(list(kept.iter().cloned().chain([item]).collect()))
}

fn incremented(current: &Value, by: &Value) -> Result<Value, StepError> {
    let number = |value: &Value| match value.kind() {
        ValueKind::Undefined => Ok(0.0),
        _ => value::as_float(value)
            .ok_or_else(|| StepError::new(code::TYPE_MISMATCH, "Only numbers can be incremented.")),
    };
    let range = || StepError::new(code::NUMBER_RANGE, "The number is beyond what JSON carries exactly.");
    let (current_number, by_number) = (number(current)?, number(by)?);
    if let (Some(a), Some(b)) = (integer_or_zero(current), integer_or_zero(by)) {
        return value::as_integer(&Value::from(a + b)).map(Value::from).ok_or_else(range);
    }
    value::number(current_number + by_number).ok_or_else(range)
}

fn integer_or_zero(value: &Value) -> Option<i64> {
    if value.is_undefined() { Some(0) } else { value::as_integer(value) }
}
