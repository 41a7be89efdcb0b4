//! Ending a key for good, which takes typing its name.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;

use super::{found, is_own, scopes};
use crate::console::failure::PageResult;
use crate::console::form::Change;
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::session::Session;
use crate::console::text;
use crate::console::texts::keys::{EN, ES, KeysTexts};
use crate::registry::access::KeyRecord;
use crate::registry::caller::Scope;

#[derive(Template)]
#[template(path = "key_revoke.html")]
struct RevokePage {
    page: PageFrame,
    t: &'static KeysTexts,
    is_own: bool,
    is_last: bool,
    type_name: String,
    action: String,
    cancel: String,
    once: String,
    confirmed: String,
    reason: String,
    faults: Vec<&'static str>,
}

pub async fn form(Path((_, key_id)): Path<(String, String)>, session: Session) -> PageResult {
    let key = found(&session, &key_id).await?;
    show(&session, &key, ("", ""), Vec::new()).await
}

pub async fn revoke(Path((_, key_id)): Path<(String, String)>, change: Change) -> PageResult {
    let session = &change.session;
    let key = found(session, &key_id).await?;
    let t = session.texts(&ES, &EN);
    let confirmed = change.fields.get("confirmed");
    let reason = change.fields.reason();
    let mut faults = Vec::new();
    if confirmed.trim() != key.name.trim() {
        faults.push(t.name_differs);
    }
    if reason.is_none() {
        faults.push(t.reason_fault);
    }
    if !faults.is_empty() {
        return show(session, &key, (confirmed, change.fields.get("reason")), faults).await;
    }
    let intent = change.intent_without_version(reason)?;
    session.registry().keys.revoke(intent, key.id).await?;
    Ok(part::see_other(&format!("{}?done=revoked", session.links.now("keys"))))
}

async fn show(
    session: &Session,
    key: &KeyRecord,
    (confirmed, reason): (&str, &str),
    faults: Vec<&'static str>,
) -> PageResult {
    let t = session.texts(&ES, &EN);
    let keys = session.registry().keys.list(session.caller()).await?;
    let managing = keys.iter().filter(|key| scopes(key).contains(Scope::KeysManage)).count();
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let back = session.links.now("keys");
    let page = PageFrame::new(session, t.revoke_heading.replace("{name}", &key.name)).below(t.heading, &back);
    let shown = RevokePage {
        page,
        t,
        is_own: is_own(session, key),
        is_last: managing == 1 && scopes(key).contains(Scope::KeysManage),
        type_name: t.type_name.replace("{name}", &text::plain(&key.name)),
        action: session.links.now(&format!("keys/{}/revoke", key.id)),
        cancel: back,
        once: session.once(),
        confirmed: confirmed.to_owned(),
        reason: reason.to_owned(),
        faults,
    };
    part::page_with(status, &shown)
}
