//! Making a key, and changing what it may do. The rules are those of the registry; the form only asks.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::{found, scopes as scopes_of};
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::{Change, FormFields};
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::keys::{EN, ES, KeysTexts, Role};
use crate::flow::finding::Finding;
use crate::registry::RegistryError;
use crate::registry::access::{KeyMode, KeyRecord};
use crate::registry::caller::{Intent, Scope, Scopes};

#[derive(Template)]
#[template(path = "key_form.html")]
struct KeyForm {
    page: PageFrame,
    t: &'static KeysTexts,
    action: String,
    cancel: String,
    once: String,
    is_new: bool,
    typed: Typed,
    /// The named sets that may be given whole.
    roles: Vec<&'static Role>,
    /// What may be given, and whether it is.
    scopes: Vec<(Scope, bool)>,
    /// What the key has that is not for this person to give or take.
    fixed: Vec<&'static str>,
    faults: Vec<String>,
}

/// What stands in the form.
#[derive(Debug, Clone, Default)]
struct Typed {
    name: String,
    role: String,
    scopes: Vec<String>,
    numbers: String,
    expiry: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "key_made.html")]
struct KeyMade<'k> {
    page: PageFrame,
    t: &'static KeysTexts,
    name: &'k str,
    /// `None`: it was shown before.
    secret: Option<&'k str>,
    keys: String,
}

impl Typed {
    fn of(fields: &FormFields) -> Self {
        Self {
            name: fields.get("name").to_owned(),
            role: fields.get("role").to_owned(),
            scopes: fields.all("scope").map(str::to_owned).collect(),
            numbers: fields.get("numbers").to_owned(),
            expiry: fields.get("expiry").to_owned(),
            reason: fields.get("reason").to_owned(),
        }
    }

    fn of_key(key: &KeyRecord) -> Self {
        Self {
            name: key.name.clone(),
            scopes: scopes_of(key).iter().map(|scope| scope.as_str().to_owned()).collect(),
            numbers: key.phone_number_ids.join(", "),
            ..Self::default()
        }
    }

    fn numbers(&self) -> BTreeSet<&str> {
        let numbers = self.numbers.split([',', ' ', '\n', '\r', '\t']);
        numbers.filter(|number| !number.is_empty()).collect()
    }

    /// The body that a request of the API for a new key would have; nothing where the expiry is none that is offered.
    fn creation(&self, now: DateTime<Utc>) -> Option<Map<String, Value>> {
        let scopes = match self.role.as_str() {
            "" => self.scopes.clone(),
            role => vec![role.to_owned()],
        };
        let mut body = Map::from_iter([
            ("name".to_owned(), json!(self.name.trim())),
            ("scopes".to_owned(), json!(scopes)),
            ("phoneNumberIds".to_owned(), json!(self.numbers())),
        ]);
        let days = match self.expiry.as_str() {
            "" => return Some(body),
            "90" => 90,
            "365" => 365,
            _ => return None,
        };
        let at = now + TimeDelta::days(days);
        body.insert("expiresAt".to_owned(), json!(at.to_rfc3339_opts(SecondsFormat::Millis, true)));
        Some(body)
    }

    /// The body that a request of the API for the change of a key would have: only what is other than before. What the
    /// form could not offer stays as it is.
    fn change(&self, key: &KeyRecord, offered: Scopes) -> Map<String, Value> {
        let mut body = Map::new();
        if self.name.trim() != key.name {
            body.insert("name".to_owned(), json!(self.name.trim()));
        }
        let is_offered = |name: &str| Scope::parse(name).is_some_and(|scope| offered.contains(scope));
        let before: BTreeSet<&str> = key.scopes.iter().map(String::as_str).collect();
        let chosen = self.scopes.iter().map(String::as_str).filter(|name| is_offered(name));
        let kept = before.iter().copied().filter(|name| !is_offered(name));
        let after: BTreeSet<&str> = chosen.chain(kept).collect();
        if after != before {
            body.insert("scopes".to_owned(), json!(after));
        }
        let numbers: BTreeSet<&str> = key.phone_number_ids.iter().map(String::as_str).collect();
        if self.numbers() != numbers {
            body.insert("phoneNumberIds".to_owned(), json!(self.numbers()));
        }
        body
    }
}

pub async fn new(session: Session) -> PageResult {
    session.needs(Scope::KeysManage)?;
    let may_support = Scopes::named("support").is_some_and(|set| offered(&session).includes(set));
    let role = if may_support { "support" } else { "" }.to_owned();
    let typed = Typed { role, expiry: "90".to_owned(), ..Typed::default() };
    show(&session, None, typed, Vec::new())
}

