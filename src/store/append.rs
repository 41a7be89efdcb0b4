//! Appends: rows in, outcomes out, one round trip, one transaction. See `append_events` in the migrations.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::writer::Row;
use super::{Store, StoreError};
use crate::flow::digest::Digest;
use crate::flow::event::{EventType, SCHEMA_VERSION, StreamKind};

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

#[derive(FromRow)]
struct OutcomeRow {
    o_outcome: String,
    o_stream_id: Uuid,
    o_version: i64,
    o_position: Option<i64>,
    o_recorded_at: Option<DateTime<Utc>>,
}

const APPEND: &str = "SELECT o_outcome, o_stream_id, o_version, o_position, o_recorded_at FROM append_events(\
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
    $24, $25, $26, $27, $28)";

impl Store {
    /// Appends `rows`, which must be grouped by ascending organization and be of different streams and idempotency
    /// keys, and returns one outcome for each.
    ///
    /// The call is one transaction: an error means that nothing of it happened, or, for
    /// [`StoreError::OutcomeUnknown`], that calling again with the same event ids is safe.
    pub async fn append(&self, rows: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        debug_assert!(rows.is_sorted_by_key(|row| row.org_id), "rows must be grouped by organization");
        let events =
            |pick: fn(&NewEvent) -> Option<&[u8]>| column(rows, |row| row.event.as_ref().and_then(pick));
        let flows: Vec<Option<&FlowRow>> = column(rows, |row| match &row.projection {
            Projection::Flow(flow) => Some(flow),
            _ => None,
        });
        let query = sqlx::query_as::<_, OutcomeRow>(APPEND)
            .bind(column(rows, |row| row.org_id))
            .bind(column(rows, |row| i16::from(row.stream_kind.number())))
            .bind(column(rows, |row| row.stream_id))
            .bind(column(rows, |row| row.expected))
            .bind(column(rows, |row| row.event.as_ref().map(|event| event.event_id)))
            .bind(column(rows, |row| row.event.as_ref().map(|event| event.event_type.as_str())))
            .bind(column(rows, |_| SCHEMA_VERSION))
            .bind(events(|event| Some(&event.payload)))
            .bind(events(|event| Some(&event.context)))
            .bind(column(rows, |row| row.event.as_ref().map(|event| event.actor.as_str())))
            .bind(events(|event| event.document.as_ref().map(|digest| &digest.as_bytes()[..])))
            .bind(events(|event| event.document_bytes.as_deref()))
            .bind(column(rows, |row| row.event.as_ref().map(|event| event.enabled)))
            .bind(column(rows, |row| row.event.as_ref().map(|event| event.deleted)))
            .bind(column(rows, |row| row.event.as_ref().and_then(|event| event.published_version)))
            .bind(column(rows, |row| row.event.as_ref().and_then(|event| event.published_by_version)))
            .bind(events(|event| Some(&event.author)))
            .bind(column(&flows, |row| row.and_then(|row| row.phone_number_id.as_deref())))
            .bind(column(&flows, |row| row.map(|row| row.search.as_str())))
            .bind(column(&flows, |row| {
                row.and_then(|row| row.published_digest.as_ref()).map(|digest| &digest.as_bytes()[..])
            }))
            .bind(column(&flows, |row| row.and_then(|row| row.published_phone_number_id.as_deref())))
            .bind(column(&flows, |row| row.and_then(|row| row.published_search.as_deref())))
            .bind(column(&flows, |row| row.and_then(|row| row.duplicated_from).map(|from| from.0)))
            .bind(column(&flows, |row| row.and_then(|row| row.duplicated_from).map(|from| from.1)))
            .bind(column(&flows, |row| row.and_then(|row| row.restored_from)))
            .bind(column(rows, |row| match &row.projection {
                Projection::ApiKey(key) => Some(Json(key)),
                _ => None,
            }))
            .bind(column(rows, |row| row.idempotency.as_ref().map(|idempotency| idempotency.key.as_str())))
            .bind(column(rows, |row| {
                row.idempotency.as_ref().map(|idempotency| &idempotency.request.as_bytes()[..])
            }));
        let outcomes = query.fetch_all(&self.pool).await.map_err(StoreError::of_write)?;
        if outcomes.len() != rows.len() {
            return Err(StoreError::corrupt("append_events", "answered with another number of rows"));
        }
        outcomes.into_iter().map(outcome).collect()
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

    async fn write(store: &Store, rows: &[Self]) -> Result<Vec<Outcome>, StoreError> {
        store.append(rows).await
    }
}

/// One parameter of the call: a value of each row.
pub(super) fn column<'a, R, T>(rows: &'a [R], pick: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(pick).collect()
}

fn outcome(row: OutcomeRow) -> Result<Outcome, StoreError> {
    Ok(match row.o_outcome.as_str() {
        "appended" => match (row.o_position, row.o_recorded_at) {
            (Some(position), Some(recorded_at)) => {
                Outcome::Appended(Appended { version: row.o_version, position, recorded_at })
            }
            _ => return Err(StoreError::corrupt("append_events", "appended without a place")),
        },
        "recorded" => Outcome::Recorded,
        "replayed" => Outcome::Replayed { stream_id: row.o_stream_id, version: row.o_version },
        "key_reused" => Outcome::KeyReused,
        "conflict" => Outcome::Conflict { version: row.o_version },
        other => return Err(StoreError::corrupt("append_events", format!("unknown outcome {other:?}"))),
    })
}
