//! One visit of a step, and what it did.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::label::{SourceLabel, StepLabel};
use super::message::Output;
use crate::interpreter::canonical::{CanonicalPage, WriteJson};
use crate::interpreter::error::ErrorEntry;
use crate::interpreter::moment::Instant;
use crate::interpreter::value::Value;

#[derive(Debug, Clone)]
pub struct StepEntry<'a> {
    pub attempts: SmallVec<[Attempt; 1]>,
    /// Request and answer of an `http`, `action` or `flow` step.
    pub call: Value,
    pub changes: SmallVec<[VariableChange<'a>; 1]>,
    /// 0 in the flow of the run, one more in every flow called.
    pub depth: usize,
    pub edge: Option<&'a str>,
    pub entered_at: Instant,
    pub error: Option<Box<ErrorEntry<'a>>>,
    pub evaluations: SmallVec<[Evaluation<'a>; 1]>,
    /// The ids of the called flows that lead here.
    pub flow_path: Vec<&'a str>,
    /// The event that a `wait` waited for.
    pub input: Value,
    pub label: &'a StepLabel,
    pub left_at: Option<Instant>,
    /// From 1.
    pub n: u32,
    /// The step entered next, or `$end`.
    pub next: Option<&'a str>,
    /// Null when nothing was sent; absent in a summary.
    pub output: ShownValue,
    pub pointer: &'a str,
    /// The whole body that was sent, for expectations that ask for it.
    pub sent_body: Option<Box<str>>,
    pub status: StepStatus,
    pub step_id: &'a str,
    pub visit: u32,
    pub warnings: Vec<Warning<'a>>,
}

/// The output of a step in a full trace, or its omission in a summary.
#[derive(Debug, Clone)]
pub enum ShownValue {
    Omitted,
    Output(Output),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    Ok,
    Skipped,
    Waiting,
    Error,
    Stopped,
}

impl StepStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Waiting => "waiting",
            Self::Error => "error",
            Self::Stopped => "stopped",
        }
    }
}

/// An input that a step judged, or what happened while it waited.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub accepted: Option<bool>,
    pub at: Instant,
    /// `reminder:<i>`, `timeout` or `interrupt:<i>`.
    pub event: Option<Cow<'static, str>>,
    pub input: Value,
    /// The member of the step that rejected the input.
    pub reason: Option<&'static str>,
    /// The index of the rule, when the reason is `validation`.
    pub rule: Option<usize>,
    pub value: Option<Value>,
}

impl Attempt {
    fn new(at: Instant) -> Self {
        Self {
            accepted: None,
            at,
            event: None,
            input: Value::UNDEFINED,
            reason: None,
            rule: None,
            value: None,
        }
    }

    pub fn event(at: Instant, event: impl Into<Cow<'static, str>>) -> Self {
        Self { event: Some(event.into()), ..Self::new(at) }
    }

    pub fn accepted(at: Instant, input: Value, value: Value) -> Self {
        Self { accepted: Some(true), input, value: Some(value), ..Self::new(at) }
    }

    pub fn rejected(at: Instant, input: Value, reason: &'static str, rule: Option<usize>) -> Self {
        Self { accepted: Some(false), input, reason: Some(reason), rule, ..Self::new(at) }
    }
}

#[derive(Debug, Clone)]
pub struct VariableChange<'a> {
    pub from: Value,
    pub to: Value,
    pub variable: Cow<'a, str>,
}

/// An expression or template, what it gave, and what it saw.
#[derive(Debug, Clone)]
pub struct Evaluation<'a> {
    pub error: Option<Box<EvaluationError>>,
    pub label: &'a SourceLabel,
    pub result: Value,
    /// In the order of the label's names.
    pub values: SmallVec<[Value; 1]>,
}

#[derive(Debug, Clone)]
pub struct EvaluationError {
    pub code: &'static str,
    pub message: String,
}

/// Something the author should know, that does not stop the run.
#[derive(Debug, Clone)]
pub struct Warning<'a> {
    pub code: &'static str,
    pub message: String,
    pub pointer: Option<Cow<'a, str>>,
    pub step_id: Option<&'a str>,
}

