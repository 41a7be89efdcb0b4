//! Poolers that lend a server connection for one transaction at a time, such as PgBouncer: what they must be able to do, and
//! what replaces the settings that connections otherwise bring along.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::StoreError;
use super::form::Form;
use super::migrate::LOCK;
use super::plans::plans;

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

/// Gives the account settings, which then hold for each new server process. Names and values are of this program.
const SET: &str = "DO $$ DECLARE setting text; BEGIN \
     FOREACH setting IN ARRAY ARRAY[SETTINGS] LOOP \
       EXECUTE format('ALTER ROLE %I IN DATABASE %I SET ', current_user, current_database()) || setting; \
     END LOOP; END $$";

/// What connections are told where there is no pooler, as the catalogue notes it of an account.
fn account_settings(form: Form, statement: Duration, lock: Duration) -> Vec<String> {
    let timeouts = [("statement_timeout", statement), ("lock_timeout", lock)];
    let timeouts = timeouts.map(|(name, timeout)| format!("{name}={}", timeout.as_millis()));
    let jit = [("jit", "off")];
    let others = jit.into_iter().chain(plans(form)).map(|(name, value)| format!("{name}={value}"));
    timeouts.into_iter().chain(others).collect()
}

/// Gives the account that is connected its timeouts in this database, and says how its statements are planned, where it has other
/// settings. Returns whether it had these.
pub async fn set_account_settings(
    pool: &PgPool,
    form: Form,
    statement: Duration,
    lock: Duration,
) -> Result<bool, StoreError> {
    let wanted = account_settings(form, statement, lock);
    let mut transaction = pool.begin().await?;
    // Several services may begin at once, and a row of the catalogue takes one change at a time.
    sqlx::query(LOCK).execute(&mut *transaction).await?;
    let has = "SELECT coalesce($1 <@ (SELECT setconfig FROM pg_db_role_setting \
         WHERE setrole = current_user::regrole AND setdatabase = \
           (SELECT oid FROM pg_database WHERE datname = current_database())), false)";
    if sqlx::query_scalar(has).bind(&wanted).fetch_one(&mut *transaction).await? {
        return Ok(true);
    }
    let quoted: Vec<String> = wanted.iter().map(|setting| format!("'{setting}'")).collect();
    let set = SET.replace("SETTINGS", &quoted.join(", "));
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
