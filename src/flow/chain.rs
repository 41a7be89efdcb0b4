//! The hash layout of the log, format 1: fixed widths, big-endian, the one variable field last.
//! The append computes it here and nowhere else; `scripts/recompute_chain.py` and `scripts/verify_export.py` compute it
//! independently. `tests/vectors/chain.json` holds all of them to it. What is here can never change.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::digest::Digest;
use super::event::{State, StreamKind};

/// Everything of an event that its hash covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventHashInput<'a> {
    pub organization: Uuid,
    pub stream_kind: StreamKind,
    pub stream: Uuid,
    pub event: Uuid,
    pub version: i64,
    pub position: i64,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at_us: i64,
    pub schema_version: i16,
    /// The state after the event.
    pub state: State,
    /// Of the exact bytes, which may have been erased since.
    pub payload: Digest,
    pub context: Digest,
    /// The stored name; a reader may meet one that is younger than itself.
    pub event_type: &'a str,
}

/// The hash of one event.
///
/// # Panics
/// If the type's name is longer than 65,535 bytes.
pub fn event_hash(event: &EventHashInput<'_>) -> Digest {
    let State { document, enabled, deleted, published_version, published_by_version } = event.state;
    let flags = u8::from(enabled) | u8::from(deleted) << 1;
    let type_length = u16::try_from(event.event_type.len()).expect("a type's name is short");
    let mut hash = Sha256::new();
    hash.update(b"flow-registry/event/1");
    hash.update(event.organization.as_bytes());
    hash.update([event.stream_kind.number()]);
    hash.update(event.stream.as_bytes());
    hash.update(event.event.as_bytes());
    hash.update(event.version.to_be_bytes());
    hash.update(event.position.to_be_bytes());
    hash.update(event.recorded_at_us.to_be_bytes());
    hash.update(event.schema_version.to_be_bytes());
    hash.update(document.map_or([0; 32], |digest| digest.0));
    hash.update([flags]);
    hash.update(published_version.unwrap_or(0).to_be_bytes());
    hash.update(published_by_version.unwrap_or(0).to_be_bytes());
    hash.update(event.payload.as_bytes());
    hash.update(event.context.as_bytes());
    hash.update(type_length.to_be_bytes());
    hash.update(event.event_type.as_bytes());
    Digest(hash.finalize().into())
}

/// The chain hash of an organization's log before its first event.
pub fn chain_start(organization: Uuid) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"flow-registry/log/1");
    hash.update(organization.as_bytes());
    Digest(hash.finalize().into())
}

/// The chain hash after an event, from the one before it and the event's hash.
pub fn chain_next(previous: Digest, event: Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update(previous.as_bytes());
    hash.update(event.as_bytes());
    Digest(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use serde::Deserialize;

    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/chain.json");

    /// A row of the table `event` as Postgres writes it in JSON.
    #[derive(Debug, Deserialize)]
    struct Row {
        org_id: Uuid,
        stream_id: Uuid,
        version: i64,
        position: i64,
        stream_kind: i16,
        event_id: Uuid,
        #[serde(rename = "type")]
        event_type: String,
        schema_version: i16,
        recorded_at: DateTime<Utc>,
        payload: Option<String>,
        context: Option<String>,
        payload_digest: String,
        context_digest: String,
        document_digest: Option<String>,
        enabled: bool,
        deleted: bool,
        published_version: Option<i64>,
        published_by_version: Option<i64>,
        event_hash: String,
        chain_hash: String,
    }

    fn bytea(text: &str) -> Vec<u8> {
        hex::decode(text.strip_prefix("\\x").unwrap()).unwrap()
    }

    fn digest(text: &str) -> Digest {
        Digest::from_slice(&bytea(text)).unwrap()
    }

    fn hash_of(row: &Row) -> Digest {
        event_hash(&EventHashInput {
            organization: row.org_id,
            stream_kind: StreamKind::from_number(row.stream_kind).unwrap(),
            stream: row.stream_id,
            event: row.event_id,
            version: row.version,
            position: row.position,
            recorded_at_us: row.recorded_at.timestamp_micros(),
            schema_version: row.schema_version,
            state: State {
                document: row.document_digest.as_deref().map(digest),
                enabled: row.enabled,
                deleted: row.deleted,
                published_version: row.published_version,
                published_by_version: row.published_by_version,
            },
            payload: digest(&row.payload_digest),
            context: digest(&row.context_digest),
            event_type: &row.event_type,
        })
    }

    #[test]
    fn rust_agrees_with_the_vectors() {
        let rows: Vec<Row> = serde_json::from_str(VECTORS).unwrap();
        assert!(rows.len() > 10);
        let mut chain = Digest([0; 32]);
        for row in &rows {
            for (bytes, stored) in [(&row.payload, &row.payload_digest), (&row.context, &row.context_digest)]
            {
                if let Some(bytes) = bytes {
                    assert_eq!(Digest::of(&bytea(bytes)), digest(stored), "position {}", row.position);
                }
            }
            if row.position == 1 {
                chain = chain_start(row.org_id);
            }
            assert_eq!(hash_of(row), digest(&row.event_hash), "position {}", row.position);
            chain = chain_next(chain, digest(&row.event_hash));
            assert_eq!(chain, digest(&row.chain_hash), "position {}", row.position);
        }
    }
}
