//! Values of an organization, which its flows read. Each change is an event of the organization's own stream, which brings
//! all of them as its document: the last such event up to a position has the values of then.

use uuid::Uuid;

use super::{Store, StoreError};

/// $2: a position of the log, or NULL for its end.
const ENV_AT: &str = "SELECT e.position, d.bytes FROM event e \
     LEFT JOIN document d ON d.org_id = $1 AND d.digest = e.document_digest \
     WHERE e.org_id = $1 AND e.type = 'env.changed' AND ($2::bigint IS NULL OR e.position <= $2) \
     ORDER BY e.position DESC LIMIT 1";

/// The values at a position of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEnv {
    /// Where they were changed last.
    pub position: i64,
    /// As RFC 8785 JSON; `None` once erased.
    pub bytes: Option<Vec<u8>>,
}

impl Store {
    /// The values as they are, or were at a position; `None` before there were any.
    pub async fn env(&self, org_id: Uuid, position: Option<i64>) -> Result<Option<StoredEnv>, StoreError> {
        let query = sqlx::query_as::<_, (i64, Option<Vec<u8>>)>(ENV_AT).bind(org_id).bind(position);
        let found = query.fetch_optional(self.pool()).await?;
        Ok(found.map(|(position, bytes)| StoredEnv { position, bytes }))
    }

    /// The position of an event of the organization's own stream.
    pub async fn position_of(&self, org_id: Uuid, version: i64) -> Result<Option<i64>, StoreError> {
        let query = "SELECT position FROM event WHERE org_id = $1 AND stream_id = $1 AND version = $2";
        Ok(sqlx::query_scalar(query).bind(org_id).bind(version).fetch_optional(self.pool()).await?)
    }
}
