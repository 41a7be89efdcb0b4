//! The numbers that the process counts for Prometheus: their buckets, and those that stand there from the start.

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::store;

/// In seconds: from a read in memory to a statement that waits for its timeout.
const DURATION_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];
/// Rows that the writer takes together, up to the most.
const ROWS_BUCKETS: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// From here on the process counts what it does. What counts trouble is 0 at first: Prometheus sees a counter grow only
/// when it knew it before.
pub(super) fn count() -> anyhow::Result<PrometheusHandle> {
    let rows = Matcher::Full("writer_rows_per_call".to_owned());
    let counting = PrometheusBuilder::new().set_buckets(&DURATION_BUCKETS)?;
    let counting = counting.set_buckets_for_metric(rows, &ROWS_BUCKETS)?.install_recorder();
    let counting = counting.context("cannot count what the process does")?;
    metrics::gauge!("build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    store::count_errors_from_zero();
    for counter in [
        metrics::counter!("database_failovers_total"),
        metrics::counter!("token_key_fetches_failed_total"),
        metrics::counter!("log_lines_dropped_total"),
    ] {
        counter.increment(0);
    }
    for by in ["primary", "standby"] {
        metrics::counter!("positioned_reads_total", "by" => by).increment(0);
    }
    metrics::gauge!("database_standbys").set(0.0);
    metrics::gauge!("database_standbys_near").set(0.0);
    metrics::gauge!("feed_readers").set(0.0);
    metrics::gauge!("signing_refused_logs").set(0.0);
    Ok(counting)
}
