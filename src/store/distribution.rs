//! Databases that are distributed by organization, with Citus: which tables lie with their organization, what runs there, and
//! how the service finds out that its database is one.

use sqlx::PgPool;

use super::append::append_function;
use super::form::{Form, has_citus};
use super::{Store, StoreError};

/// The tables whose rows lie with those of their organization, all on one node. The first one is where the others lie.
pub const DISTRIBUTED: [&str; 15] = [
    "log_head",
    "event",
    "document",
    "actor",
    "flow_view",
    "flow_search",
    "flow_reference",
    "api_key",
    "idempotency_key",
    "test_run",
    "checkpoint",
    "tree_head",
    "export_secret",
    "erasure",
    "console_session",
];

/// The tables that are not about organizations, and why each node has a copy.
pub const COPIED: [(&str, &str); 1] =
    [("_sqlx_migrations", "a service may enter by any node, and asks there which schema it has")];

/// Functions that read or write tables, and are called alone: they run where the organization of their first argument is.
pub(super) const DELEGATED: [&str; 3] = [
    "position_before(uuid, timestamptz)",
    "version_before(uuid, uuid, timestamptz)",
    "erase_recorded(uuid, bigint)",
];

/// Functions of their arguments alone, which statements call on any node.
pub(super) const CALLED_ANYWHERE: [&str; 1] = ["idempotency_record(uuid, text, bytea, jsonb)"];

/// The tables that are distributed or copied.
const PLACED: &str = "SELECT c.relname::text FROM pg_catalog.pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid \
     WHERE c.relnamespace = 'public'::regnamespace";

/// The tables that Citus has placed.
pub(super) async fn placed(pool: &PgPool) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(PLACED).fetch_all(pool).await?)
}

impl Store {
    /// The store as its database is: distributed by organization or on one Postgres. One of which a part is distributed, or
    /// that lacks the function of this release, is refused.
    pub async fn noticing_distribution(self) -> Result<Self, StoreError> {
        if !has_citus(&self.pool).await? {
            return Ok(self);
        }
        let placed = placed(&self.pool).await?;
        let all = DISTRIBUTED.into_iter().chain(COPIED.into_iter().map(|(table, _)| table));
        let (there, mut missing): (Vec<&str>, Vec<&str>) =
            all.partition(|table| placed.iter().any(|placed| placed == table));
        if there.is_empty() {
            return Ok(self);
        }
        let (function, _) = append_function();
        let is_made = "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = $1)";
        if !sqlx::query_scalar(is_made).bind(function).fetch_one(&self.pool).await? {
            missing.push(function);
        }
        match missing.is_empty() {
            true => Ok(self.by_organization()),
            false => Err(StoreError::PartlyDistributed { missing: missing.join(", ") }),
        }
    }

    /// Whether the database is distributed by organization.
    pub fn is_by_organization(&self) -> bool {
        self.form() == Form::OfOne
    }
}
