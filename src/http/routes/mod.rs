//! Every path there is: the tables of endpoints, of which the router and the description of the API are made.
//! To add an endpoint: write its handler, add its row to the table of its subject, and a schema in `openapi/schemas` for
//! a body or an answer of a new kind. The handler's last argument already says scope, ids and query parameters.

mod env;
mod flows;
mod headers;
mod history;
mod log;
mod runs;
mod service;

use std::sync::{Arc, LazyLock};

use axum::extract::OriginalUri;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::{Router, middleware, routing};
use bytes::Bytes;
use serde_json::Value;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::endpoint::Endpoint;
use super::observe::observe;
use super::problem::{Code, Problem};
use super::state::AppState;
use super::{guides, openapi, operations, problem, wire};

const FLOWS: &str = "/organizations/{orgId}/bot/flows";
const FLOW: &str = "/organizations/{orgId}/bot/flows/{flowId}";

static DESCRIPTION: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&description()).expect("JSON values serialize").into());

/// Every endpoint, in the order of the description.
pub fn endpoints() -> Vec<Endpoint> {
    let tables = [
        flows::endpoints(),
        flows::drafts(),
        flows::steps(),
        flows::publication(),
        runs::endpoints(),
        history::endpoints(),
        env::endpoints(),
        log::audit(),
        log::evidence(),
        log::erasures(),
        service::api_keys(),
        service::operations(),
    ];
    tables.into_iter().flatten().collect()
}

/// For those who run the service, on a listener of its own: what the process has counted, and the health.
pub fn operators_router(state: Arc<AppState>) -> Router {
    Router::new()
        .route("/metrics", routing::get(operations::metrics))
        .route("/health", routing::get(operations::ready_in_detail))
        .route("/health/live", routing::get(operations::live))
        .route("/health/ready", routing::get(operations::ready_in_detail))
        .route("/health/status", routing::get(operations::ready_in_detail))
        .fallback(nothing_here)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state)
        .layer(middleware::from_fn(observe))
}

/// The whole API over one state.
pub fn router(state: impl Into<Arc<AppState>>) -> Router {
    endpoints()
        .into_iter()
        .fold(Router::new(), |router, endpoint| router.route(endpoint.path, endpoint.handler))
        .merge(guides::routes(problem::table))
        .merge(reference())
        .fallback(nothing_here)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state.into())
        .layer(middleware::from_fn(observe))
}

/// The description of the API as pages, on which requests can be tried. Its styles are set by its script.
fn reference<S: Clone + Send + Sync + 'static>() -> Router<S> {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    let pages = SwaggerUi::new("/docs/reference").config(Config::from("/openapi.json").validator_url("none"));
    Router::from(pages).layer(middleware::map_response(|mut response: Response| async {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
        response
    }))
}

/// The description of the API: OpenAPI 3.1.
pub fn description() -> Value {
    openapi::describe(&endpoints())
}

/// Answers with the description of the API itself.
async fn show_description() -> Response {
    wire::json(StatusCode::OK, DESCRIPTION.clone().into())
}

async fn nothing_here(OriginalUri(uri): OriginalUri) -> Problem {
    match super::percent::decode(uri.path()) {
        Some(path) if path.len() > 1 && path.ends_with('/') => {
            let detail = "There is nothing under this path. It ends with a slash: leave that out.";
            Problem::new(Code::NotFound, detail)
        }
        Some(_) => Problem::new(Code::NotFound, "There is nothing under this path."),
        None => Problem::parameter("path", "is not well-formed text"),
    }
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "The path does not take this method.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_not_stale() {
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            let description = description();
            insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&description).unwrap())
        });
    }

    #[test]
    fn every_row_is_whole() {
        for Endpoint { id, summary, description, responses, .. } in endpoints() {
            assert!(!summary.is_empty() && !responses.is_empty(), "{id}");
            assert!(description.ends_with('.'), "{id}: {description}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = description();
        let text = description.to_string();
        let reference = regex::Regex::new("\"#(/components/[^\"]+)\"").unwrap();
        for found in reference.captures_iter(&text) {
            assert!(description.pointer(&found[1]).is_some(), "{}", &found[1]);
        }
    }
}
