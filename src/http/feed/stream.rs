//! The body of a feed: events as they come, a sign of life where none do, and now and then a look whether the client
//! may still read.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::super::call::{Following, Needs as _};
use super::super::state::App;
use super::super::{media, wire};
use super::slots::FeedSlot;
use crate::registry::access::{AccessError, Credential};
use crate::registry::caller::{Caller, Scope};
use crate::registry::{FeedEntry, FeedReader, StoreError};

/// How long a client waits before it comes back, in milliseconds.
const RETRY_MS: u32 = 1000;
/// Between two looks at the credential. What is remembered of keys is younger than four seconds, so a revoked one
/// reads on for five at most.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Nginx would rather collect an answer before it passes it on.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A feed under way.
pub(super) struct Stream {
    app: App,
    credential: Credential,
    /// As last verified: scopes and numbers of a key may change.
    caller: Caller,
    /// Whether that is all there is to know. Else nothing is sent until the credential could be verified again.
    is_verified: bool,
    reader: FeedReader,
    /// The last id that was sent.
    told: i64,
    check: Interval,
    heartbeat: Interval,
    shutdown: CancellationToken,
    _slot: FeedSlot,
}

impl Stream {
    pub(super) fn new(
        app: &App,
        credential: Credential,
        caller: Caller,
        reader: FeedReader,
        slot: FeedSlot,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            credential,
            caller,
            is_verified: true,
            told: reader.position(),
            reader,
            check: every(CHECK_EVERY),
            heartbeat: every(app.feeds.heartbeat),
            shutdown: app.feeds.shutdown.clone(),
            _slot: slot,
        }
    }

    /// A client that did not say where to begin is told where that is: it can come back before anything has happened.
    pub(super) fn into_answer(self, is_told: bool) -> Response {
        let mut opening = format!("retry: {RETRY_MS}\n");
        if !is_told {
            let _ = writeln!(opening, "id: {}", self.told);
        }
        opening.push('\n');
        let rest = stream::unfold(Some(self), async |feed| feed?.next().await);
        let blocks = stream::once(ready(Bytes::from(opening))).chain(rest);
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(media::EVENT_STREAM)),
            (BUFFERING, HeaderValue::from_static("no")),
        ];
        (headers, Body::from_stream(blocks.map(Ok::<_, Infallible>))).into_response()
    }

    /// What is to be sent next, and the feed after it, unless it ends there.
    async fn next(mut self) -> Option<(Bytes, Option<Self>)> {
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return None,
                _ = self.check.tick() => {
                    if !self.check().await {
                        return Some((comment("the credential may no longer read this"), None));
                    }
                }
                _ = self.heartbeat.tick() => return Some((self.sign_of_life(), Some(self))),
                () = self.reader.moved(), if self.is_verified => match self.reader.read(&self.caller).await {
                    Ok(events) if events.is_empty() => {}
                    Ok(events) => return Some((self.written(&events), Some(self))),
                    // No event can be read and none is missed: the next look finds out whether the database is back.
                    Err(StoreError::Unavailable(_)) => self.is_verified = false,
                    Err(error) => {
                        tracing::error!(%error, org_id = %self.caller.org_id, "a feed cannot go on");
                        return Some((comment("the log cannot be read any further"), None));
                    }
                }
            }
        }
    }

    /// Whether the client may go on. When that cannot be known at the moment, it waits.
    async fn check(&mut self) -> bool {
        match self.app.verifier.verify(&self.credential, Some(self.caller.org_id)).await {
            Ok(caller) => {
                let same = caller.org_id == self.caller.org_id;
                self.caller = caller;
                self.is_verified = true;
                same && Following::is_met_by(&self.caller)
            }
            Err(AccessError::Invalid | AccessError::TooManyGuesses(_)) => false,
            Err(AccessError::Store(_) | AccessError::NoTokenKeys) => {
                self.is_verified = false;
                true
            }
        }
    }

    /// A comment; with it the id, where events have passed that the client may not see.
    fn sign_of_life(&mut self) -> Bytes {
        let position = self.reader.position();
        if std::mem::replace(&mut self.told, position) == position {
            return Bytes::from_static(b":\n\n");
        }
        format!(":\nid: {position}\n\n").into()
    }

    fn written(&mut self, events: &[Arc<FeedEntry>]) -> Bytes {
        let org_id = self.caller.org_id;
        let write = match self.caller.scopes.contains(Scope::AuditRead) {
            true => wire::audit_entry,
            false => wire::audit_entry_without_actor,
        };
        let mut blocks = String::new();
        for event in events {
            let entry = &event.entry;
            // JSON on one line: nothing in it ends a field.
            let _ = write!(
                blocks,
                "id: {}\nevent: {}\ndata: {}\n\n",
                entry.position,
                entry.event_type,
                write(org_id, entry)
            );
            self.told = entry.position;
        }
        self.heartbeat.reset();
        blocks.into()
    }
}

fn comment(text: &str) -> Bytes {
    format!(": {text}\n\n").into()
}

/// Ticks from one period on; a client that was slow gets no burst of them.
fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval.reset();
    interval
}
