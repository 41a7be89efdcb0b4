//! Projections held against the log: streams as they were recorded, the rows that were computed from them, and rows
//! put in the place of others. Both are read while one organization stands still, by a snapshot or by the lock of its
//! head, without which nothing is appended to it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, Row, Transaction};
use uuid::Uuid;

use super::documents::read_digest;
use super::flows::author;
use super::{Store, StoreError};
use crate::flow::digest::Digest;
use crate::flow::event::StreamKind;

/// An event as it was recorded, whatever its kind; only what holds of all of them is read.
#[derive(Debug, Clone)]
pub struct StreamEvent {
    pub stream_id: Uuid,
    pub version: i64,
    pub position: i64,
    pub event_type: String,
    /// `None` once erased.
    pub payload: Option<Bytes>,
    /// Who acted: RFC 8785 JSON of an actor.
    pub author: Bytes,
    pub recorded_at: DateTime<Utc>,
    pub document: Option<Digest>,
    pub enabled: bool,
    pub deleted: bool,
    pub published_version: Option<i64>,
    pub published_by_version: Option<i64>,
}

/// Stored bytes: JSON, or the bytes of a digest.
#[derive(Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Raw(pub Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_slice::<Value>(&self.0) {
            Ok(json) => json.serialize(serializer),
            Err(_) => serializer.collect_str(&hex::encode(&self.0)),
        }
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// A column in which a row is not what the log leads to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub column: &'static str,
    pub stored: Value,
    pub computed: Value,
}

/// Declares the columns of a row once: how it is read, and where two of them differ.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($column:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, FromRow)]
        pub struct $name { $(pub $column: $type),+ }

        impl $name {
            /// The columns in which `self`, as it is stored, is not what was computed.
            pub fn differences(&self, computed: &Self) -> Vec<Difference> {
                let shown = |value: Result<Value, serde_json::Error>| value.unwrap_or_default();
                let mut found = Vec::new();
                $(if self.$column != computed.$column {
                    found.push(Difference {
                        column: stringify!($column),
                        stored: shown(serde_json::to_value(&self.$column)),
                        computed: shown(serde_json::to_value(&computed.$column)),
                    });
                })+
                found
            }

            fn bind_to(self, query: Query) -> Query {
                query$(.bind(self.$column))+
            }
        }
    };
}

type Query = sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments>;

row! {
    /// A row of `flow_view`.
    ViewRow {
        flow_id: Uuid, version: i64, position: i64, document_digest: Raw, phone_number_id: Option<String>,
        search: String, enabled: bool, deleted: bool, published_version: Option<i64>,
        published_by_version: Option<i64>, published_at: Option<DateTime<Utc>>, published_digest: Option<Raw>,
        published_phone_number_id: Option<String>, published_search: Option<String>,
        created_at: DateTime<Utc>, created_by: Raw, updated_at: DateTime<Utc>, updated_by: Raw,
        duplicated_from_flow: Option<Uuid>, duplicated_from_version: Option<i64>, restored_from: Option<i64>,
    }
}

row! {
    /// A row of `api_key`, but for the hash of the secret and the last use, of which the log knows nothing.
    KeyRow {
        id: Uuid, version: i64, prefix: String, name: String, scopes: Vec<String>, phone_number_ids: Vec<String>,
        created_at: DateTime<Utc>, expires_at: Option<DateTime<Utc>>, revoked_at: Option<DateTime<Utc>>,
    }
}

/// Walks from stream to stream along the primary key; rows of views that have no stream are found too.
const STREAMS: &str = "WITH RECURSIVE walk AS (\
     (SELECT stream_id, stream_kind, 1 AS n FROM event WHERE org_id = $1 AND stream_id > $2 \
      ORDER BY stream_id, version LIMIT 1) \
     UNION ALL \
     SELECT next.stream_id, next.stream_kind, walk.n + 1 FROM walk CROSS JOIN LATERAL (\
      SELECT stream_id, stream_kind FROM event WHERE org_id = $1 AND stream_id > walk.stream_id \
      ORDER BY stream_id, version LIMIT 1) AS next WHERE walk.n < $3) \
     (SELECT stream_id AS id, stream_kind AS kind FROM walk) \
     UNION (SELECT flow_id, 1::smallint FROM flow_view WHERE org_id = $1 AND flow_id > $2 ORDER BY flow_id LIMIT $3) \
     UNION (SELECT id, 2::smallint FROM api_key WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3) \
     ORDER BY id, kind LIMIT $3";

const EVENTS: &str = "SELECT e.stream_id, e.version, e.position, e.type, e.payload, e.context, e.actor, \
     e.recorded_at, e.document_digest, e.enabled, e.deleted, e.published_version, e.published_by_version \
     FROM unnest($2::uuid[], $3::bigint[]) AS wanted(stream_id, above) \
     JOIN event e ON e.org_id = $1 AND e.stream_id = wanted.stream_id AND e.version > wanted.above \
     ORDER BY e.stream_id, e.version";

const VIEW_ROWS: &str = "SELECT * FROM flow_view WHERE org_id = $1 AND flow_id = ANY($2)";

const KEY_ROWS: &str = "SELECT * FROM api_key WHERE org_id = $1 AND id = ANY($2)";

const PUT_VIEW_ROW: &str = "INSERT INTO flow_view (org_id, flow_id, version, position, document_digest, \
     phone_number_id, search, enabled, deleted, published_version, published_by_version, published_at, \
     published_digest, published_phone_number_id, published_search, created_at, created_by, updated_at, updated_by, \
     duplicated_from_flow, duplicated_from_version, restored_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
     $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";

