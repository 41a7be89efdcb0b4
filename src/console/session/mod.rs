//! `Session`, the argument by which a handler of the console gets the person who is signed in, their rights and their
//! settings. Handlers reach a caller in no other way, so only somebody with a session of an organization sees its pages.

pub mod cookie;
pub mod signed;

use std::net::IpAddr;

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::header;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::signed::{KnownSigned, Looking, SignedIn};
use super::failure::{PageFailure, Sought};
use super::gate::Share;
use super::link::{self, Links};
use super::preference::Preferences;
use super::state::Console;
use super::when::When;
use crate::flow::id::hyphenated;
use crate::outline::DisplayLanguage;
use crate::registry::caller::{
    Caller, ClientAddress, Idempotency, IfMatch, Intent, RequestId, Scope, recorded_user_agent,
};
use crate::registry::{LogMoment, Registry};

/// A request of somebody who is signed in to the organization of the address.
pub struct Session {
    pub console: Console,
    pub signed: SignedIn,
    pub preferences: Preferences,
    /// The moment this page is of, as the address names it; `None`: now.
    pub as_of: Option<LogMoment>,
    pub links: Links,
    /// When the request came.
    pub now: DateTime<Utc>,
    /// The path with its parameters, to come back to.
    pub path: String,
    pub circumstances: RequestCircumstances,
    /// Held until the request is answered.
    _share: Share,
}

/// What of a request goes into the events it leads to.
#[derive(Debug, Clone)]
pub struct RequestCircumstances {
    pub request_id: String,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

impl RequestCircumstances {
    pub fn of(parts: &Parts) -> Self {
        let request_id = parts.extensions.get::<RequestId>();
        Self {
            request_id: request_id.map_or_else(|| Uuid::now_v7().to_string(), |id| id.0.to_string()),
            address: parts.extensions.get::<ClientAddress>().map(|client| client.0),
            user_agent: parts
                .headers
                .get(header::USER_AGENT)
                .map(|value| recorded_user_agent(value.as_bytes())),
        }
    }

    /// What a caller does under these circumstances.
    pub fn intent(&self, caller: Caller) -> Intent {
        Intent {
            caller,
            request_id: self.request_id.clone(),
            on_behalf_of: None,
            reason: None,
            address: self.address.map(|address| address.to_string()),
            user_agent: self.user_agent.clone(),
            if_match: None,
            forced: false,
            idempotency: None,
        }
    }
}

impl Session {
    pub fn registry(&self) -> &Registry {
        &self.console.registry
    }

    pub fn caller(&self) -> &Caller {
        &self.signed.open.caller
    }

    pub fn org_id(&self) -> Uuid {
        self.signed.open.caller.org_id
    }

    pub fn language(&self) -> DisplayLanguage {
        self.preferences.language
    }

    /// The texts of a page in the language of whoever looks.
    pub fn texts<T>(&self, es: &'static T, en: &'static T) -> &'static T {
        self.preferences.language.pick(es, en)
    }

    /// An instant as whoever looks reads it.
    pub fn when(&self, at: DateTime<Utc>) -> When {
        When::new(at, self.preferences.zone, self.preferences.language)
    }

    pub fn may(&self, scope: Scope) -> bool {
        self.caller().scopes.contains(scope)
    }

    /// Refuses who may not.
    pub fn needs(&self, scope: Scope) -> Result<(), PageFailure> {
        if self.may(scope) { Ok(()) } else { Err(PageFailure::Scope(scope)) }
    }

    /// What the person does, with why, on the condition that the flow is still at the version they saw, and once, however
    /// often the form is sent.
    pub fn intent(
        &self,
        reason: Option<String>,
        version: Option<i64>,
        idempotency: Option<Idempotency>,
    ) -> Intent {
        Intent {
            on_behalf_of: self.signed.open.on_behalf_of().map(str::to_owned),
            reason,
            if_match: version.map(|version| IfMatch::Versions(vec![version])),
            idempotency,
            ..self.circumstances.intent(self.caller().clone())
        }
    }

    /// A value for the field `once` of a form.
    pub fn once(&self) -> String {
        Uuid::new_v4().to_string()
    }
}

/// A session that was found, of a request that is not let in yet.
pub struct FoundSession(SignedIn);

