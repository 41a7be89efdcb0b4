//! `flow`: run another flow and come back, or hand the conversation over to it.

use uuid::Uuid;

use crate::flow::document::{self, CallMode, Edge, FlowVersion};
use crate::flow::limits::CALL_DEPTH_MAX;

use crate::interpreter::error::{ErrorEntry, StepError, code};
use crate::interpreter::expression::{Uncompilable, ValueTemplate};
use crate::interpreter::mock::MockUses;
use crate::interpreter::program::{CalledFlow, CompiledExit, StepCompiler};
use crate::interpreter::run::{CallingFrame, FlowEnd, Frame, Left, RunEnd, StepResult, Visit, locale_order};
use crate::interpreter::trace::shown;
use crate::interpreter::value::{Value, member, object};
use crate::interpreter::write;

#[derive(Debug)]
pub struct CompiledSubFlow {
    flow_id: Uuid,
    /// The id as text, for paths and traces.
    id: Box<str>,
    version: FlowVersion,
    mode: CallMode,
    inputs: Vec<(Box<str>, ValueTemplate)>,
    /// The callee's variable, and ours that receives it.
    outputs: Vec<(Box<str>, usize)>,
    outcomes: Vec<(Box<str>, CompiledExit)>,
    next: CompiledExit,
    end: CompiledExit,
}

/// The exit that an outcome has of its own.
pub fn routed<'e>(outcomes: &'e [(Box<str>, CompiledExit)], outcome: &str) -> Option<&'e CompiledExit> {
    outcomes.iter().find(|(id, _)| **id == *outcome).map(|(_, exit)| exit)
}

impl CompiledSubFlow {
    pub fn compile(call: &document::SubFlow, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let input = |(name, value): (&String, &serde_json::Value)| {
            Ok((name.as_str().into(), step.value(value, &format!("inputs/{name}"))?))
        };
        let output = |(index, output): (usize, &document::OutputMapping)| {
            let to = step.variable(&output.to, &format!("outputs/{index}/to"))?;
            Ok((output.from.as_str().into(), to))
        };
        let exit = |outcome: &document::OutcomeExit| {
            (outcome.id.as_str().into(), step.exit(&Edge::Outcome(outcome.id.clone())))
        };
        Ok(Self {
            flow_id: call.flow_id,
            id: call.flow_id.to_string().into(),
            version: call.version,
            mode: call.mode,
            inputs: call.inputs.iter().map(input).collect::<Result<_, _>>()?,
            outputs: call.outputs.iter().enumerate().map(output).collect::<Result<_, _>>()?,
            outcomes: call.outcomes.iter().map(exit).collect(),
            next: step.exit(&Edge::Next),
            end: step.exit(&Edge::End),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for (name, value) in &self.inputs {
            inputs.push((name.clone(), visit.value(value)?));
        }
        let called = visit.run.called.get(self.flow_id, self.version);
        let mock = MockUses::flow(&visit.run.request.mocks, self.flow_id);
        visit.entry.call = object([("request", self.request(&inputs, called))]);
        if self.mode == CallMode::Transfer {
            let next = match (mock, called) {
                (Some(_), _) => None,
                (None, Some(called)) => Some(self.take_over(visit, called, &inputs)?),
                (None, None) => return Err(self.unresolved()),
            };
            return Ok(Left::Over { exit: Some(&self.end), end: RunEnd::Transferred(next) });
        }
        let (outcome, outputs, mock) = match (mock, called) {
            (Some((index, mock)), _) => {
                let outputs = self.outputs.iter().map(|(from, _)| member(&mock.outputs, from)).collect();
                (Value::from(&*mock.outcome), outputs, Some(format!("request:{index}")))
            }
            (None, Some(called)) => match self.call(visit, called, &inputs)? {
                Called::Back { outcome, outputs } => (outcome, outputs, None),
                Called::Left(left) => return Ok(left),
            },
            (None, None) => return Err(self.unresolved()),
        };
        self.note(visit, &inputs, called, &outcome, &outputs, mock);
        visit.set_outcome(outcome.clone());
        for ((_, to), value) in self.outputs.iter().zip(outputs) {
            visit.write(*to, value)?;
        }
        Ok(Left::By(routed(&self.outcomes, outcome.as_str().unwrap_or_default()).unwrap_or(&self.next)))
    }

    fn unresolved(&self) -> StepError {
        let message = format!("The flow {} is not there to be called, or has errors.", self.id);
        StepError::new(code::FLOW_UNRESOLVED, message)
    }

    /// The other flow, ready to go on with the conversation in place of this one and all that called it.
    fn take_over<'a>(
        &'a self,
        visit: &Visit<'_, 'a>,
        called: &'a CalledFlow,
        inputs: &[(Box<str>, Value)],
    ) -> Result<Box<Frame<'a>>, StepError> {
        let first = visit.frame.flow_path[0];
        let mut frame = Frame::taking_over(&called.program, called.version, first, &self.id);
        set_inputs(&mut frame, inputs)?;
        Ok(Box::new(frame))
    }

