//! The frame of a page: what `base.html` shows around its content.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::assets;
use super::link::{self, Links};
use super::preference::Preferences;
use super::session::Session;
use super::session::signed::SignedIn;
use super::state::Console;
use super::text;
use super::texts::frame::{EN, ES, FrameTexts};
use super::when::{When, zone_text};
use crate::flow::event::ActorKind;
use crate::registry::LogMoment;
use crate::registry::caller::Scope;

/// What stands around the content of a page.
#[derive(Debug)]
pub struct PageFrame {
    pub t: &'static FrameTexts,
    pub preferences: Preferences,
    /// What the page is, as its heading says it.
    pub heading: String,
    /// What it is of, such as a flow.
    of: Option<String>,
    pub crumbs: Vec<Crumb>,
    pub header: Option<PageHeader>,
    pub past: Option<Past>,
    pub command: Option<CommandLines>,
    /// The path with its parameters, to come back to.
    pub path: String,
    pub zone: String,
    /// After how many seconds the page is asked for again, because it could not be shown.
    pub retry_s: Option<u32>,
}

/// A step of the way to a page.
#[derive(Debug)]
pub struct Crumb {
    pub text: String,
    /// `None`: the page itself.
    pub href: Option<String>,
}

/// Who is signed in, and where they can go.
#[derive(Debug)]
pub struct PageHeader {
    pub org_id: Uuid,
    /// The person, as far as they said who they are.
    pub name: Option<String>,
    /// The key that they signed in with, as it is called.
    pub key: Option<String>,
    /// Whether the key is one for tests.
    pub is_test: bool,
    pub numbers: Vec<String>,
    pub others: Vec<Uuid>,
    pub flows: String,
    pub deleted: String,
    /// The moment that searching stays in.
    pub as_of: Option<String>,
    pub keys: Option<String>,
    pub live: String,
}

/// The page is of a moment of the past.
#[derive(Debug)]
pub struct Past {
    pub moment: String,
    /// The page as it is now.
    pub now: String,
}

/// How a terminal shows what the page shows, without the key.
#[derive(Debug)]
pub struct CommandLines {
    pub cli: Option<String>,
    pub curl: String,
}

impl PageFrame {
    /// The frame of a page for somebody who is signed in.
    pub fn new(session: &Session, heading: impl Into<String>) -> Self {
        let header = PageHeader::of(&session.signed, &session.links);
        let page = Self::bare(session.preferences, session.now, &session.path, heading);
        Self { header: Some(header), past: Past::of(session), ..page }
    }

    /// The frame of a page for anybody.
    pub fn bare(
        preferences: Preferences,
        now: DateTime<Utc>,
        path: &str,
        heading: impl Into<String>,
    ) -> Self {
        Self {
            t: preferences.language.pick(&ES, &EN),
            preferences,
            heading: heading.into(),
            of: None,
            crumbs: Vec::new(),
            header: None,
            past: None,
            command: None,
            path: path.to_owned(),
            zone: zone_text(preferences.zone, now),
            retry_s: None,
        }
    }

    /// The frame of a page that says why another one is not shown.
    pub fn of_failure(
        headers: &HeaderMap,
        path: &str,
        signed: Option<&SignedIn>,
        heading: impl Into<String>,
    ) -> Self {
        let page = Self::bare(Preferences::of(headers), Utc::now(), path, heading);
        let header = signed.map(|signed| {
            let org_id = signed.open.caller.org_id;
            PageHeader::of(signed, &Links::new(org_id, None))
        });
        Self { header, ..page }
    }

    /// The page could not be shown, and is asked for again after so many seconds.
    pub fn retrying(self, retry_s: Option<u32>) -> Self {
        Self { retry_s, ..self }
    }

    /// The page lies below another one.
    pub fn below(mut self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push(Crumb { text: text.into(), href: Some(href.into()) });
        self
    }

    /// The page is of a flow, or of something else that has a name, whose own page is at a path.
    pub fn of(mut self, name: &str, href: impl Into<String>) -> Self {
        self.of = Some(name.to_owned());
        self.below(name, href)
    }

    /// How a terminal shows the same, where it can: arguments of `flow-registry`, and the path of the API behind the organization's.
    pub fn with_command(mut self, session: &Session, cli: Option<&str>, path: &str) -> Self {
        self.command = Some(CommandLines {
            cli: cli.map(|arguments| format!("flow-registry {arguments}")),
            curl: curl(&session.console, session.org_id(), path),
        });
        self
    }

    /// `<what> · <flow> · console`, with nothing hidden in it.
    pub fn title(&self) -> String {
        let parts = [Some(self.heading.as_str()), self.of.as_deref(), Some(self.t.console)];
        let parts: Vec<String> = parts.into_iter().flatten().map(text::plain).collect();
        parts.join(" · ")
    }

    pub fn lang(&self) -> &'static str {
        self.preferences.language.code()
    }

    pub fn is_utc(&self) -> bool {
        self.preferences.zone == chrono_tz::Tz::UTC
    }

    /// The address of a file of the console.
    pub fn asset(&self, name: &str) -> &'static str {
        assets::path(name)
    }
}

impl PageHeader {
    fn of(signed: &SignedIn, links: &Links) -> Self {
        let open = &signed.open;
        let manages_keys = open.caller.scopes.contains(Scope::KeysManage);
        Self {
            org_id: open.caller.org_id,
            name: open.name.clone(),
            key: open.caller.actor.name.clone().filter(|_| open.caller.actor.kind == ActorKind::ApiKey),
            is_test: open.caller.key_prefix.as_deref().is_some_and(|prefix| prefix.starts_with("mk_test_")),
            numbers: open.caller.phone_number_ids.to_vec(),
            others: signed.others.clone(),
            flows: links.to("flows"),
            deleted: links.to("deleted"),
            as_of: links.as_of().map(str::to_owned),
            keys: manages_keys.then(|| links.now("keys")),
            live: links.now("live"),
        }
    }
}

impl Past {
    fn of(session: &Session) -> Option<Self> {
        let moment = match session.as_of? {
            LogMoment::Position(position) => {
                format!("{} {position}", session.texts(&ES, &EN).position)
            }
            LogMoment::Before(instant) => {
                When::new(instant, session.preferences.zone, session.preferences.language).text()
            }
        };
        let (path, query) = session.path.split_once('?').unwrap_or((&session.path, ""));
        let rest = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("asOf="));
        let rest = rest.collect::<Vec<_>>().join("&");
        let now = if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") };
        Some(Self { moment, now })
    }
}

/// A request of the API for what a page shows. Percent-encoded, so that nothing in it ends a quotation.
fn curl(console: &Console, org_id: Uuid, path: &str) -> String {
    let api = console.address.api();
    format!("curl -H \"X-Api-Key: $KEY\" '{api}/organizations/{org_id}/{path}'")
}

/// The query of a request of the API.
pub fn api_query<'p>(path: &str, parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    link::query(path, parameters)
}
