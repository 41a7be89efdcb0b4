//! What documents in force refer to, found by kind and value instead of by reading the documents.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::flow::reference::Reference;

/// A flow in force, and what it starts by.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Listener {
    pub kind: i16,
    pub value: String,
    pub flow_id: Uuid,
}

/// Which flows are looked at: others in force than one, for the same number or for all, that a credential may see.
#[derive(Debug, Clone, Copy)]
pub struct Listening<'a> {
    pub org_id: Uuid,
    pub own_id: Option<Uuid>,
    pub number: Option<&'a str>,
    /// The numbers a credential is confined to; empty: all.
    pub confined_to: &'a [String],
}

/// $1 to $4: see [`Listening`].
macro_rules! is_listening {
    () => {
        "v.flow_id IS DISTINCT FROM $2 AND v.published_version IS NOT NULL AND v.enabled AND NOT v.deleted \
         AND ($3::text IS NULL OR v.published_phone_number_id IS NULL OR v.published_phone_number_id = $3) \
         AND (cardinality($4::text[]) = 0 OR v.published_phone_number_id = ANY($4))"
    };
}

/// Of each reference the flow that changed last.
const BY_VALUE: &str = concat!(
    "SELECT w.kind, w.value, l.flow_id FROM unnest($5::smallint[], $6::text[]) AS w(kind, value) CROSS JOIN LATERAL (\
     SELECT v.flow_id FROM flow_reference r JOIN flow_view v ON v.org_id = $1 AND v.flow_id = r.flow_id \
     WHERE r.org_id = $1 AND r.kind = w.kind AND r.value = w.value AND ",
    is_listening!(),
    " ORDER BY v.position DESC LIMIT 1) AS l"
);

const BY_KIND: &str = concat!(
    "SELECT r.kind, r.value, r.flow_id FROM flow_reference r JOIN flow_view v ON v.org_id = $1 AND v.flow_id = r.flow_id \
     WHERE r.org_id = $1 AND r.kind = ANY($5) AND ",
    is_listening!(),
    " ORDER BY v.position DESC"
);

impl Store {
    /// For each of these references a flow that has it, if there is one.
    pub async fn listeners(
        &self,
        listening: Listening<'_>,
        wanted: &[Reference],
    ) -> Result<Vec<Listener>, StoreError> {
        let kinds: Vec<i16> = wanted.iter().map(|reference| reference.kind.number()).collect();
        let values: Vec<&str> = wanted.iter().map(|reference| reference.value.as_str()).collect();
        let Listening { org_id, own_id, number, confined_to } = listening;
        let query = sqlx::query_as(BY_VALUE).bind(org_id).bind(own_id).bind(number).bind(confined_to);
        Ok(query.bind(kinds).bind(values).fetch_all(&self.pool).await?)
    }

    /// All that flows refer to by references of these kinds, those first that changed last.
    pub async fn listeners_by_kind(
        &self,
        listening: Listening<'_>,
        kinds: &[i16],
    ) -> Result<Vec<Listener>, StoreError> {
        let Listening { org_id, own_id, number, confined_to } = listening;
        let query = sqlx::query_as(BY_KIND).bind(org_id).bind(own_id).bind(number).bind(confined_to);
        Ok(query.bind(kinds).fetch_all(&self.pool).await?)
    }
}
