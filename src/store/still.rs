//! One organization that stands still, by a snapshot or by the lock of its head: its streams as they were recorded,
//! and the rows that were computed from them.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::StoreError;
use super::documents::{StoredDocument, WITHIN, read_document_within};
use super::evidence::{microseconds, read_digest_as_it_is, read_state};
use super::flows::author;
use super::reading::following;
use super::rebuild::{KeyRow, ViewRow};
use crate::flow::digest::Digest;
use crate::flow::event::{State, StreamKind};

/// An event as it was recorded, whatever its kind; only what holds of all of them is read.
#[derive(Debug, Clone)]
pub struct StreamEvent {
    pub stream_id: Uuid,
    /// Of the stream; `None` where the number says none that is known.
    pub stream_kind: Option<StreamKind>,
    pub version: i64,
    pub position: i64,
    pub event_type: String,
    /// `None` once erased.
    pub payload: Option<Bytes>,
    /// Who acted: the id that the log is filtered by, and whom it stands for, unless that was erased.
    pub actor: Uuid,
    pub subject: Option<String>,
    /// Who acted: RFC 8785 JSON of an actor. By the context, or by `actor` alone once that was erased.
    pub author: Bytes,
    pub has_context: bool,
    /// `None` where it is no time that a calendar has.
    pub recorded_at: Option<DateTime<Utc>>,
    /// A digest of another length than 32 bytes is read as zeros, which no content has.
    pub state: State,
}

/// Walks from stream to stream along the primary key; rows of views that have no stream are found too.
const STREAMS: &str = "WITH RECURSIVE walk AS (\
     (SELECT stream_id, stream_kind, 1 AS n FROM event WHERE org_id = $1 AND stream_id >= $2 \
      ORDER BY stream_id, version LIMIT 1) \
     UNION ALL \
     SELECT next.stream_id, next.stream_kind, walk.n + 1 FROM walk CROSS JOIN LATERAL (\
      SELECT stream_id, stream_kind FROM event WHERE org_id = $1 AND stream_id > walk.stream_id \
      ORDER BY stream_id, version LIMIT 1) AS next WHERE walk.n < $3) \
     (SELECT stream_id AS id, stream_kind AS kind FROM walk) \
     UNION (SELECT flow_id, 1::smallint FROM flow_view WHERE org_id = $1 AND flow_id >= $2 ORDER BY flow_id LIMIT $3) \
     UNION (SELECT id, 2::smallint FROM api_key WHERE org_id = $1 AND id >= $2 ORDER BY id LIMIT $3) \
     ORDER BY id, kind LIMIT $3";

const EVENTS: &str = "SELECT e.stream_id, e.stream_kind, e.version, e.position, e.type, e.payload, e.context, e.actor, a.subject, \
     e.recorded_at, e.document_digest, e.enabled, e.deleted, e.published_version, e.published_by_version \
     FROM unnest($2::uuid[], $3::bigint[]) AS wanted(stream_id, above) \
     JOIN event e ON e.org_id = $1 AND e.stream_id = wanted.stream_id AND e.version > wanted.above \
     LEFT JOIN actor a ON a.org_id = $1 AND a.id = e.actor \
     ORDER BY e.stream_id, e.version";

const VIEW_ROWS: &str = "SELECT v.*, \
     (SELECT s.text FROM flow_search s WHERE s.org_id = $1 AND s.flow_id = v.flow_id AND NOT s.in_force) AS search, \
     (SELECT s.text FROM flow_search s WHERE s.org_id = $1 AND s.flow_id = v.flow_id AND s.in_force) AS published_search, \
     ARRAY(SELECT r.kind || ':' || r.value FROM flow_reference r WHERE r.org_id = $1 AND r.flow_id = v.flow_id \
       ORDER BY r.kind, r.value COLLATE \"C\") AS references, \
     least((SELECT min(s.folding) FROM flow_search s WHERE s.org_id = $1 AND s.flow_id = v.flow_id), \
       (SELECT min(r.folding) FROM flow_reference r WHERE r.org_id = $1 AND r.flow_id = v.flow_id)) AS folding \
     FROM flow_view v WHERE v.org_id = $1 AND v.flow_id = ANY($2)";

const KEY_ROWS: &str =
    "SELECT *, sha256(secret_hash) AS secret_digest FROM api_key WHERE org_id = $1 AND id = ANY($2)";

