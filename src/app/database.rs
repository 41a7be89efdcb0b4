//! The database that the configuration names: somebody else's, or the private one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::cli::Failure;
use crate::config::{ConfigError, DatabaseConfig, DatabasePooler, MigrateAtStart};
use crate::postgres::{self, Cluster, Durability};
use crate::store::{self, Address, Ownership, PoolSettings, Pooling, Store, Timeline};

/// A database that starts beside us, in a compose file say, may take as long.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
const CONNECT_EVERY: Duration = Duration::from_millis(500);
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// Connections of the private cluster beyond our pool: the service's six others, commands beside it, a look with psql.
const CONNECTIONS_BESIDE: u32 = 28;

/// Connected; unless it is only to be read, safe and migrated too.
#[derive(Debug)]
pub(super) struct Database {
    pub store: Store,
    cluster: Option<(Cluster, PathBuf)>,
}

impl Database {
    /// For the service: the private cluster is nobody else's. `seen` is the newest timeline that was ever used.
    pub async fn open_alone(config: &DatabaseConfig, seen: Option<Timeline>) -> anyhow::Result<Self> {
        Self::with(config, Access::Alone, seen).await?.with_standbys(config).await
    }

    /// For a command: beside a running service too.
    pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Self> {
        Self::with(config, Access::Beside, None).await
    }

    /// For a command that has no use for a cluster that it would have to make: who names one meant another.
    pub async fn open_existing(config: &DatabaseConfig) -> anyhow::Result<Self> {
        if config.urls().is_empty() {
            let data_dir = data_dir(config)?;
            if !postgres::is_there(&data_dir) {
                let message = format!(
                    "there is no private Postgres in {}; name its directory with --data-dir, or the database with \
                     --database-url",
                    data_dir.display()
                );
                return Err(Failure::NotFound(message).into());
            }
        }
        Self::open(config).await
    }

    /// For a command that only reads: nothing is migrated, and what could be lost does not matter.
    pub async fn open_to_read(config: &DatabaseConfig) -> anyhow::Result<Self> {
        let database = Self::connected(config, Access::Beside, None).await?;
        database.noticing_distribution().await?.with_standbys(config).await
    }

    /// For the command that changes how the database is made up: it is taken as it is.
    pub async fn open_as_it_is(config: &DatabaseConfig) -> anyhow::Result<Self> {
        Self::connected(config, Access::Beside, None).await
    }

    async fn noticing_distribution(self) -> anyhow::Result<Self> {
        let store = self.store.noticing_distribution().await?;
        Ok(Self { store, ..self })
    }

    /// With the standbys that reads may go to.
    async fn with_standbys(self, config: &DatabaseConfig) -> anyhow::Result<Self> {
        let urls = config.standbys.urls();
        if urls.is_empty() {
            return Ok(self);
        }
        if self.store.is_by_organization() {
            let message = "READ_DATABASE_URLS: the database is distributed by organization, and none of its standbys is read";
            return Err(ConfigError(message.to_owned()).into());
        }
        let address = Address::Urls(urls.iter().map(|url| url.expose().into()).collect());
        let store = self.store.with_standbys(&address, &pool_settings(config, None)).await?;
        Ok(Self { store, ..self })
    }

    async fn with(config: &DatabaseConfig, access: Access, seen: Option<Timeline>) -> anyhow::Result<Self> {
        let database = Self::connected(config, access, seen).await?;
        refuse_unsafe(&database.store, config.allow_unsafe_durability).await?;
        let pool = database.store.pool();
        if config.database_pooler == DatabasePooler::Transaction {
            store::try_pooler(pool).await?;
        }
        let whose = match config.migrate {
            MigrateAtStart::On => {
                store::prepare(pool).await.context("cannot bring the database's schema up to date")
            }
            MigrateAtStart::Off => Ok(store::verify_schema(pool).await?),
        }?;
        let database = database.noticing_distribution().await?;
        database.keep_account_settings(config).await?;
        if let (Access::Alone, None) = (access, database.data_dir()) {
            tell_ownership(whose);
        }
        Ok(database)
    }

    async fn connected(
        config: &DatabaseConfig,
        access: Access,
        seen: Option<Timeline>,
    ) -> anyhow::Result<Self> {
        config.check()?;
        let settings = pool_settings(config, seen);
        let cluster = match config.urls().is_empty() {
            true => Some(start_cluster(config, access).await?),
            false => None,
        };
        let address = address(config, cluster.as_ref().map(|(cluster, _)| cluster));
        Ok(Self { store: connect(&address, &settings).await?, cluster })
    }

