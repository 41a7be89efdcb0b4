//! Following a log: where it stands, and what comes after a position. Positions have no holes and are given in the
//! order of commits, so whoever has seen one can ask for the next and never misses any.

use sqlx::Row;
use uuid::Uuid;

use super::entry::{LogEntry, entry_columns, read_entry};
use super::form::Form;
use super::{Store, StoreError};

/// An event for those who follow a log.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEntry {
    pub entry: LogEntry,
    /// The number its flow is bound to now, which decides who may see it.
    pub phone_number_id: Option<String>,
}

const AFTER: &str = concat!(
    "SELECT ",
    entry_columns!(),
    ", v.phone_number_id FROM event e \
     LEFT JOIN flow_view v ON v.org_id = $1 AND v.flow_id = e.stream_id AND e.stream_kind = 1 \
     WHERE e.org_id = $1 AND e.position > $2 ORDER BY e.position LIMIT $3"
);

/// The heads of several logs.
const HEADS: &str = "SELECT org_id, position FROM log_head WHERE org_id = ANY($1)";

impl Store {
    /// The last position of an organization's log; 0 where nothing happened yet.
    pub async fn head(&self, org_id: Uuid) -> Result<i64, StoreError> {
        let position = sqlx::query_scalar("SELECT position FROM log_head WHERE org_id = $1");
        Ok(position.bind(org_id).fetch_optional(&self.pool).await?.unwrap_or(0))
    }

    /// The last version of a stream; 0 where it has none.
    pub async fn stream_version(&self, org_id: Uuid, stream_id: Uuid) -> Result<i64, StoreError> {
        let version = "SELECT coalesce(max(version), 0) FROM event WHERE org_id = $1 AND stream_id = $2";
        Ok(sqlx::query_scalar(version).bind(org_id).bind(stream_id).fetch_one(&self.pool).await?)
    }

    /// The last positions of several logs, of those where anything happened. Where a node of a distributed database is away,
    /// of those that can be asked.
    pub async fn heads(&self, org_ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let together = sqlx::query_as(HEADS).bind(org_ids).fetch_all(&self.pool).await;
        match together.map_err(StoreError::from) {
            Err(StoreError::Unavailable(_)) if self.form() == Form::OfOne => {}
            heads => return heads,
        }
        let mut heads = Vec::with_capacity(org_ids.len());
        for org_id in org_ids {
            match self.head(*org_id).await {
                Ok(head) => heads.push((*org_id, head)),
                Err(error) => tracing::debug!(%error, %org_id, "a log that is followed could not be asked"),
            }
        }
        Ok(heads)
    }

    /// The events after a position, in order, at most `limit`.
    pub async fn events_after(
        &self,
        org_id: Uuid,
        position: i64,
        limit: i64,
    ) -> Result<Vec<FeedEntry>, StoreError> {
        let query = sqlx::query(AFTER).bind(org_id).bind(position).bind(limit);
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(FeedEntry { entry: read_entry(row)?, phone_number_id: row.try_get("phone_number_id")? })
            })
            .collect()
    }
}
