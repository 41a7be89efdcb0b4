//! Poolers that lend a server connection for one transaction at a time, such as PgBouncer: what they must be able to do, and
//! what replaces the settings that connections otherwise bring along.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::StoreError;
use super::migrate::LOCK;

/// How connections reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Each leads to a server process of its own, which is told how long anything may take when the connection begins.
    None,
    /// Through a pooler. A connection may lead to another server process with each transaction, so nothing is kept in one.
    Transaction,
}

impl Pooling {
    /// Settings for the server process, where it is the connection's own.
    pub(super) fn settings<const N: usize>(
        self,
        options: PgConnectOptions,
        settings: [(&str, &str); N],
    ) -> PgConnectOptions {
        match self {
            Self::None => options.options(settings),
            Self::Transaction => options,
        }
    }

    /// What is said when a connection begins. A pooler takes few parameters; floats are sent binary either way.
    pub(super) fn begin(self, options: PgConnectOptions) -> PgConnectOptions {
        match self {
            Self::None => options,
            Self::Transaction => options.extra_float_digits(None),
        }
    }
}

/// Gives the account its timeouts, which then hold for each new server process. The values are checked numbers.
const SET_TIMEOUTS: &str = "DO $$ DECLARE setting text; BEGIN \
     FOREACH setting IN ARRAY ARRAY['statement_timeout = STATEMENT_MS', 'lock_timeout = LOCK_MS', 'jit = off'] LOOP \
       EXECUTE format('ALTER ROLE %I IN DATABASE %I SET ', current_user, current_database()) || setting; \
     END LOOP; END $$";

/// Gives the account that is connected its timeouts in this database, where it has others. Returns whether it had.
pub async fn set_account_timeouts(
    pool: &PgPool,
    statement: Duration,
    lock: Duration,
) -> Result<bool, StoreError> {
    let wanted = [
        format!("statement_timeout={}", statement.as_millis()),
        format!("lock_timeout={}", lock.as_millis()),
        "jit=off".to_owned(),
    ];
    let mut transaction = pool.begin().await?;
    // Several services may begin at once, and a row of the catalogue takes one change at a time.
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    let has = "SELECT coalesce($1 <@ (SELECT setconfig FROM pg_db_role_setting \
         WHERE setrole = current_user::regrole AND setdatabase = \
           (SELECT oid FROM pg_database WHERE datname = current_database())), false)";
    if sqlx::query_scalar(has).bind(&wanted[..]).fetch_one(&mut *transaction).await? {
        return Ok(true);
    }
    let set = SET_TIMEOUTS
        .replace("STATEMENT_MS", &statement.as_millis().to_string())
        .replace("LOCK_MS", &lock.as_millis().to_string());
    sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(false)
}

/// Tries what a pooler must be able to do: transactions, and statements that several connections have prepared.
pub async fn try_pooler(pool: &PgPool) -> Result<(), StoreError> {
    let (mut one, mut other) = (pool.acquire().await?, pool.acquire().await?);
    for connection in [&mut one, &mut other] {
        use_pooler(connection).await.map_err(|error| match &error {
            sqlx::Error::Database(cause) => match cause.code().as_deref() {
                Some("42P05" | "26000") => StoreError::Pooler(format!(
                    "it loses prepared statements ({cause}): set max_prepared_statements to 100 or more, which PgBouncer \
                     has from 1.21 on"
                )),
                Some("08P01") => StoreError::Pooler(format!(
                    "it refuses transactions ({cause}): set its pool_mode to transaction or session"
                )),
                _ => error.into(),
            },
            _ => error.into(),
        })?;
    }
    Ok(())
}

async fn use_pooler(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT 1").execute(&mut *transaction).await?;
    transaction.rollback().await?;
    sqlx::query("SELECT 1").execute(connection).await.map(drop)
}
