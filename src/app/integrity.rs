//! Watches whether what is stored is what was recorded, a little at a time: what is not is a number that must stay 0.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::registry::integrity::{Integrity, IntegrityFailure};
use crate::store::StoreError;

/// So many times as long as a look took, nothing is looked at: the watch costs the database two percent at most.
const REST: u32 = 50;
const REST_MIN: Duration = Duration::from_millis(100);
/// Between two walks.
const PAUSE: Duration = Duration::from_secs(60);

/// Runs until `shutdown`. Each replica watches for itself, as each is asked for its numbers.
pub(super) async fn watch(integrity: Integrity, shutdown: CancellationToken) {
    let mut before = 0;
    loop {
        tokio::select! {
            walked = walk(&integrity, before) => match walked {
                Ok(found) => before = found,
                Err(error) => tracing::warn!(%error, "stored content was not verified, trying again later"),
            },
            () = shutdown.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
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
        tokio::time::sleep(REST_MIN.max(began.elapsed() * REST)).await;
    }
    let found = if is_whole { found } else { found.max(before) };
    metrics::gauge!("integrity_failures").set(found as f64);
    Ok(found)
}
