//! Content that is to be erased: which there is, where else it stands, and how it goes, in the transaction that also
//! appends the event that says so.

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::append::append_within;
use super::evidence::read_digest_as_it_is;
use super::{Append, Appended, Held, Outcome, Store, StoreError};
use crate::flow::digest::Digest;

/// An event whose content is to be erased, or is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasable {
    pub position: i64,
    pub has_context: bool,
    pub has_payload: bool,
    /// Its document, where that is there; of those that are absent, where it is not.
    pub document: Option<Digest>,
}

const OF_FLOW: &str = "SELECT e.position, e.context IS NOT NULL AS has_context, e.payload IS NOT NULL AS has_payload, \
     CASE WHEN d.bytes IS NOT NULL THEN d.digest END AS digest FROM event e \
     LEFT JOIN document d ON d.org_id = e.org_id AND d.digest = e.document_digest \
     WHERE e.org_id = $1 AND e.stream_id = $2 AND e.stream_kind = 1 AND e.version BETWEEN $3 AND $4 ORDER BY e.position";

const ABSENT: &str = "SELECT e.position, e.context IS NOT NULL AS has_context, e.payload IS NOT NULL AS has_payload, \
     CASE WHEN d.bytes IS NULL THEN d.digest END AS digest FROM event e \
     LEFT JOIN document d ON d.org_id = e.org_id AND d.digest = e.document_digest \
     WHERE e.org_id = $1 AND (e.context IS NULL OR e.payload IS NULL OR (d.digest IS NOT NULL AND d.bytes IS NULL)) \
     ORDER BY e.position";

/// Flows that are not deleted and have one of these documents as draft or in force.
const STANDING: &str = "SELECT flow_id FROM flow_view WHERE org_id = $1 AND NOT deleted \
     AND (document_digest = ANY($2) OR published_digest = ANY($2)) ORDER BY flow_id";

/// Events outside of a part of a flow that have one of these documents.
const SHARING: &str = "SELECT stream_id, version FROM event WHERE org_id = $1 AND document_digest = ANY($2) \
     AND NOT (stream_id = $3 AND version BETWEEN $4 AND $5) ORDER BY position";

impl Store {
    /// What the versions of a flow hold.
    pub async fn erasable(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        (from, to): (i64, i64),
    ) -> Result<Vec<Erasable>, StoreError> {
        let query = sqlx::query(OF_FLOW).bind(org_id).bind(flow_id).bind(from).bind(to);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// What is absent anywhere in a log.
    pub async fn absent(&self, org_id: Uuid) -> Result<Vec<Erasable>, StoreError> {
        sqlx::query(ABSENT).bind(org_id).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Versions outside of a part of a flow that have one of these documents. Reads the whole log of the organization.
    pub async fn sharing(
        &self,
        org_id: Uuid,
        documents: &[Digest],
        flow_id: Uuid,
        (from, to): (i64, i64),
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let query = sqlx::query_as(SHARING).bind(org_id).bind(bytes(documents));
        Ok(query.bind(flow_id).bind(from).bind(to).fetch_all(&self.pool).await?)
    }
}

impl Held {
    /// Flows that are not deleted and show one of these documents, as draft or in force.
    pub async fn standing(&mut self, documents: &[Digest]) -> Result<Vec<Uuid>, StoreError> {
        let query = sqlx::query_scalar(STANDING).bind(self.org_id).bind(bytes(documents));
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }

    /// Erases content of events, by position, and of documents.
    pub async fn blank(
        &mut self,
        contexts: &[i64],
        payloads: &[i64],
        documents: &[Digest],
    ) -> Result<(), StoreError> {
        for (statement, positions) in [
            ("UPDATE event SET context = NULL WHERE org_id = $1 AND position = ANY($2)", contexts),
            ("UPDATE event SET payload = NULL WHERE org_id = $1 AND position = ANY($2)", payloads),
        ] {
            let query = sqlx::query(statement).bind(self.org_id).bind(positions);
            query.execute(&mut *self.transaction).await?;
        }
        let statement = "UPDATE document SET bytes = NULL WHERE org_id = $1 AND digest = ANY($2)";
        let query = sqlx::query(statement).bind(self.org_id).bind(bytes(documents));
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Deletes the test runs of a flow, and the answers that idempotency keys have for it.
    pub async fn forget_runs(&mut self, flow_id: Uuid) -> Result<(), StoreError> {
        let runs = sqlx::query("DELETE FROM test_run WHERE org_id = $1 AND flow_id = $2 RETURNING run_id");
        let rows = runs.bind(self.org_id).bind(flow_id).fetch_all(&mut *self.transaction).await?;
        let mut gone = vec![flow_id.to_string()];
        for row in rows {
            gone.push(row.try_get::<Uuid, _>("run_id")?.to_string());
        }
        let keys = "DELETE FROM idempotency_key WHERE org_id = $1 AND answer->0->>0 = ANY($2)";
        sqlx::query(keys).bind(self.org_id).bind(gone).execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Appends an event in the same transaction.
    pub async fn append(&mut self, append: Append) -> Result<Appended, StoreError> {
        let version = "SELECT coalesce(max(version), 0) FROM event WHERE org_id = $1 AND stream_id = $2";
        let mut append = append;
        for event in &mut append.events {
            let version = sqlx::query_scalar(version).bind(self.org_id).bind(event.stream_id);
            event.expected = version.fetch_one(&mut *self.transaction).await?;
        }
        match append_within(&mut self.transaction, append).await? {
            Outcome::Appended(places) if places.len() == 1 => Ok(places[0]),
            other => Err(StoreError::corrupt(
                "an append",
                format!("under the lock of the log it came to {other:?}"),
            )),
        }
    }
}

fn bytes(digests: &[Digest]) -> Vec<&[u8]> {
    digests.iter().map(|digest| &digest.as_bytes()[..]).collect()
}

fn read(row: &PgRow) -> Result<Erasable, StoreError> {
    Ok(Erasable {
        position: row.try_get("position")?,
        has_context: row.try_get("has_context")?,
        has_payload: row.try_get("has_payload")?,
        document: row.try_get::<Option<&[u8]>, _>("digest")?.map(read_digest_as_it_is),
    })
}
