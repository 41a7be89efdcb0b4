//! One visit of a step: what steps use to evaluate, write, send and leave, all of it noted in the entry.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use super::frame::{Entered, Frame};
use super::{FlowEnd, Left, Run, RunEnd};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{
    CompiledExpression, CompiledText, Rendered, Source, ValueTemplate, native, render,
};
use crate::interpreter::program::{CompiledStep, Localized};
use crate::interpreter::request::Detail;
use crate::interpreter::trace::{
    Evaluation, EvaluationError, MASK, Output, SentMessage, ShownValue, Speaker, StepEntry, StepStatus,
    VariableChange, Warning, shown,
};
use crate::interpreter::value::{Value, list, object};
use crate::interpreter::write;

#[derive(Debug)]
pub struct Visit<'r, 'a> {
    pub run: &'r mut Run<'a>,
    pub frame: &'r mut Frame<'a>,
    pub index: usize,
    pub entry: Box<StepEntry<'a>>,
}

impl<'r, 'a> Visit<'r, 'a> {
    pub fn enter(run: &'r mut Run<'a>, frame: &'r mut Frame<'a>, index: usize) -> Self {
        let step = &frame.program.steps[index];
        let record = &mut frame.scope().steps[index];
        let visits = record.visits + 1;
        *record = Default::default();
        record.visits = visits;
        frame.visited.steps[index] = true;
        let detail = run.recorder.detail;
        let entry = Box::new(StepEntry {
            attempts: SmallVec::new(),
            call: Value::UNDEFINED,
            changes: SmallVec::new(),
            depth: frame.depth(),
            edge: None,
            entered_at: run.clock,
            error: None,
            evaluations: SmallVec::new(),
            flow_path: frame.flow_path[1..].to_vec(),
            input: Value::UNDEFINED,
            label: &step.label,
            left_at: None,
            n: run.recorder.open(),
            next: None,
            output: if detail == Detail::Full {
                ShownValue::Output(Output::default())
            } else {
                ShownValue::Omitted
            },
            pointer: &step.pointer,
            sent_body: None,
            status: StepStatus::Ok,
            step_id: &step.id,
            visit: visits,
            warnings: Vec::new(),
        });
        Self { run, frame, index, entry }
    }

