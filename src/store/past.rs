//! Lists of flows as they were when the log stood at a position. Each flow's version of then is found by halving, so
//! the cost depends on how many flows there are, not on how much happened to them.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::flows::{FlowRecord, event_columns, event_joins, read_event};
use super::{Deleted, ListFilter, ListPage, Store, StoreError};

/// The view says how far to seek, and answers at once where the flow has not changed since.
const VERSION_AT: &str = "SELECT CASE WHEN v.position <= $3 THEN v.version \
     ELSE version_at(v.org_id, v.flow_id, v.version - 1, $3) END \
     FROM flow_view v WHERE v.org_id = $1 AND v.flow_id = $2";

impl Store {
    /// The version a flow had when the log stood at a position; `None` before its first.
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

    /// One page of the list of then, last change first. What the filter asks of documents (number, text) is left to
    /// the caller: no event carries it. To whom a flow belongs is decided by the number it is bound to now.
    pub async fn list_at(
        &self,
        org_id: Uuid,
        position: i64,
        filter: &ListFilter,
        page: ListPage,
    ) -> Result<Vec<FlowRecord>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(concat!(
            "SELECT ",
            event_columns!(),
            " FROM flow_view v JOIN event e ON e.org_id = v.org_id AND e.stream_id = v.flow_id AND e.version = "
        ));
        query.push("CASE WHEN v.position <= ").push_bind(position).push(" THEN v.version ELSE ");
        query.push("version_at(v.org_id, v.flow_id, v.version - 1, ").push_bind(position).push(") END");
        query.push(event_joins!()).push("WHERE v.org_id = ").push_bind(org_id);
        push_filter(&mut query, filter);
        if let Some(before) = page.before {
            query.push(" AND e.position < ").push_bind(before);
        }
        query.push(" ORDER BY e.position DESC LIMIT ").push_bind(page.limit);
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(read_event).collect()
    }
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &ListFilter) {
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
    if !filter.confined_to.is_empty() {
        query.push(" AND v.phone_number_id = ANY(").push_bind(filter.confined_to.clone()).push(")");
    }
}
