//! Documents by digest. Their bytes are never parsed here.

use std::collections::HashMap;

use bytes::Bytes;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// A document's canonical bytes under their digest.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    pub digest: Digest,
    /// `None` when the content was erased on legal demand.
    pub bytes: Option<Bytes>,
}

const DOCUMENTS: &str = "SELECT digest, bytes FROM document WHERE org_id = $1 AND digest = ANY($2)";

impl Store {
    /// The documents of one organization with these digests, in no particular order.
    pub async fn documents(
        &self,
        org_id: Uuid,
        digests: &[Digest],
    ) -> Result<Vec<StoredDocument>, StoreError> {
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let rows = sqlx::query(DOCUMENTS).bind(org_id).bind(wanted).fetch_all(&self.pool).await?;
        rows.iter().map(read_document).collect()
    }
}

const NAMES: &str = "SELECT digest, convert_from(bytes, 'UTF8')::json ->> 'name' FROM document \
     WHERE org_id = $1 AND digest = ANY($2)";

impl Store {
    /// The names in documents with these digests, of those that have one.
    pub async fn document_names(
        &self,
        org_id: Uuid,
        digests: &[Digest],
    ) -> Result<HashMap<Digest, String>, StoreError> {
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let query = sqlx::query_as::<_, (Vec<u8>, Option<String>)>(NAMES).bind(org_id).bind(wanted);
        let rows = query.fetch_all(&self.pool).await?.into_iter();
        rows.filter_map(|(digest, name)| Some((digest, name?)))
            .map(|(digest, name)| Ok((read_digest(&digest)?, name)))
            .collect()
    }
}

/// What comes of documents that are looked up in order: as many as fit the memory they may take, but at least one.
pub(super) const WITHIN: &str = "SELECT digest, bytes FROM (\
     SELECT w.n, d.digest, d.bytes, sum(octet_length(d.bytes)) \
         OVER (ORDER BY w.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before \
     FROM unnest($2::bytea[]) WITH ORDINALITY AS w(digest, n) \
     LEFT JOIN document d ON d.org_id = $1 AND d.digest = w.digest) AS found \
     WHERE coalesce(before, 0) < $3 ORDER BY n";

impl Store {
    /// The documents behind the first of these digests, in their order: as many as take `bytes_max` or a little more.
    /// `None` in place of a document that is not there.
    pub async fn documents_within(
        &self,
        org_id: Uuid,
        digests: &[Digest],
        bytes_max: i64,
    ) -> Result<Vec<Option<StoredDocument>>, StoreError> {
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let query = sqlx::query(WITHIN).bind(org_id).bind(wanted).bind(bytes_max);
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter().map(read_document_within).collect()
    }
}

pub(super) fn read_document_within(row: &PgRow) -> Result<Option<StoredDocument>, StoreError> {
    match row.try_get::<Option<&[u8]>, _>("digest")? {
        Some(digest) => Ok(Some(StoredDocument {
            digest: read_digest(digest)?,
            bytes: row.try_get::<Option<&[u8]>, _>("bytes")?.map(Bytes::copy_from_slice),
        })),
        None => Ok(None),
    }
}

/// The next documents by digest: as many as fit the memory they may take, but at least one.
const AFTER: &str = "SELECT digest, bytes FROM (\
     SELECT digest, bytes, sum(octet_length(bytes)) \
         OVER (ORDER BY digest ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (\
         SELECT digest, bytes FROM document WHERE org_id = $1 AND digest > $2 ORDER BY digest LIMIT 250) AS d) AS found \
     WHERE coalesce(before, 0) < $3 ORDER BY digest";

const EVENT_OF_DOCUMENT: &str = "SELECT stream_id, version FROM event WHERE org_id = $1 AND document_digest = $2 \
     ORDER BY position LIMIT 1";

impl Store {
    /// Documents of an organization after one, by digest, all of which take `bytes_max` or a little more; none at the end.
    pub async fn documents_after(
        &self,
        org_id: Uuid,
        after: Option<Digest>,
        bytes_max: i64,
    ) -> Result<Vec<StoredDocument>, StoreError> {
        let after = after.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
        let query = sqlx::query(AFTER).bind(org_id).bind(after).bind(bytes_max);
        query.fetch_all(&self.pool).await?.iter().map(read_document).collect()
    }

    /// The first flow and version that a document stands in. Reads the whole log of the organization: for what should
    /// never be asked.
    pub async fn event_of_document(
        &self,
        org_id: Uuid,
        digest: Digest,
    ) -> Result<Option<(Uuid, i64)>, StoreError> {
        let query = sqlx::query_as(EVENT_OF_DOCUMENT).bind(org_id).bind(&digest.as_bytes()[..]);
        Ok(query.fetch_optional(&self.pool).await?)
    }
}

fn read_document(row: &PgRow) -> Result<StoredDocument, StoreError> {
    Ok(StoredDocument {
        digest: read_digest(row.try_get("digest")?)?,
        bytes: row.try_get::<Option<Vec<u8>>, _>("bytes")?.map(Bytes::from),
    })
}

/// A digest column.
pub(super) fn read_digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    Digest::from_slice(bytes).ok_or_else(|| StoreError::corrupt("a digest column", "not 32 bytes"))
}
