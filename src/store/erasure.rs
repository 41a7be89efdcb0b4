//! Content that is to be erased: which there is, where else it stands, and how it goes, in the transaction that also
//! appends the event that says so.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::append::append_held;
use super::evidence::read_digest_as_it_is;
use super::flows::author;
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

/// A version of a flow, or an event of the organization, that refers to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentUse {
    pub stream_id: Uuid,
    pub version: i64,
    pub position: i64,
    pub document: Digest,
}

const OF_FLOW: &str = "SELECT e.position, e.context IS NOT NULL AS has_context, e.payload IS NOT NULL AS has_payload, \
     CASE WHEN d.bytes IS NOT NULL THEN d.digest END AS digest FROM event e \
     LEFT JOIN document d ON d.org_id = $1 AND d.digest = e.document_digest \
     WHERE e.org_id = $1 AND e.stream_id = $2 AND e.stream_kind = 1 AND e.version BETWEEN $3 AND $4 ORDER BY e.position";

const ABSENT: &str = "SELECT e.position, e.context IS NOT NULL AS has_context, e.payload IS NOT NULL AS has_payload, \
     CASE WHEN d.bytes IS NULL THEN d.digest END AS digest FROM event e \
     LEFT JOIN document d ON d.org_id = $1 AND d.digest = e.document_digest \
     WHERE e.org_id = $1 AND (e.context IS NULL OR e.payload IS NULL OR (d.digest IS NOT NULL AND d.bytes IS NULL)) \
     ORDER BY e.position";

/// Flows that are not deleted and have one of these documents as draft or in force, and the organization itself where its
/// values are one of them.
const STANDING: &str = "SELECT flow_id FROM flow_view WHERE org_id = $1 AND NOT deleted \
     AND (document_digest = ANY($2) OR published_digest = ANY($2)) \
     UNION ALL SELECT env.org_id FROM (SELECT org_id, document_digest FROM event \
         WHERE org_id = $1 AND type = 'env.changed' ORDER BY position DESC LIMIT 1) AS env \
     WHERE env.document_digest = ANY($2)";

/// The last event that wrote each of these documents: of a type that writes one.
const LAST_WRITES: &str = "SELECT document_digest, max(position) FROM event \
     WHERE org_id = $1 AND document_digest = ANY($2) AND type = ANY($3) GROUP BY document_digest";

const USES: &str = "SELECT stream_id, version, position, document_digest FROM event \
     WHERE org_id = $1 AND document_digest = ANY($2) ORDER BY position";

/// Of events that lost their context, the flows that they began or changed last, and by which id the log knows who acted.
const ACTED: &str = "SELECT v.flow_id, e.actor, e.version = 1, e.version = v.version \
     FROM event e JOIN flow_view v ON v.org_id = $1 AND v.flow_id = e.stream_id \
     WHERE e.org_id = $1 AND e.position = ANY($2) AND e.context IS NULL AND e.stream_kind = 1 \
     AND (e.version = 1 OR e.version = v.version)";

const RENAME_CREATORS: &str = "UPDATE flow_view v SET created_by = w.author \
     FROM unnest($2::uuid[], $3::bytea[]) AS w(flow_id, author) WHERE v.org_id = $1 AND v.flow_id = w.flow_id";
const RENAME_EDITORS: &str = "UPDATE flow_view v SET updated_by = w.author \
     FROM unnest($2::uuid[], $3::bytea[]) AS w(flow_id, author) WHERE v.org_id = $1 AND v.flow_id = w.flow_id";

