//! The pool of connections: to whom, how many, and how long anything may take.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Postgres, Transaction};

use super::form::Form;
use super::plans::BY_ITSELF;
use super::pooler::Pooling;
use super::primary::{Primary, UsedServer};
use super::server::{Address, DatabaseServer, Timeline};
use super::{Store, StoreError};

/// Beyond what the server's own clock allows a statement: an answer that is under way gets through.
const SLACK: Duration = Duration::from_secs(5);
/// Where nothing was configured.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);
/// Longer than any pause between two requests under load: a busy pool is not asked whether it lives.
pub(super) const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct PoolSettings {
    pub connections_max: u32,
    /// How long a caller may wait for a connection.
    pub acquire_timeout: Duration,
    pub statement_timeout: Duration,
    /// The newest timeline that was ever used, as far as is remembered: no server on an older one is used.
    pub seen: Option<Timeline>,
    pub pooling: Pooling,
}

impl PoolSettings {
    /// The servers of an address, in its order, with what is said to each when a connection begins.
    pub(super) fn servers(&self, address: &Address) -> Result<Vec<DatabaseServer>, StoreError> {
        let timeout_ms = self.statement_timeout.as_millis().to_string();
        let mut servers = DatabaseServer::all(address)?;
        for server in &mut servers {
            let options = std::mem::take(&mut server.options).application_name("flow-registry");
            let own = [("statement_timeout", timeout_ms.as_str()), ("jit", "off")];
            let options = self.pooling.settings(self.pooling.begin(options), own);
            server.options = self.pooling.settings(options, BY_ITSELF);
        }
        Ok(servers)
    }
}

impl Store {
    /// Returns when the server that takes writes has answered.
    pub async fn connect(address: &Address, settings: &PoolSettings) -> Result<Self, StoreError> {
        let servers = settings.servers(address)?;
        let primary = Primary::find(servers, settings.seen).await?;
        let pool = pool(settings, primary.clone());
        let patience = settings.acquire_timeout + settings.statement_timeout + SLACK;
        Ok(Self {
            pool,
            patience,
            primary,
            pooling: settings.pooling,
            standbys: Arc::default(),
            form: Form::Together,
        })
    }

    /// The database server in use; `None` where nobody looked which it is.
    pub fn used_server(&self) -> Option<UsedServer> {
        self.primary.used()
    }

    /// Waits until another server is in use, or the same one on another timeline.
    pub async fn server_changed(&self, from: &UsedServer) -> UsedServer {
        self.primary.changed(from).await
    }

    /// Connections of the pool that are in use, and those that wait to be.
    pub fn connections(&self) -> (usize, usize) {
        let idle = self.pool.num_idle();
        ((self.pool.size() as usize).saturating_sub(idle), idle)
    }

    /// How many connections the pool may have.
    pub fn connections_max(&self) -> u32 {
        self.pool.options().get_max_connections()
    }

    /// Moves to another server when that one is promoted, for as long as it is polled.
    pub async fn follow_primary(&self) {
        self.primary.follow(&self.pool).await;
    }

    /// Begins a transaction, in a task of its own: whoever stops waiting in the middle of it would give a connection back to
    /// the pool that is inside a transaction which nobody ends.
    pub(super) async fn begin(
        &self,
        statement: &'static str,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin_with(statement).await });
        Ok(begun.await.map_err(|_| sqlx::Error::WorkerCrashed)??)
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

/// A pool whose connections lead to the primary, whichever it is.
fn pool(settings: &PoolSettings, primary: Primary) -> PgPool {
    let options = PgConnectOptions::clone(&primary.server().options);
    let admitting = primary.clone();
    PgPoolOptions::new()
        .max_connections(settings.connections_max)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let primary = admitting.clone();
            Box::pin(async move {
                let admitted = primary.admit(connection).await;
                admitted.map(drop).map_err(|error| sqlx::Error::Protocol(error.to_string()))
            })
        })
        .before_acquire(move |connection, meta| {
            let is_left = primary.is_older_than_move(meta.age);
            Box::pin(async move {
                if !is_left && meta.idle_for > PING_AFTER_IDLE {
                    connection.ping().await?;
                }
                Ok(!is_left)
            })
        })
        .connect_lazy_with(options)
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
