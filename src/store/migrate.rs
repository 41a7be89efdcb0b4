//! The schema's migrations, and whether a database keeps what it acknowledges.

use sqlx::PgPool;
use sqlx::migrate::{MigrateError, Migrator};

use super::StoreError;
use super::service_role::{Ownership, ownership};

static MIGRATOR: Migrator = sqlx::migrate!();

/// Brings the schema up to date. Several replicas may call it at once: an advisory lock lets one work.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    match MIGRATOR.run(pool).await {
        // Migrations are never edited: this database was made before the first of them was fixed.
        Err(MigrateError::VersionMismatch(_)) => Err(StoreError::Unreleased),
        migrated => Ok(migrated?),
    }
}

/// Brings the schema up to date where the account may, and says whose the tables are. An account that owns nothing only
/// looks whether they are those of this release.
pub async fn prepare(pool: &PgPool) -> Result<Ownership, StoreError> {
    match ownership(pool).await? {
        Ownership::Service => {
            let applied = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
            let applied: Vec<(i64, Vec<u8>)> = sqlx::query_as(applied).fetch_all(pool).await?;
            let known = MIGRATOR.iter().map(|it| (it.version, it.checksum.to_vec()));
            match known.eq(applied) {
                true => Ok(Ownership::Service),
                false => Err(StoreError::NotMigrated),
            }
        }
        Ownership::Owner | Ownership::NoTables => migrate(pool).await.map(|()| Ownership::Owner),
    }
}

/// Settings without which an acknowledged write can be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durability {
    /// Names of settings that are off, as the server calls them.
    pub off: Vec<String>,
}

impl Durability {
    pub fn is_safe(&self) -> bool {
        self.off.is_empty()
    }
}

/// Asks the server whether `fsync`, `full_page_writes` and `synchronous_commit` are on for this service.
pub async fn durability(pool: &PgPool) -> Result<Durability, StoreError> {
    let off = sqlx::query_scalar(
        "SELECT name FROM pg_settings \
         WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name",
    )
    .fetch_all(pool)
    .await?;
    Ok(Durability { off })
}
