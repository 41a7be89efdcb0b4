//! Every path there is, on one page.

use std::sync::Arc;

use axum::extract::OriginalUri;
use axum::routing::{get, patch, post};
use axum::{Router, middleware};

use utoipa_swagger_ui::{Config, SwaggerUi};

use super::observe::observe;
use super::problem::{Code, Problem};
use super::state::AppState;
use super::{
    api_keys, audit, checkpoint, env, feed, flows, history, openapi, operations, problem, restore, runs,
    validate,
};

/// The whole API over one state.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/organizations/{orgId}/bot/flows", get(flows::list).post(flows::create))
        .route(
            "/organizations/{orgId}/bot/flows/{flowId}",
            get(flows::get).patch(flows::update).delete(flows::delete),
        )
        .route("/organizations/{orgId}/bot/flows/{flowId}/publish", post(flows::publish))
        .route("/organizations/{orgId}/bot/flows/{flowId}/unpublish", post(flows::unpublish))
        .route("/organizations/{orgId}/bot/flows/{flowId}/duplicate", post(flows::duplicate))
        .route("/organizations/{orgId}/bot/flows/{flowId}/callers", get(flows::callers))
        .route("/organizations/{orgId}/bot/flows/{flowId}/test-run", post(runs::run))
        .route("/organizations/{orgId}/bot/flows/{flowId}/test-runs", get(runs::list))
        .route("/organizations/{orgId}/bot/test-runs/{runId}", get(runs::read))
        .route("/organizations/{orgId}/bot/flows/publish", post(flows::publish_set))
        .route("/organizations/{orgId}/bot/flows/validate", post(validate::document))
        .route("/organizations/{orgId}/bot/flows/{flowId}/validate", post(validate::flow))
        .route("/organizations/{orgId}/bot/flows/{flowId}/events", get(history::events))
        .route("/organizations/{orgId}/bot/flows/{flowId}/versions/{version}", get(history::version))
        .route("/organizations/{orgId}/bot/flows/{flowId}/diff", get(history::diff))
        .route("/organizations/{orgId}/bot/flows/{flowId}/blame", get(history::blame))
        .route("/organizations/{orgId}/bot/flows/{flowId}/restore", post(restore::restore))
        .route("/organizations/{orgId}/bot/env", get(env::get).put(env::put))
        .route("/organizations/{orgId}/audit", get(audit::list))
        .route("/organizations/{orgId}/audit/export", get(audit::export))
        .route("/organizations/{orgId}/audit/export/{link}", get(audit::linked_export))
        .route("/organizations/{orgId}/audit/stream", get(feed::follow))
        .route("/organizations/{orgId}/audit/checkpoint", get(checkpoint::checkpoint))
        .route("/organizations/{orgId}/api-keys", get(api_keys::list).post(api_keys::create))
        .route("/organizations/{orgId}/api-keys/{keyId}", patch(api_keys::change).delete(api_keys::revoke))
        .route("/.well-known/flow-registry-keys", get(checkpoint::keys))
        .route("/auth/refresh", post(operations::refresh))
        .route("/health", get(operations::ready))
        .route("/health/live", get(operations::live))
        .route("/health/ready", get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .route("/problems/{code}", get(problem::explain))
        .route("/openapi.json", get(openapi::json))
        .merge(SwaggerUi::new("/docs").config(Config::from("/openapi.json").validator_url("none")))
        .fallback(nothing_here)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::new(state))
        .layer(middleware::from_fn(observe))
}

async fn nothing_here(OriginalUri(uri): OriginalUri) -> Problem {
    match super::percent::decode(uri.path()) {
        Some(_) => Problem::new(Code::NotFound, "There is nothing under this path."),
        None => Problem::parameter("path", "is not well-formed text"),
    }
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "The path does not take this method.")
}
