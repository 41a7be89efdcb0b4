//! Lists of flows, newest change first, read from the view alone.

use std::sync::Arc;

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::flows::{FlowRecord, read_view, view_columns};
use super::query::about;
use super::{Store, StoreError};
use crate::flow::document::TriggerTypes;

/// Which flows of an organization are wanted. The default is all that are not deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ListFilter {
    /// The flows in force: the other members then look at the document in force instead of the draft.
    pub in_force: bool,
    pub phone_number_id: Option<String>,
    /// Flows that start by any of these types of triggers.
    pub trigger_types: Option<TriggerTypes>,
    /// Folded text to find in name or description.
    pub search: Option<String>,
    /// Published (`true`) or draft (`false`) flows only.
    pub published: Option<bool>,
    pub deleted: Deleted,
    /// Published flows whose draft says something else than what is published (`true`), or all others.
    pub unpublished_changes: Option<bool>,
    /// These flows only.
    pub ids: Option<Vec<Uuid>>,
    /// The numbers a credential is confined to; empty: all.
    pub confined_to: Vec<String>,
}

impl ListFilter {
    /// Whether it asks for something that only documents say.
    pub(super) fn asks_documents(&self) -> bool {
        self.phone_number_id.is_some() || self.search.is_some() || self.trigger_types.is_some()
    }
}

/// Whether deleted flows are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Deleted {
    #[default]
    Excluded,
    Included,
    Only,
}

/// A part of the list: `limit` flows that changed before the position `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListPage {
    pub limit: i64,
    pub before: Option<i64>,
}

/// A flow at one of its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedFlow {
    pub flow_id: Uuid,
    pub version: i64,
}

impl ListedFlow {
    pub fn of(record: &FlowRecord) -> Self {
        Self { flow_id: record.flow_id, version: record.version }
    }
}

/// Which flows a page of a list has.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Where the log ends that this is the list of.
    pub head: i64,
    pub flows: Arc<[ListedFlow]>,
    /// Where the list goes on: flows that changed before this position. `None` at its end.
    pub next: Option<i64>,
}

const STILL_AT: &str = concat!(
    "SELECT ",
    view_columns!(),
    " FROM unnest($2::uuid[], $3::bigint[]) AS k(flow_id, version) \
     JOIN flow_view v ON v.org_id = $1 AND v.flow_id = k.flow_id AND v.version = k.version"
);

/// The columns of keys, as arrays.
pub(super) fn columns(keys: &[ListedFlow]) -> (Vec<Uuid>, Vec<i64>) {
    keys.iter().map(|key| (key.flow_id, key.version)).unzip()
}

impl Store {
    /// Which flows one page of the list has.
    pub async fn list_keys(
        &self,
        org_id: Uuid,
        filter: &ListFilter,
        page: ListPage,
    ) -> Result<Listed, StoreError> {
        // One row in place of many, which each would cost as much as what is read.
        let mut query =
            about(org_id, "SELECT coalesce((SELECT h.position FROM log_head h WHERE h.org_id = $1");
        query.push(
            "), 0), coalesce(array_agg(p.flow_id), '{}'), coalesce(array_agg(p.version), '{}'), \
             coalesce(array_agg(p.position), '{}') FROM (",
        );
        // One more than is asked for tells whether there is a next page.
        let more = ListPage { limit: page.limit + 1, ..page };
        push_page(&mut query, "v.flow_id, v.version, v.position", filter, more);
        let arrays = query.push(") AS p").build_query_as::<(i64, Vec<Uuid>, Vec<i64>, Vec<i64>)>();
        let (head, flows, versions, positions) = arrays.fetch_one(&self.pool).await?;
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let keys = flows.into_iter().zip(versions).take(limit);
        Ok(Listed {
            head,
            flows: keys.map(|(flow_id, version)| ListedFlow { flow_id, version }).collect(),
            next: positions.get(limit).and_then(|_| positions.get(limit.checked_sub(1)?)).copied(),
        })
    }

    /// The flows that are at the given versions now, in any order.
    pub async fn flows_still_at(
        &self,
        org_id: Uuid,
        keys: &[ListedFlow],
    ) -> Result<Vec<FlowRecord>, StoreError> {
        let (flows, versions) = columns(keys);
        let query = sqlx::query(STILL_AT).bind(org_id).bind(flows).bind(versions);
        query.fetch_all(&self.pool).await?.iter().map(read_view).collect()
    }
}

