//! The table of erasures: how far each is, and when it last took something away.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Held, Store, StoreError};

const NOTE: &str = "INSERT INTO erasure AS e (org_id, id, status, erased, remaining, touched_at) \
     VALUES ($1, $2, 'running', $3, $4, clock_timestamp()) ON CONFLICT (org_id, id) \
     DO UPDATE SET erased = excluded.erased, remaining = excluded.remaining, touched_at = excluded.touched_at";

const TOUCHED: &str = "SELECT org_id, id, touched_at FROM erasure \
     WHERE touched_at > clock_timestamp() - make_interval(secs => $1)";

impl Held {
    /// Notes how far an erasure is, in the transaction that takes it there.
    pub async fn note_erasure(
        &mut self,
        id: Uuid,
        erased: usize,
        remaining: usize,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(NOTE).bind(self.org_id).bind(id).bind(erased as i64).bind(remaining as i64);
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }
}

impl Store {
    /// Erasures that took something away a while ago or later: organization, id and when.
    pub async fn touched_erasures(
        &self,
        back: Duration,
    ) -> Result<Vec<(Uuid, Uuid, DateTime<Utc>)>, StoreError> {
        Ok(sqlx::query_as(TOUCHED).bind(back.as_secs_f64()).fetch_all(&self.pool).await?)
    }
}
