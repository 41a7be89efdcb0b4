//! The pool of connections: to whom, how many, and how long anything may take.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::error::MAJOR_MIN;
use super::{Store, StoreError};

/// Beyond what the server's own clock allows a statement: an answer that is under way gets through.
const SLACK: Duration = Duration::from_secs(5);
/// Where nothing was configured.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);
/// Longer than any pause between two requests under load: a busy pool is not asked whether it lives.
pub(super) const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

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
        let options = options
            .application_name("flow-registry")
            .options([("statement_timeout", timeout_ms.as_str()), ("jit", "off")]);
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections_max)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    refuse_standby(connection).await.map_err(|error| sqlx::Error::Protocol(error.to_string()))
                })
            })
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > PING_AFTER_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let patience = settings.acquire_timeout + settings.statement_timeout + SLACK;
        Ok(Self { patience, ..Self::new(pool) })
    }

    /// Waits for an answer no longer than a connection and a statement may take. For those who have nobody that gives
    /// up in their place: a connection may be dead without a word, and then no answer ever comes.
    pub async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.in_time_for(1, asked).await
    }

    /// Bounds the time of something that takes as many statements.
    pub async fn in_time_for<T>(
        &self,
        statements: u32,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let waited = tokio::time::timeout(self.patience * statements, asked).await;
        waited.unwrap_or_else(|_| Err(StoreError::late()))
    }
}

/// What takes no writes lags behind what does: after a failover nothing is read from a server that was demoted.
pub(super) async fn refuse_standby(connection: &mut PgConnection) -> Result<(), StoreError> {
    match sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(connection).await? {
        false => Ok(()),
        true => Err(StoreError::Unavailable(sqlx::Error::Protocol("the server is a standby".to_owned()))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_gets_no_answer_waits_no_longer_than_a_statement_may_take() {
        let pool = PgPoolOptions::new().connect_lazy_with(PgConnectOptions::new_without_pgpass());
        let store = Store { patience: Duration::from_millis(5), ..Store::new(pool) };
        let silent = store.in_time(std::future::pending::<Result<(), StoreError>>());
        assert!(matches!(silent.await, Err(StoreError::Unavailable(_))));
        store.in_time(std::future::ready(Ok(()))).await.unwrap();
    }
}
