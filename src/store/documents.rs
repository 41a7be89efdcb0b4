//! Documents by digest. Their bytes are never parsed here.

use bytes::Bytes;
use sqlx::Row;
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

impl Store {
    /// The documents of one organization with these digests, in no particular order.
    pub async fn documents(
        &self,
        org_id: Uuid,
        digests: &[Digest],
    ) -> Result<Vec<StoredDocument>, StoreError> {
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| &digest.as_bytes()[..]).collect();
        let rows = sqlx::query("SELECT digest, bytes FROM document WHERE org_id = $1 AND digest = ANY($2)")
            .bind(org_id)
            .bind(wanted)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredDocument {
                    digest: read_digest(row.try_get("digest")?)?,
                    bytes: row.try_get::<Option<Vec<u8>>, _>("bytes")?.map(Bytes::from),
                })
            })
            .collect()
    }
}

/// A digest column.
pub(super) fn read_digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    Digest::from_slice(bytes).ok_or_else(|| StoreError::corrupt("a digest column", "not 32 bytes"))
}
