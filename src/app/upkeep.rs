//! What must be done now and then: what has grown old is deleted, a little at a time, and the clock is looked at.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::log::LogLines;
use crate::registry::clock::Clock;
use crate::registry::{Accesses, WINDOW};
use crate::store::{Store, StoreError};

const EVERY: Duration = Duration::from_secs(60);
const NUMBERS_EVERY: Duration = Duration::from_secs(5);
/// Logs that stand still for longer are left out: nobody would sign them now.
const UNSIGNED_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
/// Rows of one statement: nobody waits long for its locks.
const BATCH: i64 = 1000;

/// Runs until `shutdown`. Several replicas may do it at once: each row is deleted by one of them.
pub(super) async fn run(store: Store, clock: Clock, shutdown: CancellationToken) {
    loop {
        if let Err(error) = clock.look().await {
            tracing::warn!(%error, "the clock of the database was not looked at, trying again later");
        }
        if let Err(error) = count_unsigned(&store).await {
            tracing::warn!(%error, "events that are not signed were not looked for, trying again later");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        if let Err(error) = forget(&store).await {
            tracing::warn!(%error, "old rows were not deleted, trying again later");
        }
    }
}

/// Folds durations into their buckets, without which they would be kept one by one until somebody asks for the numbers,
/// and publishes how many lines of the log were dropped and what the pool does.
pub(super) async fn keep_numbers(metrics: PrometheusHandle, log: LogLines, store: Store) {
    loop {
        let (in_use, idle) = store.connections();
        metrics::gauge!("database_pool_connections", "state" => "in_use").set(in_use as f64);
        metrics::gauge!("database_pool_connections", "state" => "idle").set(idle as f64);
        metrics::gauge!("database_pool_connections_max").set(store.connections_max());
        metrics::counter!("log_lines_dropped_total").absolute(log.dropped());
        metrics.run_upkeep();
        tokio::time::sleep(NUMBERS_EVERY).await;
    }
}

/// Puts accesses on record every so often; what was counted at the end is for whoever stops the service.
pub(super) async fn record_accesses(accesses: Accesses, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(WINDOW) => accesses.put_on_record().await,
            () = shutdown.cancelled() => return,
        }
    }
}

/// Of all replicas together: what one does not sign another may.
async fn count_unsigned(store: &Store) -> Result<(), StoreError> {
    let age = store.in_time(store.oldest_unsigned(UNSIGNED_WITHIN)).await?;
    metrics::gauge!("oldest_unsigned_event_seconds").set(age.unwrap_or(0.0).max(0.0));
    Ok(())
}

async fn forget(store: &Store) -> Result<(), StoreError> {
    while store.in_time(store.forget_idempotency_keys(BATCH)).await? == BATCH as u64 {}
    while store.in_time(store.forget_runs(BATCH)).await? == BATCH as u64 {}
    while store.in_time(store.forget_sessions(BATCH)).await? == BATCH as u64 {}
    Ok(())
}
