//! The live feed of an organization's log as Server-Sent Events (WHATWG HTML, section 9.2): one for each event, its
//! position as id. It is read from the log as fast as the client takes it and no faster; a client that takes nothing is
//! cut off like any stalled connection, and goes on behind the last id it has seen.

mod begin;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::begin::{FeedQuery, begin};
use self::stream::Stream;
use super::call::{Following, Read};
use super::problem::{Code, Problem};
use super::state::App;
use super::{credentials, media};

const EVENT_STREAM: &str = "text/event-stream";
/// The longest a feed is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What all feeds of a process share; clones share it too.
#[derive(Debug, Clone)]
pub struct Feeds {
    places: Arc<Semaphore>,
    heartbeat: Duration,
    shutdown: CancellationToken,
}

impl Feeds {
    /// At most `readers_max` feeds at once, which all end with `shutdown`. A connection that is silent for `stall` is
    /// cut, so none of them is.
    pub fn new(readers_max: usize, stall: Duration, shutdown: CancellationToken) -> Self {
        Self { places: Arc::new(Semaphore::new(readers_max)), heartbeat: HEARTBEAT.min(stall / 3), shutdown }
    }

    fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        metrics::gauge!("feed_readers").increment(1.0);
        Some(Place { _permit: permit })
    }
}

/// One of the readers there may be.
#[derive(Debug)]
struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("feed_readers").decrement(1.0);
    }
}

pub async fn follow(
    State(app): State<App>,
    headers: HeaderMap,
    call: Read<Following, (), FeedQuery>,
) -> Result<Response, Problem> {
    media::check_accept_of(&headers, EVENT_STREAM)?;
    let credential = credentials::read(&headers)?;
    let head = app.registry.feed.head(&call.caller).await?;
    let begin = begin(&headers, &call.query, head)?;
    let crowded = || Problem::retry(Code::Overloaded, 5, "As many feeds are open as this process takes.");
    let place = app.feeds.place().ok_or_else(crowded)?;
    let reader = app.registry.feed.follow(&call.caller, begin.unwrap_or(head), head).ok_or_else(crowded)?;
    let stream = Stream::new(&app, credential, call.caller, reader, place);
    Ok(stream.into_answer(begin.is_some()))
}
