//! What tasks that walk over everything that is stored have in common: they rest after each look, and between walks.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// So many times as long as a look took, nothing is looked at: a watch costs the database two percent at most.
const REST: u32 = 50;
/// Between two walks.
const PAUSE: Duration = Duration::from_secs(60);

/// Rests after a look that began then.
pub(super) async fn rest(began: Instant, at_least: Duration) {
    tokio::time::sleep(at_least.max(began.elapsed() * REST)).await;
}

/// Rests after a walk. Whether there is to be another one.
pub(super) async fn pause(shutdown: &CancellationToken) -> bool {
    shutdown.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_some()
}
