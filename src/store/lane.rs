//! A lane: one connection of its own, for what goes out one statement at a time. It finds a server process that has done
//! the same just before, waits behind nobody, and is not asked after every statement whether it lives, as a pool does.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::connect::PING_AFTER_IDLE;
use super::form::Form;
use super::plans::plans;
use super::pooler::Pooling;
use super::primary::Primary;
use super::{Store, StoreError};

/// What answers at all answers this at once.
const PING_WITHIN: Duration = Duration::from_secs(1);

/// How a connection was when it was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Whole,
    /// It lives, though the statement broke off: a node of a distributed database is away.
    OfNodeAway,
    Broken,
}

/// Which of several lanes an organization has.
pub(super) fn lane_of(org_id: Uuid, lanes: usize) -> usize {
    let (high, low) = org_id.as_u64_pair();
    ((high ^ low) % lanes as u64) as usize
}

#[derive(Debug)]
pub struct Lane {
    /// Knows how the server is reached that is in use at the moment.
    pool: PgPool,
    primary: Primary,
    form: Form,
    pooling: Pooling,
    lock_timeout: Option<Duration>,
    /// The connection while nobody uses it, and since when.
    idle: Option<(PgConnection, Instant)>,
    /// Of the primary, when the connection was made.
    generation: u64,
}

impl Lane {
    /// Whether a connection is kept that may have broken since it was used.
    pub(super) fn is_open(&self) -> bool {
        self.idle.is_some()
    }

    /// A lane for statements that lock rows, and give up where others hold them for long.
    pub(super) fn waiting_for_locks(mut self, at_most: Duration) -> Self {
        self.lock_timeout = Some(at_most);
        self
    }

    /// The connection, opened where there is none that lives, and only to the server in use: another lags behind. Whoever
    /// lets go of it in the middle closes it. A server that is silent is waited for until another one takes over.
    pub(super) async fn take(&mut self) -> Result<PgConnection, StoreError> {
        let primary = self.primary.clone();
        let generation = primary.generation();
        tokio::select! {
            biased;
            taken = self.take_from_used() => taken,
            () = primary.left(generation) => {
                Err(StoreError::not_reached(sqlx::Error::Protocol("another database server took over".to_owned())))
            }
        }
    }

    async fn take_from_used(&mut self) -> Result<PgConnection, StoreError> {
        let idle = self.idle.take().filter(|_| self.generation == self.primary.generation());
        if let Some((mut connection, since)) = idle
            && (since.elapsed() < PING_AFTER_IDLE || connection.ping().await.is_ok())
        {
            return Ok(connection);
        }
        let mut connection =
            PgConnection::connect_with(&self.options()).await.map_err(StoreError::not_reached)?;
        self.generation = self.primary.admit(&mut connection).await?;
        Ok(connection)
    }

    fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::clone(&self.pool.connect_options());
        let options = self.pooling.settings(options, plans(self.form));
        match self.lock_timeout {
            Some(at_most) => {
                let at_most_ms = at_most.as_millis().to_string();
                self.pooling.settings(options, [("lock_timeout", at_most_ms.as_str())])
            }
            None => options,
        }
    }

    /// The server that the connection leads to, as a number: what was learned from another one may not hold.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Does something over the connection that was taken, for as long as it leads to the server in use. `left` is what came
    /// of it when another one took over: the old server may be silent for ever.
    pub(super) async fn while_in_use<T>(
        &self,
        work: impl Future<Output = T>,
        left: impl FnOnce(&'static str) -> T,
    ) -> T {
        tokio::select! {
            biased;
            done = work => done,
            () = self.primary.left(self.generation) => left("another database server took over"),
        }
    }

    /// Gives the connection back after a statement, if it can take another one. That of a distributed database can, also
    /// where a node was lost over the statement: what answers for the others is still there.
    pub(super) async fn put(&mut self, mut connection: PgConnection, error: Option<&StoreError>) -> Put {
        let put = match error {
            Some(error) if !error.leaves_connection() => {
                let may_live = self.form == Form::OfOne && !error.is_of_standby();
                match may_live && matches!(timeout(PING_WITHIN, connection.ping()).await, Ok(Ok(()))) {
                    true => Put::OfNodeAway,
                    false => return Put::Broken,
                }
            }
            _ => Put::Whole,
        };
        self.idle = Some((connection, Instant::now()));
        put
    }
}

impl Store {
    pub(super) fn lane(&self, form: Form) -> Lane {
        Lane {
            pool: self.pool.clone(),
            primary: self.primary.clone(),
            form,
            pooling: self.pooling,
            lock_timeout: None,
            idle: None,
            generation: self.primary.generation(),
        }
    }
}
