//! Looks for what other processes erase, so that this service lets go of what it remembers of it; and goes on with erasures
//! whose process has ended.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::registry::erasure::Erasures;

const EVERY: Duration = Duration::from_millis(700);
const RESUME_EVERY: Duration = Duration::from_secs(20);
/// An erasure of which nothing was heard for so long is nobody's any more.
const ALONE_FOR: Duration = Duration::from_secs(60);

/// Runs until `shutdown`.
pub(super) async fn watch(erasures: Erasures, shutdown: CancellationToken) {
    let Some(mut watch) = erasures.watch() else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        if let Err(error) = watch.look().await {
            tracing::debug!(%error, "erasures were not looked for, trying again");
        }
    }
}

/// Goes on with what broke off, until `shutdown`.
pub(super) async fn resume(erasures: Erasures, shutdown: CancellationToken) {
    loop {
        if let Err(error) = erasures.resume(ALONE_FOR).await {
            tracing::debug!(%error, "erasures that broke off were not looked for, trying again");
        }
        tokio::select! {
            () = tokio::time::sleep(RESUME_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