/// Flows whose rows are computed from what was erased: from documents, or from payloads of events.
const COMPUTED_FROM: &str = "SELECT flow_id FROM flow_view WHERE org_id = $1 \
     AND (document_digest = ANY($2) OR published_digest = ANY($2)) \
     UNION SELECT stream_id FROM event WHERE org_id = $1 AND position = ANY($3) AND stream_kind = 1";

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

    /// The events that refer to any of these documents, by position. Reads the whole log of the organization.
    pub async fn uses(&self, org_id: Uuid, documents: &[Digest]) -> Result<Vec<DocumentUse>, StoreError> {
        let query = sqlx::query_as::<_, (Uuid, i64, i64, Vec<u8>)>(USES).bind(org_id).bind(bytes(documents));
        let read = |(stream_id, version, position, digest): (_, _, _, Vec<u8>)| DocumentUse {
            stream_id,
            version,
            position,
            document: read_digest_as_it_is(&digest),
        };
        Ok(query.fetch_all(&self.pool).await?.into_iter().map(read).collect())
    }

    /// Where each of these documents was written last, by events of these types. Reads the whole log of the
    /// organization.
    pub async fn last_writes(
        &self,
        org_id: Uuid,
        documents: &[Digest],
        writing: &[&str],
    ) -> Result<HashMap<Digest, i64>, StoreError> {
        let query = sqlx::query_as::<_, (Vec<u8>, i64)>(LAST_WRITES).bind(org_id);
        let writes = query.bind(bytes(documents)).bind(writing).fetch_all(&self.pool).await?.into_iter();
        Ok(writes.map(|(digest, position)| (read_digest_as_it_is(&digest), position)).collect())
    }
}

impl Held {
    /// Flows that are not deleted and show one of these documents, as draft or in force; the organization where one of
    /// them holds its values.
    pub async fn standing(&mut self, documents: &[Digest]) -> Result<Vec<Uuid>, StoreError> {
        let query = sqlx::query_scalar(STANDING).bind(self.org_id).bind(bytes(documents));
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }

    /// Those of these documents whose bytes are not there.
    pub async fn absent_among(&mut self, documents: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        let absent = "SELECT digest FROM document WHERE org_id = $1 AND digest = ANY($2) AND bytes IS NULL";
        let query = sqlx::query_scalar::<_, Vec<u8>>(absent).bind(self.org_id).bind(bytes(documents));
        let absent = query.fetch_all(&mut *self.transaction).await?;
        Ok(absent.iter().map(|digest| read_digest_as_it_is(digest)).collect())
    }

    /// Erases what an event of this transaction says is erased, and shows who acted without their names.
    pub async fn erase_recorded(&mut self, position: i64, contexts: &[i64]) -> Result<(), StoreError> {
        let erase = sqlx::query("SELECT erase_recorded($1, $2)").bind(self.org_id).bind(position);
        erase.execute(&mut *self.transaction).await?;
        let acted = sqlx::query_as::<_, (Uuid, Uuid, bool, bool)>(ACTED).bind(self.org_id).bind(contexts);
        let acted = acted.fetch_all(&mut *self.transaction).await?;
        let named =
            |(flow_id, actor, ..): &(Uuid, Uuid, bool, bool)| (*flow_id, author(None, *actor).to_vec());
        let creators = acted.iter().filter(|(.., began, _)| *began).map(named).unzip();
        let editors = acted.iter().filter(|(.., is_last)| *is_last).map(named).unzip();
        for (rename, (flows, authors)) in [(RENAME_CREATORS, creators), (RENAME_EDITORS, editors)] {
            let (flows, authors): (Vec<Uuid>, Vec<Vec<u8>>) = (flows, authors);
            let rename = sqlx::query(rename).bind(self.org_id).bind(flows).bind(authors);
            rename.execute(&mut *self.transaction).await?;
        }
        Ok(())
    }

    /// Flows whose rows are computed from these documents, or from the payloads at these positions.
    pub async fn computed_from(
        &mut self,
        documents: &[Digest],
        payloads: &[i64],
    ) -> Result<Vec<Uuid>, StoreError> {
        let query = sqlx::query_scalar(COMPUTED_FROM).bind(self.org_id).bind(bytes(documents)).bind(payloads);
        Ok(query.fetch_all(&mut *self.transaction).await?)
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
        match append_held(&mut self.transaction, self.form, append).await? {
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