const ABSENT: &str = "SELECT DISTINCT w.digest, d.digest IS NOT NULL FROM unnest($2::bytea[]) AS w(digest) \
     LEFT JOIN document d ON d.org_id = $1 AND d.digest = w.digest WHERE d.bytes IS NULL";

/// One organization that stands still, to be read.
#[derive(Debug)]
pub struct Still<'t> {
    org_id: Uuid,
    connection: &'t mut PgConnection,
}

impl<'t> Still<'t> {
    pub(super) fn new(org_id: Uuid, connection: &'t mut PgConnection) -> Self {
        Self { org_id, connection }
    }

    /// Streams of the organization, and ids that only a view knows, ascending, those after one, each once. With each
    /// its kind, where that is known.
    pub async fn streams(
        &mut self,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<(Uuid, Option<StreamKind>)>, StoreError> {
        let Some(from) = following(after) else { return Ok(Vec::new()) };
        let query = sqlx::query_as::<_, (Uuid, i16)>(STREAMS).bind(self.org_id).bind(from).bind(limit);
        let rows = query.fetch_all(&mut *self.connection).await?;
        let mut streams: Vec<_> =
            rows.into_iter().map(|(id, kind)| (id, StreamKind::from_number(kind))).collect();
        streams.dedup_by_key(|(id, _)| *id);
        Ok(streams)
    }

    /// Hands on the events of streams that come after a version of each, stream by stream and in order.
    pub async fn each_event(
        &mut self,
        wanted: &[(Uuid, i64)],
        mut take: impl FnMut(StreamEvent),
    ) -> Result<(), StoreError> {
        let (ids, versions): (Vec<Uuid>, Vec<i64>) = wanted.iter().copied().unzip();
        let query = sqlx::query(EVENTS).bind(self.org_id).bind(ids).bind(versions);
        let mut rows = query.fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            take(read_event(&row)?);
        }
        Ok(())
    }

    /// The rows of flows, of those that have one.
    pub async fn view_rows(&mut self, flow_ids: &[Uuid]) -> Result<Vec<ViewRow>, StoreError> {
        let query = sqlx::query_as(VIEW_ROWS).bind(self.org_id).bind(flow_ids);
        Ok(query.fetch_all(&mut *self.connection).await?)
    }

    /// The rows of API keys, of those that have one.
    pub async fn key_rows(&mut self, key_ids: &[Uuid]) -> Result<Vec<KeyRow>, StoreError> {
        let query = sqlx::query_as(KEY_ROWS).bind(self.org_id).bind(key_ids);
        Ok(query.fetch_all(&mut *self.connection).await?)
    }

    /// Of these digests, those of which there are no bytes, and whether there is a row all the same.
    pub async fn absent_documents(
        &mut self,
        digests: &[Digest],
    ) -> Result<HashMap<Digest, bool>, StoreError> {
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let query = sqlx::query_as(ABSENT).bind(self.org_id).bind(wanted);
        let absent: Vec<(Vec<u8>, bool)> = query.fetch_all(&mut *self.connection).await?;
        Ok(absent.iter().map(|(digest, is_there)| (read_digest_as_it_is(digest), *is_there)).collect())
    }

    /// The documents behind the first of these digests, in their order: as many as take `bytes_max` or a little more.
    /// `None` in place of a document that is not there.
    pub async fn documents_within(
        &mut self,
        digests: &[Digest],
        bytes_max: i64,
    ) -> Result<Vec<Option<StoredDocument>>, StoreError> {
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let query = sqlx::query(WITHIN).bind(self.org_id).bind(wanted).bind(bytes_max);
        let rows = query.fetch_all(&mut *self.connection).await?;
        rows.iter().map(read_document_within).collect()
    }
}

fn read_event(row: &PgRow) -> Result<StreamEvent, StoreError> {
    let (context, actor): (Option<&[u8]>, Uuid) = (row.try_get("context")?, row.try_get("actor")?);
    Ok(StreamEvent {
        stream_id: row.try_get("stream_id")?,
        stream_kind: StreamKind::from_number(row.try_get("stream_kind")?),
        version: row.try_get("version")?,
        position: row.try_get("position")?,
        event_type: row.try_get("type")?,
        payload: row.try_get::<Option<Vec<u8>>, _>("payload")?.map(Bytes::from),
        actor,
        subject: row.try_get("subject")?,
        author: author(context, actor),
        has_context: context.is_some(),
        recorded_at: DateTime::from_timestamp_micros(microseconds(row)?),
        state: read_state(row)?,
    })
}