    /// Walks the other flow inside this run.
    fn call<'a>(
        &'a self,
        visit: &mut Visit<'_, 'a>,
        called: &'a CalledFlow,
        inputs: &[(Box<str>, Value)],
    ) -> Result<Called<'a>, StepError> {
        if visit.frame.running().contains(&&*self.id) {
            let message = format!("The flow {} is being run already.", self.id);
            return Err(StepError::new(code::RECURSION, message));
        }
        if visit.frame.depth() >= CALL_DEPTH_MAX {
            let message = format!("Flows call each other deeper than {CALL_DEPTH_MAX} levels.");
            return Err(StepError::new(code::CALL_DEPTH, message));
        }
        let mut shared = std::mem::take(&mut visit.frame.scope().shared);
        let own_zone = shared.zone;
        shared.zone = visit.run.request.zone.unwrap_or(called.program.settings.timezone);
        let order = locale_order(&called.program, shared.locale.tag());
        let mut frame = visit.frame.below(&called.program, called.version, &self.id, shared, order);
        let end = match set_inputs(&mut frame, inputs) {
            Ok(()) => {
                visit.run.callers.push(CallingFrame {
                    program: visit.frame.program,
                    scope: visit.frame.scope.clone(),
                    step: visit.index,
                    zone: own_zone,
                    flow: visit.frame.namespace(),
                });
                let end = frame.walk(visit.run);
                visit.run.callers.pop();
                Ok(end)
            }
            Err(error) => Err(error),
        };
        let mut shared = std::mem::take(&mut frame.scope().shared);
        shared.zone = own_zone;
        shared.now = Value::UNDEFINED;
        visit.frame.resume(shared);
        if frame.has_waited() {
            visit.frame.note_wait();
        }
        match end? {
            FlowEnd::Completed(outcome) => {
                let value = |from: &str| {
                    let index = frame.program.names.variable(from)?;
                    Some(frame.scope.variables[index].clone())
                };
                let outputs = self.outputs.iter().map(|(from, _)| value(from).unwrap_or_default());
                Ok(Called::Back { outcome, outputs: outputs.collect() })
            }
            FlowEnd::Failed(error) => Err(failed(&self.id, &error)),
            FlowEnd::Over(end) => Ok(Called::Left(Left::Over { exit: None, end })),
            FlowEnd::Interrupted { depth, exit } if depth == visit.frame.depth() => {
                visit.frame.note_interrupt(visit.index);
                Ok(Called::Left(Left::By(exit)))
            }
            FlowEnd::Interrupted { depth, exit } => Ok(Called::Left(Left::Interrupted { depth, exit })),
        }
    }

    fn request(&self, inputs: &[(Box<str>, Value)], called: Option<&CalledFlow>) -> Value {
        let version = match (called, self.version) {
            (Some(called), _) => called.version.to_value(),
            (None, FlowVersion::Number(version)) => Value::from(version),
            (None, FlowVersion::Published) => Value::from("published"),
        };
        let inputs = inputs.iter().map(|(name, value)| (name.clone(), shown(value)));
        object([("flowId", Value::from(&*self.id)), ("version", version), ("inputs", object(inputs))])
    }

    fn note(
        &self,
        visit: &mut Visit<'_, '_>,
        inputs: &[(Box<str>, Value)],
        called: Option<&CalledFlow>,
        outcome: &Value,
        outputs: &[Value],
        mock: Option<String>,
    ) {
        let names = self.outputs.iter().map(|(from, _)| from.clone());
        let outputs = object(names.zip(outputs.iter().map(shown)));
        let response = object([("outcome", outcome.clone()), ("outputs", outputs)]);
        let mut call = vec![("request", self.request(inputs, called)), ("response", response)];
        call.extend(mock.map(|mock| ("mock", Value::from(mock))));
        visit.entry.call = object(call);
    }
}

/// How the other flow came to an end.
enum Called<'a> {
    Back {
        outcome: Value,
        outputs: Vec<Value>,
    },
    /// It does not come back: the whole run is over or waits inside it, or a flow that called goes on elsewhere.
    Left(Left<'a>),
}

fn set_inputs(frame: &mut Frame<'_>, inputs: &[(Box<str>, Value)]) -> Result<(), StepError> {
    for (name, value) in inputs {
        let index = frame.program.names.variable(name);
        let Some(index) = index.filter(|index| frame.program.variables[*index].scope.is_input()) else {
            let message = format!("The called flow takes no input {name}.");
            return Err(StepError::new(code::BAD_FLOW_MAPPING, message));
        };
        let kind = frame.program.variables[index].kind;
        let coerced = write::coerce(kind, value).ok_or_else(|| write::mismatch(name, kind, value))?;
        frame.account(index, &coerced)?;
        frame.scope().variables[index] = coerced;
    }
    Ok(())
}

fn failed(id: &str, error: &ErrorEntry<'_>) -> StepError {
    let message = format!("The flow {id} failed at {}: {} {}", error.step_id, error.code, error.message);
    StepError::new(code::SUBFLOW_FAILED, message)
}
