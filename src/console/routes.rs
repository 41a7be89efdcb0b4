//! Every address of the console. To add a page: its file in `view`, its template in `pages`, its texts in `texts`, a row
//! here. A handler's argument `Session` or `Change` says that somebody has to be signed in.

use std::sync::Arc;

use axum::routing::{any, get, post};
use axum::{Router, middleware};

use super::around::around;
use super::assets;
use super::failure::{PageFailure, Sought};
use super::state::{Console, ConsoleState};
use super::view::change::{self, ChangeAction, create};
use super::view::{compare, deleted, flow, history, keys, list, live, preferences, sign_in};

/// The console, below `/console`.
pub fn router(state: ConsoleState) -> Router {
    let console: Console = Arc::new(state);
    let pages = Router::new().merge(for_anybody()).merge(of_organization());
    Router::new()
        .nest("/console", pages)
        .route("/console/", get(sign_in::begin))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(&console))
        .layer(middleware::from_fn_with_state(console, around))
}

/// What is there without a session.
fn for_anybody() -> Router<Console> {
    Router::new()
        .route("/", get(sign_in::begin))
        .route("/session", get(sign_in::form).post(sign_in::open))
        .route("/preferences", post(preferences::keep))
        .route("/assets/{digest}/{name}", get(assets::show))
}

fn of_organization() -> Router<Console> {
    Router::new()
        .route("/{orgId}", get(sign_in::enter))
        .route("/{orgId}/session/end", post(sign_in::close))
        .route("/{orgId}/flows", get(list::show))
        .merge(changes())
        .route("/{orgId}/flows/{flowId}", get(flow::show))
        .route("/{orgId}/flows/{flowId}/document.json", get(flow::json::download))
        .route("/{orgId}/flows/{flowId}/picture.svg", get(flow::drawn::download))
        .route("/{orgId}/flows/{flowId}/history", get(history::show))
        .route("/{orgId}/deleted", get(deleted::show))
        .route("/{orgId}/live", get(live::follow))
        .route("/{orgId}/keys", get(keys::show))
        .route("/{orgId}/keys/new", get(keys::terms::new).post(keys::terms::create))
        .route("/{orgId}/keys/{keyId}/edit", get(keys::terms::edit).post(keys::terms::change))
        .route("/{orgId}/keys/{keyId}/revoke", get(keys::revoke::form).post(keys::revoke::revoke))
        .route("/{orgId}/keys/{keyId}/sessions/end", post(keys::end_sessions_of_key))
        .route("/{orgId}/keys/sessions/{sessionId}/end", post(keys::end_session))
        .route("/{orgId}/{*rest}", any(nothing_here))
}

/// Comparisons, new flows, and what may be done with a flow, each on a page of its own.
fn changes() -> Router<Console> {
    let pages = Router::new()
        .route("/{orgId}/flows/new", get(create::show).post(create::send))
        .route("/{orgId}/flows/{flowId}/compare", get(compare::show))
        .route("/{orgId}/flows/{flowId}/compare.json", get(compare::json_patch));
    ChangeAction::ALL.into_iter().fold(pages, |pages, action| {
        pages.route(&format!("/{{orgId}}/flows/{{flowId}}/{}", action.name()), change::routes(action))
    })
}

async fn nothing_here() -> PageFailure {
    PageFailure::NotFound(Sought::Page)
}

async fn method_not_allowed() -> PageFailure {
    PageFailure::MethodNotAllowed
}
