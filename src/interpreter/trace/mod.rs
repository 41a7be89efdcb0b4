//! The trace of a run: what happened and why (docs/flow-format.md, 7.3). Members are written in canonical
//! order, so that the JSON is RFC 8785 at once and the digest is that of the bytes sent.

mod coverage;
mod entry;
mod label;
mod mask;
mod message;
mod shown;
mod write;

use std::borrow::Cow;

pub use coverage::{Covered, EdgeName, FlowCoverage};
pub use entry::{
    Attempt, Evaluation, EvaluationError, ShownValue, StepEntry, StepStatus, VariableChange, Warning,
};
pub use label::{SourceLabel, StepLabel};
pub use mask::{MASK, mask_personal};
pub use message::{Output, SentMessage, Speaker, TranscriptLine};
pub use shown::{VALUE_BYTES_MAX, shown};

use super::canonical::{CanonicalPage, WriteJson};
use super::error::ErrorEntry;
use super::moment::Instant;
use super::value::Value;
use crate::flow::digest::Digest;

/// Raised when the meaning of flows changes.
pub const ENGINE: &str = "flow-engine/2";
pub const FORMAT: &str = "flow-trace/1";
/// The canonical trace is at most this long.
pub const TRACE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A whole trace. It borrows names and sources from the programs it was made by.
#[derive(Debug)]
pub struct Trace<'a> {
    pub called_flows: Vec<FlowEntry<'a>>,
    pub clock: ClockEntry,
    pub contact: ContactEntry,
    pub coverage: FlowCoverage<'a>,
    pub engine: &'static str,
    pub error: Option<ErrorEntry<'a>>,
    pub final_variables: FinalVariables<'a>,
    pub flow: FlowEntry<'a>,
    pub format: &'static str,
    pub handoff: Option<HandoffEntry>,
    pub locale: &'a str,
    pub outcome: Value,
    pub seed: &'a str,
    pub stats: Stats,
    pub status: RunStatus,
    /// Boxed: an entry is large, and handed on several times until it is here.
    pub steps: Vec<Box<StepEntry<'a>>>,
    pub transcript: Vec<TranscriptLine<'a>>,
    pub waiting_for: Option<WaitingFor<'a>>,
    pub warnings: Vec<Warning<'a>>,
}

impl Trace<'_> {
    /// The canonical bytes: what is hashed, and what may be sent as it is.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut page = CanonicalPage::with_capacity(1024 + self.steps.len() * 768);
        self.write_json(&mut page);
        page.into_bytes()
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

/// Which document ran.
#[derive(Debug, Clone, PartialEq)]
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

#[derive(Debug, Clone, Copy)]
pub struct ClockEntry {
    pub end: Instant,
    pub start: Instant,
}

#[derive(Debug, Clone)]
pub struct ContactEntry {
    pub attributes: Value,
    pub tags: Value,
}

#[derive(Debug, Clone)]
pub struct HandoffEntry {
    pub note: Value,
    pub priority: &'static str,
    pub queue: Value,
}

/// Final values by name, in canonical order and whole; they are cut when they are written.
#[derive(Debug, Default)]
pub struct FinalVariables<'a>(pub Vec<(&'a str, Value)>);

impl FinalVariables<'_> {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

#[derive(Debug, Clone, Copy, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone)]
pub struct WaitingFor<'a> {
    /// Rejected inputs so far.
    pub attempt: u32,
    pub event: Option<&'a str>,
    pub input: Option<&'static str>,
    pub kind: &'static str,
    pub options: Vec<ShownOption>,
    pub pointer: &'a str,
    pub step_id: &'a str,
    pub timeout_at: Option<Instant>,
}

#[derive(Debug, Clone)]
pub struct ShownOption {
    pub id: Value,
    pub title: Value,
}
