//! Lists of flows as they were when the log was at a position. Near the end of the log most flows are as the view has
//! them, and only those that changed since are looked up in the log. Further back the log is walked backwards until the
//! page is full. Either way the cost depends on the page, not on how many flows there are.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::flows::{FlowRecord, event_columns, event_joins, read_event};
use super::list::{ListedFlow, columns, containing, number, push_confinement, push_page};
use super::query::about;
use super::{Deleted, ListFilter, ListPage, Store, StoreError};

/// Up to so many events after the position a list is read from the view.
const NEAR: i64 = 1_000;
/// How near the end of the log a position may be for a filter that asks documents, which the view answers from an index.
const NEAR_FOR_DOCUMENTS: i64 = 10_000;
/// Events that one page looks at, at most, on its walk backwards.
pub const WALK_MAX: i64 = 20_000;

/// The version that a flow, with the view `v`, had at a position; NULL before its first. The view says how far to seek, and
/// answers at once where the flow has not changed since; else the version is found by halving, each half by its key, whatever
/// the planner thinks of the stream.
macro_rules! version_at {
    ($position:literal) => {
        concat!(
            "CASE WHEN v.position <= ",
            $position,
            " THEN v.version ELSE (WITH RECURSIVE half(low, high) AS (SELECT 0::bigint, v.version - 1 UNION ALL \
             SELECT CASE WHEN h.position <= ",
            $position,
            " THEN m.middle ELSE half.low END, CASE WHEN h.position <= ",
            $position,
            " THEN half.high ELSE m.middle - 1 END \
             FROM half CROSS JOIN LATERAL (SELECT (half.low + half.high + 1) / 2 AS middle) AS m \
             LEFT JOIN LATERAL (SELECT w.position FROM event w WHERE w.org_id = $1 AND w.stream_id = v.flow_id \
             AND w.version = m.middle OFFSET 0) AS h ON true WHERE half.low < half.high) SELECT nullif(low, 0) FROM half WHERE low >= high LIMIT 1) END"
        )
    };
}
pub(super) use version_at;

const VERSION_AT: &str =
    concat!("SELECT ", version_at!("$3"), " FROM flow_view v WHERE v.org_id = $1 AND v.flow_id = $2");

const FLOWS_AT: &str = concat!(
    "SELECT ",
    event_columns!("$1"),
    " FROM unnest($2::uuid[], $3::bigint[]) AS k(flow_id, version) \
     JOIN event e ON e.org_id = $1 AND e.stream_id = k.flow_id AND e.version = k.version",
    event_joins!(),
    "JOIN flow_view v ON v.org_id = $1 AND v.flow_id = k.flow_id"
);

/// A part of the list of then.
#[derive(Debug)]
pub struct PastPage {
    pub flows: Vec<FlowRecord>,
    /// Where the list goes on: flows whose last change of then came before this position. `None` at its end.
    pub next: Option<i64>,
}

impl Store {
    /// The version a flow had when the log was at a position; `None` before its first.
    pub async fn version_at(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        position: i64,
    ) -> Result<Option<i64>, StoreError> {
        let query =
            sqlx::query_scalar::<_, Option<i64>>(VERSION_AT).bind(org_id).bind(flow_id).bind(position);
        Ok(query.fetch_optional(&self.pool).await?.flatten())
    }

    /// The version a flow had just before an instant; `None` before its first.
    pub async fn version_before(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        instant: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar("SELECT version_before($1, $2, $3)").bind(org_id).bind(flow_id);
        Ok(query.bind(instant).fetch_one(&self.pool).await?)
    }

    /// Flows as they stood at the given versions, in any order.
    pub async fn flows_at(&self, org_id: Uuid, keys: &[ListedFlow]) -> Result<Vec<FlowRecord>, StoreError> {
        let (flows, versions) = columns(keys);
        let query = sqlx::query(FLOWS_AT).bind(org_id).bind(flows).bind(versions);
        query.fetch_all(&self.pool).await?.iter().map(read_event).collect()
    }

    /// One page of the list of then, last change first. It may have flows whose documents are not what the filter asks
    /// for: the caller looks into the documents. It may be shorter than asked for and yet go on. Who may see a flow is
    /// decided by the number it is bound to now.
    pub async fn list_at(
        &self,
        org_id: Uuid,
        position: i64,
        filter: &ListFilter,
        page: ListPage,
    ) -> Result<PastPage, StoreError> {
        let since = self.head(org_id).await? - position;
        let near = if filter.asks_documents() { NEAR_FOR_DOCUMENTS } else { NEAR };
        let start = page.before.map_or(position, |before| position.min(before - 1));
        let floor = start - WALK_MAX;
        let (mut query, walks) = match since <= near {
            true => (near_the_end(org_id, position, filter, page), false),
            false => (backwards(org_id, position, filter, (floor, start), page.limit), true),
        };
        let rows = query.build().fetch_all(&self.pool).await?;
        let flows: Vec<FlowRecord> = rows.iter().map(read_event).collect::<Result<_, _>>()?;
        let is_full = i64::try_from(flows.len()).is_ok_and(|found| found == page.limit);
        let next = match flows.last() {
            Some(last) if is_full => Some(last.position),
            _ if walks && floor > 0 => Some(floor + 1),
            _ => None,
        };
        Ok(PastPage { flows, next })
    }
}

