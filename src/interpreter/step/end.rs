//! `end`: the flow is finished, with an outcome and perhaps a farewell.

use super::body::present;
use crate::flow::document::{self, Edge};
use crate::interpreter::expression::Uncompilable;
use crate::interpreter::program::{CompiledExit, Localized, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};
use crate::interpreter::value::Value;

#[derive(Debug)]
pub struct CompiledEnd {
    outcome: Value,
    text: Option<Localized>,
    end: CompiledExit,
}

impl CompiledEnd {
    pub fn compile(end: &document::End, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        Ok(Self {
            outcome: Value::from(end.outcome.as_str()),
            text: step.maybe_localized(end.text.as_ref(), "text", "text")?,
            end: step.exit(&Edge::End),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        if let Some(text) = present(visit.maybe_localized(self.text.as_ref())?) {
            visit.send_text(text)?;
        }
        visit.set_outcome(self.outcome.clone());
        Ok(Left::Finished { exit: &self.end, outcome: self.outcome.clone() })
    }
}
