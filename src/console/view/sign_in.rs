//! Signing in and out. A credential is verified once; the browser gets a token that stands for it, and never holds more.

use askama::Template;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use chrono::Utc;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::console::address::CookieWay;
use crate::console::asked::AskedPage;
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::{AddressParameters, Change, OpenForm};
use crate::console::link;
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::preference::Preferences;
use crate::console::record::{self, RecordedAccess};
use crate::console::session::cookie;
use crate::console::session::signed::cookie_way;
use crate::console::session::{RequestCircumstances, Session};
use crate::console::state::Console;
use crate::console::texts::sign_in::{EN, ES, SignInTexts};
use crate::flow::event::ActorKind;
use crate::flow::id::hyphenated;
use crate::flow::text::name_fault;
use crate::registry::access::{AccessError, Credential, VerifiedCredential};
use crate::registry::caller::Intent;
use crate::registry::sessions::SessionId;

const NAME_CHARS_MAX: usize = 200;
const CREDENTIAL_CHARS_MAX: usize = 16_384;
/// How every API key begins, and no token does.
const KEY_MARK: &str = "mk_";

/// Why somebody sees the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInState {
    Asked,
    SignedOut,
    Expired,
    Needed,
    /// A form was sent by somebody who is not signed in.
    NotSent,
    Wrong,
    OtherOrganization,
    NoTokens,
    NoTokenKeys,
    Guessing(u32),
    OrganizationFault,
    CredentialFault,
    NameFault,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: PageFrame,
    t: &'static SignInTexts,
    state: SignInState,
    /// What there is to say first.
    notice: Option<String>,
    organization: String,
    name: String,
    back: String,
    takes_tokens: bool,
    /// Whether a cookie would be safe on the way; else there is no form.
    is_safe: bool,
    open: Vec<Uuid>,
}

impl SignInPage {
    fn new(
        console: &Console,
        parts: &Parts,
        state: SignInState,
        (organization, name, back): (&str, &str, &str),
    ) -> Self {
        let preferences = Preferences::of(&parts.headers);
        let t = preferences.language.pick(&ES, &EN);
        let way = cookie_way(parts, console);
        let open = way.map(|way| cookie::sessions(&parts.headers, way)).unwrap_or_default();
        let path = path(organization.parse().ok(), Some(back).filter(|back| !back.is_empty()));
        Self {
            page: PageFrame::bare(preferences, Utc::now(), &path, t.heading),
            t,
            state,
            notice: state.notice(t),
            organization: organization.to_owned(),
            name: name.to_owned(),
            back: back.to_owned(),
            takes_tokens: console.verifier.tokens.is_some(),
            is_safe: way.is_some(),
            open: open
                .into_iter()
                .map(|(org_id, _)| org_id)
                .filter(|id| !state.ended(*id, organization))
                .collect(),
        }
    }
}

impl SignInState {
    fn notice(self, t: &SignInTexts) -> Option<String> {
        Some(match self {
            Self::Asked => return None,
            Self::SignedOut => t.signed_out.to_owned(),
            Self::Expired => t.expired.to_owned(),
            Self::Needed => t.needed.to_owned(),
            Self::NotSent => t.not_sent.to_owned(),
            Self::Wrong => t.wrong.to_owned(),
            Self::OtherOrganization => t.other_organization.to_owned(),
            Self::NoTokens => t.no_tokens.to_owned(),
            Self::NoTokenKeys => t.no_token_keys.to_owned(),
            Self::Guessing(seconds) => t.guessing.replace("{seconds}", &seconds.to_string()),
            Self::OrganizationFault => t.organization_fault.to_owned(),
            Self::CredentialFault => t.credential_fault.to_owned(),
            Self::NameFault => t.name_fault.to_owned(),
        })
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Asked | Self::SignedOut => StatusCode::OK,
            Self::Expired | Self::Needed | Self::NotSent | Self::Wrong => StatusCode::UNAUTHORIZED,
            Self::OtherOrganization => StatusCode::FORBIDDEN,
            Self::NoTokenKeys => StatusCode::SERVICE_UNAVAILABLE,
            Self::Guessing(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoTokens | Self::OrganizationFault | Self::CredentialFault | Self::NameFault => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
        }
    }

