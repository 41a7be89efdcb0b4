//! Cross-origin requests: browsers of the origins that are named may call the API and read its headers.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{headers, rates, trace};

/// How long a browser may remember what it was allowed; browsers cut it to their own maximum.
const REMEMBER: Duration = Duration::from_secs(3600);

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

const TAKEN: [HeaderName; 15] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    headers::API_KEY,
    headers::IDEMPOTENCY_KEY,
    headers::LAST_EVENT_ID,
    headers::MIN_POSITION,
    headers::ON_BEHALF_OF,
    headers::PREFER,
    headers::REASON,
    headers::REQUEST_ID,
    trace::TRACE_PARENT,
    trace::TRACE_STATE,
];

const SHOWN: [HeaderName; 15] = [
    header::CONTENT_DISPOSITION,
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    rates::LIMIT,
    rates::REMAINING,
    rates::RESET,
    rates::STANDING,
    rates::POLICY,
    headers::ACCEPT_PATCH,
    headers::IDEMPOTENT_REPLAYED,
    headers::POSITION,
    headers::PREFERENCE_APPLIED,
    headers::REQUEST_ID,
];

/// The paths of a router, open to browsers of these origins; `*` is all of them, and none leaves everything as it is.
/// Credentials are headers that a page must know: cookies play no part, so `*` gives nothing away.
pub fn allow_origins(router: Router, origins: &[&str]) -> Router {
    if origins.is_empty() {
        return router;
    }
    let allowed = match origins.contains(&"*") {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let cors = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(METHODS)
        .allow_headers(TAKEN)
        .expose_headers(SHOWN)
        .max_age(REMEMBER);
    router.layer(cors)
}