impl WriteJson for StepEntry<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        self.write_opening(page);
        page.raw("\"depth\":").integer(self.depth);
        if let Some(edge) = self.edge {
            page.raw(",\"edge\":").text(edge);
        }
        page.raw(",\"enteredAt\":").instant(self.entered_at);
        if let Some(error) = &self.error {
            page.raw(",\"error\":");
            error.write_json(page);
        }
        if !self.evaluations.is_empty() {
            page.raw(",\"evaluations\":").all(&self.evaluations);
        }
        if !self.flow_path.is_empty() {
            page.raw(",\"flowPath\":").list(&self.flow_path, |page, id| page.text(id));
        }
        if !self.input.is_undefined() {
            page.raw(",\"input\":").value(&self.input);
        }
        if let Some(left_at) = self.left_at {
            page.raw(",\"leftAt\":").instant(left_at);
        }
        page.raw(",\"n\":").integer(self.n);
        if let Some(next) = self.next {
            page.raw(",\"next\":").text(next);
        }
        self.output.write_member(page);
        page.raw(&self.label.to_status);
        page.raw(self.status.as_str());
        page.raw(&self.label.to_visit).integer(self.visit);
        if !self.warnings.is_empty() {
            page.raw(",\"warnings\":").all(&self.warnings);
        }
        page.raw("}");
    }
}

impl StepEntry<'_> {
    /// Writes the members before `depth`, each with a comma behind it.
    fn write_opening(&self, page: &mut CanonicalPage) {
        page.raw("{");
        if !self.attempts.is_empty() {
            page.raw("\"attempts\":").all(&self.attempts);
            page.raw(",");
        }
        if !self.call.is_undefined() {
            page.raw("\"call\":").value(&self.call);
            page.raw(",");
        }
        if !self.changes.is_empty() {
            page.raw("\"changes\":").all(&self.changes);
            page.raw(",");
        }
    }
}

impl ShownValue {
    /// Writes the member `output` of an entry, unless it is omitted.
    fn write_member(&self, page: &mut CanonicalPage) {
        match self {
            ShownValue::Omitted => {}
            ShownValue::Output(output) if output.messages.is_empty() => _ = page.raw(",\"output\":null"),
            ShownValue::Output(output) => {
                page.raw(",\"output\":");
                output.write_json(page);
            }
        }
    }
}

impl WriteJson for Attempt {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw(match self.accepted {
            Some(true) => "{\"accepted\":true,\"at\":",
            Some(false) => "{\"accepted\":false,\"at\":",
            None => "{\"at\":",
        })
        .instant(self.at);
        if let Some(event) = &self.event {
            page.raw(",\"event\":").text(event);
        }
        if !self.input.is_undefined() {
            page.raw(",\"input\":").value(&self.input);
        }
        if let Some(reason) = self.reason {
            page.raw(",\"reason\":").text(reason);
        }
        if let Some(rule) = self.rule {
            page.raw(",\"rule\":").integer(rule);
        }
        if let Some(value) = &self.value {
            page.raw(",\"value\":").value(value);
        }
        page.raw("}");
    }
}

impl WriteJson for VariableChange<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"from\":").value(&self.from);
        page.raw(",\"to\":").value(&self.to);
        page.raw(",\"variable\":").text(&self.variable);
        page.raw("}");
    }
}

impl WriteJson for Evaluation<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{");
        if let Some(error) = &self.error {
            page.raw("\"error\":{\"code\":").text(error.code);
            page.raw(",\"message\":").text(&error.message);
            page.raw("},");
        }
        page.raw(&self.label.to_result).value(&self.result);
        page.raw(&self.label.to_values);
        for (index, (name, value)) in self.label.names.iter().zip(&self.values).enumerate() {
            if index > 0 {
                page.raw(",");
            }
            page.raw(name).value(value);
        }
        page.raw("}}");
    }
}

impl WriteJson for Warning<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"code\":").text(self.code);
        page.raw(",\"message\":").text(&self.message);
        page.raw(",\"pointer\":").maybe_text(self.pointer.as_deref());
        page.raw(",\"stepId\":").maybe_text(self.step_id);
        page.raw("}");
    }
}
