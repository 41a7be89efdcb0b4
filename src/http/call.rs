//! A call: what a handler gets instead of a request. There is no other way to a caller or a body, so every request
//! is checked in one order: the organization's id, the credential, its organization, its scope, other ids, what the
//! client accepts, parameters, body, preconditions.

use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use uuid::Uuid;

use super::body::{self, FromBody};
use super::conditions::Conditions;
use super::endpoint::{Access, LastArgument, Parameter};
use super::known::KnownCaller;
use super::load::{LoadShare, RequestLength};
use super::observed;
use super::path::{self, FromPath};
use super::prefer::Returned;
use super::problem::{Code, Problem};
use super::query::{self, FromQuery};
use super::state::App;
use super::{credentials, etag, headers, media, request_digest};
use crate::registry::access::{AccessError, VerifiedCredential};
use crate::registry::caller::{Caller, ClientAddress, Idempotency, IfMatch, Intent, RequestId, Scope};

/// After how many seconds the keys of tokens are fetched again.
const TOKEN_KEYS_RETRY_S: u32 = 30;

/// The scopes of which a caller needs one to use an endpoint.
pub trait Needs {
    /// A refusal names the first.
    const ONE_OF: &'static [Scope];

    fn is_met_by(caller: &Caller) -> bool {
        Self::ONE_OF.iter().any(|scope| caller.scopes.contains(*scope))
    }
}

macro_rules! needs {
    ($($name:ident),+) => {
        $(
            #[derive(Debug)]
            pub enum $name {}

            impl Needs for $name {
                const ONE_OF: &'static [Scope] = &[Scope::$name];
            }
        )+
    };
}

needs!(FlowsRead, FlowsWrite, FlowsPublish, FlowsTest, FlowsRestore, AuditRead, KeysManage, AuditErase);

/// Whatever a credential is for.
#[derive(Debug)]
pub enum AnyScope {}

impl Needs for AnyScope {
    const ONE_OF: &'static [Scope] = Scope::ALL;
}

/// Following the log: what happens to flows, or all that happens.
#[derive(Debug)]
pub enum Following {}

impl Needs for Following {
    const ONE_OF: &'static [Scope] = &[Scope::FlowsRead, Scope::AuditRead];
}

/// Looking how far an erasure is.
#[derive(Debug)]
pub enum FollowingErasure {}

impl Needs for FollowingErasure {
    const ONE_OF: &'static [Scope] = &[Scope::AuditErase, Scope::AuditRead];
}

/// A request to read.
#[derive(Debug)]
pub struct Read<S, I, Q> {
    pub caller: Caller,
    pub id: I,
    pub query: Q,
    pub conditions: Conditions,
    /// How far whoever answers must have come; `None` for the primary.
    pub min_position: Option<i64>,
    /// What was asked for, as it was written.
    pub uri: Uri,
    scope: PhantomData<S>,
    /// Held until the request is answered.
    _load: LoadShare,
}

/// A request to read that leaves an event behind.
#[derive(Debug)]
pub struct RecordedRead<S, Q> {
    pub intent: Intent,
    pub query: Q,
    scope: PhantomData<S>,
    _load: LoadShare,
}

/// A request by a link, which stands for whoever made it.
#[derive(Debug)]
pub struct LinkedRead<Q> {
    pub intent: Intent,
    pub query: Q,
    _load: LoadShare,
}

/// A request to change something.
#[derive(Debug)]
pub struct Command<S, I, B, Q = ()> {
    pub intent: Intent,
    pub id: I,
    pub query: Q,
    pub body: B,
    /// How much of what was changed the client wants to be answered.
    pub returned: Returned,
    scope: PhantomData<S>,
    _share: body::BodyShare,
    /// Held until the request is answered.
    load: LoadShare,
}

impl<S, I, B, Q> Command<S, I, B, Q> {
    /// The request waits in a line of its own: how long it takes says nothing of how busy this process is.
    pub fn waits_in_line(&mut self) {
        self.load.waits_in_line();
    }
}

impl<S: Needs, I, Q: FromQuery> LastArgument for Read<S, I, Q> {
    const ACCESS: Access = Access::OneOf(S::ONE_OF);
    const QUERY: &'static [Parameter] = Q::PARAMETERS;
}

impl<S: Needs, Q: FromQuery> LastArgument for RecordedRead<S, Q> {
    const ACCESS: Access = Access::OneOf(S::ONE_OF);
    const QUERY: &'static [Parameter] = Q::PARAMETERS;
}

/// The link carries the parameters, and the access of who made it.
impl<Q> LastArgument for LinkedRead<Q> {}

impl<S: Needs, I, B, Q: FromQuery> LastArgument for Command<S, I, B, Q> {
    const ACCESS: Access = Access::OneOf(S::ONE_OF);
    const QUERY: &'static [Parameter] = Q::PARAMETERS;
}

impl<S, I, Q> FromRequestParts<App> for Read<S, I, Q>
where
    S: Needs,
    I: FromPath + Send,
    Q: FromQuery + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let caller = admit::<S>(parts, state).await?;
        let id = I::from_path(parts)?;
        if !Q::NEGOTIATES {
            media::check_accept(&parts.headers)?;
        }
        let query: Q = query::read(parts.uri.query())?;
        let conditions = Conditions::read(&parts.headers)?;
        let min_position = headers::min_position(&parts.headers)?;
        let length = if query.is_long() { RequestLength::Long } else { RequestLength::Usual };
        let load = state.load.begin(caller.org_id, length).await?;
        let uri = parts.uri.clone();
        Ok(Self { caller, id, query, conditions, min_position, uri, scope: PhantomData, _load: load })
    }
}

