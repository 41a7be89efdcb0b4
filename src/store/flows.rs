//! Reads of single flows: as they are, as they stood after a version, and what a command must see before it decides.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::append::MarkColumns;
use super::documents::read_digest;
use super::{Store, StoreError};
use crate::flow::canonical_json::of_sorted;
use crate::flow::digest::Digest;
use crate::flow::event::{Actor, ActorKind, Payload, State};
use crate::flow::marks::Marks;

/// What put a document in force, when, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    pub version: i64,
    pub by_version: i64,
    pub at: DateTime<Utc>,
    pub document: Digest,
}

/// The state of a flow, without its document. What most flows do not have is boxed: thousands are kept in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowRecord {
    pub flow_id: Uuid,
    pub version: i64,
    /// Place of its last event in the organization's log.
    pub position: i64,
    pub document: Digest,
    /// The number the draft is bound to now, which decides who may see the flow.
    pub phone_number_id: Option<String>,
    pub enabled: bool,
    pub deleted: bool,
    pub published: Option<Box<Published>>,
    pub created_at: DateTime<Utc>,
    /// Who created it, as RFC 8785 JSON.
    pub created_by: Arc<[u8]>,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Arc<[u8]>,
    pub marks: Marks,
}

impl FlowRecord {
    /// The part of it that is stored with each event and hashed.
    pub fn state(&self) -> State {
        State {
            document: Some(self.document),
            enabled: self.enabled,
            deleted: self.deleted,
            published_version: self.published.as_ref().map(|published| published.version),
            published_by_version: self.published.as_ref().map(|published| published.by_version),
        }
    }
}

/// What an idempotency key was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub request: Digest,
    /// Streams, and the version of each.
    pub answer: Vec<(Uuid, i64)>,
}

/// Everything a command on an existing flow needs before it decides.
#[derive(Debug)]
pub struct CommandRead {
    pub flow: Option<(FlowRecord, Content)>,
    pub answered: Option<Answered>,
}

/// The content of a document, as far as whoever asked needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It is there, and the caller has it.
    Known,
    Bytes(Bytes),
    Erased,
}

impl Content {
    pub(super) fn read(row: &PgRow) -> Result<Self, StoreError> {
        Ok(match read_bytes(row)? {
            None => Self::Erased,
            // No document is that short.
            Some(bytes) if bytes.is_empty() => Self::Known,
            Some(bytes) => Self::Bytes(bytes),
        })
    }
}

/// The bytes of a document `b`, none of one that the question `k` says is known.
macro_rules! wanted_bytes {
    () => {
        "CASE WHEN b.digest = k.known AND b.bytes IS NOT NULL THEN ''::bytea ELSE b.bytes END"
    };
}
pub(super) use wanted_bytes;

macro_rules! view_columns {
    () => {
        concat!(
            "v.flow_id, v.version, v.position, v.document_digest, v.phone_number_id, v.enabled, v.deleted, \
             v.published_version, v.published_by_version, v.published_at, v.published_digest, v.created_at, \
             v.created_by, v.updated_at, v.updated_by",
            $crate::store::append::marks_of_view!()
        )
    };
}
pub(super) use view_columns;

/// $3: the digest of the draft the caller has the bytes of, $4: the idempotency key.
const FOR_COMMAND: &str = concat!(
    "SELECT ",
    view_columns!(),
    ", (SELECT CASE WHEN b.digest = $3 AND b.bytes IS NOT NULL THEN ''::bytea ELSE b.bytes END \
         FROM document b WHERE b.org_id = $1 AND b.digest = v.document_digest) AS bytes, \
     k.request_digest, k.answer \
     FROM (VALUES (1)) AS always \
     LEFT JOIN flow_view v ON v.org_id = $1 AND v.flow_id = $2 \
     LEFT JOIN idempotency_key k ON k.org_id = $1 AND k.key = $4"
);

/// What [`read_event`] reads, of an organization: an event `e`, the first one `f` of its flow, and the view `v`. The event that published,
/// and the published one, are probed by their whole key: joined, a stream of thousands was read to its end.
macro_rules! event_columns {
    ($org:literal) => {
        concat!(
            "e.stream_id AS flow_id, e.version, e.position, e.payload, e.context, e.actor, e.recorded_at, \
         e.document_digest, e.enabled, e.deleted, e.published_version, e.published_by_version, \
         f.payload AS first_payload, f.context AS first_context, f.actor AS first_actor, \
         f.recorded_at AS first_recorded_at, \
         (SELECT p.recorded_at FROM event p WHERE p.org_id = ",
            $org,
            " AND p.stream_id = e.stream_id \
           AND p.version = e.published_by_version) AS published_at, \
         (SELECT d.document_digest FROM event d WHERE d.org_id = ",
            $org,
            " AND d.stream_id = e.stream_id \
           AND d.version = e.published_version) AS published_digest, v.phone_number_id"
        )
    };
}
pub(super) use event_columns;

macro_rules! event_joins {
    () => {
        " JOIN event f ON f.org_id = $1 AND f.stream_id = e.stream_id AND f.version = 1 "
    };
}
pub(super) use event_joins;

