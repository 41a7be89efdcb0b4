//! Looks for what other processes erase, so that this service lets go of what it remembers of it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::registry::erasure::Erasures;

const EVERY: Duration = Duration::from_millis(700);

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
