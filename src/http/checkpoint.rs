//! Checkpoints of an organization's log for whoever keeps them, and the public keys they are verified with.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde_json::json;

use super::call::{AuditRead, Read};
use super::problem::{Code, Problem};
use super::query::Negotiated;
use super::state::App;
use super::{media, wire};
use crate::registry::RegistryError;
use crate::registry::checkpoints::{PublicKey, TreeHead};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// When another replica may have signed.
const RETRY_SECONDS: u32 = 60;

/// The signed note as it is to be kept or, in JSON, with what it says and how far the log is now.
pub async fn checkpoint(
    State(app): State<App>,
    headers: HeaderMap,
    call: Read<AuditRead, (), Negotiated>,
) -> Result<Response, Problem> {
    let wants_note = wants_note(&headers)?;
    let Some(signed) = app.registry.checkpoints.latest(&call.caller).await? else {
        let detail = "This replica holds no key to sign with, and no checkpoint of the log is stored.";
        return Err(Problem::retry(Code::NoCheckpoint, RETRY_SECONDS, detail));
    };
    if wants_note {
        return Ok(text(signed.note));
    }
    let checkpoint = &signed.checkpoint;
    let data = json!({
        "organizationId": checkpoint.organization,
        "position": checkpoint.position,
        "chainHash": checkpoint.chain_hash,
        "signedAt": checkpoint.time.to_rfc3339_opts(SecondsFormat::Micros, true),
        "note": signed.note,
        "headPosition": signed.head,
        "signsHere": app.registry.checkpoints.signs(),
    });
    Ok(wire::envelope(StatusCode::OK, &data))
}

/// Whether the note alone is asked for, as plain text. Refuses a request that takes neither that nor JSON.
fn wants_note(headers: &HeaderMap) -> Result<bool, Problem> {
    let wants_text = media::wants_text(headers);
    if !wants_text {
        media::check_accept(headers)?;
    }
    Ok(wants_text)
}

/// A signed note over the trees of the log, by which single events and flows are proven.
pub async fn tree_head(
    State(app): State<App>,
    headers: HeaderMap,
    call: Read<AuditRead, (), Negotiated>,
) -> Result<Response, Problem> {
    let wants_note = wants_note(&headers)?;
    let Some(stored) = app.registry.checkpoints.tree_head(call.caller.org_id).await? else {
        let detail = "This replica holds no key to sign with, and no tree head of the log is stored.";
        return Err(Problem::retry(Code::NoCheckpoint, RETRY_SECONDS, detail));
    };
    if wants_note {
        return Ok(text(stored.note));
    }
    let head = TreeHead::unverified(&stored.note);
    let head = head.map_err(|error| RegistryError::corrupt("a tree head", error.to_string()))?;
    let data = json!({
        "organizationId": head.organization,
        "size": head.size,
        "eventRoot": head.event_root,
        "mapRoot": head.map_root,
        "chainHash": head.chain_hash,
        "signedAt": head.time.to_rfc3339_opts(SecondsFormat::Micros, true),
        "note": stored.note,
    });
    Ok(wire::envelope(StatusCode::OK, &data))
}

/// The keys of this replica, one a line, below what says how long each is valid: a file to give to a verifier.
pub async fn keys(State(app): State<App>) -> Response {
    let keys = app.registry.checkpoints.public_keys();
    let mut lines: String = keys.iter().map(PublicKey::published).collect();
    if !app.registry.checkpoints.signs() {
        lines.insert_str(0, "# This replica does not sign checkpoints.\n");
    }
    text(lines)
}

fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], body).into_response()
}
