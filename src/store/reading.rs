//! The whole log as it stood at one moment, for those who compare it with something: read in parts, while others go on
//! writing.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row, Transaction};
use uuid::Uuid;

use super::checkpoints::{RANGE, StoredCheckpoint};
use super::documents::{DOCUMENTS, StoredDocument, read_document};
use super::evidence::{AFTER, StoredEvent, read_digest_as_it_is, read_stored_event};
use super::{Store, StoreError};
use crate::flow::digest::Digest;
use crate::flow::event::State;

/// A reading that began at some moment and sees nothing younger.
#[derive(Debug)]
pub struct Reading {
    transaction: Transaction<'static, Postgres>,
}

/// What readers of a flow are shown, as far as the log says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewedFlow {
    pub flow_id: Uuid,
    pub version: i64,
    pub position: i64,
    pub state: State,
}

/// Every organization that left a trace, found by steps along the indexes.
const ORGANIZATIONS: &str = "WITH RECURSIVE walk AS (\
       (SELECT org_id FROM event ORDER BY org_id LIMIT 1) UNION ALL \
       SELECT (SELECT e.org_id FROM event e WHERE e.org_id > walk.org_id ORDER BY e.org_id LIMIT 1) FROM walk \
       WHERE walk.org_id IS NOT NULL) \
     SELECT org_id FROM walk WHERE org_id IS NOT NULL UNION SELECT org_id FROM log_head \
     UNION SELECT org_id FROM checkpoint UNION SELECT org_id FROM flow_view ORDER BY org_id";

const VIEWS: &str = "SELECT flow_id, version, position, document_digest, enabled, deleted, published_version, \
     published_by_version FROM flow_view WHERE org_id = $1 AND ($2 IS NULL OR flow_id > $2) ORDER BY flow_id LIMIT $3";

impl Store {
    /// Begins a reading. It holds one connection until it is dropped, and writes nothing.
    pub async fn reading(&self) -> Result<Reading, StoreError> {
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Reading { transaction: self.pool.begin_with(begin).await? })
    }
}

impl Reading {
    pub async fn organizations(&mut self) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(ORGANIZATIONS).fetch_all(&mut *self.transaction).await?)
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
        let query = sqlx::query(AFTER).bind(org_id).bind(after).bind(i64::MAX).bind(limit);
        let rows = query.fetch_all(&mut *self.transaction).await?;
        rows.iter().map(read_stored_event).collect()
    }

    /// The documents with these digests, in no particular order.
    pub async fn documents(
        &mut self,
        org_id: Uuid,
        digests: &[Digest],
    ) -> Result<Vec<StoredDocument>, StoreError> {
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let query = sqlx::query(DOCUMENTS).bind(org_id).bind(wanted);
        let rows = query.fetch_all(&mut *self.transaction).await?;
        rows.iter().map(read_document).collect()
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

    /// What the view shows of the flows, of all or of those after one, in order of their ids, at most `limit`.
    pub async fn viewed_flows(
        &mut self,
        org_id: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<ViewedFlow>, StoreError> {
        let query = sqlx::query(VIEWS).bind(org_id).bind(after).bind(limit);
        let rows = query.fetch_all(&mut *self.transaction).await?;
        rows.iter().map(read_view).collect()
    }
}

fn read_view(row: &PgRow) -> Result<ViewedFlow, StoreError> {
    Ok(ViewedFlow {
        flow_id: row.try_get("flow_id")?,
        version: row.try_get("version")?,
        position: row.try_get("position")?,
        state: State {
            document: read_digest_as_it_is(row.try_get("document_digest")?),
            enabled: row.try_get("enabled")?,
            deleted: row.try_get("deleted")?,
            published_version: row.try_get("published_version")?,
            published_by_version: row.try_get("published_by_version")?,
        },
    })
}