pub async fn edit(Path((_, key_id)): Path<(String, String)>, session: Session) -> PageResult {
    let key = found(&session, &key_id).await?;
    show(&session, Some(&key), Typed::of_key(&key), Vec::new())
}

pub async fn create(change: Change) -> PageResult {
    let session = &change.session;
    session.needs(Scope::KeysManage)?;
    let t = session.texts(&ES, &EN);
    let typed = Typed::of(&change.fields);
    let Some(reason) = change.fields.reason() else {
        return show(session, None, typed, vec![t.reason_fault.to_owned()]);
    };
    let Some(body) = typed.creation(session.now) else {
        return Err(PageFailure::BadRequest("expiry"));
    };
    let intent = change.intent_without_version(Some(reason))?;
    let made = session.registry().keys.create(intent, KeyMode::Live, &Value::Object(body)).await;
    let page = PageFrame::new(session, t.made).below(t.heading, session.links.now("keys"));
    let keys = session.links.now("keys");
    match made {
        Ok(made) => {
            let (name, secret) = (made.key.name.as_str(), Some(made.secret.expose_secret()));
            part::page(&KeyMade { page, t, name, secret, keys })
        }
        Err(RegistryError::IdempotencyKeyReused) => {
            let name = typed.name.as_str();
            part::page_with(StatusCode::CONFLICT, &KeyMade { page, t, name, secret: None, keys })
        }
        Err(error) => refused(session, None, typed, error),
    }
}

pub async fn change(Path((_, key_id)): Path<(String, String)>, change: Change) -> PageResult {
    let session = &change.session;
    let key = found(session, &key_id).await?;
    let typed = Typed::of(&change.fields);
    let Some(reason) = change.fields.reason() else {
        let fault = session.texts(&ES, &EN).reason_fault.to_owned();
        return show(session, Some(&key), typed, vec![fault]);
    };
    let intent: Intent = change.intent_without_version(Some(reason))?;
    let body = Value::Object(typed.change(&key, offered(session)));
    match session.registry().keys.change(intent, key.id, &body).await {
        Ok(_) => Ok(part::see_other(&format!("{}?done=changed", session.links.now("keys")))),
        Err(error) => refused(session, Some(&key), typed, error),
    }
}

/// What is wrong with the form stands above it; all else is a failure.
fn refused(session: &Session, key: Option<&KeyRecord>, typed: Typed, error: RegistryError) -> PageResult {
    match error {
        RegistryError::Invalid(findings) => show(session, key, typed, faults(session, &findings)),
        error => Err(PageFailure::from(error)),
    }
}

fn faults(session: &Session, findings: &[Finding]) -> Vec<String> {
    let t = session.texts(&ES, &EN);
    let field = |pointer: &str| match pointer.split('/').nth(1) {
        Some("name") => t.name,
        Some("scopes") => t.other_scopes,
        Some("phoneNumberIds") => t.numbers,
        _ => t.expiry,
    };
    findings.iter().map(|finding| format!("{}: {}", field(&finding.pointer), finding.message)).collect()
}

/// What may be given: what whoever gives it has, but for what is given by name alone.
fn offered(session: &Session) -> Scopes {
    session.caller().scopes.intersection(Scopes::all())
}

fn show(session: &Session, key: Option<&KeyRecord>, typed: Typed, faults: Vec<String>) -> PageResult {
    let t = session.texts(&ES, &EN);
    let heading = match key {
        Some(key) => t.edit_heading.replace("{name}", &key.name),
        None => t.create_heading.to_owned(),
    };
    let offered = offered(session);
    let chosen = |scope: Scope| typed.scopes.iter().any(|name| name == scope.as_str());
    let scopes = offered.iter().map(|scope| (scope, chosen(scope))).collect();
    let fixed = key.map(scopes_of).into_iter().flat_map(Scopes::iter);
    let fixed = fixed.filter(|scope| !offered.contains(*scope)).map(t.scope).collect();
    let may_give = |role: &&'static Role| Scopes::named(role.set).is_some_and(|set| offered.includes(set));
    let roles = t.roles.iter().filter(may_give).collect();
    let path = key.map_or_else(|| "keys/new".to_owned(), |key| format!("keys/{}/edit", key.id));
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let keys = session.links.now("keys");
    let page = PageFrame::new(session, heading).below(t.heading, &keys);
    let is_new = key.is_none();
    let (action, once) = (session.links.now(&path), session.once());
    part::page_with(
        status,
        &KeyForm { page, t, action, cancel: keys, once, is_new, typed, roles, scopes, fixed, faults },
    )
}
