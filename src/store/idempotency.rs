//! Idempotency keys: what one was answered with. They grow old: after a day nobody repeats a request.

use uuid::Uuid;

use super::flows::{Answered, read_answered};
use super::{Store, StoreError};

const FORGET: &str = "DELETE FROM idempotency_key k USING (\
     SELECT org_id, key FROM idempotency_key WHERE recorded_at < now() - interval '25 hours' \
     ORDER BY recorded_at LIMIT $1) AS old WHERE k.org_id = old.org_id AND k.key = old.key";

const ALTERED: &str = "SELECT count(*) FROM idempotency_key WHERE org_id = $1 \
     AND record_digest <> idempotency_record(org_id, key, request_digest, answer)";

impl Store {
    /// How many keys of an organization have another request or answer than was recorded, or stand for another key.
    pub async fn altered_idempotency_keys(&self, org_id: Uuid) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(ALTERED).bind(org_id).fetch_one(self.pool()).await?)
    }

    /// What a key was answered with.
    pub async fn answered(&self, org_id: Uuid, key: &str) -> Result<Option<Answered>, StoreError> {
        let query =
            sqlx::query("SELECT request_digest, answer FROM idempotency_key WHERE org_id = $1 AND key = $2");
        let row = query.bind(org_id).bind(key).fetch_optional(self.pool()).await?;
        row.as_ref().map(read_answered).transpose().map(Option::flatten)
    }

    /// Deletes at most `batch` keys that are older than a day, and says how many.
    pub async fn forget_idempotency_keys(&self, batch: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query(FORGET).bind(batch).execute(self.pool()).await?.rows_affected())
    }
}
