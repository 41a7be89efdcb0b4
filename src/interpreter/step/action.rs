//! `action`: a named function of the tenant's own backend. In a run only mocks and samples answer.

use super::flow::routed;
use crate::flow::document::{self, Edge};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{Uncompilable, ValueTemplate};
use crate::interpreter::program::{CompiledExit, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};
use crate::interpreter::trace::shown;
use crate::interpreter::value::{Value, from_json, object};

#[derive(Debug)]
pub struct CompiledAction {
    action: Box<str>,
    args: ValueTemplate,
    save_to: Option<usize>,
    outcomes: Vec<(Box<str>, CompiledExit)>,
    sample: Option<(Box<str>, Value)>,
    next: CompiledExit,
}

impl CompiledAction {
    pub fn compile(action: &document::Action, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let args = serde_json::Value::Object(action.args.clone());
        let exit = |outcome: &document::OutcomeExit| {
            (outcome.id.as_str().into(), step.exit(&Edge::Outcome(outcome.id.clone())))
        };
        let sample = action.sample_result.as_ref();
        Ok(Self {
            action: action.action.as_str().into(),
            args: step.value(&args, "args")?,
            save_to: step.maybe_variable(action.save_to.as_ref())?,
            outcomes: action.outcomes.iter().map(exit).collect(),
            sample: sample.map(|sample| (sample.outcome.as_str().into(), from_json(&sample.data))),
            next: step.exit(&Edge::Next),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let args = visit.value(&self.args)?;
        visit.run.stats.action_calls += 1;
        let mocks = &visit.run.request.mocks;
        let found = visit.run.mocks.action(mocks, visit.entry.step_id, &self.action, &args);
        let request = object([("action", Value::from(&*self.action)), ("args", shown(&args))]);
        let (outcome, data, mock) = match (found, &self.sample) {
            (Some((index, mock)), _) => (&mock.outcome, &mock.data, format!("request:{index}")),
            (None, Some((outcome, data))) => (outcome, data, "sample".to_owned()),
            (None, None) => {
                visit.entry.call = object([("request", request)]);
                let message = format!("No action mock or sampleResult matches {}", self.action);
                return Err(StepError::new(code::MOCK_MISSING, message));
            }
        };
        visit.entry.call = object([
            ("request", request),
            ("response", object([("outcome", Value::from(&**outcome)), ("data", shown(data))])),
            ("mock", Value::from(mock)),
        ]);
        visit.set_outcome(Value::from(&**outcome));
        visit.set_value(data.clone());
        visit.write_to(self.save_to, data.clone())?;
        match routed(&self.outcomes, outcome) {
            Some(exit) => Ok(Left::By(exit)),
            None if &**outcome == "error" => {
                Err(StepError::new(code::ACTION_FAILED, format!("The action {} failed.", self.action)))
            }
            None => Ok(Left::By(&self.next)),
        }
    }
}
