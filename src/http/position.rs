//! Positions of the log in the hands of clients: how far it had come when a change was answered, and how far whoever
//! answers a read must have come.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use tokio::time::timeout;
use uuid::Uuid;

use super::call::Read;
use super::headers;
use super::problem::Problem;
use super::state::App;
use crate::registry::ServerReads;

/// How long the answer to a change may wait for where the log stands.
const TELL_WITHIN: Duration = Duration::from_millis(200);

/// Says in the answer to a change how far the log has come: to where the change was `appended`, else to where it stands.
pub async fn tell(app: &App, org_id: Uuid, appended: Option<i64>, response: &mut Response) {
    let position = match appended {
        Some(position) => position,
        // The change is what it is, and its answer waits no longer. A client that is told no position does without.
        None => match timeout(TELL_WITHIN, app.registry.reads.position(org_id)).await {
            Ok(Ok(position)) => position,
            Ok(Err(error)) => return tracing::warn!(%error, "where the log stands was not told"),
            Err(_) => {
                return tracing::warn!(
                    "where the log stands was not told: the database did not say so in time"
                );
            }
        },
    };
    response.headers_mut().insert(headers::POSITION, position.into());
}

/// Has a read answered: by a standby that has come as far as the client asks, else by the primary. `named` is the position
/// that the request itself is about; `None` where that cannot be told, and then the primary is asked. Only what a standby
/// finds counts: whatever it refuses, the primary may know better.
pub async fn ask<S, I, Q, T, Reading>(
    app: &App,
    call: &Read<S, I, Q>,
    named: Option<i64>,
    read: impl Fn(Arc<ServerReads>) -> Reading,
) -> Result<T, Problem>
where
    Reading: Future<Output = Result<T, Problem>>,
{
    if let Some(least) = call.min_position {
        // Boxed: few reads come this way, and all would carry as much room again as a read takes.
        let answer = named.map(|named| Box::pin(ask_standby(app, call, least.max(named), &read)));
        let answer = match answer {
            Some(answer) => answer.await,
            None => None,
        };
        let by = if answer.is_some() { "standby" } else { "primary" };
        metrics::counter!("positioned_reads_total", "by" => by).increment(1);
        if let Some(answer) = answer {
            return Ok(answer);
        }
    }
    read(app.registry.standbys.primary()).await
}

async fn ask_standby<S, I, Q, T, Reading>(
    app: &App,
    call: &Read<S, I, Q>,
    least: i64,
    read: &impl Fn(Arc<ServerReads>) -> Reading,
) -> Option<T>
where
    Reading: Future<Output = Result<T, Problem>>,
{
    let arrived = app.registry.standbys.arrived(call.caller.org_id, least).await?;
    arrived.in_time(read(Arc::clone(arrived.reads))).await?.ok()
}
