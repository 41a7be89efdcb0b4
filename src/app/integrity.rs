//! Watches whether what is stored is what was recorded, a little at a time: what is not is a number that must stay 0.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::watch;
use crate::registry::integrity::{Integrity, IntegrityFailure};
use crate::store::StoreError;

const REST_MIN: Duration = Duration::from_millis(100);

/// Runs until `shutdown`. Each replica watches for itself, as each is asked for its numbers.
pub(super) async fn watch(integrity: Integrity, shutdown: CancellationToken) {
    let mut before = 0;
    while let Some(walked) = shutdown.run_until_cancelled(walk(&integrity, before)).await {
        match walked {
            Ok(found) => before = found,
            Err(error) => tracing::warn!(%error, "stored content was not verified, trying again later"),
        }
        if !watch::pause(&shutdown).await {
            return;
        }
    }
}

/// How much a whole walk found altered. What the one before found stands until this one has come to its end.
async fn walk(integrity: &Integrity, before: usize) -> Result<usize, StoreError> {
    let (mut found, mut events, mut is_whole) = (0, 0, true);
    let mut walk = integrity.walk().await?;
    loop {
        let began = Instant::now();
        match walk.next().await {
            Ok(None) => break,
            Ok(Some(look)) => {
                for IntegrityFailure { organization, what } in &look.failures {
                    tracing::error!(org = %organization, what, "stored content is not what was recorded");
                }
                found += look.failures.len();
                events += look.events;
                metrics::gauge!("integrity_verified_position").set(events as f64);
                metrics::counter!("integrity_events_verified_total").increment(look.events);
            }
            // One organization keeps nobody from looking at the others.
            Err(error) => {
                let org_id = walk.organization();
                tracing::warn!(%error, ?org_id, "content of an organization was not verified to its end");
                is_whole = false;
                walk.leave_organization().await?;
            }
        }
        metrics::gauge!("integrity_failures").set(found.max(before) as f64);
        watch::rest(began, REST_MIN).await;
    }
    let found = if is_whole { found } else { found.max(before) };
    metrics::gauge!("integrity_failures").set(found as f64);
    Ok(found)
}
