//! Checkpoints as they are kept beside the log: which are due, what they are made over, and the signed notes. Nothing
//! here signs or verifies.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::documents::read_digest;
use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// A signed note over the log at a position.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredCheckpoint {
    pub position: i64,
    /// As it was signed.
    pub note: String,
    pub signed_at: DateTime<Utc>,
}

/// Where a log stands, and what has been signed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub org_id: Uuid,
    /// 0 where nothing happened yet; then there is no chain hash.
    pub position: i64,
    pub chain_hash: Option<Digest>,
    /// The checkpoint that reaches furthest.
    pub signed: Option<SignedPlace>,
    /// The time of the database, which also gave the events theirs; that of the last event where the clock is behind it:
    /// no signature is older than what it is over.
    pub now: DateTime<Utc>,
}

impl Head {
    /// The checkpoint that was made of this very place.
    pub fn signed_here(&self) -> Option<&StoredCheckpoint> {
        let signed = self.signed.as_ref().map(|signed| &signed.checkpoint);
        signed.filter(|signed| signed.position == self.position)
    }
}

/// A checkpoint, and what the log holds today where it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPlace {
    pub checkpoint: StoredCheckpoint,
    /// `None` where there is no such event: before the first, or because it is gone.
    pub chain_hash: Option<Digest>,
}

#[derive(FromRow)]
struct HeadRow {
    position: Option<i64>,
    chain_hash: Option<Vec<u8>>,
    is_that_of_the_event: Option<bool>,
    signed_position: Option<i64>,
    note: Option<String>,
    signed_at: Option<DateTime<Utc>>,
    signed_chain_hash: Option<Vec<u8>>,
    now: DateTime<Utc>,
}

const HEAD: &str = "SELECT h.position, h.chain_hash, e.chain_hash = h.chain_hash AS is_that_of_the_event, \
     c.position AS signed_position, c.note, c.signed_at, s.chain_hash AS signed_chain_hash, \
     CASE WHEN isfinite(h.recorded_at) THEN greatest(clock_timestamp(), h.recorded_at) ELSE clock_timestamp() END \
       AS now \
     FROM (SELECT 1) AS always LEFT JOIN log_head h ON h.org_id = $1 \
     LEFT JOIN event e ON e.org_id = $1 AND e.position = h.position \
     LEFT JOIN LATERAL (SELECT position, note, signed_at FROM checkpoint WHERE org_id = $1 \
       ORDER BY position DESC LIMIT 1) AS c ON true \
     LEFT JOIN event s ON s.org_id = $1 AND s.position = c.position";

/// A note that is there already gives way only to itself with further signatures.
const PUT: &str = "INSERT INTO checkpoint AS c (org_id, position, note, signed_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (org_id, position) DO UPDATE SET note = excluded.note WHERE starts_with(excluded.note, c.note)";

pub(super) const RANGE: &str = "SELECT position, note, signed_at FROM checkpoint \
     WHERE org_id = $1 AND position > $2 AND position <= $3 ORDER BY position";

/// Only heads that moved lately are looked up; a head that moved is due when its last checkpoint is old or far back. One
/// that stands before its last checkpoint is due at once, for somebody to be told. All by the clock that also gave the events their times.
const DUE: &str = "SELECT h.org_id, h.position - coalesce(c.position, 0) >= $2 AS is_far_ahead FROM log_head h \
     LEFT JOIN LATERAL (SELECT c.position, c.signed_at FROM checkpoint c WHERE c.org_id = h.org_id \
       ORDER BY c.position DESC LIMIT 1) AS c ON true \
     WHERE ($1::float8 IS NULL OR h.recorded_at > clock_timestamp() - make_interval(secs => $1)) \
       AND h.position <> coalesce(c.position, 0) \
       AND (h.position < c.position OR h.position - coalesce(c.position, 0) >= $2 \
         OR coalesce(c.signed_at, '-infinity') <= clock_timestamp() - make_interval(secs => $3))";

/// Of the logs that moved lately and are signed up to somewhere before their end, the age of the first event after that.
const OLDEST_UNSIGNED: &str = "SELECT extract(epoch FROM clock_timestamp() - min(e.recorded_at))::float8 FROM log_head h \
     LEFT JOIN LATERAL (SELECT c.position FROM checkpoint c WHERE c.org_id = h.org_id \
       ORDER BY c.position DESC LIMIT 1) AS c ON true \
     JOIN event e ON e.org_id = h.org_id AND e.position = coalesce(c.position, 0) + 1 \
     WHERE h.recorded_at > clock_timestamp() - make_interval(secs => $1) AND h.position > coalesce(c.position, 0)";

