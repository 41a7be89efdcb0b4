//! The endpoints on API keys of an organization.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use secrecy::ExposeSecret as _;

use super::answer::mark_replay;
use super::body::{Nothing, Whole};
use super::call::{AnyScope, Command, KeysManage, Read};
use super::headers::IDEMPOTENCY_KEY;
use super::path::KeyId;
use super::position;
use super::problem::{Code, HandlerResult, Problem};
use super::state::App;
use super::wire::{self, ApiKey, CreatedApiKey, CursorPage, OwnCredential};
use crate::registry::access::KeyMode;

pub async fn list(State(app): State<App>, call: Read<KeysManage, (), ()>) -> HandlerResult {
    let keys = app.registry.keys.list(&call.caller).await?;
    let keys = keys.into_iter().map(ApiKey::from).collect();
    Ok(wire::envelope(StatusCode::OK, &CursorPage::only(keys)))
}

/// Whose credential the request has, and what it may do.
pub async fn own(call: Read<AnyScope, (), ()>) -> HandlerResult {
    Ok(wire::envelope(StatusCode::OK, &OwnCredential::from(call.caller)))
}

pub async fn create(State(app): State<App>, call: Command<KeysManage, (), Whole>) -> HandlerResult {
    if call.intent.idempotency.is_some() {
        let message = "cannot be used here: the secret of a key is shown once";
        return Err(Problem::header_of(Code::InvalidIdempotencyKey, IDEMPOTENCY_KEY.as_str(), message));
    }
    let created = app.registry.keys.create(call.intent, KeyMode::Live, &call.body.0).await?;
    let org_id = created.key.org_id;
    let shown = CreatedApiKey { key: created.key.into(), secret: created.secret.expose_secret() };
    let mut response = wire::envelope(StatusCode::CREATED, &shown);
    position::tell(&app, org_id, None, &mut response).await;
    Ok(response)
}

pub async fn change(State(app): State<App>, call: Command<KeysManage, KeyId, Whole>) -> HandlerResult {
    let written = app.registry.keys.change(call.intent, call.id.0, &call.body.0).await?;
    let org_id = written.key.org_id;
    let mut response = wire::envelope(StatusCode::OK, &ApiKey::from(written.key));
    mark_replay(&mut response, written.replayed);
    position::tell(&app, org_id, None, &mut response).await;
    Ok(response)
}

pub async fn revoke(State(app): State<App>, call: Command<KeysManage, KeyId, Nothing>) -> HandlerResult {
    let written = app.registry.keys.revoke(call.intent, call.id.0).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    mark_replay(&mut response, written.replayed);
    position::tell(&app, written.key.org_id, None, &mut response).await;
    Ok(response)
}
