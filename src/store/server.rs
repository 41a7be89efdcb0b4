//! A database server that the configuration names: how it is reached, and what it says of itself when it is looked at.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{Connection as _, Row as _};

use super::StoreError;

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Address {
    /// Of the servers of one cluster; the one that takes writes is used. They may carry passwords.
    Urls(Vec<SecretString>),
    /// Of a server on this machine that trusts whoever reaches its socket.
    Socket { directory: PathBuf, port: u16, user: String, database: String },
}

/// A history of a cluster, as Postgres counts them: each promotion of a standby begins the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    /// What all copies of a cluster have in common.
    pub system_identifier: i64,
    pub number: u32,
}

#[derive(Debug, Clone)]
pub(super) struct DatabaseServer {
    /// Host and port, without credentials.
    pub(super) name: Arc<str>,
    pub(super) options: PgConnectOptions,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) is_standby: bool,
    pub(super) major: i32,
    /// The one it writes. Of a standby, the newest one it knows of.
    pub(super) timeline: Timeline,
    /// When it was started, which no two servers have in common.
    pub(super) started_at: String,
    /// How many bytes of the cluster's log it has written, or as a standby replayed.
    pub(super) written: i64,
}

/// A server that takes writes says on which timeline. A standby has replayed at least the one of its last checkpoint, and
/// tells from which one it receives only to some accounts. Sent as plain text, which needs no prepared statement.
const LOOK: &str = "SELECT pg_is_in_recovery() AS is_standby, \
     current_setting('server_version_num')::int / 10000 AS major, \
     (SELECT system_identifier FROM pg_control_system()) AS system_identifier, \
     pg_postmaster_start_time()::text AS started_at, \
     CASE WHEN pg_is_in_recovery() THEN NULL \
       ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END AS timeline, \
     (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
       ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::bigint AS written, \
     greatest((SELECT timeline_id FROM pg_control_checkpoint()), \
       (SELECT received_tli FROM pg_stat_wal_receiver)) AS known";

impl DatabaseServer {
    /// The servers of an address, in its order.
    pub(super) fn all(address: &Address) -> Result<Vec<Self>, StoreError> {
        match address {
            Address::Urls(urls) => urls
                .iter()
                .map(|url| {
                    PgConnectOptions::from_str(url.expose_secret())
                        .map(Self::new)
                        .map_err(StoreError::Address)
                })
                .collect(),
            Address::Socket { directory, port, user, database } => Ok(vec![Self::new(
                PgConnectOptions::new_without_pgpass()
                    .socket(directory)
                    .port(*port)
                    .username(user)
                    .database(database)
                    .ssl_mode(PgSslMode::Disable),
            )]),
        }
    }

    fn new(options: PgConnectOptions) -> Self {
        let port = options.get_port();
        let name = match options.get_socket() {
            Some(directory) => format!("{}:{port}", directory.display()),
            None => format!("{}:{port}", options.get_host()),
        };
        Self { name: name.into(), options }
    }
}

impl Sighting {
    /// Asks the server behind a connection.
    pub(super) async fn through(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let row = sqlx::raw_sql(LOOK).fetch_one(connection).await?;
        let known: Option<i32> = row.try_get("known")?;
        let known = known.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        let writing_timeline: Option<String> = row.try_get("timeline")?;
        let writing_timeline = writing_timeline.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
        Ok(Self {
            is_standby: row.try_get("is_standby")?,
            major: row.try_get("major")?,
            timeline: Timeline {
                system_identifier: row.try_get("system_identifier")?,
                number: writing_timeline.unwrap_or(known),
            },
            started_at: row.try_get("started_at")?,
            written: row.try_get::<Option<i64>, _>("written")?.unwrap_or(0),
        })
    }
}

/// Looks at one server again and again, over a connection that is kept.
#[derive(Debug)]
pub(super) struct Lookout {
    server: DatabaseServer,
    connection: Option<PgConnection>,
}

impl Lookout {
    pub(super) fn new(server: &DatabaseServer) -> Self {
        Self { server: server.clone(), connection: None }
    }

    /// What the server says, if it does so in time. A connection that broke since the last look is made anew.
    pub(super) async fn look(&mut self, within: Duration) -> Result<Sighting, sqlx::Error> {
        let kept = self.connection.take();
        let looked = tokio::time::timeout(within, async {
            if let Some(mut connection) = kept
                && let Ok(sighting) = Sighting::through(&mut connection).await
            {
                return Ok((connection, sighting));
            }
            let mut connection = PgConnection::connect_with(&self.server.options).await?;
            let sighting = Sighting::through(&mut connection).await?;
            Ok((connection, sighting))
        });
        let looked =
            looked.await.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
        looked.map(|(connection, sighting)| {
            self.connection = Some(connection);
            sighting
        })
    }
}
