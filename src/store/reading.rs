//! The database as it stood at one moment, for those who compare it with something: read in parts, while others go on
//! writing.

use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Postgres, Row, Transaction};
use uuid::Uuid;

use super::checkpoints::{RANGE, StoredCheckpoint};
use super::evidence::{evidence_columns, read_digest_as_it_is, read_record};
use super::still::Still;
use super::{Store, StoreError, tree_heads};
use crate::flow::digest::Digest;
use crate::flow::record::EventRecord;

/// A reading that began at some moment and sees nothing younger.
#[derive(Debug)]
pub struct Reading {
    transaction: Transaction<'static, Postgres>,
}

/// Every table that an organization leaves a lasting trace in.
macro_rules! of_lasting_tables {
    ($statement:ident) => {
        $statement!(
            "event",
            "log_head",
            "checkpoint",
            "tree_head",
            "document",
            "flow_view",
            "api_key",
            "test_run",
            "export_secret"
        )
    };
}

/// Whether any of these tables has a row of the organization $1.
macro_rules! knows_organization {
    ($first:literal $(, $table:literal)*) => {
        concat!(
            "SELECT EXISTS (SELECT FROM ", $first, " WHERE org_id = $1)"
            $(, " OR EXISTS (SELECT FROM ", $table, " WHERE org_id = $1)")*
        )
    };
}

/// The least organization from $1 on in any of these tables.
macro_rules! least_organization {
    ($first:literal $(, $table:literal)*) => {
        concat!(
            "SELECT least((SELECT org_id FROM ", $first, " WHERE org_id >= $1 ORDER BY org_id LIMIT 1)"
            $(, ", (SELECT org_id FROM ", $table, " WHERE org_id >= $1 ORDER BY org_id LIMIT 1)")*, ")"
        )
    };
}

/// The first organization from an id on, however much each of them has: a step along the indexes.
const ORGANIZATION_FROM: &str = of_lasting_tables!(least_organization);

const KNOWS_ORGANIZATION: &str = of_lasting_tables!(knows_organization);

/// The events after a position, in order.
const EVENTS: &str = concat!(
    "SELECT ",
    evidence_columns!(),
    " FROM event e WHERE e.org_id = $1 AND e.position > $2 ORDER BY e.position LIMIT $3"
);

async fn organization_from(database: impl PgExecutor<'_>, from: Uuid) -> Result<Option<Uuid>, StoreError> {
    Ok(sqlx::query_scalar(ORGANIZATION_FROM).bind(from).fetch_one(database).await?)
}

/// The first id that may come after another.
pub(super) fn following(after: Option<Uuid>) -> Option<Uuid> {
    after.map_or(Some(Uuid::nil()), |after| after.as_u128().checked_add(1).map(Uuid::from_u128))
}

impl Store {
    /// Begins a reading. It holds one connection until it is dropped, and writes nothing.
    pub async fn reading(&self) -> Result<Reading, StoreError> {
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Reading { transaction: self.begin(begin).await? })
    }

    /// The organization that comes after one, or the first, of all that left a trace in the database.
    pub async fn organization_after(&self, after: Option<Uuid>) -> Result<Option<Uuid>, StoreError> {
        let Some(from) = following(after) else { return Ok(None) };
        organization_from(&self.pool, from).await
    }

    /// Whether an organization left any trace in the database.
    pub async fn knows(&self, org_id: Uuid) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(KNOWS_ORGANIZATION).bind(org_id).fetch_one(&self.pool).await?)
    }
}

impl Reading {
    /// Every organization that left a trace, ascending.
    pub async fn organizations(&mut self) -> Result<Vec<Uuid>, StoreError> {
        let (mut found, mut next) = (Vec::new(), following(None));
        while let Some(from) = next
            && let Some(org_id) = organization_from(&mut *self.transaction, from).await?
        {
            found.push(org_id);
            next = following(Some(org_id));
        }
        Ok(found)
    }

    /// Whether an organization left any.
    pub async fn knows(&mut self, org_id: Uuid) -> Result<bool, StoreError> {
        let knows = sqlx::query_scalar(KNOWS_ORGANIZATION).bind(org_id);
        Ok(knows.fetch_one(&mut *self.transaction).await?)
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
    ) -> Result<Vec<EventRecord<'static>>, StoreError> {
        let query = sqlx::query(EVENTS).bind(org_id).bind(after).bind(limit);
        let rows = query.fetch_all(&mut *self.transaction).await?;
        rows.iter().map(read_record).collect()
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
    /// The tree heads after one position and not above another, in order.
    pub async fn tree_heads(
        &mut self,
        org_id: Uuid,
        after: i64,
        up_to: i64,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let query = sqlx::query_as(tree_heads::RANGE).bind(org_id).bind(after).bind(up_to);
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }
}