    /// Whether a session in an organization is known to be over, though the browser still has its cookie.
    fn ended(self, org_id: Uuid, asked: &str) -> bool {
        matches!(self, Self::Expired | Self::NotSent) && asked.parse() == Ok(org_id)
    }

    /// Whether it is said of what somebody just sent.
    fn is_fault(self) -> bool {
        !matches!(self, Self::Asked | Self::SignedOut | Self::Expired | Self::Needed)
    }
}

/// Where to sign in, to which organization, and where that leads back to.
pub fn path(organization: Option<Uuid>, back: Option<&str>) -> String {
    let organization = organization.map(|id| id.to_string()).unwrap_or_default();
    link::query(
        "/console/session",
        [("organization", organization.as_str()), ("back", back.unwrap_or_default())],
    )
}

/// The form in place of a page that takes a session. It leads back to that page, also when a form on it was sent.
pub fn instead(console: &Console, asked: &AskedPage, state: SignInState) -> PageResult {
    let path = asked.path();
    let organization = path.split(['/', '?']).nth(2).unwrap_or_default();
    // What only ends something has no page to go back to.
    let back = if asked.is_get() || !asked.parts.uri.path().ends_with("/end") { path.as_str() } else { "" };
    part::page(&SignInPage::new(console, &asked.parts, state, (organization, "", back)))
}

/// `/console`: to the flows of an organization that somebody is signed in to, or to the form.
pub async fn begin(State(console): State<Console>, request: Request) -> PageResult {
    let (parts, _) = request.into_parts();
    let sessions = cookie_way(&parts, &console).map(|way| cookie::sessions(&parts.headers, way));
    let path = match sessions.unwrap_or_default().first() {
        Some((org_id, _)) => format!("/console/{org_id}/flows"),
        None => path(None, None),
    };
    Ok(part::see_other(&path))
}

/// `/console/{orgId}`: its flows.
pub async fn enter(session: Session) -> PageResult {
    Ok(part::see_other(&session.links.to("flows")))
}

pub async fn form(
    State(console): State<Console>,
    AddressParameters(asked): AddressParameters,
    request: Request,
) -> PageResult {
    let (parts, _) = request.into_parts();
    let state = if asked.get("state") == "out" { SignInState::SignedOut } else { SignInState::Asked };
    let back = link::own_path(asked.get("back")).unwrap_or_default();
    let organization = asked.get("organization");
    part::page(&SignInPage::new(&console, &parts, state, (organization, "", back)))
}

pub async fn open(State(console): State<Console>, request: Request) -> PageResult {
    let (parts, body) = request.into_parts();
    let form = Request::from_parts(parts.clone(), body);
    let form = OpenForm::from_request(form, &console).await?;
    let fields = &form.fields;
    match signed_in(&console, &parts, &form).await? {
        Ok(response) => Ok(response),
        Err(state) => {
            let back = link::own_path(fields.get("back")).unwrap_or_default();
            let typed = (fields.get("organization").trim(), fields.get("name"), back);
            part::page_with(state.status(), &SignInPage::new(&console, &parts, state, typed))
        }
    }
}

