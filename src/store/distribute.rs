//! Distributes a database by organization, with Citus. Each step is a transaction of its own and is done only where it is
//! left to do: what was broken off goes on when it is called again.

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

use super::append::append_function;
use super::distribution::{CALLED_ANYWHERE, COPIED, DELEGATED, DISTRIBUTED, placed};
use super::form::has_citus;
use super::migrate::{LOCK, migrate};
use super::service_role::{Ownership, account, ownership};
use super::{Store, StoreError};

/// Where a table lies.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Placement {
    pub table: String,
    /// Whether each row lies with its organization; else every node has a copy.
    pub is_by_organization: bool,
    pub shards: i64,
    /// Hosts and ports.
    pub nodes: Vec<String>,
}

/// What was done, and where everything lies.
#[derive(Debug)]
pub struct Distributed {
    /// The tables that were not distributed before.
    pub moved: Vec<&'static str>,
    /// The tables of which rows were left behind on the entry, and are gone now.
    pub cleared: Vec<&'static str>,
    pub placements: Vec<Placement>,
}

const PLACEMENTS: &str = "SELECT c.relname::text AS table, p.partmethod = 'h' AS is_by_organization, \
       count(DISTINCT s.shardid) AS shards, array_agg(DISTINCT n.nodename || ':' || n.nodeport) AS nodes \
     FROM pg_catalog.pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid \
     JOIN pg_catalog.pg_dist_shard s ON s.logicalrelid = p.logicalrelid \
     JOIN pg_catalog.pg_dist_placement l ON l.shardid = s.shardid \
     JOIN pg_catalog.pg_dist_node n ON n.groupid = l.groupid AND n.noderole = 'primary' \
     WHERE c.relnamespace = 'public'::regnamespace GROUP BY c.relname, p.partmethod ORDER BY c.relname";

/// Copying a table takes as long as it is large. The triggers that guard the log are for rows, which lie where their
/// triggers do.
const SETTINGS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
     SET LOCAL citus.enable_unsafe_triggers = on";

/// Refuses what cannot be distributed, brings the schema up to date, and distributes what is not distributed yet.
pub async fn distribute(store: &Store) -> Result<Distributed, StoreError> {
    let pool = store.pool();
    check_nodes(pool).await?;
    if ownership(pool).await? == Ownership::Service {
        return refuse(format!(
            "the account {} does not own the tables: name their owner with MIGRATE_DATABASE_URL",
            account(pool).await?
        ));
    }
    migrate(pool).await?;
    let (mut moved, mut cleared) = (Vec::new(), Vec::new());
    for table in DISTRIBUTED {
        if !placed(pool).await?.iter().any(|placed| placed == table) {
            let with = if table == DISTRIBUTED[0] { "none" } else { DISTRIBUTED[0] };
            place(
                pool,
                &format!(
                    "SELECT create_distributed_table('public.{table}', 'org_id', colocate_with => '{with}')"
                ),
            )
            .await?;
            moved.push(table);
        }
    }
    for (table, _) in COPIED {
        if !placed(pool).await?.iter().any(|placed| placed == table) {
            place(pool, &format!("SELECT create_reference_table('public.{table}')")).await?;
            moved.push(table);
        }
    }
    for table in DISTRIBUTED.into_iter().chain(COPIED.map(|(table, _)| table)) {
        if clear(pool, table).await? {
            cleared.push(table);
        }
    }
    place_functions(pool).await?;
    let placements = sqlx::query_as(PLACEMENTS).fetch_all(pool).await?;
    Ok(Distributed { moved, cleared, placements })
}

fn refuse<T>(why: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::NotDistributable(why.into()))
}

/// Whether this is the entry of a database with nodes to lie on.
async fn check_nodes(pool: &PgPool) -> Result<(), StoreError> {
    if !has_citus(pool).await? {
        return refuse(
            "the extension citus is not in it: put citus first into shared_preload_libraries of every node, and CREATE \
             EXTENSION citus in the database of that name on each",
        );
    }
    let is_worker = "SELECT groupid <> 0 FROM pg_catalog.pg_dist_local_group";
    if sqlx::query_scalar(is_worker).fetch_one(pool).await? {
        return refuse("it is that of a worker: name the coordinator");
    }
    let nodes = "SELECT count(*) FROM pg_catalog.pg_dist_node WHERE isactive AND shouldhaveshards AND noderole = 'primary'";
    if sqlx::query_scalar::<_, i64>(nodes).fetch_one(pool).await? == 0 {
        return refuse("no node takes rows yet: add the workers on the coordinator, with citus_add_node");
    }
    Ok(())
}

/// A transaction in which nobody else migrates or distributes.
async fn step(pool: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let mut transaction = pool.begin().await?;
    sqlx::raw_sql(SETTINGS).execute(&mut *transaction).await?;
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    Ok(transaction)
}

async fn place(pool: &PgPool, statement: &str) -> Result<(), StoreError> {
    let mut transaction = step(pool).await?;
    run(&mut transaction, statement.to_owned()).await?;
    Ok(transaction.commit().await?)
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// Removes what a table still holds on the entry, where nobody sees it any more: rows that were copied to the nodes, erased
/// content among them. The trigger that refuses it stands aside here only, not on the nodes.
async fn clear(pool: &PgPool, table: &str) -> Result<bool, StoreError> {
    let mut transaction = step(pool).await?;
    let held = "SELECT pg_relation_size(to_regclass('public.' || $1)) > 0";
    if !sqlx::query_scalar::<_, bool>(held).bind(table).fetch_one(&mut *transaction).await? {
        return Ok(false);
    }
    let guards = "SELECT quote_ident(tgname) FROM pg_trigger \
         WHERE tgrelid = to_regclass('public.' || $1) AND NOT tgisinternal AND tgtype & 32 <> 0 ORDER BY tgname";
    let guards: Vec<String> = sqlx::query_scalar(guards).bind(table).fetch_all(&mut *transaction).await?;
    run(&mut transaction, "SET LOCAL citus.enable_ddl_propagation = off".to_owned()).await?;
    for guard in &guards {
        run(&mut transaction, format!("ALTER TABLE public.{table} DISABLE TRIGGER {guard}")).await?;
    }
    run(&mut transaction, format!("SELECT truncate_local_data_after_distributing_table('public.{table}')"))
        .await?;
    for guard in &guards {
        run(&mut transaction, format!("ALTER TABLE public.{table} ENABLE ALWAYS TRIGGER {guard}")).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Makes the function that appends, and says of all functions where they run.
async fn place_functions(pool: &PgPool) -> Result<(), StoreError> {
    let (append, make) = append_function();
    let mut transaction = step(pool).await?;
    run(&mut transaction, make).await?;
    run(&mut transaction, delegate(&append)).await?;
    transaction.commit().await?;
    for function in DELEGATED {
        place(pool, &delegate(function)).await?;
    }
    for function in CALLED_ANYWHERE {
        place(pool, &format!("SELECT create_distributed_function('{function}')")).await?;
    }
    Ok(())
}

/// Has a function run where the organization of its first argument lies.
fn delegate(function: &str) -> String {
    let with = DISTRIBUTED[0];
    format!(
        "SELECT create_distributed_function('{function}', '$1', colocate_with => '{with}', force_delegation => true)"
    )
}
