//! The schema's migrations, and whether a database keeps what it acknowledges.

use std::sync::LazyLock;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgConnection, PgPool};

use super::StoreError;
use super::form::has_citus;
use super::service_role::{Ownership, ownership};

/// Its own lock is one of a session, which a pooler between would leave behind.
static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!();
    migrator.set_locking(false);
    migrator
});

/// Held by a transaction that changes the schema or settings of the account. Any number that nobody else takes.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(7356104482190377)";

/// Where the database is distributed, tables with triggers are changed too, and all of a migration over one connection to each
/// node. Elsewhere these names mean nothing.
const ON_NODES: &str =
    "SET LOCAL citus.enable_unsafe_triggers = on; SET LOCAL citus.multi_shard_modify_mode = 'sequential'";

/// Brings the schema up to date, in one transaction. Several replicas may call it at once: one works, the others wait and
/// then find it done. A schema that is up to date is only read.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    if is_current(&mut *pool.acquire().await?).await? {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    // A migration takes as long as the tables are large.
    for setting in ["SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0", LOCK] {
        sqlx::query(setting).execute(&mut *transaction).await?;
    }
    sqlx::raw_sql(ON_NODES).execute(&mut *transaction).await?;
    // `run` takes no reference to a connection inside a task.
    match MIGRATOR.run_direct(None, &mut *transaction, false).await {
        // Migrations are never edited: this database was made before the first of them was fixed.
        Err(MigrateError::VersionMismatch(_)) => return Err(StoreError::Unreleased),
        migrated => migrated?,
    }
    Ok(transaction.commit().await?)
}

/// Whether the schema is that of this release.
async fn is_current(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let is_there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    if !sqlx::query_scalar::<_, bool>(is_there).fetch_one(&mut *connection).await? {
        return Ok(false);
    }
    let applied = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
    let applied: Vec<(i64, Vec<u8>)> = sqlx::query_as(applied).fetch_all(connection).await?;
    Ok(MIGRATOR.iter().map(|it| (it.version, it.checksum.to_vec())).eq(applied))
}

/// Brings the schema up to date where the account may, and says whose the tables are. An account that owns nothing only
/// looks whether they are those of this release.
pub async fn prepare(pool: &PgPool) -> Result<Ownership, StoreError> {
    match ownership(pool).await? {
        Ownership::Service => verify_schema(pool).await,
        Ownership::Owner | Ownership::NoTables => migrate(pool).await.map(|()| Ownership::Owner),
    }
}

/// Looks whether the tables are those of this release, and says whose they are.
pub async fn verify_schema(pool: &PgPool) -> Result<Ownership, StoreError> {
    match is_current(&mut *pool.acquire().await?).await? {
        true => ownership(pool).await,
        false => Err(StoreError::NotMigrated),
    }
}

/// Lets the planner know the tables after they were filled: plans are poor until then, and a partitioned table is never
/// looked at by the server itself.
pub async fn analyze(pool: &PgPool) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
    sqlx::query("ANALYZE").execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Settings without which an acknowledged write can be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurabilitySettings {
    /// Names of settings that are off, as the server calls them.
    pub off: Vec<String>,
}

impl DurabilitySettings {
    pub fn is_safe(&self) -> bool {
        self.off.is_empty()
    }
}

const OFF: &str = "SELECT name FROM pg_settings \
     WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name";

/// Asks the server, and the nodes of a distributed database, whether `fsync`, `full_page_writes` and `synchronous_commit` are on for this service.
pub async fn durability(pool: &PgPool) -> Result<DurabilitySettings, StoreError> {
    let mut off: Vec<String> = sqlx::query_scalar(OFF).fetch_all(pool).await?;
    if has_citus(pool).await? {
        // A node that is away is asked when the service starts the next time.
        let of_nodes = "SELECT nodename || ':' || nodeport || ' ' || result \
             FROM run_command_on_workers($1) WHERE success AND result <> '' ORDER BY 1";
        let joined = format!("SELECT string_agg(name, ', ') FROM ({OFF}) AS off");
        off.extend(sqlx::query_scalar::<_, String>(of_nodes).bind(joined).fetch_all(pool).await?);
    }
    Ok(DurabilitySettings { off })
}
