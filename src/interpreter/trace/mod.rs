//! The trace of a run: what happened and why, section 7.3 of the flow format. Members are declared in
//! canonical order, so that serializing writes RFC 8785 at once and the digest is that of the bytes sent.

mod coverage;
mod entry;
mod message;
mod shown;

use std::borrow::Cow;

use serde::{Serialize, Serializer};

pub use coverage::{Coverage, Covered, EdgeName};
pub use entry::{Attempt, Change, Evaluation, EvaluationError, Shown, Status, StepEntry, Warning};
pub use message::{Line, Message, Output, Speaker};
pub use shown::{VALUE_BYTES_MAX, shown};

use super::canonical::{self, Json};
use super::error::ErrorEntry;
use super::moment::Instant;
use super::value::Value;
use crate::flow::digest::Digest;

/// Raised when the meaning of flows changes.
pub const ENGINE: &str = "flow-engine/1";
pub const FORMAT: &str = "flow-trace/1";
/// The canonical trace is at most this long.
pub const TRACE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A whole trace. It borrows names and sources from the programs it was made by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub called_flows: Vec<FlowEntry<'a>>,
    pub clock: ClockEntry,
    pub contact: ContactEntry,
    pub coverage: Coverage<'a>,
    pub engine: &'static str,
    pub error: Option<ErrorEntry<'a>>,
    pub final_variables: FinalVariables<'a>,
    pub flow: FlowEntry<'a>,
    pub format: &'static str,
    pub handoff: Option<HandoffEntry>,
    pub locale: &'a str,
    #[serde(serialize_with = "as_json")]
    pub outcome: Value,
    pub seed: &'a str,
    pub stats: Stats,
    pub status: RunStatus,
    pub steps: Vec<StepEntry<'a>>,
    pub transcript: Vec<Line<'a>>,
    pub waiting_for: Option<WaitingFor<'a>>,
    pub warnings: Vec<Warning<'a>>,
}

impl Trace<'_> {
    /// The canonical bytes: what is hashed, and what may be sent as it is.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(1024 + self.steps.len() * 768);
        canonical::write(&mut text, self).expect("a string takes all text");
        text.into_bytes()
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

/// Which document ran.
#[derive(Debug, Clone, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct FlowEntry<'a> {
    pub document_digest: Digest,
    pub id: Cow<'a, str>,
    pub version: RanVersion,
}

/// The version that ran: its number, or a definition that came with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RanVersion {
    Number(i64),
    Inline,
}

impl RanVersion {
    pub fn to_value(self) -> Value {
        match self {
            Self::Number(version) => Value::from(version),
            Self::Inline => Value::from("inline"),
        }
    }
}

impl Serialize for RanVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(version) => serializer.serialize_i64(*version),
            Self::Inline => serializer.serialize_str("inline"),
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct ClockEntry {
    pub end: Instant,
    pub start: Instant,
}

#[derive(Debug, Clone, Serialize)]
pub struct ContactEntry {
    #[serde(serialize_with = "as_json")]
    pub attributes: Value,
    #[serde(serialize_with = "as_json")]
    pub tags: Value,
}

#[derive(Debug, Clone, Serialize)]
pub struct HandoffEntry {
    #[serde(serialize_with = "as_json")]
    pub note: Value,
    pub priority: &'static str,
    #[serde(serialize_with = "as_json")]
    pub queue: Value,
}

/// Final values by name, whole; they are cut when they are written.
#[derive(Debug, Default)]
pub struct FinalVariables<'a>(pub Vec<(&'a str, Value)>);

impl FinalVariables<'_> {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Serialize for FinalVariables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sorted: Vec<(&str, Value)> =
            self.0.iter().map(|(name, value)| (*name, shown(value))).collect();
        sorted.sort_by(|(a, _), (b, _)| super::value::key_order(a, b));
        serializer.collect_map(sorted.iter().map(|(name, value)| (name, Json(value))))
    }
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    pub action_calls: u32,
    pub http_calls: u32,
    pub inputs_unused: u32,
    pub inputs_used: u32,
    pub messages_out: u32,
    pub steps: u32,
    /// Times the run began or resumed waiting.
    pub waits: u32,
}

/// How a run ended, or where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Completed,
    WaitingForInput,
    WaitingForEvent,
    HandedOff,
    Transferred,
    Expired,
    Stopped,
    NotTriggered,
    Failed,
    BudgetExhausted,
}

impl RunStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::WaitingForInput => "waiting_for_input",
            Self::WaitingForEvent => "waiting_for_event",
            Self::HandedOff => "handed_off",
            Self::Transferred => "transferred",
            Self::Expired => "expired",
            Self::Stopped => "stopped",
            Self::NotTriggered => "not_triggered",
            Self::Failed => "failed",
            Self::BudgetExhausted => "budget_exhausted",
        }
    }
}

/// What a waiting run waits for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingFor<'a> {
    /// Rejected inputs so far.
    pub attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<&'static str>,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ShownOption>,
    pub pointer: &'a str,
    pub step_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_at: Option<Instant>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ShownOption {
    #[serde(serialize_with = "as_json")]
    pub id: Value,
    #[serde(serialize_with = "as_json")]
    pub title: Value,
}

/// For members that hold a run's value.
pub fn as_json<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    Json(value).serialize(serializer)
}
