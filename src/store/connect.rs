//! The pool of connections: to whom, how many, and how long anything may take.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::error::MAJOR_MIN;
use super::{Store, StoreError};

/// Longer than any pause between two requests under load: a busy pool is not asked whether it lives.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Address {
    /// Tried in this order until one takes writes. They may carry passwords.
    Urls(Vec<SecretString>),
    /// Of a server on this machine that trusts whoever reaches its socket.
    Socket { directory: PathBuf, port: u16, user: String, database: String },
}

#[derive(Debug, Clone)]
pub struct PoolSettings {
    pub connections_max: u32,
    /// How long a caller may wait for a connection.
    pub acquire_timeout: Duration,
    pub statement_timeout: Duration,
}

impl Store {
    /// Returns when a server that takes writes has answered.
    pub async fn connect(address: &Address, settings: &PoolSettings) -> Result<Self, StoreError> {
        let options = writable(candidates(address)?).await?;
        let timeout_ms = settings.statement_timeout.as_millis().to_string();
        let options = options.application_name("flow-registry").options([("statement_timeout", timeout_ms)]);
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections_max)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > PING_AFTER_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self::new(pool))
    }
}

fn candidates(address: &Address) -> Result<Vec<PgConnectOptions>, StoreError> {
    match address {
        Address::Urls(urls) => urls
            .iter()
            .map(|url| PgConnectOptions::from_str(url.expose_secret()).map_err(StoreError::Address))
            .collect(),
        Address::Socket { directory, port, user, database } => Ok(vec![
            PgConnectOptions::new_without_pgpass()
                .socket(directory)
                .port(*port)
                .username(user)
                .database(database)
                .ssl_mode(PgSslMode::Disable),
        ]),
    }
}

/// A standby answers too, but an append must not go there.
async fn writable(candidates: Vec<PgConnectOptions>) -> Result<PgConnectOptions, StoreError> {
    let mut refusal = StoreError::OnlyStandbys;
    for options in candidates {
        match is_standby(&options).await {
            Ok(false) => return Ok(options),
            Ok(true) => {}
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

async fn is_standby(options: &PgConnectOptions) -> Result<bool, StoreError> {
    let mut connection = options.connect().await?;
    let (is_standby, version): (bool, i32) =
        sqlx::query_as("SELECT pg_is_in_recovery(), current_setting('server_version_num')::int")
            .fetch_one(&mut connection)
            .await?;
    connection.close().await?;
    match version / 10_000 {
        major @ ..MAJOR_MIN => Err(StoreError::TooOld { major }),
        _ => Ok(is_standby),
    }
}
