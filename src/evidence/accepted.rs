//! The event by which whoever runs the service accepted a log that does not extend what was signed of it. It proves
//! nothing in favour of that log; it names who did so.

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use crate::flow::digest::Digest;
use crate::flow::event::EventType;
use crate::flow::record::EventRecord;

/// The payload of `log.accepted`: what was signed, and what was accepted in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedLog {
    pub accepted: LogEnd,
    /// The number of the series of checkpoints that begins with it.
    pub series: u32,
    pub signed: LogEnd,
}

/// Where a log ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEnd {
    pub chain_hash: Digest,
    pub position: i64,
}

impl AcceptedLog {
    /// What an event says, if it is such a one and its payload is there.
    pub(super) fn of(event: &EventRecord<'_>) -> Option<Self> {
        if event.event_type != EventType::LogAccepted.as_str() {
            return None;
        }
        serde_json::from_slice(event.payload.as_deref()?).ok()
    }

    /// Whether it gives up what a checkpoint was signed over.
    pub(super) fn gives_up(&self, signed: &Checkpoint) -> bool {
        self.accepted.position < signed.position && signed.position <= self.signed.position
            || (signed.position, signed.chain_hash) == (self.signed.position, self.signed.chain_hash)
    }
}
