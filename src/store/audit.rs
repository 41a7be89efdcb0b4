//! The log of an organization as people read it: filtered, from either end, in parts. What was done by whom and what
//! kind of thing was done come from indexes, instants are turned into positions first.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::entry::{LogEntry, entry_columns, read_entry};
use super::query::about;
use super::{Store, StoreError};
use crate::flow::event::EventType;

/// Which events of an organization are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Names of event types, of which any will do; `None`: all.
    pub types: Option<Vec<String>>,
    /// Actors by kind and id, of which any will do; `None`: all.
    pub actors: Option<Vec<String>>,
    /// The one stream whose events are wanted; of an export of evidence alone. `None`: all.
    pub stream_id: Option<Uuid>,
    /// The first instant that counts.
    pub from: Option<DateTime<Utc>>,
    /// The first instant that no longer counts.
    pub until: Option<DateTime<Utc>>,
    /// The numbers a credential is confined to; then only events of flows bound to them count. Empty: all.
    pub confined_to: Vec<String>,
}

/// Which part of them, and from which end it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditPage {
    /// Newest first, those before a position.
    Before { position: Option<i64>, limit: i64 },
    /// Oldest first, those after one position and not above another.
    After { position: i64, up_to: i64, limit: i64 },
}

impl AuditPage {
    fn limit(self) -> i64 {
        match self {
            Self::Before { limit, .. } | Self::After { limit, .. } => limit,
        }
    }

    fn direction(self) -> &'static str {
        match self {
            Self::Before { .. } => " DESC",
            Self::After { .. } => "",
        }
    }

    /// The positions between which the part lies, themselves not in it.
    fn bounds(self) -> (i64, i64) {
        match self {
            Self::Before { position, .. } => (0, position.unwrap_or(i64::MAX)),
            Self::After { position, up_to, .. } => (position, up_to.saturating_add(1)),
        }
    }
}

impl Store {
    /// One part of an organization's log.
    pub async fn audit(
        &self,
        org_id: Uuid,
        filter: &AuditFilter,
        page: AuditPage,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let nothing = |wanted: &Option<Vec<String>>| wanted.as_ref().is_some_and(Vec::is_empty);
        if nothing(&filter.types) || nothing(&filter.actors) {
            return Ok(Vec::new());
        }
        let actors = match &filter.actors {
            Some(actors) => Some(self.actor_ids(org_id, actors).await?),
            None => None,
        };
        let (low, high) = self.bounds(org_id, filter, page).await?;
        let mut query = about(org_id, "WITH bounds AS (SELECT ");
        query.push_bind(low).push(" AS low, ").push_bind(high).push(" AS high) SELECT ");
        query.push(concat!(entry_columns!(), " FROM "));
        // The commonest type is in no index of types: a walk along the positions finds it at once.
        let common = EventType::FlowUpdated.as_str();
        let rare = filter.types.clone().filter(|types| types.iter().all(|name| name != common));
        let walked = match (actors, &rare) {
            (Some(actors), _) => push_walks(&mut query, actors, "e.actor"),
            (None, Some(types)) => push_walks(&mut query, types.clone(), "e.type"),
            (None, None) => push_walk(&mut query),
        };
        if let Some(types) = filter.types.as_ref().filter(|_| walked != "e.type") {
            query.push(" AND e.type = ANY(").push_bind(types.clone()).push(")");
        }
        push_confinement(&mut query, filter);
        let (direction, limit) = (page.direction(), page.limit());
        query.push(" ORDER BY ").push(walked).push(direction).push(", e.position").push(direction);
        query.push(" LIMIT ").push_bind(limit).push(") AS e ORDER BY e.position").push(direction);
        query.push(" LIMIT ").push_bind(limit);
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(read_entry).collect()
    }

    /// The positions between which the answer lies, themselves not in it.
    async fn bounds(
        &self,
        org_id: Uuid,
        filter: &AuditFilter,
        page: AuditPage,
    ) -> Result<(i64, i64), StoreError> {
        let (mut low, mut high) = page.bounds();
        if let Some(from) = filter.from {
            low = low.max(self.position_before(org_id, from).await?);
        }
        if let Some(until) = filter.until {
            high = high.min(self.position_before(org_id, until).await? + 1);
        }
        Ok((low, high))
    }

    /// The last position recorded before an instant; 0 if there is none.
    pub async fn position_before(&self, org_id: Uuid, instant: DateTime<Utc>) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar("SELECT position_before($1, $2)").bind(org_id).bind(instant);
        Ok(query.fetch_one(&self.pool).await?)
    }
}

/// The whole log between the bounds. Returns the column the walk is along.
fn push_walk(query: &mut QueryBuilder<Postgres>) -> &'static str {
    query.push("(SELECT * FROM event e WHERE e.org_id = $1 AND e.position > (SELECT low FROM bounds)");
    query.push(" AND e.position < (SELECT high FROM bounds)");
    "e.org_id"
}

/// For each value a walk along an index in the order of the answer; what they find is merged. Compared are pairs:
/// with a plain `=` the planner may take the index on positions for rare values, and read the whole log.
fn push_walks<'w, T>(query: &mut QueryBuilder<Postgres>, wanted: Vec<T>, column: &'static str) -> &'static str
where
    Vec<T>: 'w + sqlx::Encode<'w, Postgres> + sqlx::Type<Postgres>,
{
    query.push("unnest(").push_bind(wanted).push(") AS wanted(it) CROSS JOIN LATERAL ");
    query.push("(SELECT * FROM event e WHERE e.org_id = $1");
    for (than, bound) in [(" > ", "low"), (" < ", "high")] {
        query.push(" AND (").push(column).push(", e.position)").push(than);
        query.push("(wanted.it, (SELECT ").push(bound).push(" FROM bounds))");
    }
    if column == "e.type" {
        // As the index says, without which it is not used.
        query.push(" AND e.type <> 'flow.updated'");
    }
    column
}

pub(super) fn push_confinement(query: &mut QueryBuilder<Postgres>, filter: &AuditFilter) {
    if !filter.confined_to.is_empty() {
        query.push(" AND e.stream_kind = 1 AND EXISTS (SELECT FROM flow_view v WHERE v.org_id = $1 ");
        query.push("AND v.flow_id = e.stream_id AND v.phone_number_id = ANY(");
        query.push_bind(filter.confined_to.clone()).push("))");
    }
}
