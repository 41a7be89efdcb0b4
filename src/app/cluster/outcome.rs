//! Which data directory an order is about, and what comes of it when it cannot be carried out.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::app::database;
use crate::cli::Failure;
use crate::config::DatabaseConfig;
use crate::postgres::{self, ClusterError};

/// The data directory; another database is not ours to keep.
pub(super) fn data_dir(config: &DatabaseConfig) -> anyhow::Result<PathBuf> {
    config.check()?;
    if !config.urls().is_empty() {
        let other = "this is about the private Postgres, and DATABASE_URL names another: use the tools of Postgres there";
        return Err(Failure::Unusable(other.to_owned()).into());
    }
    database::data_dir(config)
}

/// The data directory of a cluster that is there.
pub(super) fn existing_data_dir(config: &DatabaseConfig) -> anyhow::Result<PathBuf> {
    let data_dir = data_dir(config)?;
    match postgres::is_there(&data_dir) {
        true => Ok(data_dir),
        false => {
            let missing = format!(
                "there is no private Postgres in {}; name its directory with --data-dir",
                data_dir.display()
            );
            Err(Failure::NotFound(missing).into())
        }
    }
}

/// What has to change before it can be done, and what failed, told apart.
pub(super) fn not_done(doing: &str, error: ClusterError) -> Failure {
    let said = format!("{doing}: {error}");
    match error {
        ClusterError::File { .. }
        | ClusterError::InitFailed { .. }
        | ClusterError::StartFailed { .. }
        | ClusterError::ProgramFailed { .. }
        | ClusterError::Copying(_)
        | ClusterError::CalledOff
        | ClusterError::SupervisorLost => Failure::NoAnswer(said),
        _ => Failure::Unusable(said),
    }
}

/// The outcome of `work`, unless somebody calls it off first.
pub(super) async fn unless<T>(
    called_off: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done,
        () = called_off.cancelled() => Err(Failure::NoAnswer("called off".to_owned()).into()),
    }
}
