//! The table of erasures: what was asked for, how far each is, and when it last took something away.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Held, Store, StoreError};

/// How far an erasure is.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ErasureRow {
    pub id: Uuid,
    /// `running`, `done` or `refused`.
    pub status: String,
    pub erased: i64,
    pub remaining: i64,
    /// Why it was refused: `{code, detail}`.
    pub problem: Option<Value>,
}

/// An erasure that nobody works on any more, and is to be gone on with.
#[derive(Debug, Clone, FromRow)]
pub struct UnfinishedErasure {
    pub org_id: Uuid,
    pub id: Uuid,
    pub request: Value,
    pub intent: Value,
}

const BEGIN: &str = "INSERT INTO erasure (org_id, id, request, intent, status, erased, remaining, touched_at) \
     VALUES ($1, $2, $3, $4, 'running', 0, $5, clock_timestamp()) ON CONFLICT (org_id, id) DO NOTHING";

const NOTE: &str = "INSERT INTO erasure AS e (org_id, id, status, erased, remaining, touched_at) \
     VALUES ($1, $2, 'running', $3, $4, clock_timestamp()) ON CONFLICT (org_id, id) DO UPDATE \
     SET erased = e.erased + excluded.erased, remaining = excluded.remaining, touched_at = excluded.touched_at";

/// With it goes what may name the person.
const END: &str = "UPDATE erasure SET status = $3, problem = $4, remaining = $5, request = NULL, intent = NULL, \
     touched_at = now() WHERE org_id = $1 AND id = $2";

const ROW: &str = "SELECT id, status, erased, remaining, problem FROM erasure WHERE org_id = $1 AND id = $2";

const TOUCHED: &str = "SELECT org_id, id, touched_at FROM erasure \
     WHERE touched_at > clock_timestamp() - make_interval(secs => $1)";

const UNFINISHED: &str = "SELECT org_id, id FROM erasure WHERE status = 'running' AND request IS NOT NULL \
     AND touched_at < now() - make_interval(secs => $1) ORDER BY touched_at LIMIT 4";

/// Of several services one takes it.
const TAKE: &str = "UPDATE erasure SET touched_at = now() WHERE org_id = $1 AND id = $2 AND status = 'running' \
     AND request IS NOT NULL AND touched_at < now() - make_interval(secs => $3) RETURNING org_id, id, request, intent";

impl Held {
    /// Notes how far an erasure is, in the transaction that takes it there: how much more is erased, how much remains.
    pub async fn note_erasure(&mut self, id: Uuid, more: usize, remaining: usize) -> Result<(), StoreError> {
        let query = sqlx::query(NOTE).bind(self.org_id).bind(id).bind(more as i64).bind(remaining as i64);
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }
}

impl Store {
    /// Notes that an erasure is to be carried out; one that is noted already stays as it is.
    pub async fn begin_erasure(
        &self,
        org_id: Uuid,
        id: Uuid,
        (request, intent): (&Value, &Value),
        remaining: usize,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(BEGIN).bind(org_id).bind(id).bind(request).bind(intent);
        query.bind(remaining as i64).execute(&self.pool).await?;
        Ok(())
    }

    /// Notes that an erasure has ended, and forgets what was asked for.
    pub async fn end_erasure(
        &self,
        org_id: Uuid,
        id: Uuid,
        status: &str,
        problem: Option<Value>,
        remaining: usize,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(END).bind(org_id).bind(id).bind(status).bind(problem);
        query.bind(remaining as i64).execute(&self.pool).await?;
        Ok(())
    }

    /// How far an erasure of an organization is.
    pub async fn erasure(&self, org_id: Uuid, id: Uuid) -> Result<Option<ErasureRow>, StoreError> {
        Ok(sqlx::query_as(ROW).bind(org_id).bind(id).fetch_optional(&self.pool).await?)
    }

    /// Erasures that took something away a while ago or later: organization, id and when.
    pub async fn touched_erasures(
        &self,
        back: Duration,
    ) -> Result<Vec<(Uuid, Uuid, DateTime<Utc>)>, StoreError> {
        Ok(sqlx::query_as(TOUCHED).bind(back.as_secs_f64()).fetch_all(&self.pool).await?)
    }

    /// Takes over erasures that were left alone for a while.
    pub async fn take_unfinished_erasures(
        &self,
        alone_for: Duration,
    ) -> Result<Vec<UnfinishedErasure>, StoreError> {
        let alone_for_s = alone_for.as_secs_f64();
        let found = sqlx::query_as::<_, (Uuid, Uuid)>(UNFINISHED).bind(alone_for_s);
        let mut taken = Vec::new();
        for (org_id, id) in found.fetch_all(&self.pool).await? {
            let take = sqlx::query_as(TAKE).bind(org_id).bind(id).bind(alone_for_s);
            match take.fetch_optional(&self.pool).await {
                Ok(row) => taken.extend(row),
                Err(error) if taken.is_empty() => return Err(error.into()),
                // What was taken is gone on with.
                Err(_) => break,
            }
        }
        Ok(taken)
    }
}
