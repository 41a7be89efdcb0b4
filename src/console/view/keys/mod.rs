//! The keys of an organization, and who is signed in with them.

mod browser;
pub mod revoke;
pub mod terms;

use askama::Template;
use axum::extract::Path;
use uuid::Uuid;

use crate::console::failure::{PageFailure, PageResult, Sought};
use crate::console::form::{AddressParameters, Change};
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::record::{self, RecordedAccess};
use crate::console::session::Session;
use crate::console::texts::keys::{EN, ES, KeysTexts};
use crate::console::when::When;
use crate::registry::access::{KeyMode, KeyRecord};
use crate::registry::caller::{Scope, Scopes};
use crate::registry::sessions::{OpenSession, SessionId};

/// As the log names the page that was read.
const ROUTE: &str = "/console/{orgId}/keys";

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    page: PageFrame,
    t: &'static KeysTexts,
    /// What was just done.
    done: Option<&'static str>,
    keys: Vec<KeyRow>,
    sessions: Vec<SessionRow>,
    create: String,
}

struct KeyRow {
    name: String,
    prefix: String,
    is_own: bool,
    is_test: bool,
    /// The role that has exactly these scopes, if one has.
    role: Option<&'static str>,
    scopes: Vec<&'static str>,
    numbers: Vec<String>,
    last_used: Option<When>,
    expires: Option<When>,
    has_sessions: bool,
    edit: String,
    revoke: String,
    end_sessions: String,
}

struct SessionRow {
    person: Option<String>,
    key: Option<String>,
    is_own: bool,
    since: When,
    seen: When,
    until: When,
    /// Which browser it is, and what it says of itself.
    browser: Option<(String, String)>,
    end: String,
}

pub async fn show(session: Session, AddressParameters(fields): AddressParameters) -> PageResult {
    session.needs(Scope::KeysManage)?;
    record::observe(&session.console, &session.circumstances, RecordedAccess::read(session.caller(), ROUTE));
    let t = session.texts(&ES, &EN);
    let keys = session.registry().keys.list(session.caller()).await?;
    let open = session.registry().sessions.list(session.caller()).await?;
    let page = PageFrame::new(&session, t.heading).with_command(&session, None, "api-keys");
    part::page(&KeysPage {
        page,
        t,
        done: match fields.get("done") {
            "changed" => Some(t.changed),
            "revoked" => Some(t.revoked),
            "ended" => Some(t.signed_out),
            _ => None,
        },
        keys: keys.iter().map(|key| key_row(&session, t, key, &open)).collect(),
        sessions: open.iter().map(|open| session_row(&session, open)).collect(),
        create: session.links.now("keys/new"),
    })
}

fn key_row(session: &Session, t: &KeysTexts, key: &KeyRecord, open: &[OpenSession]) -> KeyRow {
    let scopes = scopes(key);
    let named = t.roles.iter().find(|role| Scopes::named(role.set) == Some(scopes));
    let of = |rest: &str| session.links.now(&format!("keys/{}/{rest}", key.id));
    KeyRow {
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        is_own: is_own(session, key),
        is_test: KeyMode::of(&key.prefix) == Some(KeyMode::Test),
        role: named.map(|role| role.name),
        scopes: scopes.iter().map(t.scope).collect(),
        numbers: key.phone_number_ids.clone(),
        last_used: key.last_used_at.map(|at| session.when(at)),
        expires: key.expires_at.map(|at| session.when(at)),
        has_sessions: open.iter().any(|open| open.key.as_ref().is_some_and(|(id, _)| *id == key.id)),
        edit: of("edit"),
        revoke: of("revoke"),
        end_sessions: of("sessions/end"),
    }
}

fn session_row(session: &Session, open: &OpenSession) -> SessionRow {
    SessionRow {
        person: open.name.clone().or_else(|| open.key.is_none().then(|| open.caller.actor.id.clone())),
        key: open.key.as_ref().map(|(_, name)| name.clone()),
        is_own: open.id == session.signed.open.id,
        since: session.when(open.created_at),
        seen: session.when(open.seen_at),
        until: session.when(open.expires_at),
        browser: open.user_agent.as_ref().map(|agent| (browser::name(agent), agent.clone())),
        end: session.links.now(&format!("keys/sessions/{}/end", open.id)),
    }
}

/// Scopes that a key was given. One that this release does not know is one it cannot grant.
fn scopes(key: &KeyRecord) -> Scopes {
    key.scopes.iter().filter_map(|name| Scope::parse(name)).collect()
}

/// Whether it is the key that somebody is signed in with.
fn is_own(session: &Session, key: &KeyRecord) -> bool {
    session.signed.open.key.as_ref().is_some_and(|(id, _)| *id == key.id)
}

/// A key of the organization that is not revoked.
async fn found(session: &Session, key_id: &str) -> Result<KeyRecord, PageFailure> {
    session.needs(Scope::KeysManage)?;
    record::observe(&session.console, &session.circumstances, RecordedAccess::read(session.caller(), ROUTE));
    let key_id = Uuid::try_parse(key_id).map_err(|_| PageFailure::NotFound(Sought::Key))?;
    let keys = session.registry().keys.list(session.caller()).await?;
    keys.into_iter().find(|key| key.id == key_id).ok_or(PageFailure::NotFound(Sought::Key))
}

pub async fn end_session(Path((_, session_id)): Path<(String, String)>, change: Change) -> PageResult {
    let session = &change.session;
    session.needs(Scope::KeysManage)?;
    let id = SessionId::parse(&session_id).ok_or(PageFailure::NotFound(Sought::Page))?;
    session.registry().sessions.close(session.intent(None, None, None), id).await?;
    Ok(part::see_other(&format!("{}?done=ended", session.links.now("keys"))))
}

pub async fn end_sessions_of_key(Path((_, key_id)): Path<(String, String)>, change: Change) -> PageResult {
    let session = &change.session;
    let key = found(session, &key_id).await?;
    session.registry().sessions.close_of_key(session.intent(None, None, None), key.id).await?;
    Ok(part::see_other(&format!("{}?done=ended", session.links.now("keys"))))
}
