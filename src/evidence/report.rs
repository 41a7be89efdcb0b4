//! What a verification comes to.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// The first thing found wrong, at the event it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alteration {
    pub position: i64,
    pub what: String,
}

impl Alteration {
    pub(super) fn new(position: i64, what: impl Into<String>) -> Self {
        Self { position, what: what.into() }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Verdict {
    /// Everything is as it was signed, from where the part begins, and the signature stands over the last event there is.
    Intact { up_to: i64 },
    /// Something is not as it was, first found at `position`. A chain that was rewritten is found where a note contradicts it,
    /// so the events before need not be as they were.
    Altered { position: i64, what: String },
    /// Nothing is wrong, but nobody vouches for the end: later events could be missing, and those after
    /// the last checkpoint could be other ones. Or not all could be compared that was to be.
    EndNotProven { end: i64, why: String },
}

/// The last checkpoint that a known key signed and that the log agrees with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    pub position: i64,
    pub time: DateTime<Utc>,
    /// Who signed it, or that somebody kept it.
    pub by: String,
}

/// A flow of which every event is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompleteFlow {
    pub flow: Uuid,
    /// Its last version.
    pub version: i64,
    /// Whether a tree head that somebody kept says so too, and not the signature of the service alone.
    pub is_by_kept_tree_head: bool,
}

/// The answer with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    #[serde(flatten)]
    pub verdict: Verdict,
    /// None where not even the first line could be read.
    pub organization: Option<Uuid>,
    /// The position behind which the verified part of the log begins; 0 where that is the whole log. Of what lies before
    /// it the report says nothing.
    pub after: i64,
    pub proven: Option<Proof>,
    /// The one flow that a part is about, where it is proven to have all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<CompleteFlow>,
    #[serde(flatten)]
    pub counts: Counts,
}

impl fmt::Display for Report {
    /// The verdict, and of which part of the log it speaks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Intact { up_to } => {
                match self.after {
                    0 => write!(f, "intact up to position {up_to}")?,
                    after => write!(f, "intact from position {} to {up_to}", after + 1)?,
                }
                if let Some(CompleteFlow { flow, version, is_by_kept_tree_head }) = self.complete {
                    let by = match is_by_kept_tree_head {
                        true => "a kept tree head",
                        false => "the signature of the service alone",
                    };
                    write!(f, ", complete for flow {flow} up to version {version} by {by}")?;
                }
                match (self.counts.omitted, up_to - self.after) {
                    (0, _) => Ok(()),
                    (hidden, all) => write!(f, "; {hidden} of {all} events are shown by their hash alone"),
                }
            }
            Verdict::Altered { position, what } => write!(f, "altered at position {position}: {what}"),
            Verdict::EndNotProven { end, why } => write!(f, "end not proven at position {end}: {why}"),
        }
    }
}

/// What was seen up to the end or the first alteration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub events: u64,
    /// Events a filter left out, of which only the hash is here.
    pub omitted: u64,
    pub documents: u64,
    /// Payloads, contexts and documents that were erased on record; their digests still hold.
    pub erased: u64,
    pub checkpoints: u64,
    /// Checkpoints that none of the known keys signed; they prove nothing.
    pub unknown_signers: u64,
    /// Tree heads stored beside a live log that agree with it. The one in an export is told by what it is complete for.
    #[serde(skip_serializing_if = "is_none")]
    pub tree_heads: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}
