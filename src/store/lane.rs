//! A lane: one connection of its own, for what goes out one statement at a time. It finds a server process that has done
//! the same just before, waits behind nobody, and is not asked after every statement whether it lives, as a pool does.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::time::Instant;

use super::connect::{PING_AFTER_IDLE, refuse_standby};
use super::reader::Form;
use super::{Store, StoreError};

/// Statements are planned when tables may still be small; what they touch is always found by its key.
const BY_KEY: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];
/// Statements are planned once. A database that is distributed by organization plans each for the one it is about.
const PLANNED_ONCE: [(&str, &str); 1] = [("plan_cache_mode", "force_generic_plan")];

#[derive(Debug)]
pub struct Lane {
    options: PgConnectOptions,
    /// The connection while nobody uses it, and since when.
    idle: Option<(PgConnection, Instant)>,
}

impl Lane {
    /// Whether a connection is kept that may have broken since it was used.
    pub(super) fn is_open(&self) -> bool {
        self.idle.is_some()
    }

    /// A lane for statements that lock rows, and give up where others hold them for long.
    pub(super) fn waiting_for_locks(mut self, at_most: Duration) -> Self {
        self.options = self.options.options([("lock_timeout", at_most.as_millis().to_string())]);
        self
    }

    /// The connection, opened where there is none that lives, and only to a server that takes writes: another lags
    /// behind. Whoever lets go of it in the middle closes it.
    pub(super) async fn take(&mut self) -> Result<PgConnection, StoreError> {
        if let Some((mut connection, since)) = self.idle.take()
            && (since.elapsed() < PING_AFTER_IDLE || connection.ping().await.is_ok())
        {
            return Ok(connection);
        }
        let mut connection =
            PgConnection::connect_with(&self.options).await.map_err(StoreError::not_reached)?;
        refuse_standby(&mut connection).await?;
        Ok(connection)
    }

    /// Gives the connection back after a statement, if it can take another one.
    pub(super) fn put<T>(&mut self, connection: PgConnection, done: &Result<T, StoreError>) {
        if done.as_ref().err().is_none_or(StoreError::leaves_connection) {
            self.idle = Some((connection, Instant::now()));
        }
    }
}

impl Store {
    pub(super) fn lane(&self, form: Form) -> Lane {
        let options = PgConnectOptions::clone(&self.pool.connect_options()).options(BY_KEY);
        let options = match form {
            Form::Together => options.options(PLANNED_ONCE),
            Form::OfOne => options,
        };
        Lane { options, idle: None }
    }
}
