//! Watches over projections, a few streams at a time: whether they are what the log leads to is a number that must
//! stay 0.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::watch;
use crate::registry::projections::Projections;
use crate::store::StoreError;

const REST_MIN: Duration = Duration::from_secs(1);

/// Runs until `shutdown`. Each replica watches for itself, as each is asked for its numbers.
pub(super) async fn watch(projections: Projections, shutdown: CancellationToken) {
    let mut last = None;
    while let Some(walked) = shutdown.run_until_cancelled(look(&projections, last)).await {
        match walked {
            Ok(found) => last = found,
            Err(error) => tracing::warn!(%error, "projections were not watched, trying again later"),
        }
        if !watch::pause(&shutdown).await {
            return;
        }
    }
}

/// Computes again what an earlier release folded by other rules, which is no drift, and then walks.
async fn look(projections: &Projections, before: Option<usize>) -> Result<Option<usize>, StoreError> {
    let refolded = projections.refold().await?;
    if refolded > 0 {
        tracing::info!(refolded, "texts for search were folded anew");
    }
    walk(projections, before).await
}

/// How many drifts a whole walk has found. What the one before found stands until this one has come to its end; before
/// the first has, there is no number unless something is wrong already.
async fn walk(projections: &Projections, before: Option<usize>) -> Result<Option<usize>, StoreError> {
    let (mut found, mut is_whole) = (0, true);
    let Some(mut walk) = projections.walk(None).await? else { return Ok(before) };
    loop {
        let began = Instant::now();
        match walk.next().await {
            Ok(None) => break,
            Ok(Some(batch)) => {
                for drift in batch.drifts() {
                    let (id, resource, org_id) = (drift.id, drift.resource, drift.organization_id);
                    tracing::error!(%id, resource, %org_id, trouble = ?drift.trouble, "a projection has drifted");
                }
                found += batch.drifts().len();
                metrics::counter!("projection_streams_checked_total").increment(batch.streams() as u64);
            }
            // One organization keeps nobody from looking at the others.
            Err(error) => {
                let org_id = walk.organization();
                tracing::warn!(%error, ?org_id, "projections of an organization were not watched to their end");
                is_whole = false;
                walk.leave_organization().await?;
            }
        }
        if found > 0 || before.is_some() {
            metrics::gauge!("projection_drift").set(found.max(before.unwrap_or(0)) as f64);
        }
        watch::rest(began, REST_MIN).await;
    }
    if !is_whole {
        return Ok(before.map(|before| before.max(found)));
    }
    metrics::gauge!("projection_drift").set(found as f64);
    Ok(Some(found))
}