impl<S, Q> FromRequestParts<App> for RecordedRead<S, Q>
where
    S: Needs,
    Q: FromQuery + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let caller = admit::<S>(parts, state).await?;
        let query = query::read(parts.uri.query())?;
        let load = state.load.begin(caller.org_id, RequestLength::Usual).await?;
        Ok(Self { intent: intent(parts, caller, None)?, query, scope: PhantomData, _load: load })
    }
}

impl<Q: FromQuery + Send> FromRequestParts<App> for LinkedRead<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let org_id = path::id(parts, "orgId")?;
        tracing::Span::current().record("org", tracing::field::display(org_id));
        let link = state.registry.exports.open_link(org_id, path::last(parts)).await?;
        query::read::<()>(parts.uri.query())?;
        let query = query::read(Some(&link.asked))?;
        let load = state.load.begin(org_id, RequestLength::Usual).await?;
        let intent = intent(parts, link.caller, None)?;
        let intent = Intent { on_behalf_of: link.on_behalf_of, reason: link.reason, ..intent };
        Ok(Self { intent, query, _load: load })
    }
}

impl<S, I, B, Q> FromRequest<App> for Command<S, I, B, Q>
where
    S: Needs,
    I: FromPath + Send,
    B: FromBody + Send,
    Q: FromQuery + Send,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let caller = admit::<S>(&parts, state).await?;
        let id = I::from_path(&parts)?;
        media::check_accept(&parts.headers)?;
        let query = query::read(parts.uri.query())?;
        let body::Sent { value, media_type, share } =
            body::read::<B>(&parts.headers, body, &state.body_budget).await?;
        // Not before the body is here: how long it takes is the client's affair.
        let load = state.load.begin(caller.org_id, RequestLength::Usual).await?;
        // Only a keyed request needs its body twice.
        let is_keyed = parts.headers.contains_key(headers::IDEMPOTENCY_KEY);
        let kept = if is_keyed { value.clone() } else { None };
        let body = B::of_media_type(value, media_type)?;
        let mut intent = intent(&parts, caller, precondition::<I>(&parts)?)?;
        if let Some(reason) = body.reason() {
            intent.reason = Some(reason.to_owned());
        }
        intent.forced = body.forced();
        intent.idempotency = headers::idempotency_key(&parts.headers)?
            .map(|key| Idempotency { key, request: request_digest::of(&parts, &intent, media_type, kept) });
        let returned = Returned::read(&parts.headers);
        Ok(Self { intent, id, query, body, returned, scope: PhantomData, _share: share, load })
    }
}

/// The caller, once it is known that it may use this endpoint on this organization. Who may not is put on record.
async fn admit<S: Needs>(parts: &Parts, state: &App) -> Result<Caller, Problem> {
    let org_id = path::id(parts, "orgId")?;
    tracing::Span::current().record("org", tracing::field::display(org_id));
    let caller = authenticate(parts, state, org_id).await.inspect_err(|problem| {
        if problem.code == Code::InvalidCredentials {
            observed::stranger(parts, state, org_id);
        }
    })?;
    let problem = if caller.org_id != org_id {
        Problem::new(Code::WrongOrganization, "The credential belongs to another organization.")
    } else if !S::is_met_by(&caller) {
        Problem::insufficient_scope(S::ONE_OF[0].as_str())
    } else {
        observed::read(parts, state, &caller);
        return Ok(caller);
    };
    observed::refused(parts, state, &caller, problem.code);
    Err(problem)
}

/// Whose credential the request carries.
async fn authenticate(parts: &Parts, state: &App, org_id: Uuid) -> Result<Caller, Problem> {
    let credential = credentials::read(&parts.headers)?;
    let address = parts.extensions.get::<ClientAddress>().map(|client| client.0);
    match state.verifier.verify_from(address, &state.guesses, &credential, Some(org_id)).await {
        Ok(VerifiedCredential { caller, .. }) => {
            let (standings, counted) = state.rate_limits.count(&caller);
            if let Some(known) = parts.extensions.get::<KnownCaller>() {
                known.set(&caller, standings);
            }
            counted.map(|()| caller)
        }
        Err(AccessError::TooManyGuesses(wait_s)) => Err(credentials::guessed(wait_s)),
        Err(AccessError::Store(error)) => Err(Problem::from(error)),
        Err(AccessError::NoTokenKeys) => {
            let detail = "The keys that the issuer of the token publishes cannot be fetched.";
            Err(Problem::retry(Code::TokenKeysUnavailable, TOKEN_KEYS_RETRY_S, detail))
        }
        Err(AccessError::Invalid) => Err(credentials::refused()),
    }
}

/// The versions a command is meant for.
fn precondition<I: FromPath>(parts: &Parts) -> Result<Option<IfMatch>, Problem> {
    if I::HAS_VERSIONS {
        return etag::precondition(&parts.headers);
    }
    match etag::if_match(&parts.headers)? {
        None => Ok(None),
        Some(_) => Err(Problem::header("if-match", "does not apply here: there are no versions to match")),
    }
}

fn intent(parts: &Parts, caller: Caller, if_match: Option<IfMatch>) -> Result<Intent, Problem> {
    let request_id = parts.extensions.get::<RequestId>();
    Ok(Intent {
        caller,
        request_id: request_id.map_or_else(|| Uuid::now_v7().to_string(), |id| id.0.to_string()),
        on_behalf_of: headers::on_behalf_of(&parts.headers)?,
        reason: headers::reason(&parts.headers)?,
        address: parts.extensions.get::<ClientAddress>().map(|client| client.0.to_string()),
        user_agent: headers::user_agent(&parts.headers),
        if_match,
        forced: false,
        idempotency: None,
    })
}
