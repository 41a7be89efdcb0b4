//! What documents in force refer to, found by kind and value instead of by reading the documents.

use uuid::Uuid;

use super::{Store, StoreError};
use crate::flow::reference::ReferenceKind;

/// Of each keyword the flow that changed last among those in force that listen to it, for the same number or for all.
const LISTENERS: &str = "SELECT DISTINCT l.flow_id FROM unnest($2::text[]) AS w(keyword) CROSS JOIN LATERAL (\
     SELECT v.flow_id FROM flow_reference r JOIN flow_view v ON v.org_id = $1 AND v.flow_id = r.flow_id \
     WHERE r.org_id = $1 AND r.kind = $3 AND r.value = w.keyword AND v.flow_id IS DISTINCT FROM $4 \
       AND v.published_version IS NOT NULL AND v.enabled AND NOT v.deleted \
       AND ($5::text IS NULL OR v.published_phone_number_id IS NULL OR v.published_phone_number_id = $5) \
       AND (cardinality($6::text[]) = 0 OR v.published_phone_number_id = ANY($6)) \
     ORDER BY v.position DESC LIMIT 1) AS l";

impl Store {
    /// Other flows in force that listen to one of these folded keywords, at most one of each keyword. `number`: only
    /// those that share it, or are for all numbers. `confined_to`: only those of these numbers; empty: all.
    pub async fn keyword_listeners(
        &self,
        org_id: Uuid,
        keywords: &[String],
        own_id: Option<Uuid>,
        number: Option<&str>,
        confined_to: &[String],
    ) -> Result<Vec<Uuid>, StoreError> {
        let query = sqlx::query_scalar(LISTENERS).bind(org_id).bind(keywords);
        let query = query.bind(ReferenceKind::Keyword.number()).bind(own_id).bind(number).bind(confined_to);
        Ok(query.fetch_all(&self.pool).await?)
    }
}