const MEND_KEY_ROW: &str = "UPDATE api_key SET version = $3, prefix = $4, name = $5, scopes = $6, \
     phone_number_ids = $7, created_at = $8, expires_at = $9, revoked_at = $10 WHERE org_id = $1 AND id = $2";

/// One organization that stands still.
#[derive(Debug)]
pub struct Still {
    org_id: Uuid,
    transaction: Transaction<'static, Postgres>,
}

impl Store {
    /// Organizations with a log, ascending, those after one.
    pub async fn organizations(&self, after: Uuid, limit: i64) -> Result<Vec<Uuid>, StoreError> {
        let query =
            sqlx::query_scalar("SELECT org_id FROM log_head WHERE org_id > $1 ORDER BY org_id LIMIT $2");
        Ok(query.bind(after).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Streams of an organization, and ids that only a view knows, ascending, those after one.
    pub async fn streams(
        &self,
        org_id: Uuid,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<(Uuid, StreamKind)>, StoreError> {
        let query = sqlx::query_as::<_, (Uuid, i16)>(STREAMS).bind(org_id).bind(after).bind(limit);
        let rows = query.fetch_all(&self.pool).await?;
        rows.into_iter()
            .map(|(id, kind)| {
                let known = StreamKind::from_number(kind);
                let unknown = || StoreError::corrupt(format!("stream {id}"), format!("unknown kind {kind}"));
                Ok((id, known.ok_or_else(unknown)?))
            })
            .collect()
    }

    /// An organization as it is at one moment. Nobody waits.
    pub async fn snapshot(&self, org_id: Uuid) -> Result<Still, StoreError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Still { org_id, transaction: self.pool.begin_with(begin).await? })
    }

    /// An organization whose log and views nobody changes until it is let go: appends to it wait.
    pub async fn hold(&self, org_id: Uuid) -> Result<Still, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let lock = sqlx::query("SELECT FROM log_head WHERE org_id = $1 FOR UPDATE").bind(org_id);
        lock.fetch_optional(&mut *transaction).await?;
        Ok(Still { org_id, transaction })
    }
}

impl Still {
    /// Hands on the events of streams that come after a version of each, stream by stream and in order.
    pub async fn each_event(
        &mut self,
        wanted: &[(Uuid, i64)],
        mut take: impl FnMut(StreamEvent),
    ) -> Result<(), StoreError> {
        let (ids, versions): (Vec<Uuid>, Vec<i64>) = wanted.iter().copied().unzip();
        let mut rows =
            sqlx::query(EVENTS).bind(self.org_id).bind(ids).bind(versions).fetch(&mut *self.transaction);
        while let Some(row) = rows.try_next().await? {
            take(read_event(&row)?);
        }
        Ok(())
    }

    /// The rows of flows, of those that have one.
    pub async fn view_rows(&mut self, flow_ids: &[Uuid]) -> Result<Vec<ViewRow>, StoreError> {
        let query = sqlx::query_as(VIEW_ROWS).bind(self.org_id).bind(flow_ids);
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }

    /// The rows of API keys, of those that have one.
    pub async fn key_rows(&mut self, key_ids: &[Uuid]) -> Result<Vec<KeyRow>, StoreError> {
        let query = sqlx::query_as(KEY_ROWS).bind(self.org_id).bind(key_ids);
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }

    /// Takes rows out of the view, those that are there.
    pub async fn drop_view_rows(&mut self, flow_ids: &[Uuid]) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM flow_view WHERE org_id = $1 AND flow_id = ANY($2)");
        query.bind(self.org_id).bind(flow_ids).execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Puts a row into the view, which has none for this flow.
    pub async fn put_view_row(&mut self, row: ViewRow) -> Result<(), StoreError> {
        let query = row.bind_to(sqlx::query(PUT_VIEW_ROW).bind(self.org_id));
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Changes the row of a key to what was computed; the hash of the secret stays.
    pub async fn mend_key_row(&mut self, row: KeyRow) -> Result<(), StoreError> {
        let query = row.bind_to(sqlx::query(MEND_KEY_ROW).bind(self.org_id));
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Removes keys that nobody ever recorded.
    pub async fn drop_key_rows(&mut self, key_ids: &[Uuid]) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM api_key WHERE org_id = $1 AND id = ANY($2)");
        query.bind(self.org_id).bind(key_ids).execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Keeps what was changed, and lets the organization go on.
    pub async fn release(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }
}

fn read_event(row: &PgRow) -> Result<StreamEvent, StoreError> {
    let document: Option<&[u8]> = row.try_get("document_digest")?;
    Ok(StreamEvent {
        stream_id: row.try_get("stream_id")?,
        version: row.try_get("version")?,
        position: row.try_get("position")?,
        event_type: row.try_get("type")?,
        payload: row.try_get::<Option<Vec<u8>>, _>("payload")?.map(Bytes::from),
        author: author(row.try_get("context")?, row.try_get("actor")?),
        recorded_at: row.try_get("recorded_at")?,
        document: document.map(read_digest).transpose()?,
        enabled: row.try_get("enabled")?,
        deleted: row.try_get("deleted")?,
        published_version: row.try_get("published_version")?,
        published_by_version: row.try_get("published_by_version")?,
    })
}
