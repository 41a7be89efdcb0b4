//! Which data directory an order is about, and what comes of it when it cannot be carried out.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::app::database;
use crate::cli::Failure;
use crate::config::{ConfigError, DatabaseConfig};
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
    match may_pass(&error) {
        true => Failure::NoAnswer(said),
        false => Failure::Unusable(said),
    }
}

fn may_pass(error: &ClusterError) -> bool {
    matches!(
        error,
        ClusterError::File { .. }
            | ClusterError::NotUp { .. }
            | ClusterError::InitFailed { .. }
            | ClusterError::OrphanStays { .. }
            | ClusterError::StartFailed { .. }
            | ClusterError::ProgramFailed { .. }
            | ClusterError::Copying(_)
            | ClusterError::CalledOff
            | ClusterError::SupervisorLost
    )
}

/// What broke an order off before its data was there: only a verdict on data that is there says so by its status.
pub(super) fn broken_off(error: anyhow::Error) -> anyhow::Error {
    if error.is::<Failure>() || error.is::<ConfigError>() {
        return error;
    }
    let said = format!("{error:#}");
    match error.downcast_ref::<ClusterError>() {
        Some(cause) if !may_pass(cause) => Failure::Unusable(said).into(),
        _ => Failure::NoAnswer(said).into(),
    }
}

/// Somebody did not want it any more: nothing failed.
pub(super) fn called_off() -> Failure {
    Failure::NoAnswer("called off, and nothing is left of it".to_owned())
}

/// Of accounts a dump has no more than their names and rights.
pub(super) fn tell_accounts(accounts: &[String]) {
    if !accounts.is_empty() {
        println!(
            "Accounts that cannot connect until you let them, as their passwords, memberships and settings did not come \
             along: {}",
            accounts.join(", ")
        );
    }
}

/// The outcome of `work`, unless somebody calls it off first.
pub(super) async fn unless<T>(
    token: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done,
        () = token.cancelled() => Err(called_off().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::{Context as _, anyhow};

    use super::*;

    fn status(error: anyhow::Error) -> Option<u8> {
        broken_off(error).downcast_ref().map(Failure::exit_status)
    }

    #[test]
    fn only_a_verdict_says_that_the_data_is_there() {
        let verdict = Failure::Refused("a log is altered".to_owned());
        assert_eq!(status(verdict.into()), Some(1));
        let failed = Err::<(), _>(ClusterError::Copying(io::Error::other("gone"))).context("cannot use it");
        assert_eq!(status(failed.unwrap_err()), Some(5));
        assert_eq!(status(ClusterError::NoHome.into()), Some(2));
        let said = broken_off(anyhow!("the pool").context("cannot connect"));
        assert_eq!(
            (status(anyhow!("the pool")), said.to_string()),
            (Some(5), "cannot connect: the pool".to_owned())
        );
        let setting = broken_off(ConfigError("DATA_DIR".to_owned()).into());
        assert!(setting.is::<ConfigError>(), "main has a status for it");
    }
}
