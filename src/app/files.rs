//! How many files the process may open, which bounds how many connections it can serve.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::http::TURNED_AWAY_MAX;

/// What is open beside connections of clients and of the shared pool: connections that are closing, six to the
/// database, the log, files of checkpoints, and the programs of a private Postgres.
const BESIDE: u64 = 128;
const CONNECTIONS_MIN: u64 = 16;

/// As many connections as are wanted, or as the limit of the system allows, which is raised as far as it may be.
pub(super) fn connections_max(wanted: u32, pool_size: u32) -> usize {
    let beside = u64::from(pool_size) + TURNED_AWAY_MAX as u64 + BESIDE;
    let needed = u64::from(wanted) + beside;
    let limit = getrlimit(Resource::Nofile);
    let Some(mut current) = limit.current.filter(|current| *current < needed) else { return wanted as usize };
    let raised = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }).is_ok() {
        current = raised;
    }
    let possible = current.saturating_sub(beside).max(CONNECTIONS_MIN).min(u64::from(wanted));
    if possible < u64::from(wanted) {
        tracing::warn!(
            files = current,
            connections = possible,
            "the limit of open files allows fewer connections"
        );
    }
    usize::try_from(possible).unwrap_or(usize::MAX)
}
