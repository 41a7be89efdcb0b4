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

/// Those of some functions that do not run where they should: they are not there, or Citus was not told where they run, and they
/// would ask all nodes from the entry. A node knows of each that is called anywhere, and by which argument another is sent to
/// one node.
const NOT_PLACED: &str = "SELECT split_part(named.function, '(', 1) \
     FROM unnest($1::text[], $2::boolean[]) WITH ORDINALITY AS named(function, is_delegated, n) \
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_dist_object o WHERE o.classid = 'pg_proc'::regclass \
       AND o.objid = to_regprocedure(named.function) \
       AND (o.distribution_argument_index IS NOT NULL OR NOT named.is_delegated)) ORDER BY named.n";

/// The functions of this release that do not run where they should.
async fn functions_not_placed(pool: &PgPool) -> Result<Vec<String>, StoreError> {
    let (append, _) = append_function();
    let delegated = [append.as_str()].into_iter().chain(DELEGATED).map(|function| (function, true));
    let all = delegated.chain(CALLED_ANYWHERE.into_iter().map(|function| (function, false)));
    let (functions, are_delegated): (Vec<&str>, Vec<bool>) = all.unzip();
    Ok(sqlx::query_scalar(NOT_PLACED).bind(functions).bind(are_delegated).fetch_all(pool).await?)
}

/// The tables that Citus has placed.
pub(super) async fn placed(pool: &PgPool) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(PLACED).fetch_all(pool).await?)
}

impl Store {
    /// The store as its database is: distributed by organization or on one Postgres. One of which a part is distributed, or
    /// that does not run the functions of this release where they should, is refused: `distribute` was broken off, or is due.
    pub async fn noticing_distribution(self) -> Result<Self, StoreError> {
        if !has_citus(&self.pool).await? {
            return Ok(self);
        }
        let placed = placed(&self.pool).await?;
        let all = DISTRIBUTED.into_iter().chain(COPIED.into_iter().map(|(table, _)| table));
        let (there, missing): (Vec<&str>, Vec<&str>) =
            all.partition(|table| placed.iter().any(|placed| placed == table));
        if there.is_empty() {
            return Ok(self);
        }
        let mut missing: Vec<String> = missing.into_iter().map(str::to_owned).collect();
        missing.extend(functions_not_placed(&self.pool).await?);
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
