//! Which accesses are put on record: those that were refused, and reads of what few may see.

use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;
use uuid::Uuid;

use super::problem::Code;
use super::state::App;
use super::{credentials, headers};
use crate::flow::event::Accessor;
use crate::registry::caller::{Caller, ClientAddress};
use crate::registry::{AccessKind, ObservedAccess};

/// Pages that tell who did what, who may do what, or values that flows work with. An export has an event of its own.
const PAGES: [&str; 6] = [
    "/organizations/{orgId}/audit",
    "/organizations/{orgId}/audit/stream",
    "/organizations/{orgId}/audit/checkpoint",
    "/organizations/{orgId}/audit/tree",
    "/organizations/{orgId}/api-keys",
    "/organizations/{orgId}/bot/env",
];

/// A credential that leads nowhere. Its key is named where the organization has such a key.
pub fn stranger(parts: &Parts, state: &App, org_id: Uuid) {
    let credential = credentials::read(&parts.headers).ok();
    let key_prefix = credential.and_then(|credential| state.verifier.prefix_in(&credential, org_id));
    observe(parts, state, AccessKind::Refused, org_id, Code::InvalidCredentials.as_str(), key_prefix, None);
}

/// A caller that may not do what it asks for: on record with its own organization.
pub fn refused(parts: &Parts, state: &App, caller: &Caller, code: Code) {
    let actor = Some(caller.actor.opaque_id());
    let key_prefix = caller.key_prefix.clone();
    observe(parts, state, AccessKind::Refused, caller.org_id, code.as_str(), key_prefix, actor);
}

/// A read, where it is one of a page that few may see.
pub fn read(parts: &Parts, state: &App, caller: &Caller) {
    let Some(route) = parts.extensions.get::<MatchedPath>() else { return };
    if parts.method != Method::GET || !PAGES.contains(&route.as_str()) {
        return;
    }
    let actor = Some(caller.actor.opaque_id());
    let key_prefix = caller.key_prefix.clone();
    observe(parts, state, AccessKind::Read, caller.org_id, route.as_str(), key_prefix, actor);
}

fn observe(
    parts: &Parts,
    state: &App,
    kind: AccessKind,
    org_id: Uuid,
    what: &str,
    key_prefix: Option<String>,
    actor: Option<String>,
) {
    let by = Accessor {
        actor,
        address: parts.extensions.get::<ClientAddress>().map(|client| client.0.to_string()),
        user_agent: headers::user_agent(&parts.headers),
    };
    state.registry.accesses.observe(ObservedAccess { org_id, kind, what: what.to_owned(), key_prefix, by });
}
