//! The events of one flow, newest first, and questions about its past that need no document.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::entry::{LogEntry, entry_columns, read_entry};
use super::query::about;
use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// Which events of a flow are wanted.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    pub event_type: Option<String>,
    /// Only events that put a version in force: publishes, and restores that did.
    pub put_in_force: bool,
    /// Actors by kind and id, of which any will do; empty: all.
    pub actors: Vec<String>,
    /// The first instant that counts.
    pub from: Option<DateTime<Utc>>,
    /// The first instant that no longer counts.
    pub until: Option<DateTime<Utc>>,
    /// A step that an event may have touched: what an event changed beyond its list, or what was erased, may be it.
    pub step: Option<String>,
    /// Somebody by name, who acted or for whom somebody did.
    pub person: Option<String>,
}

impl HistoryFilter {
    /// Whether events have to be looked at one by one.
    fn is_walked(&self) -> bool {
        let Self { event_type, put_in_force, actors, step, person, from: _, until: _ } = self;
        event_type.is_some() || *put_in_force || !actors.is_empty() || step.is_some() || person.is_some()
    }

    /// What stands in the payload of an event that touched a step.
    fn push_step(query: &mut QueryBuilder<Postgres>, step: &str) {
        query.push(" AND (e.payload IS NULL OR e.type IN ('flow.created', 'flow.duplicated')");
        for text in [format!("\"steps.{step}."), format!("\"steps.{step} "), "\"changedMore\"".to_owned()] {
            query.push(" OR position(").push_bind(text.into_bytes()).push(" IN e.payload) > 0");
        }
        query.push(")");
    }

    /// What stands in the context of an event that somebody of this name has to do with. Names in other texts have their
    /// quotation marks escaped.
    fn push_person(query: &mut QueryBuilder<Postgres>, name: &str) {
        let name = serde_json::Value::from(name).to_string();
        let bytes = |member: &str| format!("\"{member}\":{name}").into_bytes();
        query.push(" AND (position(").push_bind(bytes("onBehalfOf")).push(" IN e.context) > 0");
        query.push(" OR position(").push_bind(bytes("name")).push(" IN e.context) > 0)");
    }
}

/// A part of a flow's history: at most `limit` events before version `before`.
#[derive(Debug, Clone, Copy)]
pub struct HistoryPage {
    pub limit: i64,
    pub before: Option<i64>,
}

/// Events of a flow, newest first.
#[derive(Debug)]
pub struct HistoryPart {
    pub entries: Vec<LogEntry>,
    /// The history goes on below this version. A part whose filter lets few events through may be short and yet go on.
    pub next: Option<i64>,
}

/// Events that one part looks at, at most, for those that a filter lets through.
pub const HISTORY_WALK_MAX: i64 = 5_000;

/// Looks at every event that put a document in force, plain publishes and live restores included.
const WAS_IN_FORCE: &str = "SELECT EXISTS (SELECT FROM event p \
     JOIN event d ON d.org_id = $1 AND d.stream_id = p.stream_id AND d.version = p.published_version \
     WHERE p.org_id = $1 AND p.stream_id = $2 AND p.stream_kind = 1 AND p.published_by_version = p.version \
     AND d.document_digest = $3)";

/// Looks at publishes and live restores alone, by the index that has no other events.
const WAS_PUBLISHED: &str = "SELECT EXISTS (SELECT FROM event e WHERE e.org_id = $1 AND e.stream_id = $2 \
     AND e.stream_kind = 1 AND e.version <= $3 AND e.published_by_version = e.version)";

const NEWEST_VERSION: &str =
    "SELECT e.version FROM event e WHERE e.org_id = $1 AND e.stream_id = $2 ORDER BY e.version DESC LIMIT 1";

const ENTRY: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM event e WHERE e.org_id = $1 AND e.stream_id = $2 AND e.version = $3"
);

const AT_POSITIONS: &str =
    concat!("SELECT ", entry_columns!(), " FROM event e WHERE e.org_id = $1 AND e.position = ANY($2)");

impl Store {
    /// The events at these positions of an organization's log, in any order.
    pub async fn entries_at(&self, org_id: Uuid, positions: &[i64]) -> Result<Vec<LogEntry>, StoreError> {
        let query = sqlx::query(AT_POSITIONS).bind(org_id).bind(positions);
        query.fetch_all(&self.pool).await?.iter().map(read_entry).collect()
    }

