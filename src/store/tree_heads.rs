//! Tree heads as they are kept beside the log, which are due, and what they are made of. Nothing here hashes or signs.

use std::time::Duration;

use sqlx::Row as _;
use uuid::Uuid;

use super::checkpoints::StoredCheckpoint;
use super::evidence::read_digest_as_it_is;
use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// What the trees are made of, of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLeaf {
    pub stream_id: Uuid,
    pub version: i64,
    pub event_hash: Digest,
}

const LATEST: &str =
    "SELECT position, note, signed_at FROM tree_head WHERE org_id = $1 ORDER BY position DESC LIMIT 1";

const DUE: &str = "SELECT h.org_id FROM log_head h \
     LEFT JOIN LATERAL (SELECT t.position, t.signed_at FROM tree_head t WHERE t.org_id = h.org_id \
       ORDER BY t.position DESC LIMIT 1) AS t ON true \
     WHERE h.position > coalesce(t.position, 0) \
       AND coalesce(t.signed_at, '-infinity') <= clock_timestamp() - make_interval(secs => $1)";

pub(super) const RANGE: &str = "SELECT position, note, signed_at FROM tree_head \
     WHERE org_id = $1 AND position > $2 AND position <= $3 ORDER BY position";

const LEAVES: &str = "SELECT stream_id, version, event_hash FROM event \
     WHERE org_id = $1 AND position > $2 AND position <= $3 ORDER BY position";

impl Store {
    /// The tree head of an organization that reaches furthest.
    pub async fn latest_tree_head(&self, org_id: Uuid) -> Result<Option<StoredCheckpoint>, StoreError> {
        Ok(sqlx::query_as(LATEST).bind(org_id).fetch_optional(&self.pool).await?)
    }

    /// Keeps a tree head; one that is there already stays, which is returned then.
    pub async fn put_tree_head(
        &self,
        org_id: Uuid,
        head: &StoredCheckpoint,
    ) -> Result<StoredCheckpoint, StoreError> {
        let StoredCheckpoint { position, note, signed_at } = head;
        let put = "INSERT INTO tree_head (org_id, position, note, signed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let put = sqlx::query(put).bind(org_id).bind(position).bind(note).bind(signed_at);
        put.execute(&self.pool).await.map_err(StoreError::of_write)?;
        let kept = "SELECT position, note, signed_at FROM tree_head WHERE org_id = $1 AND position = $2";
        Ok(sqlx::query_as(kept).bind(org_id).bind(position).fetch_one(&self.pool).await?)
    }

    /// The organizations whose log has moved since a tree head that is `older_than`, or has none.
    pub async fn tree_heads_due(&self, older_than: Duration) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(DUE).bind(older_than.as_secs_f64()).fetch_all(&self.pool).await?)
    }

    /// The events after one position and not above another, in order, as far as trees are made of them.
    pub async fn event_leaves(
        &self,
        org_id: Uuid,
        after: i64,
        up_to: i64,
    ) -> Result<Vec<EventLeaf>, StoreError> {
        let rows = sqlx::query(LEAVES).bind(org_id).bind(after).bind(up_to).fetch_all(&self.pool).await?;
        let leaf = |row: &sqlx::postgres::PgRow| {
            Ok(EventLeaf {
                stream_id: row.try_get("stream_id")?,
                version: row.try_get("version")?,
                event_hash: read_digest_as_it_is(row.try_get("event_hash")?),
            })
        };
        rows.iter().map(leaf).collect()
    }
}
