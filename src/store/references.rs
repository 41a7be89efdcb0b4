//! What documents in force refer to, found by kind and value instead of by reading the documents.

use sqlx::{FromRow, Row as _};
use uuid::Uuid;

use super::flows::{FlowRecord, read_view, view_columns};
use super::list::containing;
use super::{Store, StoreError};
use crate::flow::keyword::ReferenceQuery;
use crate::flow::reference::ReferenceKind;

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

/// The flow of a reference, if it is one that is looked at. $1 to $4: see [`Listening`].
macro_rules! listening {
    ($flow_id:literal) => {
        concat!(
            "CROSS JOIN LATERAL (SELECT * FROM flow_view f WHERE f.org_id = $1 AND f.flow_id = ",
            $flow_id,
            " OFFSET 0) AS v WHERE v.flow_id IS DISTINCT FROM $2 \
             AND v.published_version IS NOT NULL AND v.enabled AND NOT v.deleted \
             AND ($3::text IS NULL OR v.published_phone_number_id IS NULL OR v.published_phone_number_id = $3) \
             AND (cardinality($4::text[]) = 0 OR v.published_phone_number_id = ANY($4))"
        )
    };
}

/// $5 to $8: kinds of which all references are wanted; references that are wanted as they are, of each the flow that
/// changed last; patterns of keywords, found by `flow_reference_within`, whose condition is repeated. Each part probes an
/// index for each thing that is wanted, whatever the planner thinks of the table.
const LISTENERS: &str = concat!(
    "SELECT l.kind, l.value, l.flow_id FROM (\
     SELECT r.kind, r.value, r.flow_id, v.position FROM unnest($5::smallint[]) AS k(kind) CROSS JOIN LATERAL (\
     SELECT * FROM flow_reference w WHERE w.org_id = $1 AND w.kind = k.kind OFFSET 0) AS r ",
    listening!("r.flow_id"),
    " UNION ALL SELECT e.kind, e.value, r.flow_id, r.position FROM unnest($6::smallint[], $7::text[]) AS e(kind, value) \
     CROSS JOIN LATERAL (SELECT r.flow_id, v.position FROM (SELECT * FROM flow_reference w \
     WHERE w.org_id = $1 AND w.kind = e.kind AND w.value = e.value OFFSET 0) AS r ",
    listening!("r.flow_id"),
    " ORDER BY v.position DESC LIMIT 1) AS r \
     UNION ALL SELECT r.kind, r.value, r.flow_id, v.position FROM unnest($8::text[]) AS p(pattern) CROSS JOIN LATERAL (\
     SELECT * FROM flow_reference w WHERE w.org_id = $1 AND w.kind IN (1, 4, 5, 6) AND w.value LIKE p.pattern \
     OFFSET 0) AS r ",
    listening!("r.flow_id"),
    ") AS l ORDER BY l.position DESC, l.kind, l.value"
);

/// Which flows are wanted that call one or hand over to it: others in force, in the order of their ids.
#[derive(Debug, Clone, Copy)]
pub struct Calling<'a> {
    pub org_id: Uuid,
    pub flow_id: Uuid,
    /// The numbers a credential is confined to; empty: all.
    pub confined_to: &'a [String],
    /// Only flows behind this one.
    pub after: Option<Uuid>,
    pub limit: i64,
}

/// $1 to $7: organization, the flow, its id as references have it, the numbers, behind which flow, how many, and the kinds
/// of references. Each kind is walked in the order of its index, so that a page costs what it holds. A row without a flow
/// says the position where there is none.
const CALLING: &str = concat!(
    "SELECT coalesce((SELECT h.in_force_position FROM log_head h WHERE h.org_id = $1), 0) AS in_force_position, ",
    view_columns!(),
    " FROM (SELECT 1) AS one LEFT JOIN (SELECT f.* FROM (SELECT DISTINCT w.flow_id FROM unnest($7::smallint[]) AS k(kind) CROSS JOIN LATERAL (\
         SELECT r.flow_id FROM flow_reference r JOIN flow_view f ON f.org_id = $1 AND f.flow_id = r.flow_id \
         WHERE r.org_id = $1 AND r.kind = k.kind AND r.value = $3 AND r.flow_id <> $2 AND r.flow_id > $5 \
         AND f.published_version IS NOT NULL AND f.enabled AND NOT f.deleted \
         AND (cardinality($4::text[]) = 0 OR f.phone_number_id = ANY($4)) \
         ORDER BY r.flow_id LIMIT $6) AS w ORDER BY w.flow_id LIMIT $6) AS c \
     JOIN flow_view f ON f.org_id = $1 AND f.flow_id = c.flow_id) AS v ON true ORDER BY v.flow_id"
);

impl Store {
    /// The position of the last event that changed what is in force, and of that the flows that call one or hand over to
    /// it.
    pub async fn calling(&self, wanted: Calling<'_>) -> Result<(i64, Vec<FlowRecord>), StoreError> {
        let Calling { org_id, flow_id, confined_to, after, limit } = wanted;
        let kinds = [ReferenceKind::Call, ReferenceKind::Transfer].map(ReferenceKind::number);
        let query = sqlx::query(CALLING).bind(org_id).bind(flow_id).bind(flow_id.to_string());
        let query = query.bind(confined_to).bind(after.unwrap_or_default()).bind(limit).bind(&kinds[..]);
        let rows = query.fetch_all(&self.pool).await?;
        let mut position = 0;
        let mut flows = Vec::with_capacity(rows.len());
        for row in &rows {
            position = row.try_get("in_force_position")?;
            if row.try_get::<Option<Uuid>, _>("flow_id")?.is_some() {
                flows.push(read_view(row)?);
            }
        }
        Ok((position, flows))
    }

    /// The position of the last event that changed what is in force of an organization.
    pub async fn in_force_position(&self, org_id: Uuid) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar("SELECT in_force_position FROM log_head WHERE org_id = $1");
        Ok(query.bind(org_id).fetch_optional(&self.pool).await?.unwrap_or(0))
    }

    /// What flows in force refer to of what is sought, those first that changed last.
    pub async fn listeners(
        &self,
        listening: Listening<'_>,
        sought: &ReferenceQuery,
    ) -> Result<Vec<Listener>, StoreError> {
        let kinds: Vec<i16> = sought.kinds.iter().map(|kind| kind.number()).collect();
        let (equal, values): (Vec<i16>, Vec<&str>) =
            sought.equal.iter().map(|it| (it.kind.number(), it.value.as_str())).unzip();
        let patterns: Vec<String> = sought.within.iter().map(|text| containing(text)).collect();
        let Listening { org_id, own_id, number, confined_to } = listening;
        let query = sqlx::query_as(LISTENERS).bind(org_id).bind(own_id).bind(number).bind(confined_to);
        let query = query.bind(kinds).bind(equal).bind(values).bind(patterns);
        Ok(query.fetch_all(&self.pool).await?)
    }
}
