//! Idempotency keys grow old: after a day nobody repeats a request.

use super::{Store, StoreError};

const FORGET: &str = "DELETE FROM idempotency_key k USING (\
     SELECT org_id, key FROM idempotency_key WHERE recorded_at < clock_timestamp() - interval '25 hours' \
     ORDER BY recorded_at LIMIT $1) AS old WHERE k.org_id = old.org_id AND k.key = old.key";

impl Store {
    /// Deletes at most `batch` keys that are older than a day, and says how many.
    pub async fn forget_idempotency_keys(&self, batch: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query(FORGET).bind(batch).execute(self.pool()).await?.rows_affected())
    }
}
