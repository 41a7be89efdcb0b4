//! Lists of flows, newest change first, read from the narrow view alone.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::flows::{FlowRecord, read_view, view_columns};
use super::{Store, StoreError};

/// Which flows of an organization are wanted. The default is all that are not deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ListFilter {
    /// The flows in force: the other members then look at the document in force instead of the draft.
    pub in_force: bool,
    pub phone_number_id: Option<String>,
    /// Folded text to find in name or description.
    pub search: Option<String>,
    /// Published (`true`) or draft (`false`) flows only.
    pub published: Option<bool>,
    pub deleted: Deleted,
    /// The numbers a credential is confined to; empty: all.
    pub confined_to: Vec<String>,
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

impl Store {
    /// Which flows one page of the list has, and the version each is at.
    pub async fn list_versions(
        &self,
        org_id: Uuid,
        filter: &ListFilter,
        page: ListPage,
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        // One row in place of many, which each would cost as much as what is read.
        let mut query = QueryBuilder::new("SELECT array_agg(p.flow_id), array_agg(p.version) FROM (");
        push_page(query.push("SELECT v.flow_id, v.version"), org_id, filter, page).push(") AS p");
        let arrays = query.build_query_as::<(Option<Vec<Uuid>>, Option<Vec<i64>>)>();
        let (flows, versions) = arrays.fetch_one(&self.pool).await?;
        Ok(flows.unwrap_or_default().into_iter().zip(versions.unwrap_or_default()).collect())
    }

    /// One page of the list.
    pub async fn list(
        &self,
        org_id: Uuid,
        filter: &ListFilter,
        page: ListPage,
    ) -> Result<Vec<FlowRecord>, StoreError> {
        let mut query = QueryBuilder::new(concat!("SELECT ", view_columns!()));
        let rows = push_page(&mut query, org_id, filter, page).build().fetch_all(&self.pool).await?;
        rows.iter().map(read_view).collect()
    }
}

/// Newest change first, on the index of that order.
fn push_page<'a>(
    query: &'a mut QueryBuilder<Postgres>,
    org_id: Uuid,
    filter: &ListFilter,
    page: ListPage,
) -> &'a mut QueryBuilder<Postgres> {
    query.push(" FROM flow_view v WHERE v.org_id = ").push_bind(org_id);
    push_filter(query, filter);
    if let Some(before) = page.before {
        query.push(" AND v.position < ").push_bind(before);
    }
    query.push(" ORDER BY v.position DESC LIMIT ").push_bind(page.limit)
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &ListFilter) {
    let number = match filter.in_force {
        true => "v.published_phone_number_id",
        false => "v.phone_number_id",
    };
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
    if let Some(number_wanted) = &filter.phone_number_id {
        query.push(" AND ").push(number).push(" = ").push_bind(number_wanted.clone());
    }
    if let Some(text) = &filter.search {
        query.push(
            " AND EXISTS (SELECT FROM flow_search s WHERE s.org_id = v.org_id AND s.flow_id = v.flow_id",
        );
        query.push(" AND s.in_force = ").push_bind(filter.in_force);
        query.push(" AND strpos(s.text, ").push_bind(text.clone()).push(") > 0)");
    }
    if !filter.confined_to.is_empty() {
        query.push(" AND ").push(number).push(" = ANY(").push_bind(filter.confined_to.clone()).push(")");
    }
}
