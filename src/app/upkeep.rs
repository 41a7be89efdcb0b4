//! What must be done now and then: what has grown old is deleted, a little at a time.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError};

const EVERY: Duration = Duration::from_secs(60);
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// Rows of one statement: nobody waits long for its locks.
const BATCH: i64 = 1000;

/// Runs until `shutdown`. Several replicas may do it at once: each row is deleted by one of them.
pub(super) async fn run(store: Store, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        if let Err(error) = forget(&store).await {
            tracing::warn!(%error, "old rows were not deleted, trying again later");
        }
    }
}

/// Durations are kept one by one until they are folded into their buckets, be it that nobody ever asks for the numbers.
pub(super) async fn fold_durations(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(FOLD_EVERY).await;
        metrics.run_upkeep();
    }
}

async fn forget(store: &Store) -> Result<(), StoreError> {
    while store.in_time(store.forget_idempotency_keys(BATCH)).await? == BATCH as u64 {}
    while store.in_time(store.forget_runs(BATCH)).await? == BATCH as u64 {}
    Ok(())
}