/// Whether events of a flow may have changed the number of its draft, and of its document in force. What an update
/// changed stands in its payload.
const RENUMBERED: &str = "bool_or(e.type <> 'flow.updated' OR e.payload IS NULL \
     OR position('\"phoneNumberId\"'::bytea IN e.payload) + position('\"changedMore\"'::bytea IN e.payload) > 0)";
const RENUMBERED_IN_FORCE: &str = "bool_or(e.type <> 'flow.updated')";

/// Flows that have not changed since, from the view, and those that have, at the version before. What those were is
/// sought by the whole key: joined, the planner read every version of each flow, 1.4 s in place of 20 ms at 10,000
/// events since.
fn near_the_end(org_id: Uuid, position: i64, filter: &ListFilter, page: ListPage) -> QueryBuilder<Postgres> {
    let mut query =
        about(org_id, "WITH moved AS (SELECT e.stream_id AS flow_id, min(e.version) - 1 AS version");
    if filter.phone_number_id.is_some() {
        let renumbered = if filter.in_force { RENUMBERED_IN_FORCE } else { RENUMBERED };
        query.push(", ").push(renumbered).push(" AS renumbered");
    }
    query.push(" FROM event e WHERE e.stream_kind = 1 AND e.org_id = $1");
    query.push(" AND e.position > ").push_bind(position).push(" GROUP BY e.stream_id), was AS ((");
    let before = page.before.map_or(position + 1, |before| before.min(position + 1));
    push_page(&mut query, "v.flow_id, v.version", filter, ListPage { before: Some(before), ..page });
    query.push(") UNION ALL SELECT m.flow_id, m.version FROM moved m WHERE m.version > 0");
    if let Some(text) = &filter.search {
        // A text that has not changed since was the same then.
        query.push(" AND NOT EXISTS (SELECT FROM flow_search s WHERE s.org_id = $1");
        query.push(" AND s.flow_id = m.flow_id AND s.in_force = ").push_bind(filter.in_force);
        query.push(" AND s.since_position <= ").push_bind(position);
        query.push(" AND s.text NOT LIKE ").push_bind(containing(text)).push(")");
    }
    if let Some(wanted) = &filter.phone_number_id {
        // Nor was the number another one, where nothing changed it.
        query.push(" AND (m.renumbered OR EXISTS (SELECT FROM flow_view v WHERE v.org_id = $1");
        query.push(" AND v.flow_id = m.flow_id AND ").push(number(filter)).push(" = ");
        query.push_bind(wanted.clone()).push("))");
    }
    query.push(concat!(") SELECT ", event_columns!("$1"), " FROM (SELECT e.* FROM was t"));
    query.push(" CROSS JOIN LATERAL (SELECT * FROM event w WHERE w.org_id = $1");
    query.push(" AND w.stream_id = t.flow_id AND w.version = t.version OFFSET 0) AS e");
    query.push(" JOIN flow_view v ON v.flow_id = t.flow_id AND v.org_id = $1");
    query.push(" WHERE e.position < ").push_bind(before);
    push_filter(&mut query, filter);
    query.push(" ORDER BY e.position DESC LIMIT ").push_bind(page.limit).push(") AS e");
    query.push(event_joins!()).push("JOIN flow_view v ON v.flow_id = e.stream_id AND v.org_id = $1");
    query.push(" ORDER BY e.position DESC");
    query
}

/// The events from one position down to another that were the last of their flows then.
fn backwards(
    org_id: Uuid,
    position: i64,
    filter: &ListFilter,
    (floor, start): (i64, i64),
    limit: i64,
) -> QueryBuilder<Postgres> {
    let mut query = about(org_id, concat!("SELECT ", event_columns!("$1"), " FROM event e"));
    query.push(event_joins!());
    query.push("JOIN flow_view v ON v.flow_id = e.stream_id AND v.org_id = $1");
    query.push(" WHERE e.stream_kind = 1 AND e.org_id = $1");
    query.push(" AND e.position > ").push_bind(floor).push(" AND e.position <= ").push_bind(start);
    query.push(" AND NOT EXISTS (SELECT FROM event x WHERE x.org_id = $1");
    query.push(" AND x.stream_id = e.stream_id AND x.version = e.version + 1 AND x.position <= ");
    query.push_bind(position).push(")");
    push_filter(&mut query, filter);
    query.push(" ORDER BY e.position DESC LIMIT ").push_bind(limit);
    query
}

/// What a filter asks of the state that an event `e` left its flow in, and of the number that `v` is bound to now.
pub(super) fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &ListFilter) {
    if filter.in_force {
        query.push(" AND e.published_version IS NOT NULL AND e.enabled AND NOT e.deleted");
    }
    match filter.deleted {
        Deleted::Excluded => query.push(" AND NOT e.deleted"),
        Deleted::Included => query,
        Deleted::Only => query.push(" AND e.deleted"),
    };
    match filter.published {
        Some(true) => query.push(" AND e.published_version IS NOT NULL"),
        Some(false) => query.push(" AND e.published_version IS NULL AND NOT e.deleted"),
        None => query,
    };
    if let Some(differs) = filter.unpublished_changes {
        query.push(
            " AND coalesce(e.document_digest <> (SELECT d.document_digest FROM event d WHERE d.org_id = $1",
        );
        query.push(" AND d.stream_id = e.stream_id AND d.version = e.published_version), false) = ");
        query.push_bind(differs);
    }
    if let Some(ids) = &filter.ids {
        query.push(" AND e.stream_id = ANY(").push_bind(ids.clone()).push(")");
    }
    push_confinement(query, filter);
}
