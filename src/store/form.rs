//! Whether a statement is about one organization or about several, which is for the database to say.

use sqlx::PgPool;

use super::error::StoreError;

/// How statements name the organizations that they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An array of them, one for each question: on one Postgres the fewest statements are the cheapest.
    Together,
    /// One organization, to which every table is bound: a database that is distributed by organization takes no other.
    OfOne,
}

/// Whether the extension is there at all, which takes one look at the catalogue.
const HAS_CITUS: &str = "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL";

pub(super) async fn has_citus(pool: &PgPool) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(HAS_CITUS).fetch_one(pool).await?)
}
