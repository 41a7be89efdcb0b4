//! Who is signed in, found by the cookie of an organization.

use std::sync::{Arc, OnceLock};

use axum::http::header;
use axum::http::request::Parts;
use uuid::Uuid;

use super::cookie;
use crate::console::address::CookieWay;
use crate::console::failure::PageFailure;
use crate::console::gate::HeldBack;
use crate::console::state::Console;
use crate::registry::caller::ClientAddress;
use crate::registry::sessions::{OpenSession, SessionId};

/// Somebody who is signed in, and where else.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub open: OpenSession,
    /// Other organizations that the browser holds a session of.
    pub others: Vec<Uuid>,
}

/// Becomes known of a request while it is answered, for the page that says why it failed.
#[derive(Debug, Clone, Default)]
pub struct KnownSigned(Arc<OnceLock<SignedIn>>);

impl KnownSigned {
    pub fn set(&self, signed: SignedIn) {
        let _ = self.0.set(signed);
    }

    pub fn get(&self) -> Option<&SignedIn> {
        self.0.get()
    }
}

/// How a browser that sent this request keeps cookies, if it may.
pub fn cookie_way(parts: &Parts, console: &Console) -> Option<CookieWay> {
    let host = parts.headers.get(header::HOST)?.to_str().ok()?;
    console.address.cookie_way(host)
}

/// Whether a request is of somebody who uses the console, which keeps the session open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looking {
    Using,
    Onlooking,
}

/// The session of an organization.
pub async fn find(
    parts: &Parts,
    console: &Console,
    org_id: Uuid,
    looking: Looking,
) -> Result<OpenSession, PageFailure> {
    let Some(way) = cookie_way(parts, console) else {
        return Err(PageFailure::SignedOut { had_session: false });
    };
    let sessions = cookie::sessions(&parts.headers, way);
    let Some((_, token)) = sessions.iter().find(|(found, _)| *found == org_id) else {
        return Err(match sessions.is_empty() {
            true => PageFailure::SignedOut { had_session: false },
            false => PageFailure::OtherOrganization(org_id),
        });
    };
    let (sessions, id) = (&console.registry.sessions, SessionId::of(token));
    // The token of a session that is remembered is no guess, whatever else comes from its address.
    let address = parts.extensions.get::<ClientAddress>().map(|client| client.0);
    let guessing = address.filter(|_| !sessions.remembers(org_id, id));
    if let Some(wait_s) = guessing.and_then(|address| console.unknown_sessions.wait_s(address)) {
        return Err(PageFailure::HeldBack(HeldBack { wait_s, is_of_caller: true }));
    }
    let found = match looking {
        Looking::Using => sessions.find(org_id, id).await?,
        Looking::Onlooking => sessions.look(org_id, id).await?,
    };
    if let (None, Some(address)) = (&found, guessing) {
        console.unknown_sessions.failed(address);
    }
    found.ok_or(PageFailure::SignedOut { had_session: true })
}

/// The other organizations that the browser holds a session of. Whether those are over is found where they are used.
pub fn others(parts: &Parts, console: &Console, org_id: Uuid) -> Vec<Uuid> {
    let sessions = cookie_way(parts, console).map(|way| cookie::sessions(&parts.headers, way));
    let others = sessions.into_iter().flatten().map(|(other, _)| other);
    others.filter(|other| *other != org_id).collect()
}
