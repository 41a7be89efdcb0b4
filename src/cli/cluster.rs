//! `flow-registry cluster`: what whoever keeps a private Postgres says to save it, to bring it back and to move it to a
//! newer version. `app` carries it out.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::DatabaseConfig;

const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  the data is there, and a log or what is computed from it is not what it should be
  2  the command line or what it names cannot be used
  4  there is no private Postgres
  5  it could not be done: Postgres, one of its programs or the disk failed";

#[derive(Debug, Subcommand)]
pub enum ClusterOrder {
    /// Write the database, the signing key and what was signed last to one file, beside a running service too
    #[command(after_help = EXIT_STATUS)]
    Dump(DumpOrder),
    /// Make a data directory of what `dump` wrote, and verify it
    #[command(after_help = EXIT_STATUS)]
    Restore(RestoreFromDumpOrder),
    /// Move the data to a newer version of Postgres and verify it; what it was before is kept beside it
    #[command(after_help = EXIT_STATUS)]
    Upgrade(UpgradeOrder),
}

#[derive(Debug, Args)]
pub struct DumpOrder {
    /// Where to: a file that is not there yet. Who can read it has the signing key
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

#[derive(Debug, Args)]
pub struct RestoreFromDumpOrder {
    /// What `dump` wrote
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

#[derive(Debug, Args)]
pub struct UpgradeOrder {
    /// The programs of the version that made the cluster [default: searched for]
    #[arg(long, value_name = "DIR")]
    pub old_bin: Option<PathBuf>,
    /// The programs of the version to move to [default: POSTGRES_BIN_DIR, else the newest that is found]
    #[arg(long, value_name = "DIR")]
    pub new_bin: Option<PathBuf>,
    #[command(flatten)]
    pub database: DatabaseConfig,
}
