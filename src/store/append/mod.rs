//! Appends: rows in, outcomes out, one round trip, one transaction.

mod call;
mod chained;
mod decided;
mod heads;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::writer::Row;
use super::{Store, StoreError};
use crate::flow::digest::Digest;
use crate::flow::event::{EventType, StreamKind};

pub use decided::DecidedOn;
pub use heads::Heads;

/// An event as it is handed to the log, which gives it version, position, time and hashes.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Made by the caller (UUIDv7): a retry of the same event is recognised by it.
    pub event_id: Uuid,
    pub event_type: EventType,
    /// RFC 8785 bytes, stored and hashed as they are.
    pub payload: Bytes,
    pub context: Bytes,
    /// Opaque id of who acted, for filters.
    pub actor: String,
    /// Who acted, as views show it: RFC 8785 bytes.
    pub author: Bytes,
    pub document: Option<Digest>,
    /// The document's bytes, where the event may bring a new one.
    pub document_bytes: Option<Bytes>,
    pub enabled: bool,
    pub deleted: bool,
    pub published_version: Option<i64>,
    pub published_by_version: Option<i64>,
}

/// What the views must learn beyond the event itself.
#[derive(Debug, Clone)]
pub enum Projection {
    None,
    Flow(FlowRow),
    /// The row of `api_key`, by column name.
    ApiKey(Value),
}

/// Columns of the flow view that come from documents. Those of a document the view already stands at are ignored.
#[derive(Debug, Clone, Default)]
pub struct FlowRow {
    pub phone_number_id: Option<String>,
    pub search: String,
    pub published_digest: Option<Digest>,
    pub published_phone_number_id: Option<String>,
    pub published_search: Option<String>,
    pub duplicated_from: Option<(Uuid, i64)>,
    pub restored_from: Option<i64>,
    /// What the change of a flow was decided on; without it the version alone is proven.
    pub decided_on: Option<DecidedOn>,
}

/// A caller's key for one request, and the digest of that request.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: String,
    pub request: Digest,
}

/// One row of a call. Without an event it only records the idempotency key.
#[derive(Debug, Clone)]
pub struct Append {
    pub org_id: Uuid,
    pub stream_kind: StreamKind,
    pub stream_id: Uuid,
    /// The version the decision was made on; the event becomes the next one.
    pub expected: i64,
    pub event: Option<NewEvent>,
    pub projection: Projection,
    pub idempotency: Option<Idempotency>,
}

/// The place an event got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub version: i64,
    pub position: i64,
    pub recorded_at: DateTime<Utc>,
}

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Appended(Appended),
    /// Nothing was appended; the idempotency key answers with the expected version from now on.
    Recorded,
    /// The key was known: this stream and version are its answer.
    Replayed {
        stream_id: Uuid,
        version: i64,
    },
    /// The key was known, for another request.
    KeyReused,
    /// The stream has moved on to this version.
    Conflict {
        version: i64,
    },
}

impl Store {
    /// Appends `rows`, which must be grouped by ascending organization and be of different streams and idempotency
    /// keys, and returns one outcome for each.
    ///
    /// The call is one transaction: an error means that nothing of it happened, or, for
    /// [`StoreError::OutcomeUnknown`], that calling again with the same event ids is safe.
    pub async fn append(&self, rows: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        call::append(&mut *self.pool.acquire().await?, rows).await
    }

    /// The same by one who remembers where the logs ended that it has written to.
    pub async fn append_after(&self, heads: &mut Heads, rows: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        chained::append(&mut *self.pool.acquire().await?, heads, rows).await
    }
}

/// What only one row of a call can have: a stream of its organization, or an idempotency key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    Stream(Uuid, Uuid),
    Key(Uuid, String),
}

impl Row for Append {
    type Outcome = Outcome;
    type Claim = Claim;
    type Memory = Heads;

    fn size(&self) -> usize {
        let bytes = |event: &NewEvent| {
            event.payload.len()
                + event.context.len()
                + event.document_bytes.as_ref().map_or(0, |bytes| bytes.len())
        };
        size_of_val(self) + self.event.as_ref().map_or(0, bytes)
    }

    /// As the append wants its rows; a stream keeps its order.
    fn order(&self) -> (Uuid, Uuid) {
        (self.org_id, self.stream_id)
    }

    fn claims(&self) -> impl Iterator<Item = Claim> {
        let key =
            self.idempotency.as_ref().map(|idempotency| Claim::Key(self.org_id, idempotency.key.clone()));
        key.into_iter().chain([Claim::Stream(self.org_id, self.stream_id)])
    }

    async fn write(
        connection: &mut PgConnection,
        heads: &mut Heads,
        rows: &[Self],
    ) -> Result<Vec<Outcome>, StoreError> {
        chained::append(connection, heads, rows).await
    }
}

/// One parameter of the call: a value of each row.
pub(super) fn column<'a, R, T>(rows: &'a [R], pick: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(pick).collect()
}
