//! What happens while somebody looks, as Server-Sent Events (WHATWG HTML, section 9.2): a sentence for each change of a flow
//! or key that somebody else made, with the position as id. It ends with the session.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::AddressParameters;
use crate::console::gate::{HeldBack, Share};
use crate::console::link::Links;
use crate::console::preference::Preferences;
use crate::console::session::OnlookingSession;
use crate::console::session::signed::SignedIn;
use crate::console::state::Console;
use crate::console::text;
use crate::console::texts::events::announced;
use crate::console::texts::live::{EN, ES};
use crate::console::when::When;
use crate::flow::event::{EventType, StreamKind};
use crate::outline::words::pick;
use crate::registry::caller::{Caller, Scope};
use crate::registry::{FeedEntry, FeedReader, StoreError};

/// Between two looks whether the session is over: who is signed out reads on for five seconds at most.
const CHECK_EVERY: Duration = Duration::from_secs(4);
/// Browsers pass over events without data.
const NOTHING: &str = "-";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Nginx would rather collect an answer before it passes it on.
const BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// A page that is followed.
struct Follower {
    console: Console,
    signed: SignedIn,
    preferences: Preferences,
    links: Links,
    reader: FeedReader,
    check: Interval,
    /// Sentences that are to be sent, oldest first.
    waiting: Vec<Event>,
    /// Where the reader stood when that was told last.
    told: i64,
    is_over: bool,
    _slot: Share,
}

pub async fn follow(
    OnlookingSession(session): OnlookingSession,
    headers: HeaderMap,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    if !may_follow(session.caller()) {
        return Err(PageFailure::Scope(Scope::FlowsRead));
    }
    const CROWDED: PageFailure = PageFailure::HeldBack(HeldBack { wait_s: 5, is_of_caller: false });
    let head = session.registry().feed.head(session.caller()).await?;
    let named = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).unwrap_or(fields.get("after"));
    let begin = named.parse().ok().filter(|position| (0..=head).contains(position)).unwrap_or(head);
    let slot = session.console.gate.follow().ok_or(CROWDED)?;
    let reader = session.registry().feed.follow(session.caller(), begin, head).ok_or(CROWDED)?;
    let heartbeat = session.console.heartbeat;
    let mut check = interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let follower = Follower {
        console: Arc::clone(&session.console),
        signed: session.signed.clone(),
        preferences: session.preferences,
        links: session.links.clone(),
        told: -1,
        waiting: Vec::new(),
        is_over: false,
        reader,
        check,
        _slot: slot,
    };
    let events = stream::unfold(follower, |follower| follower.next());
    let answer = Sse::new(events).keep_alive(KeepAlive::new().interval(heartbeat));
    Ok(([BUFFERING], answer).into_response())
}

impl Follower {
    /// What is sent next, and the page after it; nothing where it ends.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let shutdown = self.console.shutdown.clone();
        loop {
            if self.is_over {
                return None;
            }
            if !self.waiting.is_empty() {
                return Some((Ok(self.waiting.remove(0)), self));
            }
            if self.told != self.reader.position() {
                self.told = self.reader.position();
                let at = Event::default().event("at").id(self.told.to_string()).data(NOTHING);
                return Some((Ok(at), self));
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                _ = self.check.tick() => {
                    if !self.is_signed_in().await {
                        self.is_over = true;
                        return Some((Ok(Event::default().event("over").data(NOTHING)), Self { waiting: Vec::new(), ..self }));
                    }
                }
                () = self.reader.moved() => if !self.read().await { return None },
            }
        }
    }

    /// Whether the session is still open, and may follow the log. Where that cannot be known now, the next look finds out.
    async fn is_signed_in(&mut self) -> bool {
        let open = &self.signed.open;
        match self.console.registry.sessions.look(open.caller.org_id, open.id).await {
            Ok(Some(open)) => {
                self.signed.open = open;
                may_follow(&self.signed.open.caller)
            }
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// Reads on; false where the log cannot be read any further, so that the page comes back later.
    async fn read(&mut self) -> bool {
        match self.reader.read(&self.signed.open.caller).await {
            Ok(entries) => {
                self.waiting = entries.iter().filter_map(|entry| self.notice(entry)).collect();
                true
            }
            Err(StoreError::Unavailable(_)) => false,
            Err(error) => {
                tracing::error!(%error, "a page cannot follow the log any further");
                false
            }
        }
    }

    fn notice(&self, event: &FeedEntry) -> Option<Event> {
        let entry = &event.entry;
        let t = self.preferences.language.pick(&ES, &EN);
        let sentence = pick(announced(EventType::parse(&entry.event_type)?)?, self.preferences.language);
        let caller = &self.signed.open.caller;
        let who = self.who(event)?;
        let who = if caller.sees_people() { who } else { t.somebody.to_owned() };
        let name = entry.resource_name.clone().unwrap_or_else(|| entry.stream_id.to_string());
        let when = When::new(entry.recorded_at, self.preferences.zone, self.preferences.language).text();
        let text = sentence
            .replace("{n}", &entry.version.to_string())
            .replace("{who}", &text::plain(&who))
            .replace("{name}", &text::plain(&name));
        let path = match entry.stream_kind {
            StreamKind::Flow => format!("flows/{}", entry.stream_id),
            StreamKind::ApiKey | StreamKind::Organization => "keys".to_owned(),
        };
        let told = json!({"text": format!("{text}, {when}."), "href": self.links.now(&path)});
        Some(Event::default().event("notice").id(entry.position.to_string()).data(told.to_string()))
    }

    /// Who did it; nobody where that is the person who looks.
    fn who(&self, event: &FeedEntry) -> Option<String> {
        let actor = event.entry.actor();
        let for_whom = event.entry.context.as_ref().and_then(|context| context.on_behalf_of.as_deref());
        let open = &self.signed.open;
        if actor.opaque_id() == open.caller.actor.opaque_id() && for_whom == open.on_behalf_of() {
            return None;
        }
        Some(for_whom.map_or_else(|| actor.name.unwrap_or(actor.id), str::to_owned))
    }
}

/// What happens to flows, or all that happens, is for those to follow who may read it.
fn may_follow(caller: &Caller) -> bool {
    [Scope::FlowsRead, Scope::AuditRead].into_iter().any(|scope| caller.scopes.contains(scope))
}
