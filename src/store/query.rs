//! Statements that are put together piece by piece. Each is about one organization, which its text names by `$1`.

use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, Postgres, QueryBuilder};
use uuid::Uuid;

/// Begins a statement about an organization: to `$1` every table in it is bound.
pub(super) fn about(org_id: Uuid, begin: &str) -> QueryBuilder<Postgres> {
    let mut arguments = PgArguments::default();
    arguments.add(org_id).expect("an id has one encoding");
    QueryBuilder::with_arguments(begin, arguments)
}
