//! The database as it stood at one moment, for those who compare it with something: read in parts, while others go on
//! writing.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row, Transaction};
use uuid::Uuid;

use super::checkpoints::{RANGE, StoredCheckpoint};
use super::evidence::{AFTER, StoredEvent, read_digest_as_it_is, read_stored_event};
use super::still::Still;
use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// A reading that began at some moment and sees nothing younger.
#[derive(Debug)]
pub struct Reading {
    transaction: Transaction<'static, Postgres>,
}

/// The least organization that a bound lets through in any of these tables, each asked by its index.
macro_rules! least_organization {
    ($bound:literal; $first:literal $(, $table:literal)*) => {
        concat!(
            "least((SELECT org_id FROM ", $first, " WHERE org_id ", $bound, " ORDER BY org_id LIMIT 1)"
            $(, ", (SELECT org_id FROM ", $table, " WHERE org_id ", $bound, " ORDER BY org_id LIMIT 1)")*, ")"
        )
    };
}

/// Of every table that an organization leaves a lasting trace in.
macro_rules! next_organization {
    ($bound:literal) => {
        least_organization!(
            $bound; "event", "log_head", "checkpoint", "document", "flow_view", "api_key", "test_run", "export_secret"
        )
    };
}

/// Organizations, found by steps along the indexes however much each of them has.
const ORGANIZATIONS: &str = concat!(
    "WITH RECURSIVE walk AS (SELECT ",
    next_organization!(">= $1"),
    " AS org_id, 1::bigint AS n UNION ALL SELECT ",
    next_organization!("> walk.org_id"),
    ", walk.n + 1 FROM walk WHERE walk.org_id IS NOT NULL AND walk.n < $2) \
     SELECT org_id FROM walk WHERE org_id IS NOT NULL ORDER BY org_id"
);

/// The first id that may come after another.
pub(super) fn following(after: Option<Uuid>) -> Option<Uuid> {
    after.map_or(Some(Uuid::nil()), |after| after.as_u128().checked_add(1).map(Uuid::from_u128))
}

impl Store {
    /// Begins a reading. It holds one connection until it is dropped, and writes nothing.
    pub async fn reading(&self) -> Result<Reading, StoreError> {
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Reading { transaction: self.pool.begin_with(begin).await? })
    }

    /// The organization that comes after one, or the first, of all that left a trace in the database.
    pub async fn organization_after(&self, after: Option<Uuid>) -> Result<Option<Uuid>, StoreError> {
        let Some(from) = following(after) else { return Ok(None) };
        let query = sqlx::query_scalar(ORGANIZATIONS).bind(from).bind(1_i64);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Whether an organization left any trace in the database.
    pub async fn knows(&self, org_id: Uuid) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(ORGANIZATIONS).bind(org_id).bind(1_i64);
        let first: Option<Uuid> = query.fetch_optional(&self.pool).await?;
        Ok(first == Some(org_id))
    }
}

impl Reading {
    /// Every organization that left a trace, ascending.
    pub async fn organizations(&mut self) -> Result<Vec<Uuid>, StoreError> {
        let query = sqlx::query_scalar(ORGANIZATIONS).bind(Uuid::nil()).bind(i64::MAX);
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }

    /// Whether an organization left any.
    pub async fn knows(&mut self, org_id: Uuid) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(ORGANIZATIONS).bind(org_id).bind(1_i64);
        let first: Option<Uuid> = query.fetch_optional(&mut *self.transaction).await?;
        Ok(first == Some(org_id))
    }

    /// One organization at this moment.
    pub fn still(&mut self, org_id: Uuid) -> Still<'_> {
        Still::new(org_id, &mut self.transaction)
    }

    /// Position and chain hash that the head of a log says; `None` without a head.
    pub async fn head(&mut self, org_id: Uuid) -> Result<Option<(i64, Digest)>, StoreError> {
        let head = sqlx::query("SELECT position, chain_hash FROM log_head WHERE org_id = $1").bind(org_id);
        let head = head.fetch_optional(&mut *self.transaction).await?;
        let read =
            |row: PgRow| Ok((row.try_get("position")?, read_digest_as_it_is(row.try_get("chain_hash")?)));
        head.map(read).transpose()
    }

    /// The events after a position, in order, at most `limit`.
    pub async fn events(
        &mut self,
        org_id: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let query = sqlx::query(AFTER).bind(org_id).bind(after).bind(limit);
        let rows = query.fetch_all(&mut *self.transaction).await?;
        rows.iter().map(read_stored_event).collect()
    }

    /// The checkpoints after one position and not above another, in order.
    pub async fn checkpoints(
        &mut self,
        org_id: Uuid,
        after: i64,
        up_to: i64,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let query = sqlx::query_as(RANGE).bind(org_id).bind(after).bind(up_to);
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }
}
