//! Walks along flows in the order they were created, or of their names. A walk sees every flow and says of each whether a
//! filter lets it through: who walks decides how far.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::list::{ListedFlow, push_confinement, push_filter};
use super::past::{self, version_at};
use super::query::about;
use super::{ListFilter, Store, StoreError};

/// An order of flows, and how far a walk along it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowWalk {
    /// Newest flow first, as flows were when the log was at a position: what comes below a flow.
    Created { position: i64, below: Option<Uuid> },
    /// By folded name, as flows are now: what comes behind a name, and among equal names behind a flow.
    Named { behind: Option<(String, Uuid)> },
}

/// A flow that a walk came by.
#[derive(Debug)]
pub struct WalkedFlow {
    pub key: ListedFlow,
    /// Whether the filter lets it through. Of one that has moved, what the filter asks of its document is not asked yet.
    pub is_wanted: bool,
    /// Whether it has changed since the position that the walk is of.
    pub has_moved: bool,
    /// The walk that goes on behind it.
    pub place: FlowWalk,
}

/// The name that lists are ordered by: the expression of the index `flow_search_name`.
const NAME: &str = "left(split_part(s.text, E'\\n', 1), 200) COLLATE \"C\"";

impl Store {
    /// The next flows of a walk, at most `limit`; fewer only at its end.
    pub async fn walk(
        &self,
        org_id: Uuid,
        walk: &FlowWalk,
        filter: &ListFilter,
        limit: i64,
    ) -> Result<Vec<WalkedFlow>, StoreError> {
        let mut query = match walk {
            FlowWalk::Created { position, below } => created(org_id, *position, *below, filter, limit),
            FlowWalk::Named { behind } => named(org_id, behind.as_ref(), filter, limit),
        };
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(|row| read(row, walk)).collect()
    }
}

fn read(row: &PgRow, walk: &FlowWalk) -> Result<WalkedFlow, StoreError> {
    let flow_id: Uuid = row.try_get("flow_id")?;
    let version: Option<i64> = row.try_get("version")?;
    let place = match walk {
        FlowWalk::Created { position, .. } => FlowWalk::Created { position: *position, below: Some(flow_id) },
        FlowWalk::Named { .. } => FlowWalk::Named { behind: Some((row.try_get("name")?, flow_id)) },
    };
    Ok(WalkedFlow {
        key: ListedFlow { flow_id, version: version.unwrap_or(0) },
        is_wanted: version.is_some() && row.try_get("is_wanted")?,
        has_moved: row.try_get("has_moved")?,
        place,
    })
}

/// Ids of flows are in the order of their creation. A flow that has changed since is as the log has it.
fn created(
    org_id: Uuid,
    position: i64,
    below: Option<Uuid>,
    filter: &ListFilter,
    limit: i64,
) -> QueryBuilder<Postgres> {
    let mut query = about(org_id, "SELECT v.flow_id, t.version, v.position > ");
    // The first that is bound behind the organization: $2.
    query.push_bind(position).push(" AS has_moved, coalesce(CASE WHEN v.position <= $2");
    query.push(" THEN true");
    push_filter(&mut query, filter);
    push_confinement(&mut query, filter);
    query.push(" ELSE true");
    past::push_filter(&mut query, filter);
    query.push(" END, false) AS is_wanted FROM (SELECT * FROM flow_view f WHERE f.org_id = $1");
    if let Some(ids) = &filter.ids {
        query.push(" AND f.flow_id = ANY(").push_bind(ids.clone()).push(")");
    }
    if let Some(below) = below {
        query.push(" AND f.flow_id < ").push_bind(below);
    }
    query.push(" ORDER BY f.flow_id DESC LIMIT ").push_bind(limit);
    query.push(concat!(
        ") AS v CROSS JOIN LATERAL (SELECT ",
        version_at!("$2"),
        " AS version OFFSET 0) AS t"
    ));
    query.push(" LEFT JOIN LATERAL (SELECT * FROM event w WHERE w.org_id = $1");
    query.push(" AND w.stream_id = v.flow_id AND w.version = t.version AND v.position > $2");
    query.push(" OFFSET 0) AS e ON true ORDER BY v.flow_id DESC");
    query
}

fn named(
    org_id: Uuid,
    behind: Option<&(String, Uuid)>,
    filter: &ListFilter,
    limit: i64,
) -> QueryBuilder<Postgres> {
    let mut query = about(org_id, "SELECT s.flow_id, s.name, v.version, false AS has_moved, coalesce(true");
    push_filter(&mut query, filter);
    push_confinement(&mut query, filter);
    query.push(", false) AS is_wanted FROM (SELECT s.flow_id, ").push(NAME);
    query.push(" AS name FROM flow_search s WHERE s.since_position > 0 AND s.org_id = $1");
    query.push(" AND s.in_force = ").push_bind(filter.in_force);
    if let Some(ids) = &filter.ids {
        query.push(" AND s.flow_id = ANY(").push_bind(ids.clone()).push(")");
    }
    if let Some((name, flow_id)) = behind {
        query.push(" AND (").push(NAME).push(", s.flow_id) > (").push_bind(name.clone());
        query.push(" COLLATE \"C\", ").push_bind(*flow_id).push(")");
    }
    query.push(" ORDER BY ").push(NAME).push(", s.flow_id LIMIT ").push_bind(limit);
    query.push(") AS s LEFT JOIN LATERAL (SELECT * FROM flow_view f WHERE f.org_id = $1");
    query.push(" AND f.flow_id = s.flow_id OFFSET 0) AS v ON true ORDER BY s.name COLLATE \"C\", s.flow_id");
    query
}