impl Store {
    /// How old the oldest event is, in seconds, that no checkpoint covers, of logs that moved `within` this time.
    pub async fn oldest_unsigned(&self, within: Duration) -> Result<Option<f64>, StoreError> {
        Ok(sqlx::query_scalar(OLDEST_UNSIGNED).bind(within.as_secs_f64()).fetch_one(&self.pool).await?)
    }

    /// What a checkpoint made now would be over. [`StoreError::Corrupt`] when the head of the log is not that of its
    /// last event.
    pub async fn head_to_sign(&self, org_id: Uuid) -> Result<Head, StoreError> {
        let row: HeadRow = sqlx::query_as(HEAD).bind(org_id).fetch_one(&self.pool).await?;
        let position = row.position.unwrap_or(0);
        if position > 0 && row.is_that_of_the_event != Some(true) {
            let place = format!("the head of organization {org_id} at position {position}");
            return Err(StoreError::corrupt(place, "the log does not end in it"));
        }
        let signed = match (row.signed_position, row.note, row.signed_at) {
            (Some(position), Some(note), Some(signed_at)) => Some(SignedPlace {
                checkpoint: StoredCheckpoint { position, note, signed_at },
                chain_hash: row.signed_chain_hash.as_deref().map(read_digest).transpose()?,
            }),
            _ => None,
        };
        let chain_hash = row.chain_hash.as_deref().map(read_digest).transpose()?;
        Ok(Head { org_id, position, chain_hash, signed, now: row.now })
    }

    /// Whether any log was ever signed.
    pub async fn has_checkpoints(&self) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM checkpoint)");
        Ok(query.fetch_one(&self.pool).await?)
    }

    /// The clock of the database, and the last instant that any log has reached.
    pub async fn clock(&self) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>), StoreError> {
        let clock =
            "SELECT clock_timestamp(), max(recorded_at) FILTER (WHERE isfinite(recorded_at)) FROM log_head";
        Ok(sqlx::query_as(clock).fetch_one(&self.pool).await?)
    }

    /// Keeps a checkpoint, and says whether it is kept now: one that is there already stays unless the new note is the
    /// old one with further signatures. Several replicas may do it at once.
    pub async fn put_checkpoint(
        &self,
        org_id: Uuid,
        checkpoint: &StoredCheckpoint,
    ) -> Result<bool, StoreError> {
        let StoredCheckpoint { position, note, signed_at } = checkpoint;
        let put = sqlx::query(PUT).bind(org_id).bind(position).bind(note).bind(signed_at);
        Ok(put.execute(&self.pool).await.map_err(StoreError::of_write)?.rows_affected() == 1)
    }

    /// The checkpoint of an organization that reaches furthest.
    pub async fn latest_checkpoint(&self, org_id: Uuid) -> Result<Option<StoredCheckpoint>, StoreError> {
        let latest = "SELECT position, note, signed_at FROM checkpoint WHERE org_id = $1 \
             ORDER BY position DESC LIMIT 1";
        Ok(sqlx::query_as(latest).bind(org_id).fetch_optional(&self.pool).await?)
    }

    /// The checkpoints after one position and not above another, in order. There is at most one for each event.
    pub async fn checkpoints(
        &self,
        org_id: Uuid,
        after: i64,
        up_to: i64,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        Ok(sqlx::query_as(RANGE).bind(org_id).bind(after).bind(up_to).fetch_all(&self.pool).await?)
    }

    /// The organizations whose log moved lately and is `events` or more ahead of its last checkpoint, or has moved at
    /// all since one that is `older_than`; with each, whether it is that far ahead. `within` says what is lately, `None`
    /// that all logs are looked at.
    pub async fn checkpoints_due(
        &self,
        within: Option<Duration>,
        events: i64,
        older_than: Duration,
    ) -> Result<Vec<(Uuid, bool)>, StoreError> {
        let due = sqlx::query_as(DUE).bind(within.map(|within| within.as_secs_f64()));
        Ok(due.bind(events).bind(older_than.as_secs_f64()).fetch_all(&self.pool).await?)
    }
}