/// The way on for somebody who is signed in now, or why they are not.
async fn signed_in(
    console: &Console,
    parts: &Parts,
    OpenForm { fields, credential }: &OpenForm,
) -> Result<Result<Response, SignInState>, PageFailure> {
    let Some(way) = cookie_way(parts, console) else { return Ok(Err(SignInState::Asked)) };
    let Some(org_id) = hyphenated(fields.get("organization").trim()) else {
        return Ok(Err(SignInState::OrganizationFault));
    };
    let text = credential.expose_secret().trim();
    if text.is_empty() || text.len() > CREDENTIAL_CHARS_MAX {
        return Ok(Err(SignInState::CredentialFault));
    }
    let name = fields.get("name").trim();
    let is_name = name_fault(name).is_none() && name.chars().count() <= NAME_CHARS_MAX;
    let is_key = text.starts_with(KEY_MARK);
    match (is_key, is_name) {
        (true, false) => return Ok(Err(SignInState::NameFault)),
        (false, _) if console.verifier.tokens.is_none() => return Ok(Err(SignInState::NoTokens)),
        _ => {}
    }
    let circumstances = RequestCircumstances::of(parts);
    let credential = Credential::Bearer(SecretString::from(text));
    let verified = match verify(console, &circumstances, org_id, &credential).await? {
        Ok(verified) => verified,
        Err(state) => return Ok(Err(state)),
    };
    // Held until the session is open.
    let _share = console.gate.admit(&parts.extensions, &verified.caller).await?;
    let on_behalf_of = (verified.caller.actor.kind == ActorKind::ApiKey).then(|| name.to_owned());
    let intent = circumstances.intent(verified.caller.clone());
    let intent = Intent { on_behalf_of, ..intent };
    let opened = console.registry.sessions.open(intent.clone(), verified, console.session_lasts).await?;
    let former = cookie::sessions(&parts.headers, way).into_iter().find(|(found, _)| *found == org_id);
    if let Some((_, token)) = former {
        end_former(console, intent, SessionId::of(&token)).await;
    }
    let back = link::own_path(fields.get("back"))
        .filter(|back| back.starts_with(&format!("/console/{org_id}/")))
        .map_or_else(|| format!("/console/{org_id}/flows"), str::to_owned);
    let mut response = part::see_other(&back);
    response.headers_mut().append(header::SET_COOKIE, cookie::keep(way, org_id, &opened.token));
    Ok(Ok(response))
}

/// Ends the session that the browser had before. If that fails now, it is over in an hour.
async fn end_former(console: &Console, intent: Intent, id: SessionId) {
    if let Err(error) = console.registry.sessions.close(intent, id).await {
        tracing::warn!(%error, "the former session of a browser was not closed");
    }
}

/// Whose a credential is, if it is one of this organization. What is refused is put on record.
async fn verify(
    console: &Console,
    circumstances: &RequestCircumstances,
    org_id: Uuid,
    credential: &Credential,
) -> Result<Result<VerifiedCredential, SignInState>, PageFailure> {
    let address = circumstances.address;
    let verified = console.verifier.verify_from(address, &console.guesses, credential, Some(org_id)).await;
    Ok(match verified {
        Ok(verified) if verified.caller.org_id == org_id => Ok(verified),
        Ok(verified) => {
            let access = RecordedAccess::to_other_organization(&verified.caller);
            record::observe(console, circumstances, access);
            Err(SignInState::OtherOrganization)
        }
        Err(AccessError::Invalid) => {
            let key_prefix = console.verifier.prefix_in(credential, org_id);
            record::observe(console, circumstances, RecordedAccess::of_stranger(org_id, key_prefix));
            Err(SignInState::Wrong)
        }
        Err(AccessError::TooManyGuesses(wait_s)) => Err(SignInState::Guessing(wait_s)),
        Err(AccessError::NoTokenKeys) => Err(SignInState::NoTokenKeys),
        Err(AccessError::Store(error)) => return Err(error.into()),
    })
}

/// Ends the session, here and in the database.
pub async fn close(State(console): State<Console>, change: Change) -> PageResult {
    let session = &change.session;
    let (org_id, id) = (session.org_id(), session.signed.open.id);
    console.registry.sessions.close(session.intent(None, None, None), id).await?;
    let organization = org_id.to_string();
    let path = link::query("/console/session", [("organization", organization.as_str()), ("state", "out")]);
    let mut response = part::see_other(&path);
    for way in [CookieWay::Https, CookieWay::Loopback] {
        response.headers_mut().append(header::SET_COOKIE, cookie::drop(way, org_id));
    }
    Ok(response)
}
