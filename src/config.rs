//! Every setting of the service and its commands: as a flag, as a variable of the environment, with its default.
//! Values that cannot work are refused here or at the start, with what to do. Of ours it
//! imports only settings that the room which works with them defines.

mod client;
mod jwt;
mod secret_file;
mod signing;
mod standby;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use ipnet::IpNet;
use tracing_subscriber::filter::Targets;

pub use client::ClientConfig;
pub use jwt::JwtConfig;
pub use secret_file::DatabaseUrls;
pub use signing::{SigningConfig, SigningKeyFile};
pub use standby::StandbyConfig;
pub use value::{DatabaseUrl, MetricsListen, Origin, PostgresSetting, PublicUrl, RateLimit};

/// Settings that cannot work together or with what lies on the disk. The command ends with status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub http: HttpConfig,
    #[command(flatten)]
    pub console: ConsoleConfig,
    #[command(flatten)]
    pub jwt: JwtConfig,
    #[command(flatten)]
    pub signing: SigningConfig,
    #[command(flatten)]
    pub tracing: TracingConfig,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseConfig {
    /// Postgres 15 or later to keep the log in; without it the service runs a private one. Several URLs, separated by
    /// commas, are of the servers of one cluster: the one that takes writes is used, and another when that is promoted
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL[,URL…]")]
    #[arg(value_delimiter = ',', value_parser = value::database_url, conflicts_with = "data_dir")]
    pub database_url: Vec<DatabaseUrl>,

    /// A file that holds it, in place of the variable: a secret that is mounted, or a credential of systemd
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", value_parser = secret_file::database_urls)]
    #[arg(conflicts_with_all = ["database_url", "data_dir"])]
    pub database_url_file: Option<DatabaseUrls>,

    #[command(flatten)]
    pub standbys: StandbyConfig,

    /// Where the private Postgres keeps its data [default: /var/lib/flow-registry for root, else
    /// $XDG_DATA_HOME/flow-registry]
    #[arg(long, env = "DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// The directory of `postgres` and `initdb` for the private Postgres [default: searched for]
    #[arg(long, env = "POSTGRES_BIN_DIR", value_name = "DIR")]
    pub postgres_bin_dir: Option<PathBuf>,

    /// A setting of the private Postgres, such as archive_mode=on; may be repeated, in the variable one on a line
    #[arg(long = "postgres-setting", env = "POSTGRES_SETTINGS", value_name = "NAME=VALUE")]
    #[arg(value_delimiter = '\n', value_parser = value::postgres_setting)]
    #[arg(conflicts_with_all = ["database_url", "database_url_file"])]
    pub postgres_settings: Vec<PostgresSetting>,

    /// Connections to the database that requests share, beside six that changes, test-runs and most reads go through
    /// together [default: twice the cores, at least 4]
    #[arg(long, env = "DATABASE_POOL_SIZE", value_name = "N", default_value_t = value::pool_size())]
    #[arg(hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub database_pool_size: u32,

    /// How long a request may wait for one of them, in milliseconds
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT_MS", value_name = "MS", default_value = "5000")]
    #[arg(value_parser = value::milliseconds)]
    pub database_acquire_timeout_ms: Duration,

    /// How long one statement may take, in milliseconds
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT_MS", value_name = "MS", default_value = "15000")]
    #[arg(value_parser = value::milliseconds)]
    pub database_statement_timeout_ms: Duration,

    /// What stands between the service and that database: `transaction` for a pooler that lends connections by the
    /// transaction, such as PgBouncer with max_prepared_statements of 100 or more
    #[arg(long, env = "DATABASE_POOLER", value_name = "POOLER", default_value = "none")]
    pub database_pooler: DatabasePooler,

    /// Whether the schema is brought up to date at the start; with `off`, only `flow-registry migrate` does so
    #[arg(long, env = "MIGRATE", value_name = "WHETHER", default_value = "on")]
    pub migrate: MigrateAtStart,

    /// Start although fsync, full_page_writes or synchronous_commit is off and acknowledged changes may be
    /// lost
    #[arg(long, env = "ALLOW_UNSAFE_DURABILITY", action = ArgAction::SetTrue)]
    #[arg(value_parser = clap::builder::BoolishValueParser::new())]
    pub allow_unsafe_durability: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DatabasePooler {
    None,
    Transaction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MigrateAtStart {
    On,
    Off,
}

/// The owner of the tables, for commands that change the schema or take content from the log.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct OwnerConfig {
    /// The database as the owner of its tables; DATABASE_URL is then that of the service's account, which owns nothing
    #[arg(long, env = "MIGRATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    #[arg(value_parser = value::database_url, conflicts_with = "data_dir")]
    pub migrate_database_url: Option<DatabaseUrl>,

    /// A file that holds it, in place of the variable
    #[arg(long, env = "MIGRATE_DATABASE_URL_FILE", value_name = "FILE", value_parser = secret_file::database_url)]
    #[arg(conflicts_with_all = ["migrate_database_url", "data_dir"])]
    pub migrate_database_url_file: Option<DatabaseUrl>,
}

impl OwnerConfig {
    /// Where the owner reaches the database, where somebody says so.
    pub fn url(&self) -> Option<&DatabaseUrl> {
        self.migrate_database_url_file.as_ref().or(self.migrate_database_url.as_ref())
    }

    /// A database as its owner reaches it, where somebody says who that is.
    pub fn of(&self, database: &DatabaseConfig) -> DatabaseConfig {
        match self.url() {
            Some(url) => DatabaseConfig {
                database_url: vec![url.clone()],
                database_url_file: None,
                data_dir: None,
                ..database.clone()
            },
            None => database.clone(),
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct MigrateConfig {
    #[command(flatten)]
    pub database: DatabaseConfig,
    #[command(flatten)]
    pub owner: OwnerConfig,
}

impl DatabaseConfig {
    /// Of the servers of one cluster; none for a private one.
    pub fn urls(&self) -> &[DatabaseUrl] {
        self.database_url_file.as_ref().map_or(&self.database_url, |file| &file.0)
    }

    /// What the types cannot say.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.standbys.urls().iter().all(DatabaseUrl::is_postgres) {
            return Err(ConfigError("READ_DATABASE_URLS: every URL must begin with postgres://".to_owned()));
        }
        if self.urls().is_empty() && !self.standbys.urls().is_empty() {
            return Err(ConfigError(
                "READ_DATABASE_URLS: there are standbys only with DATABASE_URL".to_owned(),
            ));
        }
        if !self.urls().iter().all(DatabaseUrl::is_postgres) {
            return Err(ConfigError("DATABASE_URL: every URL must begin with postgres://".to_owned()));
        }
        if self.urls().is_empty() && self.database_pooler != DatabasePooler::None {
            return Err(ConfigError("DATABASE_POOLER: there is a pooler only with DATABASE_URL".to_owned()));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub struct HttpConfig {
    /// Address and port to serve on
    #[arg(long, env = "LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    #[arg(value_parser = value::listen)]
    pub listen: SocketAddr,

    /// Address and port to serve metrics and the health on, for those who run the service; `none` for nowhere
    #[arg(long, env = "METRICS_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9464")]
    #[arg(value_parser = value::metrics_listen)]
    pub metrics_listen: MetricsListen,

    /// How long requests go on after the signal to stop, while `/health/ready` says 503 so that balancers send no more;
    /// as in `5s` or `500ms`
    #[arg(long, env = "SHUTDOWN_DELAY", value_name = "TIME", default_value = "0s")]
    #[arg(value_parser = value::shutdown_delay)]
    pub shutdown_delay: Duration,

    /// The address clients use, for absolute links in answers [default: http:// and the listen address]
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", value_parser = value::public_url)]
    pub public_url: Option<PublicUrl>,

    /// Browsers of these origins may call the API; `*` lets all in [default: none]
    #[arg(long, env = "CORS_ORIGINS", value_name = "ORIGIN[,ORIGIN…]")]
    #[arg(value_delimiter = ',', value_parser = value::origin)]
    pub cors_origins: Vec<Origin>,

    /// Connections served at once, at most as many as the process may open files for. When there are more, silent
    /// ones are closed, or else new ones answered 503
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value_t = 1024)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=65_535))]
    pub max_connections: u32,

    /// How many of them may come from one address, or one IPv6 network of 64 bits [default: a quarter]
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=65_535))]
    pub max_connections_per_address: Option<u32>,

    /// Addresses and networks of reverse proxies: not held to that number, and their `X-Forwarded-For` names the client
    /// [default: none]
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORK[,NETWORK…]")]
    #[arg(value_delimiter = ',', value_parser = value::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Requests that one key or token may make, as many in a minute, or in the time behind a slash: s, min or h. Each
    /// process counts for itself [default: no limit]
    #[arg(long, env = "RATE_LIMIT", value_name = "N[/TIME]", value_parser = value::rate_limit)]
    pub rate_limit: Option<RateLimit>,

    /// Requests that all credentials of one organization may make together, in the same form [default: no limit]
    #[arg(long, env = "RATE_LIMIT_ORGANIZATION", value_name = "N[/TIME]", value_parser = value::rate_limit)]
    pub rate_limit_organization: Option<RateLimit>,

    /// How long a client may take to send a request's head, from its first byte or from the acceptance of the
    /// connection, in milliseconds
    #[arg(long, env = "HEADER_TIMEOUT_MS", value_name = "MS", default_value = "10000")]
    #[arg(value_parser = value::milliseconds)]
    pub header_timeout_ms: Duration,

    /// How long a connection may stay without a further request, in milliseconds
    #[arg(long, env = "IDLE_TIMEOUT_MS", value_name = "MS", default_value = "75000")]
    #[arg(value_parser = value::milliseconds)]
    pub idle_timeout_ms: Duration,

    /// How long a request may go without a byte in either direction, in milliseconds
    #[arg(long, env = "STALL_TIMEOUT_MS", value_name = "MS", default_value = "60000")]
    #[arg(value_parser = value::milliseconds)]
    pub stall_timeout_ms: Duration,
}