    pub fn step(&self) -> &'a CompiledStep {
        &self.frame.program.steps[self.index]
    }

    /// Whether the step's `when` holds.
    pub fn is_wanted(&mut self) -> Result<bool, StepError> {
        match &self.step().when {
            Some(when) => self.condition(when),
            None => Ok(true),
        }
    }

    /// The truth of an expression.
    pub fn condition(&mut self, expression: &'a CompiledExpression) -> Result<bool, StepError> {
        let result = self.quietly(expression).map(|value| value.is_true());
        let noted = result.as_ref().map(|truth| Value::from(*truth));
        self.note(expression.source(), noted, false);
        result
    }

    pub fn evaluate(&mut self, expression: &'a CompiledExpression) -> Result<Value, StepError> {
        let result = self.quietly(expression);
        self.note(expression.source(), result.as_ref().cloned(), false);
        result
    }

    fn quietly(&mut self, expression: &'a CompiledExpression) -> Result<Value, StepError> {
        self.run.refresh(self.frame, expression.source());
        let result = expression.evaluate(&self.frame.scope, &mut self.run.evaluator);
        self.or_missing(result, expression.source())
    }

    /// Goes on with nothing where a value is missing, if the settings say so.
    fn or_missing(
        &mut self,
        result: Result<Value, StepError>,
        source: &'a Source,
    ) -> Result<Value, StepError> {
        match result {
            Err(error) if error.code == code::EXPR_UNDEFINED && self.frame.program.names.missing_is_empty => {
                self.warn_missing(&error.message, source);
                Ok(Value::UNDEFINED)
            }
            result => result,
        }
    }

    pub(super) fn warn_missing(&mut self, what: &str, source: &'a Source) {
        let message = format!("{what} It counted as empty.");
        self.warn("MISSING_VALUE", message, Some(Cow::Borrowed(&*source.pointer)));
    }

    pub fn text(&mut self, text: &'a CompiledText) -> Result<Value, StepError> {
        match text {
            CompiledText::Literal(text) => Ok(text.clone()),
            CompiledText::Template(template) => self.render(template, false),
        }
    }

    /// A text whose result and values the trace must not show.
    pub fn masked_text(&mut self, text: &'a CompiledText) -> Result<Value, StepError> {
        match text {
            CompiledText::Literal(text) => Ok(text.clone()),
            CompiledText::Template(template) => self.render(template, true),
        }
    }

    pub fn maybe_text(&mut self, text: Option<&'a CompiledText>) -> Result<Option<Value>, StepError> {
        text.map(|text| self.text(text)).transpose()
    }

    pub fn localized(&mut self, text: &'a Localized) -> Result<Value, StepError> {
        self.text(text.pick(&self.frame.locale_order))
    }

    pub fn maybe_localized(&mut self, text: Option<&'a Localized>) -> Result<Option<Value>, StepError> {
        text.map(|text| self.localized(text)).transpose()
    }

    /// JSON whose strings are templates.
    pub fn value(&mut self, template: &'a ValueTemplate) -> Result<Value, StepError> {
        Ok(match template {
            ValueTemplate::Literal(value) => value.clone(),
            ValueTemplate::Native(source) => {
                self.run.refresh(self.frame, source);
                let result = native(source, &self.frame.scope, &mut self.run.evaluator);
                let result = self.or_missing(result, source);
                self.note(source, result.as_ref().cloned(), false);
                result?
            }
            ValueTemplate::Text(source) => self.render(source, false)?,
            ValueTemplate::List(items) => {
                list(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)
            }
            ValueTemplate::Object(members) => {
                let members = members.iter().map(|(name, member)| Ok((name.clone(), self.value(member)?)));
                object(members.collect::<Result<Vec<_>, StepError>>()?)
            }
        })
    }

    fn render(&mut self, template: &'a Source, is_masked: bool) -> Result<Value, StepError> {
        self.run.refresh(self.frame, template);
        let result = render(template, &self.frame.scope, &mut self.run.evaluator);
        self.note(template, result.as_ref().map(|rendered| rendered.text.clone()), is_masked);
        let Rendered { text, nulls, missing } = result?;
        for what in missing {
            self.warn_missing(&what, template);
        }
        for path in nulls {
            let message = format!("`{path}` has no value and was rendered as nothing.");
            self.warn("NULL_RENDERED", message, Some(Cow::Borrowed(&*template.pointer)));
        }
        Ok(text)
    }

    fn note(&mut self, source: &'a Source, result: Result<Value, &StepError>, is_masked: bool) {
        if self.run.recorder.detail == Detail::Summary {
            return;
        }
        let scope = &self.frame.scope;
        let show = |value: &Value| if is_masked { Value::from(MASK) } else { shown(value) };
        let values = source.references.iter().map(|reference| show(&reference.path.lookup(scope)));
        self.entry.evaluations.push(Evaluation {
            error: result
                .as_ref()
                .err()
                .map(|error| Box::new(EvaluationError { code: error.code, message: error.message.clone() })),
            label: &source.label,
            values: values.collect(),
            result: result.map(|result| show(&result)).unwrap_or_default(),
        });
    }

    /// Writes a variable of this flow, coerced to its type.
    pub fn write(&mut self, variable: usize, value: Value) -> Result<(), StepError> {
        let declared = &self.frame.program.variables[variable];
        let coerced = write::coerce(declared.kind, &value)
            .ok_or_else(|| write::mismatch(&declared.name, declared.kind, &value))?;
        self.frame.account(variable, &coerced)?;
        let to = shown(&coerced);
        let from = std::mem::replace(&mut self.frame.scope().variables[variable], coerced);
        self.entry.changes.push(VariableChange {
            from: shown(&from),
            to,
            variable: Cow::Borrowed(&declared.name),
        });
        Ok(())
    }

    pub fn write_to(&mut self, variable: Option<usize>, value: Value) -> Result<(), StepError> {
        match variable {
            Some(variable) => self.write(variable, value),
            None => Ok(()),
        }
    }

    /// What `steps.<id>.value` answers from now on.
    pub fn set_value(&mut self, value: Value) {
        let index = self.index;
        self.frame.scope().steps[index].value = value;
    }

    /// What `steps.<id>.outcome` answers from now on.
    pub fn set_outcome(&mut self, outcome: Value) {
        let index = self.index;
        self.frame.scope().steps[index].outcome = outcome;
    }

    /// Sends a message of the bot.
    pub fn send(&mut self, message: SentMessage) -> Result<(), StepError> {
        if message.kind() != "template" && self.run.leaves_window() {
            let message = "The person has not written for 24 hours: only an approved template reaches them.";
            self.warn("OUTSIDE_SERVICE_WINDOW", message.to_owned(), None);
        }
        let message = Arc::new(message);
        let recorder = &mut self.run.recorder;
        let weight = recorder.say(self.run.clock, Speaker::Bot, Some(self.entry.step_id), message.clone())?;
        self.run.stats.messages_out += 1;
        if let ShownValue::Output(output) = &mut self.entry.output {
            output.messages.push(message);
            output.weight += weight;
        }
        Ok(())
    }

    pub fn warn(&mut self, code: &'static str, message: String, pointer: Option<Cow<'a, str>>) {
        let pointer = pointer.unwrap_or(Cow::Borrowed(self.entry.pointer));
        let warning = Warning { code, message, pointer: Some(pointer), step_id: Some(self.entry.step_id) };
        if self.run.recorder.warn(&warning) {
            self.entry.warnings.push(warning);
        }
    }

    /// Closes the visit by the way the step left.
    pub fn leave(&mut self, left: Left<'a>) -> Entered<'a> {
        let mut next = None;
        let (exit, entered) = match left {
            Left::By(exit) => match self.frame.place_of(exit.to) {
                Ok(to) => {
                    next = Some(to);
                    (Some(exit), Entered::Onward(to))
                }
                Err(error) => return self.fail(&error),
            },
            Left::Finished { exit, outcome } => (Some(exit), Entered::Ended(FlowEnd::Completed(outcome))),
            Left::Over { exit, end } => {
                self.entry.status = match end {
                    RunEnd::Waiting { .. } => StepStatus::Waiting,
                    RunEnd::Failed(_) | RunEnd::Exhausted(_) => StepStatus::Error,
                    RunEnd::Stopped => StepStatus::Stopped,
                    RunEnd::HandedOff(_) | RunEnd::Transferred(_) | RunEnd::Expired => StepStatus::Ok,
                };
                (exit, Entered::Ended(FlowEnd::Over(end)))
            }
            Left::Interrupted { depth, exit } => {
                self.entry.edge = Some(&exit.label);
                self.entry.left_at = Some(self.run.clock);
                (None, Entered::Ended(FlowEnd::Interrupted { depth, exit }))
            }
        };
        if let Some(exit) = exit {
            self.entry.edge = Some(&exit.label);
            self.entry.next = Some(self.frame.target_name(next.unwrap_or(exit.to)));
            self.entry.left_at = Some(self.run.clock);
            self.frame.note_taken(self.index, exit);
        }
        entered
    }

    /// Closes the visit with an error, and finds who handles it.
    pub fn fail(&mut self, error: &StepError) -> Entered<'a> {
        let step = self.step();
        let entry = self.frame.error_entry(step, error);
        self.entry.status = StepStatus::Error;
        self.entry.error = Some(Box::new(entry.clone()));
        let index = self.index;
        let record = object([("code", Value::from(error.code)), ("message", Value::from(&*error.message))]);
        self.frame.scope().steps[index].error = record;
        if error.is_final() {
            return Entered::Ended(self.frame.final_end(step, error));
        }
        let Some(handler) = self.frame.handler(step) else {
            return Entered::Ended(FlowEnd::Failed(entry));
        };
        let Ok(to) = self.frame.place_of(handler.to) else {
            return Entered::Ended(FlowEnd::Failed(entry));
        };
        self.entry.edge = Some(handler.label);
        self.entry.next = Some(self.frame.target_name(to));
        self.entry.left_at = Some(self.run.clock);
        if let Some(exit) = handler.exit {
            self.frame.note_taken(index, exit);
        }
        Entered::Onward(to)
    }

    /// The finished entry.
    pub fn finish(self) -> Box<StepEntry<'a>> {
        let scope = self.frame.scope();
        scope.steps[self.index].status = self.entry.status.as_str();
        scope.local = Default::default();
        scope.secrets = false;
        self.entry
    }
}

/// An error about the rendered length of a text.
pub fn too_long(what: &str, actual: usize, allowed: usize) -> StepError {
    let message = format!("{what} has {actual} characters; at most {allowed} are allowed.");
    StepError::new(code::MESSAGE_LIMIT, message)
}
