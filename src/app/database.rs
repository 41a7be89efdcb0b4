//! The database that the configuration names: somebody else's, or the private one.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::config::DatabaseConfig;
use crate::postgres::{self, Cluster, Durability};
use crate::store::{self, Address, PoolSettings, Store, StoreError};

/// A database that starts beside us, in a compose file say, may take as long.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
const CONNECT_EVERY: Duration = Duration::from_millis(500);
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// Connections of the private cluster beyond our pool: commands beside the service, and a look with psql.
const CONNECTIONS_BESIDE: u32 = 24;

/// Connected, safe and migrated.
#[derive(Debug)]
pub(super) struct Database {
    pub store: Store,
    cluster: Option<Cluster>,
}

impl Database {
    /// For the service: the private cluster is nobody else's.
    pub async fn open_alone(config: &DatabaseConfig) -> anyhow::Result<Self> {
        Self::with(config, Access::Alone).await
    }

    /// For a command: beside a running service too.
    pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Self> {
        Self::with(config, Access::Beside).await
    }

    async fn with(config: &DatabaseConfig, access: Access) -> anyhow::Result<Self> {
        config.check()?;
        let settings = PoolSettings {
            connections_max: config.database_pool_size,
            acquire_timeout: config.database_acquire_timeout_ms,
            statement_timeout: config.database_statement_timeout_ms,
        };
        let cluster = match config.database_url.is_empty() {
            true => Some(start_cluster(config, access).await?),
            false => None,
        };
        let address = address(config, cluster.as_ref());
        let store = connect(&address, &settings).await?;
        refuse_unsafe(&store, config.allow_unsafe_durability).await?;
        store::migrate(store.pool()).await.context("cannot bring the database's schema up to date")?;
        Ok(Self { store, cluster })
    }

    /// Whether the data is in the private cluster.
    pub fn is_private(&self) -> bool {
        self.cluster.is_some()
    }

    pub async fn close(self) {
        // A statement under way may finish, a stuck one is left to the server's timeout.
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.store.pool().close()).await;
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Access {
    Alone,
    Beside,
}

async fn start_cluster(config: &DatabaseConfig, access: Access) -> anyhow::Result<Cluster> {
    let data_dir = match &config.data_dir {
        Some(data_dir) => data_dir.clone(),
        None => postgres::default_data_dir()?,
    };
    let connections = config.database_pool_size + CONNECTIONS_BESIDE;
    let options = postgres::Options {
        data_dir,
        bin_dir: config.postgres_bin_dir.clone(),
        durability: Durability::Full,
        connections_max: u16::try_from(connections).expect("the pool's size is bounded"),
    };
    let cluster = match access {
        Access::Alone => Cluster::start(options).await,
        Access::Beside => Cluster::attach_or_start(options).await,
    };
    cluster.context("cannot use the private Postgres")
}

fn address(config: &DatabaseConfig, cluster: Option<&Cluster>) -> Address {
    match cluster.map(Cluster::connection) {
        None => Address::Urls(config.database_url.iter().map(|url| url.expose().into()).collect()),
        Some(connection) => Address::Socket {
            directory: connection.socket_dir.clone(),
            port: connection.port,
            user: connection.user.clone(),
            database: connection.database.clone(),
        },
    }
}

async fn connect(address: &Address, settings: &PoolSettings) -> anyhow::Result<Store> {
    let give_up = Instant::now() + CONNECT_WITHIN;
    loop {
        match Store::connect(address, settings).await {
            Ok(store) => return Ok(store),
            Err(error @ (StoreError::Unavailable(_) | StoreError::OnlyStandbys))
                if Instant::now() < give_up =>
            {
                tracing::warn!(%error, "waiting for the database");
                tokio::time::sleep(CONNECT_EVERY).await;
            }
            Err(error) => return Err(error).context("cannot use the database that DATABASE_URL names"),
        }
    }
}

async fn refuse_unsafe(store: &Store, is_allowed: bool) -> anyhow::Result<()> {
    let durability = store::durability(store.pool()).await?;
    if durability.is_safe() {
        return Ok(());
    }
    let off = durability.off.join(", ");
    if !is_allowed {
        bail!(
            "the database runs with {off} off, so acknowledged changes can be lost; turn it on, or accept the \
             loss with --allow-unsafe-durability"
        );
    }
    tracing::warn!(off, "the database can lose acknowledged changes");
    Ok(())
}
