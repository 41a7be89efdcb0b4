//! What changed behind a position, oldest change first: flows as they are now, for who keeps a copy of them.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::list::ListedFlow;
use super::past::WALK_MAX;
use super::query::about;
use super::{Store, StoreError};

/// Which changes are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Changes<'c> {
    pub org_id: Uuid,
    /// Changes of what is in force; else of flows.
    pub in_force: bool,
    /// The numbers a credential is confined to; empty: all.
    pub confined_to: &'c [String],
    /// Behind this position.
    pub after: i64,
    /// Up to this position, where the log ended.
    pub end: i64,
}

/// Some of the changes.
#[derive(Debug)]
pub struct Changed {
    /// Flows at the version they have now, each once.
    pub flows: Vec<ListedFlow>,
    /// The position up to which these are all.
    pub up_to: i64,
}

/// Of the event `e`, and of the one before it in its flow, `p`.
const CHANGES_WHAT_IS_IN_FORCE: &str = "CASE WHEN e.enabled AND NOT e.deleted THEN e.published_by_version END \
     IS DISTINCT FROM CASE WHEN p.enabled AND NOT p.deleted THEN p.published_by_version END";

impl Store {
    /// The oldest changes, of at most `limit` flows.
    pub async fn changes(&self, wanted: Changes<'_>, limit: i64) -> Result<Changed, StoreError> {
        let (mut query, seen_to) = match wanted.in_force {
            true => (in_force(wanted, limit), wanted.end.min(wanted.after.saturating_add(WALK_MAX))),
            false => (last(wanted, limit), wanted.end),
        };
        let rows: Vec<(Uuid, i64, i64)> = query.build_query_as().fetch_all(&self.pool).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found == limit);
        let up_to = rows.last().filter(|_| is_full).map_or(seen_to, |(.., position)| *position);
        let mut flows: Vec<ListedFlow> = Vec::with_capacity(rows.len());
        for (flow_id, version, _) in rows {
            flows.retain(|flow| flow.flow_id != flow_id);
            flows.push(ListedFlow { flow_id, version });
        }
        Ok(Changed { flows, up_to })
    }
}

/// Flows by their last change. One that changes again moves behind what was read, and comes once more.
fn last(wanted: Changes<'_>, limit: i64) -> QueryBuilder<Postgres> {
    let Changes { org_id, confined_to, after, end, .. } = wanted;
    let mut query = about(org_id, "SELECT v.flow_id, v.version, v.position FROM ");
    let is_confined = !confined_to.is_empty();
    if is_confined {
        query.push("unnest(").push_bind(confined_to.to_vec());
        query.push(") AS allowed(number) CROSS JOIN LATERAL (SELECT * FROM ");
    }
    // `0005_list_indexes.sql` says why the position is compared with 0.
    query.push("flow_view v WHERE v.org_id = $1").push(" AND v.position > 0 AND v.position > ");
    query.push_bind(after).push(" AND v.position <= ").push_bind(end);
    if is_confined {
        query.push(" AND v.phone_number_id = allowed.number ORDER BY v.position LIMIT ").push_bind(limit);
        query.push(") AS v");
    }
    query.push(" ORDER BY v.position LIMIT ").push_bind(limit);
    query
}

/// Flows by the events that changed what is in force of them. No more than so many events are looked at.
fn in_force(wanted: Changes<'_>, limit: i64) -> QueryBuilder<Postgres> {
    let Changes { org_id, confined_to, after, end, .. } = wanted;
    let mut query = about(
        org_id,
        "SELECT v.flow_id, v.version, e.position FROM event e \
         JOIN flow_view v ON v.flow_id = e.stream_id AND v.org_id = $1",
    );
    query.push(" LEFT JOIN LATERAL (SELECT * FROM event b WHERE b.org_id = $1");
    query.push(" AND b.stream_id = e.stream_id AND b.version = e.version - 1 OFFSET 0) AS p ON true");
    query.push(" WHERE e.stream_kind = 1 AND e.org_id = $1").push(" AND e.position > ").push_bind(after);
    query.push(" AND e.position <= ").push_bind(end.min(after.saturating_add(WALK_MAX)));
    query.push(" AND ").push(CHANGES_WHAT_IS_IN_FORCE);
    if !confined_to.is_empty() {
        query.push(" AND v.phone_number_id = ANY(").push_bind(confined_to.to_vec()).push(")");
    }
    query.push(" ORDER BY e.position LIMIT ").push_bind(limit);
    query
}