/// A query for one page. A credential that is confined to numbers walks the index of numbers once for each of them, and
/// what the walks find is merged: compared with a list, the planner would read all flows or sort them.
pub(super) fn push_page(
    query: &mut QueryBuilder<Postgres>,
    columns: &str,
    filter: &ListFilter,
    page: ListPage,
) {
    query.push("SELECT ").push(columns);
    let is_by_number = !filter.confined_to.is_empty() && filter.ids.is_none();
    if let Some(ids) = &filter.ids {
        query.push(" FROM unnest(").push_bind(ids.clone());
        query.push(") AS wanted(id) CROSS JOIN LATERAL (SELECT * FROM flow_view f WHERE f.org_id = $1");
        query.push(" AND f.flow_id = wanted.id OFFSET 0) AS v WHERE true");
        push_confinement(query, filter);
    } else if is_by_number {
        query.push(" FROM unnest(").push_bind(filter.confined_to.clone());
        query.push(") AS allowed(number) CROSS JOIN LATERAL (SELECT * FROM flow_view v WHERE v.org_id = $1");
        query.push(" AND v.phone_number_id = allowed.number");
    } else {
        query.push(" FROM flow_view v WHERE v.org_id = $1");
    }
    // Without it no index of lists is used: `0005_list_indexes.sql` says why.
    query.push(" AND v.position > 0");
    push_filter(query, filter);
    if let Some(before) = page.before {
        query.push(" AND v.position < ").push_bind(before);
    }
    if is_by_number {
        query.push(" ORDER BY v.position DESC LIMIT ").push_bind(page.limit).push(") AS v");
    }
    query.push(" ORDER BY v.position DESC LIMIT ").push_bind(page.limit);
}

/// Leaves out flows `v` of numbers that the credential is not confined to.
pub(super) fn push_confinement(query: &mut QueryBuilder<Postgres>, filter: &ListFilter) {
    if !filter.confined_to.is_empty() {
        query.push(" AND v.phone_number_id = ANY(").push_bind(filter.confined_to.clone()).push(")");
    }
}

pub(super) fn number(filter: &ListFilter) -> &'static str {
    match filter.in_force {
        true => "v.published_phone_number_id",
        false => "v.phone_number_id",
    }
}

pub(super) fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &ListFilter) {
    if filter.in_force {
        query.push(" AND v.published_version IS NOT NULL AND v.enabled AND NOT v.deleted");
    }
    match filter.deleted {
        Deleted::Excluded => query.push(" AND NOT v.deleted"),
        Deleted::Included => query,
        Deleted::Only => query.push(" AND v.deleted"),
    };
    match filter.published {
        Some(true) => query.push(" AND v.published_version IS NOT NULL"),
        Some(false) => query.push(" AND v.published_version IS NULL AND NOT v.deleted"),
        None => query,
    };
    match filter.unpublished_changes {
        Some(true) => {
            query.push(" AND v.published_version IS NOT NULL AND v.published_digest <> v.document_digest")
        }
        Some(false) => {
            query.push(" AND (v.published_version IS NULL OR v.published_digest = v.document_digest)")
        }
        None => query,
    };
    if let Some(ids) = &filter.ids {
        query.push(" AND v.flow_id = ANY(").push_bind(ids.clone()).push(")");
    }
    if let Some(wanted) = &filter.phone_number_id {
        query.push(" AND ").push(number(filter)).push(" = ").push_bind(wanted.clone());
    }
    if let Some(types) = filter.trigger_types {
        let column = if filter.in_force { "v.published_trigger_types" } else { "v.trigger_types" };
        query.push(" AND ").push(column).push(" & ").push_bind(types.bits()).push(" <> 0");
    }
    if let Some(text) = &filter.search {
        query.push(" AND EXISTS (SELECT FROM flow_search s WHERE s.org_id = $1");
        query.push(" AND s.flow_id = v.flow_id AND s.in_force = ").push_bind(filter.in_force);
        query.push(" AND s.text LIKE ").push_bind(containing(text)).push(")");
    }
}

/// The pattern of texts that contain a text.
pub(super) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_patterns_is_taken_for_itself() {
        assert_eq!(containing(r"50% of a_b\c"), r"%50\% of a\_b\\c%");
    }
}
