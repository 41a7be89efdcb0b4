//! Around every request: its id, its line in the log, its numbers, and the shape of what went wrong.
//! This is the outermost layer; nothing here looks into bodies.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use futures_util::FutureExt as _;
use tracing::{Instrument as _, field};

use super::known::KnownCaller;
use super::problem::{self, Circumstances, Code, Problem};
use super::trace::RequestTrace;
use super::within::in_time;
use super::{encoding, headers};
use crate::registry::caller::{ClientAddress, RequestId};

/// What a request's head may hold. The parser's own limits are a little wider, so that most of what is too much is
/// refused in our words.
pub const HEADERS_MAX: usize = 100;
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Beside a request: why it is not carried out, whatever it asks for. Known before anything looks at it.
#[derive(Debug, Clone)]
pub struct RefusedHead(pub Problem);

/// The route of requests that no route takes, for the log and the numbers.
const NO_ROUTE: &str = "none";

pub async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id: Arc<str> = headers::request_id(request.headers()).into();
    request.extensions_mut().insert(RequestId(Arc::clone(&request_id)));
    let caller = KnownCaller::default();
    request.extensions_mut().insert(caller.clone());
    let address = request.extensions().get::<ClientAddress>().map(|client| client.0);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let taken = encoding::Taken::by(request.headers());
    let trace = RequestTrace::begin(request.headers(), label(&method), route);
    let trace_id = trace.id().map(field::display);
    let span = tracing::info_span!("request", request_id = &*request_id, org = field::Empty, trace_id);
    let response = match check_head(&request) {
        Ok(()) => guarded(request, next, route).instrument(span.clone()).await,
        Err(problem) => problem.into_response(),
    };
    let at = Circumstances {
        request_id: &request_id,
        path: &path,
        time: Utc::now(),
        shows_people: caller.sees_people(),
    };
    let mut response = problem::render(response, &at);
    add_headers(&mut response, &request_id);
    let mut response = encoding::encode(response, taken).await;
    if let Some(standings) = caller.standings() {
        standings.tell(response.headers_mut());
    }
    let status = response.status().as_u16();
    let took = started.elapsed();
    span.in_scope(|| {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (caller, address) = (caller.name(), address.map(field::display));
        tracing::info!(%method, route, status, ms, caller, address, "request");
    });
    trace.end(response.status());
    let labels = [("method", label(&method).to_owned()), ("route", route.to_owned())];
    metrics::histogram!("http_request_duration_seconds", &labels).record(took);
    let [method, route] = labels;
    metrics::counter!("http_requests_total", &[method, route, ("status", status.to_string())]).increment(1);
    response
}

/// A panic ends its request, not its connection. A read that the database keeps waiting ends too.
async fn guarded(request: Request, next: Next, route: &str) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD) && !is_recorded(route);
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answered = match is_read {
        true => in_time(answering).await,
        false => Ok(answering.await),
    };
    match answered {
        Ok(Ok(response)) => response,
        Err(late) => late.into_response(),
        Ok(Err(panic)) => {
            tracing::error!(panic = message(&*panic), "a handler panicked");
            let detail = "Something went wrong. The cause is logged under the request id.";
            Problem::new(Code::Internal, detail).into_response()
        }
    }
}

/// What appends an event, or signs, takes its own time.
fn is_recorded(route: &str) -> bool {
    route.contains("/audit/export") || route.ends_with("/audit/checkpoint") || route.ends_with("/audit/tree")
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn check_head(request: &Request) -> Result<(), Problem> {
    if let Some(RefusedHead(problem)) = request.extensions().get() {
        return Err(problem.clone());
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() <= HEADERS_MAX && bytes <= HEADER_BYTES_MAX {
        return Ok(());
    }
    let detail =
        format!("A request may have at most {HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes in all.");
    Err(Problem::new(Code::HeadersTooLarge, detail))
}

fn add_headers(response: &mut Response, request_id: &str) {
    let is_good = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    let request_id = HeaderValue::try_from(request_id).expect("request ids are plain tokens");
    headers.insert(headers::REQUEST_ID, request_id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What has a tag may be kept by who got it, who asks each time whether it is still so.
    let kept = if is_good && headers.contains_key(header::ETAG) { "private, no-cache" } else { "no-store" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(kept));
}

/// Clients can invent methods; the numbers must not grow with them.
fn label(method: &Method) -> &str {
    match *method {
        Method::GET | Method::POST | Method::PATCH | Method::DELETE | Method::HEAD | Method::OPTIONS => {
            method.as_str()
        }
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, middleware};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn broken() {
        panic!("the cause");
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_names_no_cause() {
        let router: Router = Router::new().route("/", get(broken)).layer(middleware::from_fn(observe));
        let request = Request::builder().uri("/").header(headers::REQUEST_ID, "req-1");
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), Code::Internal.status());
        assert_eq!(response.headers()[headers::REQUEST_ID], "req-1");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(r#""code":"internal""#) && body.contains(r#""requestId":"req-1""#), "{body}");
        assert!(!body.contains("the cause"), "{body}");
    }
}