impl Store {
    /// A flow, its draft and what an idempotency key was answered with, in one round trip.
    pub async fn read_for_command(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        known: Option<Digest>,
        idempotency_key: &str,
    ) -> Result<CommandRead, StoreError> {
        let row = sqlx::query(FOR_COMMAND)
            .bind(org_id)
            .bind(flow_id)
            .bind(known.as_ref().map(|digest| &digest.as_bytes()[..]))
            .bind(idempotency_key)
            .fetch_one(&self.pool)
            .await?;
        let flow = match row.try_get::<Option<Uuid>, _>("flow_id")? {
            Some(_) => Some((read_view(&row)?, Content::read(&row)?)),
            None => None,
        };
        Ok(CommandRead { flow, answered: read_answered(&row)? })
    }
}

/// What an idempotency key was answered with, where the row found one.
pub(super) fn read_answered(row: &PgRow) -> Result<Option<Answered>, StoreError> {
    let Some(request) = row.try_get::<Option<&[u8]>, _>("request_digest")? else { return Ok(None) };
    let Json(answer) = row.try_get("answer")?;
    Ok(Some(Answered { request: read_digest(request)?, answer }))
}

fn read_bytes(row: &PgRow) -> Result<Option<Bytes>, StoreError> {
    Ok(row.try_get::<Option<Vec<u8>>, _>("bytes")?.map(Bytes::from))
}

/// The published part of a row; its four columns are set together.
fn read_published(row: &PgRow) -> Result<Option<Box<Published>>, StoreError> {
    let Some(version) = row.try_get("published_version")? else { return Ok(None) };
    Ok(Some(Box::new(Published {
        version,
        by_version: row.try_get("published_by_version")?,
        at: row.try_get("published_at")?,
        document: read_digest(row.try_get("published_digest")?)?,
    })))
}

pub(super) fn read_view(row: &PgRow) -> Result<FlowRecord, StoreError> {
    let (created_by, updated_by): (&[u8], &[u8]) = (row.try_get("created_by")?, row.try_get("updated_by")?);
    let created_by: Arc<[u8]> = created_by.into();
    Ok(FlowRecord {
        flow_id: row.try_get("flow_id")?,
        version: row.try_get("version")?,
        position: row.try_get("position")?,
        document: read_digest(row.try_get("document_digest")?)?,
        phone_number_id: row.try_get("phone_number_id")?,
        enabled: row.try_get("enabled")?,
        deleted: row.try_get("deleted")?,
        published: read_published(row)?,
        created_at: row.try_get("created_at")?,
        updated_by: if *created_by == *updated_by { Arc::clone(&created_by) } else { updated_by.into() },
        created_by,
        updated_at: row.try_get("updated_at")?,
        marks: MarkColumns::from_row(row)?.marks(),
    })
}

/// A flow as it stood after an event.
pub(super) fn read_event(row: &PgRow) -> Result<FlowRecord, StoreError> {
    let position: i64 = row.try_get("position")?;
    let place = || format!("position {position}");
    let payload = read_payload(row.try_get("payload")?).map_err(|what| StoreError::corrupt(place(), what))?;
    let first =
        read_payload(row.try_get("first_payload")?).map_err(|what| StoreError::corrupt(place(), what))?;
    Ok(FlowRecord {
        flow_id: row.try_get("flow_id")?,
        version: row.try_get("version")?,
        position,
        document: read_digest(row.try_get("document_digest")?)?,
        phone_number_id: row.try_get("phone_number_id")?,
        enabled: row.try_get("enabled")?,
        deleted: row.try_get("deleted")?,
        published: read_published(row)?,
        created_at: row.try_get("first_recorded_at")?,
        created_by: (*author(row.try_get("first_context")?, row.try_get("first_actor")?)).into(),
        updated_at: row.try_get("recorded_at")?,
        updated_by: (*author(row.try_get("context")?, row.try_get("actor")?)).into(),
        marks: Marks::after(Some(&Marks::after(None, &first)), &payload),
    })
}

/// A stored payload; an erased one says nothing.
fn read_payload(bytes: Option<&[u8]>) -> Result<Payload, String> {
    match bytes {
        Some(bytes) => serde_json::from_slice(bytes).map_err(|error| format!("payload: {error}")),
        None => Ok(Payload::default()),
    }
}

/// Who acted, from an event's context or, where that was erased, from the opaque id that stays.
pub(super) fn author(context: Option<&[u8]>, actor: Uuid) -> Bytes {
    let acted = context.and_then(|bytes| serde_json::from_slice::<Acted<'_>>(bytes).ok());
    // A context is stored in canonical form, and so is every part of it.
    let known =
        acted.map(|acted| acted.actor.get()).filter(|text| serde_json::from_str::<Actor>(text).is_ok());
    match known {
        Some(text) => Bytes::copy_from_slice(text.as_bytes()),
        None => of_sorted(&Actor { kind: ActorKind::Erased, id: actor.to_string(), name: None }).into(),
    }
}

/// Of a [`Context`](crate::flow::event::Context), who acted.
#[derive(Deserialize)]
struct Acted<'c> {
    #[serde(borrow)]
    actor: &'c RawValue,
}