    /// One part of a flow's history; deleted flows have theirs too.
    pub async fn history(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        filter: &HistoryFilter,
        page: HistoryPage,
    ) -> Result<HistoryPart, StoreError> {
        let (first, before) = self.versions(org_id, flow_id, filter, page).await?;
        let last =
            if filter.is_walked() { first.max(before.saturating_sub(HISTORY_WALK_MAX)) } else { first };
        let events =
            concat!("SELECT ", entry_columns!(), " FROM event e WHERE e.org_id = $1 AND e.stream_kind = 1");
        let mut query = about(org_id, events);
        query.push(" AND e.stream_id = ").push_bind(flow_id);
        query.push(" AND e.version >= ").push_bind(last).push(" AND e.version < ").push_bind(before);
        if let Some(event_type) = &filter.event_type {
            query.push(" AND e.type = ").push_bind(event_type.clone());
        }
        if filter.put_in_force {
            query.push(" AND e.published_by_version = e.version");
        }
        if !filter.actors.is_empty() {
            let actors = self.actor_ids(org_id, &filter.actors).await?;
            query.push(" AND e.actor = ANY(").push_bind(actors).push(")");
        }
        if let Some(step) = &filter.step {
            HistoryFilter::push_step(&mut query, step);
        }
        if let Some(name) = &filter.person {
            HistoryFilter::push_person(&mut query, name);
        }
        query.push(" ORDER BY e.version DESC LIMIT ").push_bind(page.limit.saturating_add(1));
        let rows = query.build().fetch_all(&self.pool).await?;
        let mut entries = rows.iter().map(read_entry).collect::<Result<Vec<_>, _>>()?;
        let limit = usize::try_from(page.limit).unwrap_or(0);
        let next = match entries.len() > limit {
            true => {
                entries.truncate(limit);
                entries.last().map(|entry| entry.version)
            }
            false => Some(last).filter(|last| *last > first),
        };
        Ok(HistoryPart { entries, next })
    }

    /// The versions among which a part lies: the first that counts, and the first that no longer does.
    async fn versions(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        filter: &HistoryFilter,
        page: HistoryPage,
    ) -> Result<(i64, i64), StoreError> {
        let (mut first, mut before) = (1, page.before.unwrap_or(i64::MAX));
        if let Some(from) = filter.from {
            first = self.version_before(org_id, flow_id, from).await?.unwrap_or(0) + 1;
        }
        if let Some(until) = filter.until {
            before = before.min(self.version_before(org_id, flow_id, until).await?.unwrap_or(0) + 1);
        }
        if before == i64::MAX && filter.is_walked() {
            let newest = sqlx::query_scalar(NEWEST_VERSION).bind(org_id).bind(flow_id);
            before = newest.fetch_optional(&self.pool).await?.map_or(1, |newest: i64| newest + 1);
        }
        Ok((first, before))
    }

    /// One event of a stream.
    pub async fn entry(
        &self,
        org_id: Uuid,
        stream_id: Uuid,
        version: i64,
    ) -> Result<Option<LogEntry>, StoreError> {
        let query = sqlx::query(ENTRY).bind(org_id).bind(stream_id).bind(version);
        query.fetch_optional(&self.pool).await?.as_ref().map(read_entry).transpose()
    }

    /// The number a flow is bound to now, deleted or not; `None` where there is no such flow.
    pub async fn flow_number(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
    ) -> Result<Option<Option<String>>, StoreError> {
        let number =
            sqlx::query_scalar("SELECT phone_number_id FROM flow_view WHERE org_id = $1 AND flow_id = $2");
        Ok(number.bind(org_id).bind(flow_id).fetch_optional(&self.pool).await?)
    }

    /// Whether anything was published in a flow up to a version.
    pub async fn was_published(&self, org_id: Uuid, flow_id: Uuid, version: i64) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(WAS_PUBLISHED).bind(org_id).bind(flow_id).bind(version);
        Ok(query.fetch_one(&self.pool).await?)
    }

    /// Whether a document was in force in this flow at any time.
    pub async fn was_in_force(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        document: Digest,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(WAS_IN_FORCE).bind(org_id).bind(flow_id);
        Ok(query.bind(&document.as_bytes()[..]).fetch_one(&self.pool).await?)
    }
}