    /// Of a private cluster that is running: nothing is migrated.
    pub async fn of_cluster(
        config: &DatabaseConfig,
        cluster: Cluster,
        data_dir: PathBuf,
    ) -> anyhow::Result<Self> {
        let store = connect(&address(config, Some(&cluster)), &pool_settings(config, None)).await?;
        Ok(Self { store, cluster: Some((cluster, data_dir)) })
    }

    /// The private cluster, where the data is in one.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref().map(|(cluster, _)| cluster)
    }

    /// Closed, with its private cluster still running.
    pub async fn into_cluster(self) -> Option<Cluster> {
        // A statement under way may finish, a stuck one is left to the server's timeout.
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.store.pool().close()).await;
        self.cluster.map(|(cluster, _)| cluster)
    }

    /// The directory of the private cluster, where the data is in one.
    pub fn data_dir(&self) -> Option<&Path> {
        self.cluster.as_ref().map(|(_, data_dir)| data_dir.as_path())
    }

    /// Connections through a pooler bring no settings along: the account has them.
    pub async fn keep_account_settings(&self, config: &DatabaseConfig) -> anyhow::Result<()> {
        if config.database_pooler == DatabasePooler::None {
            return Ok(());
        }
        let statement = config.database_statement_timeout_ms;
        let (pool, form) = (self.store.pool(), self.store.form());
        let had = store::set_account_settings(pool, form, statement, store::LOCKED_FOR).await;
        if !had.context("cannot give the account its settings (ALTER ROLE … IN DATABASE … SET)")? {
            tracing::warn!(
                "the account has timeouts in this database from now on, and how statements are planned: connections that the \
                 pooler has open already get them when it makes them anew (RECONNECT)"
            );
        }
        Ok(())
    }

    pub async fn close(self) {
        if let Some(cluster) = self.into_cluster().await {
            cluster.stop().await;
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Access {
    Alone,
    Beside,
}

fn pool_settings(config: &DatabaseConfig, seen: Option<Timeline>) -> PoolSettings {
    PoolSettings {
        connections_max: config.database_pool_size,
        acquire_timeout: config.database_acquire_timeout_ms,
        statement_timeout: config.database_statement_timeout_ms,
        seen,
        pooling: match config.database_pooler {
            DatabasePooler::None => Pooling::None,
            DatabasePooler::Transaction => Pooling::Transaction,
        },
    }
}

/// Where the private cluster lives, or would.
pub(super) fn data_dir(config: &DatabaseConfig) -> anyhow::Result<PathBuf> {
    match &config.data_dir {
        Some(data_dir) => Ok(data_dir.clone()),
        None => Ok(postgres::default_data_dir()?),
    }
}

/// The cluster, and the directory it lives in.
async fn start_cluster(config: &DatabaseConfig, access: Access) -> anyhow::Result<(Cluster, PathBuf)> {
    let data_dir = data_dir(config)?;
    let settings = config.postgres_settings.iter().map(|it| (it.name.clone(), it.value.clone()));
    let options = cluster_options(config, &data_dir, settings.collect());
    let cluster = match access {
        Access::Alone => Cluster::start(options).await,
        Access::Beside => Cluster::attach_or_start(options).await,
    };
    Ok((cluster.context("cannot use the private Postgres")?, data_dir))
}

/// With these settings of the server beside those that the service depends on.
pub(super) fn cluster_options(
    config: &DatabaseConfig,
    data_dir: &Path,
    settings: Vec<(String, String)>,
) -> postgres::Options {
    let connections = config.database_pool_size + CONNECTIONS_BESIDE;
    postgres::Options {
        data_dir: data_dir.to_owned(),
        bin_dir: config.postgres_bin_dir.clone(),
        durability: Durability::Full,
        settings,
        connections_max: u16::try_from(connections).expect("the pool's size is bounded"),
    }
}

fn address(config: &DatabaseConfig, cluster: Option<&Cluster>) -> Address {
    match cluster.map(Cluster::connection) {
        None => Address::Urls(config.urls().iter().map(|url| url.expose().into()).collect()),
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
            Err(error) if error.may_pass_at_start() && Instant::now() < give_up => {
                tracing::warn!(%error, "waiting for the database");
                tokio::time::sleep(CONNECT_EVERY).await;
            }
            Err(error) => return Err(error).context("cannot use the database that DATABASE_URL names"),
        }
    }
}

/// Whether the service could rewrite what it keeps.
fn tell_ownership(whose: Ownership) {
    match whose {
        Ownership::Service => {
            tracing::info!("the account of the service owns nothing: it can only add to the log")
        }
        Ownership::Owner | Ownership::NoTables => tracing::info!(
            "the account of the service owns the tables, so it could rewrite the log; `flow-registry migrate` with \
             MIGRATE_DATABASE_URL gives it an account that cannot"
        ),
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