impl HttpConfig {
    pub fn max_connections_per_address(&self) -> usize {
        self.max_connections_per_address.unwrap_or(self.max_connections.div_ceil(4)) as usize
    }

    /// Without a slash at its end. `listening` is the address that was bound.
    pub fn public_url(&self, listening: SocketAddr) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::of(listening))
    }
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Console")]
pub struct ConsoleConfig {
    /// Whether pages for people are served under `/console`
    #[arg(long, env = "CONSOLE", value_name = "WHETHER", default_value = "on")]
    pub console: ConsoleServed,

    /// How long somebody stays signed in to the console at most, in hours; without a request for an hour it ends earlier
    #[arg(long, env = "CONSOLE_SESSION_HOURS", value_name = "HOURS", default_value_t = 12)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=720))]
    pub console_session_hours: u32,
}

impl ConsoleConfig {
    pub fn session_lasts(&self) -> Duration {
        Duration::from_secs(u64::from(self.console_session_hours) * 60 * 60)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConsoleServed {
    On,
    Off,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Tracing")]
pub struct TracingConfig {
    /// A collector of OpenTelemetry that a span of each request is sent to, by OTLP over HTTP, as http://127.0.0.1:4318;
    /// needs a program that was built with the feature `otlp` [default: none]
    #[arg(long, env = "OTLP_ENDPOINT", value_name = "URL", value_parser = value::public_url)]
    pub otlp_endpoint: Option<PublicUrl>,
}

impl TracingConfig {
    /// Refuses what this program was not built for.
    pub fn check(&self) -> Result<(), ConfigError> {
        match &self.otlp_endpoint {
            Some(_) if !cfg!(feature = "otlp") => {
                let missing =
                    "OTLP_ENDPOINT: this program was built without the feature `otlp`, and sends no spans";
                Err(ConfigError(missing.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct LogConfig {
    /// Lines for people or JSON for machines, on stderr
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT", default_value = "text", global = true)]
    pub log_format: LogFormat,

    /// error, warn, info, debug or trace; also by module, as in `info,sqlx=debug`
    #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL", default_value = "info,sqlx=warn", global = true)]
    #[arg(value_parser = value::log_level)]
    pub log_level: Targets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}
