//! What is served beside the API, such as the console: its requests are observed, counted and weighed like those of the API.

use axum::body::Body;
use axum::http::{Extensions, HeaderMap};
use axum::{Router, middleware};
use bytes::Bytes;

use super::body::{self, BodyShare};
use super::known::KnownCaller;
use super::load::{LoadShare, RequestLength};
use super::observe::observe;
use super::problem::{Code, Problem};
use super::state::AppState;
use crate::registry::caller::Caller;

/// Why a request is not carried out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldRequest {
    /// Whole seconds after which trying again makes sense.
    pub wait_s: u32,
    /// The caller makes too many requests; else the process has too much to do.
    pub is_of_caller: bool,
}

/// Requests of this router get their id, their line in the log and their numbers.
pub fn observed(router: Router) -> Router {
    router.layer(middleware::from_fn(observe))
}

/// Lets a request of a verified caller in: counted with its credential and its organization, once there is room for it, and
/// refused where there is none in time. What it returns is held until the request is answered.
pub async fn admit(
    state: &AppState,
    extensions: &Extensions,
    caller: &Caller,
) -> Result<LoadShare, HeldRequest> {
    let (standings, counted) = state.rate_limits.count(caller);
    if let Some(known) = extensions.get::<KnownCaller>() {
        known.set(caller, standings);
    }
    counted.map_err(held)?;
    state.load.begin(caller.org_id, RequestLength::Usual).await.map_err(held)
}

/// Reads a body of at most so many bytes, as fast as bodies of the API have to come, within the memory they all share.
pub async fn read_body(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<(Bytes, BodyShare), RefusedBody> {
    let bytes =
        body::collect_plain(headers, body, bytes_max).await.map_err(|problem| match problem.code {
            Code::BodyTooLarge => RefusedBody::TooLarge,
            _ => RefusedBody::Broken,
        })?;
    match state.body_budget.share(bytes.len()).await {
        Ok(share) => Ok((bytes, share)),
        Err(problem) => Err(RefusedBody::Held(held(problem))),
    }
}

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBody {
    TooLarge,
    /// It ended too early, or came too slowly.
    Broken,
    Held(HeldRequest),
}

fn held(problem: Problem) -> HeldRequest {
    HeldRequest {
        wait_s: problem.retry_after_s().unwrap_or(1),
        is_of_caller: problem.code == Code::RateLimited,
    }
}
