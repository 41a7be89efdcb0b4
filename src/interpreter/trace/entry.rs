//! One visit of a step, and what it did.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use smallvec::SmallVec;

use super::as_json;
use super::message::Output;
use super::shown::cut_text;
use crate::interpreter::canonical::Json;
use crate::interpreter::error::ErrorEntry;
use crate::interpreter::moment::Instant;
use crate::interpreter::value::Value;

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepEntry<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Request and answer of an `http`, `action` or `flow` step.
    #[serde(skip_serializing_if = "Value::is_undefined", serialize_with = "as_json")]
    pub call: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change<'a>>,
    /// 0 in the flow of the run, one more in every flow called.
    pub depth: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<Cow<'a, str>>,
    pub entered_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<ErrorEntry<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evaluations: Vec<Evaluation<'a>>,
    /// The ids of the called flows that lead here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flow_path: Vec<&'a str>,
    /// The event that a `wait` waited for.
    #[serde(skip_serializing_if = "Value::is_undefined", serialize_with = "as_json")]
    pub input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Instant>,
    /// From 1.
    pub n: u32,
    /// The step entered next, or `$end`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<&'a str>,
    /// Null when nothing was sent; absent in a summary.
    #[serde(skip_serializing_if = "Shown::is_omitted")]
    pub output: Shown,
    pub pointer: &'a str,
    /// The whole body that was sent, for expectations that ask for it.
    #[serde(skip)]
    pub sent_body: Option<Box<str>>,
    pub status: Status,
    pub step_id: &'a str,
    pub r#type: &'static str,
    pub visit: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning<'a>>,
}

/// The output of a step in a full trace, or its omission in a summary.
#[derive(Debug, Clone)]
pub enum Shown {
    Omitted,
    Output(Output),
}

impl Shown {
    fn is_omitted(&self) -> bool {
        matches!(self, Self::Omitted)
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Output(output) if !output.messages.is_empty() => output.serialize(serializer),
            Self::Omitted | Self::Output(_) => serializer.serialize_unit(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Skipped,
    Waiting,
    Error,
    Stopped,
}

impl Status {
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
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    pub at: Instant,
    /// `reminder:<i>`, `timeout` or `interrupt:<i>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Value::is_undefined", serialize_with = "as_json")]
    pub input: Value,
    /// The member of the step that rejected the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The index of the rule, when the reason is `validation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_json")]
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

fn some_json<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Json).serialize(serializer)
}

#[derive(Debug, Clone, Serialize)]
pub struct Change<'a> {
    #[serde(serialize_with = "as_json")]
    pub from: Value,
    #[serde(serialize_with = "as_json")]
    pub to: Value,
    pub variable: Cow<'a, str>,
}

/// An expression or template, what it gave, and what it saw.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<EvaluationError>,
    pub pointer: &'a str,
    #[serde(serialize_with = "as_json")]
    pub result: Value,
    #[serde(serialize_with = "cut_source")]
    pub source: &'a str,
    #[serde(serialize_with = "as_map")]
    pub values: SmallVec<[(&'a str, Value); 1]>,
}

fn cut_source<S: Serializer>(source: &&str, serializer: S) -> Result<S::Ok, S::Error> {
    cut_text(source, serializer)
}

fn as_map<S: Serializer>(values: &[(&str, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|(name, value)| (name, Json(value))))
}

#[derive(Debug, Clone, Serialize)]
pub struct EvaluationError {
    pub code: &'static str,
    pub message: String,
}

/// Something the author should know, that does not stop the run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning<'a> {
    pub code: &'static str,
    pub message: String,
    pub pointer: Option<Cow<'a, str>>,
    pub step_id: Option<&'a str>,
}
