//! The private Postgres: found, initialised, started, watched, recovered after a crash, stopped.
//! One directory holds one cluster and is used by one service at a time. This room knows no SQL
//! and nothing of flows; it hands out where to connect. Linux and macOS.

mod account;
mod binaries;
mod child;
mod directory;
mod error;
mod initdb;
mod postmaster;
mod server;
mod staging;
mod supervisor;
mod transfer;

use std::path::PathBuf;

pub use directory::{default_data_dir, is_there};
pub use error::ClusterError;
pub use staging::Staging;
pub use supervisor::{Cluster, HeldDirectory};
pub use transfer::{Compressed, DumpPrograms};

/// Names the superuser and the database of a private cluster.
const NAME: &str = "flow_registry";
/// Only names the socket file: the server listens on no network address.
const PORT: u16 = 5432;

/// What a private cluster is made and run with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Holds the cluster, its socket, its log and its lock; made when missing.
    pub data_dir: PathBuf,
    /// Where `postgres` and `initdb` are; searched for when absent.
    pub bin_dir: Option<PathBuf>,
    pub durability: Durability,
    pub connections_max: u16,
    /// Further settings of the server, by name. Those that the service depends on are refused.
    pub settings: Vec<(String, String)>,
}

/// Whether a crash of the machine may lose what was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Postgres' own defaults: nothing acknowledged is lost.
    Full,
    /// For data that is thrown away, such as that of tests.
    Disposable,
}

/// Where a running cluster takes connections: a Unix socket, no password, closed to other users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub socket_dir: PathBuf,
    pub port: u16,
    pub user: String,
    pub database: String,
}

impl Connection {
    fn at(socket_dir: PathBuf) -> Self {
        Self { socket_dir, port: PORT, user: NAME.to_owned(), database: NAME.to_owned() }
    }
}
