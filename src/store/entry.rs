//! Entries: events as people read them, with payload and circumstances but never the document.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::StoreError;
use super::documents::read_digest;
use crate::flow::digest::Digest;
use crate::flow::event::{Actor, ActorKind, Context, StreamKind};

/// One event of an organization's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    pub position: i64,
    pub stream_kind: StreamKind,
    pub stream_id: Uuid,
    pub version: i64,
    pub event_id: Uuid,
    /// The stored name: a newer replica may know types that this one does not.
    pub event_type: String,
    pub recorded_at: DateTime<Utc>,
    /// Opaque id of who acted; it stays when the context is erased.
    pub actor: Uuid,
    /// `None` once erased.
    pub payload: Option<Map<String, Value>>,
    /// `None` once erased.
    pub context: Option<Context>,
    /// Digest of what it led to: of a flow the draft.
    pub document: Option<Digest>,
    /// How what it is about was called then; not known before somebody who shows it asks.
    pub resource_name: Option<String>,
}

impl LogEntry {
    /// Who acted, as far as that is still known.
    pub fn actor(&self) -> Actor {
        match &self.context {
            Some(context) => context.actor.clone(),
            None => Actor { kind: ActorKind::Erased, id: self.actor.to_string(), name: None },
        }
    }
}

macro_rules! entry_columns {
    () => {
        "e.position, e.stream_kind, e.stream_id, e.version, e.event_id, e.type, e.recorded_at, e.actor, \
         e.payload, e.context, e.document_digest"
    };
}
pub(super) use entry_columns;

pub(super) fn read_entry(row: &PgRow) -> Result<LogEntry, StoreError> {
    let position: i64 = row.try_get("position")?;
    let corrupt = |what: String| StoreError::corrupt(format!("position {position}"), what);
    let kind: i16 = row.try_get("stream_kind")?;
    let stream_kind =
        StreamKind::from_number(kind).ok_or_else(|| corrupt(format!("unknown kind of stream {kind}")))?;
    let payload = row.try_get::<Option<&[u8]>, _>("payload")?.map(serde_json::from_slice).transpose();
    let context = row.try_get::<Option<&[u8]>, _>("context")?.map(serde_json::from_slice).transpose();
    Ok(LogEntry {
        position,
        stream_kind,
        stream_id: row.try_get("stream_id")?,
        version: row.try_get("version")?,
        event_id: row.try_get("event_id")?,
        event_type: row.try_get("type")?,
        recorded_at: row.try_get("recorded_at")?,
        actor: row.try_get("actor")?,
        payload: payload.map_err(|error| corrupt(format!("payload: {error}")))?,
        context: context.map_err(|error| corrupt(format!("context: {error}")))?,
        document: row.try_get::<Option<&[u8]>, _>("document_digest")?.map(read_digest).transpose()?,
        resource_name: None,
    })
}
