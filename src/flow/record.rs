//! One event as the log keeps it, with everything: ready to be exported or verified.

use std::borrow::Cow;

use uuid::Uuid;

use super::chain::{EventHashInput, event_hash};
use super::digest::Digest;
use super::event::{State, StreamKind};

/// What the log stores of an event: all that its hash covers, the bytes behind two of its digests, and
/// both stored hashes. Values are as stored, however strange: an altered log must be shown as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord<'a> {
    pub position: i64,
    /// Microseconds since 1970.
    pub recorded_at_us: i64,
    pub event_type: Cow<'a, str>,
    pub stream_kind: i16,
    pub stream: Uuid,
    pub version: i64,
    pub event: Uuid,
    pub schema_version: i16,
    /// The state after the event. A digest that is stored with another length than 32 bytes is zeros here, which no
    /// content has.
    pub state: State,
    pub event_hash: Digest,
    pub chain_hash: Digest,
    /// None once erased.
    pub payload: Option<Cow<'a, [u8]>>,
    pub payload_digest: Digest,
    /// None once erased.
    pub context: Option<Cow<'a, [u8]>>,
    pub context_digest: Digest,
}

impl EventRecord<'_> {
    /// The hash its content should have; `None` when no event is written so. A version 0 and a digest of
    /// zeros are hashed like absent ones, so that they must not pass for them.
    pub fn hash(&self, organization: Uuid) -> Option<Digest> {
        let stream_kind = StreamKind::from_number(self.stream_kind)?;
        let versions = [self.state.published_version, self.state.published_by_version];
        if self.event_type.len() > usize::from(u16::MAX)
            || versions.contains(&Some(0))
            || self.state.document == Some(Digest([0; 32]))
        {
            return None;
        }
        Some(event_hash(&EventHashInput {
            organization,
            stream_kind,
            stream: self.stream,
            event: self.event,
            version: self.version,
            position: self.position,
            recorded_at_us: self.recorded_at_us,
            schema_version: self.schema_version,
            state: self.state,
            payload: self.payload_digest,
            context: self.context_digest,
            event_type: &self.event_type,
        }))
    }
}
