//! Pages that say why another one is not shown: what, why, what now, and the id under which the log has it.

use std::time::Duration;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::Utc;
use uuid::Uuid;

use super::sign_in::{self, SignInState};
use crate::console::asked::AskedPage;
use crate::console::failure::{PageFailure, PageResult, Sought};
use crate::console::link::Links;
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::preference::Preferences;
use crate::console::session::signed::SignedIn;
use crate::console::state::Console;
use crate::console::texts::failure::{EN, ES, FailureTexts, FailureWords};
use crate::flow::finding::Finding;
use crate::registry::CallingFlows;
use crate::registry::access::KeyRecord;
use crate::registry::caller::Scope;

/// Names of keys that are shown to who lacks a scope.
const MANAGERS_MAX: usize = 5;
const MANAGERS_WITHIN: Duration = Duration::from_millis(500);

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'f> {
    page: PageFrame,
    t: &'static FailureTexts,
    why: String,
    now: String,
    findings: &'f [Finding],
    /// Flows that call this one: what they are called, and their pages.
    callers: Vec<(&'f str, String)>,
    /// What the keys are called that may manage keys.
    managers: Vec<String>,
    request_id: &'f str,
    /// The list of flows of the organization that somebody is signed in to.
    flows: Option<String>,
    /// Where to sign in instead.
    sign_in: Option<String>,
    /// The page itself, where asking for it again makes sense.
    again: Option<String>,
}

/// The page for a failure, with its status.
pub async fn show(
    console: &Console,
    asked: &AskedPage,
    signed: Option<&SignedIn>,
    failure: PageFailure,
) -> Response {
    if let PageFailure::SignedOut { had_session } = failure {
        let state = match (asked.is_get(), had_session) {
            (false, _) => SignInState::NotSent,
            (true, true) => SignInState::Expired,
            (true, false) => SignInState::Needed,
        };
        return answer(StatusCode::UNAUTHORIZED, None, sign_in::instead(console, asked, state));
    }
    let t = Preferences::of(&asked.parts.headers).language.pick(&ES, &EN);
    let FailureWords { what, why, now } = said(t, &failure);
    let fill = |text: &str| filled(t, &failure, text);
    let wait_s = failure.wait_s();
    let path = asked.path();
    let page = PageFrame::of_failure(&asked.parts.headers, &path, signed, fill(what));
    let page = page.retrying(wait_s.filter(|_| asked.is_get()));
    let managers = match (&failure, signed) {
        (PageFailure::Scope(_), Some(signed)) => managers(console, signed).await,
        _ => Vec::new(),
    };
    let shown = FailurePage {
        t,
        why: fill(why),
        now: fill(now),
        findings: match &failure {
            PageFailure::Findings(findings) => findings,
            _ => &[],
        },
        callers: match (&failure, signed) {
            (PageFailure::Called(calling), Some(signed)) => callers(calling, signed.open.caller.org_id),
            _ => Vec::new(),
        },
        managers,
        request_id: &asked.circumstances.request_id,
        flows: page.header.as_ref().map(|header| header.flows.clone()),
        sign_in: match &failure {
            PageFailure::OtherOrganization(org_id) => {
                Some(sign_in::path(Some(*org_id), Some(path.as_str()).filter(|_| asked.is_get())))
            }
            _ => None,
        },
        again: wait_s.filter(|_| asked.is_get()).map(|_| path.clone()),
        page,
    };
    answer(failure.status(), wait_s, part::page(&shown))
}

/// A text with what the failure is about in it.
fn filled(t: &FailureTexts, failure: &PageFailure, text: &str) -> String {
    match failure {
        PageFailure::Scope(scope) => {
            text.replace("{what}", (t.allows)(*scope)).replace("{scope}", scope.as_str())
        }
        PageFailure::BadRequest(name) => text.replace("{name}", name),
        _ => text.to_owned(),
    }
}

fn callers(calling: &CallingFlows, org_id: Uuid) -> Vec<(&str, String)> {
    let links = Links::new(org_id, None);
    let shown = calling.named.iter();
    shown.map(|flow| (flow.name.as_str(), links.to(&format!("flows/{}", flow.flow_id)))).collect()
}

/// A page that cannot be shown either is at least a status.
fn answer(status: StatusCode, wait_s: Option<u32>, page: PageResult) -> Response {
    let mut response = page.unwrap_or_else(|_| status.into_response());
    *response.status_mut() = status;
    if let Some(wait_s) = wait_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    }
    response
}

/// What the keys are called that may manage keys. Not knowing them is no reason to fail once more, nor to wait.
async fn managers(console: &Console, signed: &SignedIn) -> Vec<String> {
    let keys = console.registry.keys.list(&signed.open.caller);
    let Ok(Ok(keys)) = tokio::time::timeout(MANAGERS_WITHIN, keys).await else { return Vec::new() };
    let now = Utc::now();
    let manages = |key: &KeyRecord| {
        key.scopes.iter().any(|scope| scope == Scope::KeysManage.as_str())
            && key.expires_at.is_none_or(|at| at > now)
    };
    keys.into_iter().filter(manages).map(|key| key.name).take(MANAGERS_MAX).collect()
}

fn said<'t>(t: &'t FailureTexts, failure: &PageFailure) -> &'t FailureWords {
    match failure {
        PageFailure::SignedOut { .. } | PageFailure::OtherOrganization(_) => &t.other_organization,
        PageFailure::Scope(_) => &t.scope,
        PageFailure::Forged => &t.forged,
        PageFailure::OtherHost => &t.other_host,
        PageFailure::NotFound(Sought::Flow) => &t.flow_not_found,
        PageFailure::NotFound(Sought::Version) => &t.version_not_found,
        PageFailure::NotFound(Sought::Key) => &t.key_not_found,
        PageFailure::NotFound(Sought::Page | Sought::Step | Sought::Run) => &t.not_found,
        PageFailure::MethodNotAllowed => &t.method,
        PageFailure::BadRequest(_) => &t.bad_request,
        PageFailure::TooLarge => &t.too_large,
        PageFailure::Changed => &t.changed,
        PageFailure::SentOtherwise => &t.sent_otherwise,
        PageFailure::Called(_) => &t.called,
        PageFailure::NotPublished => &t.not_published,
        PageFailure::Erased => &t.erased,
        PageFailure::Findings(_) => &t.findings,
        PageFailure::HeldBack(held) if held.is_of_caller => &t.rate,
        PageFailure::HeldBack(_) => &t.overloaded,
        PageFailure::Unavailable => &t.unavailable,
        PageFailure::OutcomeUnknown => &t.outcome_unknown,
        PageFailure::Internal => &t.internal,
    }
}
