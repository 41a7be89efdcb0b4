//! The time between being told to stop and stopping: balancers learn that they should send requests elsewhere, and requests
//! that come nevertheless are carried out.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use tokio_util::sync::CancellationToken;

/// Ends each connection with its next answer once `draining` has begun: who goes on sends the next request elsewhere, where
/// a connection that is only cut at the end might cut a request that is on its way.
pub fn end_connections(router: Router, draining: CancellationToken) -> Router {
    router.layer(middleware::from_fn_with_state(draining, end_with_answer))
}

async fn end_with_answer(
    State(draining): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = next.run(request).await;
    if draining.is_cancelled() {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}
