//! What the account of the service may do, where it is not the owner of the tables: add to the log, keep views, delete what
//! grows old. Neither rewrite the log, nor blank it other than on record, nor change the schema or its triggers.

use sqlx::{AssertSqlSafe, PgPool};

use super::StoreError;

/// Tables, by what may be done to them beside reading.
const MAY_INSERT: &str = "log_head, actor, event, document, flow_view, flow_search, flow_reference, api_key, idempotency_key, \
     test_run, checkpoint, tree_head, export_secret, erasure, console_session";
const MAY_UPDATE: &str =
    "log_head, flow_view, flow_search, flow_reference, api_key, erasure, console_session";
const MAY_DELETE: &str = "actor, flow_view, flow_search, flow_reference, api_key, idempotency_key, test_run, \
     console_session";

/// Whose the tables are, seen by whoever is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// There are none yet.
    NoTables,
    /// The account owns them, or has all rights.
    Owner,
    /// The account is one of a service that owns nothing.
    Service,
}

/// Asks whose the tables are.
pub async fn ownership(pool: &PgPool) -> Result<Ownership, StoreError> {
    let query = "SELECT pg_has_role(current_user, c.relowner, 'USAGE') FROM pg_class c \
         WHERE c.oid = to_regclass('public.event')";
    Ok(match sqlx::query_scalar(query).fetch_optional(pool).await? {
        None => Ownership::NoTables,
        Some(true) => Ownership::Owner,
        Some(false) => Ownership::Service,
    })
}

/// Whether an account is the one that is connected.
pub async fn account(pool: &PgPool) -> Result<String, StoreError> {
    Ok(sqlx::query_scalar("SELECT current_user::text").fetch_one(pool).await?)
}

/// Gives the account of the service what it needs, and takes what else it had on these tables. As their owner.
pub async fn grant_service(owner: &PgPool, account: &str) -> Result<(), StoreError> {
    let quoted: String = sqlx::query_scalar("SELECT quote_ident($1)").bind(account).fetch_one(owner).await?;
    let mut transaction = owner.begin().await?;
    for grant in [
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {quoted}"),
        format!("GRANT USAGE ON SCHEMA public TO {quoted}"),
        format!("REVOKE CREATE ON SCHEMA public FROM {quoted}"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {quoted}"),
        format!("GRANT INSERT ON {MAY_INSERT} TO {quoted}"),
        format!("GRANT UPDATE ON {MAY_UPDATE} TO {quoted}"),
        format!("GRANT UPDATE (bytes) ON document TO {quoted}"),
        format!("GRANT UPDATE (note) ON checkpoint TO {quoted}"),
        format!("GRANT DELETE ON {MAY_DELETE} TO {quoted}"),
        format!("GRANT EXECUTE ON FUNCTION erase_recorded(uuid, bigint) TO {quoted}"),
    ] {
        sqlx::query(AssertSqlSafe(grant)).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Accounts that somebody made beside the one that is connected.
pub async fn other_accounts(pool: &PgPool) -> Result<Vec<String>, StoreError> {
    let query =
        "SELECT rolname::text FROM pg_roles WHERE rolname <> current_user AND rolname !~ '^pg_' ORDER BY 1";
    Ok(sqlx::query_scalar(query).fetch_all(pool).await?)
}

/// Makes accounts that cannot connect, so that rights can be given to them.
pub async fn make_accounts(pool: &PgPool, names: &[String]) -> Result<(), StoreError> {
    for name in names {
        let quoted: String = sqlx::query_scalar("SELECT quote_ident($1)").bind(name).fetch_one(pool).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE ROLE {quoted} NOLOGIN"))).execute(pool).await?;
    }
    Ok(())
}