impl FoundSession {
    pub async fn of(parts: &mut Parts, console: &Console) -> Result<Self, PageFailure> {
        Self::looked_for(parts, console, Looking::Using).await
    }

    async fn looked_for(parts: &mut Parts, console: &Console, looking: Looking) -> Result<Self, PageFailure> {
        let org_id = organization(parts, console).await?;
        tracing::Span::current().record("org", tracing::field::display(org_id));
        let open = signed::find(parts, console, org_id, looking).await?;
        let signed = SignedIn { open, others: signed::others(parts, console, org_id) };
        if let Some(known) = parts.extensions.get::<KnownSigned>() {
            known.set(signed.clone());
        }
        Ok(Self(signed))
    }

    /// Lets the request in.
    pub async fn admitted(self, parts: &Parts, console: &Console) -> Result<Session, PageFailure> {
        let signed = self.0;
        let share = console.gate.admit(&parts.extensions, &signed.open.caller).await?;
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
        let (as_of, written) = as_of(uri.query().unwrap_or_default())?.unzip();
        Ok(Session {
            console: console.clone(),
            links: Links::new(signed.open.caller.org_id, written),
            signed,
            preferences: Preferences::of(&parts.headers),
            as_of,
            now: Utc::now(),
            path,
            circumstances: RequestCircumstances::of(parts),
            _share: share,
        })
    }
}

impl FromRequestParts<Console> for Session {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, PageFailure> {
        FoundSession::of(parts, console).await?.admitted(parts, console).await
    }
}

/// A session of a page that asks by itself, and does not keep the session open by asking.
pub struct OnlookingSession(pub Session);

impl FromRequestParts<Console> for OnlookingSession {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, PageFailure> {
        let found = FoundSession::looked_for(parts, console, Looking::Onlooking).await?;
        found.admitted(parts, console).await.map(Self)
    }
}

/// The organization that the address names.
async fn organization(parts: &mut Parts, console: &Console) -> Result<Uuid, PageFailure> {
    let parameters = RawPathParams::from_request_parts(parts, console).await;
    let parameters = parameters.map_err(|_| PageFailure::NotFound(Sought::Page))?;
    let named = parameters.iter().find(|(name, _)| *name == "orgId").map(|(_, value)| value);
    let id = named.and_then(hyphenated);
    id.ok_or(PageFailure::NotFound(Sought::Page))
}

/// The moment that a query names, and how: an instant, or `position:41`. `now` is no moment of the past.
fn as_of(query: &str) -> Result<Option<(LogMoment, String)>, PageFailure> {
    let bad = || PageFailure::BadRequest(link::AS_OF);
    let Some(value) = query.split('&').find_map(|pair| pair.strip_prefix("asOf=")) else { return Ok(None) };
    let text = percent_encoding::percent_decode_str(value).decode_utf8().map_err(|_| bad())?;
    let moment = match text.strip_prefix("position:") {
        Some(number) => {
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse().ok().filter(|_| is_number).map(LogMoment::Position)
        }
        None if matches!(&*text, "" | "now") => return Ok(None),
        None => {
            let instant = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok();
            // The instant includes all of its microsecond, as histories show it.
            let instant = instant
                .and_then(|at| at.with_timezone(&Utc).checked_add_signed(chrono::TimeDelta::microseconds(1)));
            instant.map(LogMoment::Before)
        }
    };
    Ok(Some((moment.ok_or_else(bad)?, text.into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let check = |query: &str, expected: Option<Option<LogMoment>>| {
            let read = as_of(query).ok().map(|found| found.map(|(moment, _)| moment));
            assert_eq!(read, expected, "{query}");
        };
        check("", Some(None));
        check("asOf=", Some(None));
        check("q=a&asOf=now", Some(None));
        check("asOf=position%3A41", Some(Some(LogMoment::Position(41))));
        check("asOf=position:0", Some(Some(LogMoment::Position(0))));
        let instant = "2026-05-03T16:12:00.000001Z".parse().unwrap();
        check("asOf=2026-05-03T10%3A12%3A00-06%3A00", Some(Some(LogMoment::Before(instant))));
        for bad in [
            "asOf=position:-1",
            "asOf=position:",
            "asOf=yesterday",
            "asOf=%ff",
            "asOf=position:9223372036854775808",
        ] {
            check(bad, None);
        }
    }
}
