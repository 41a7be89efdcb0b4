//! The live feed of an organization's log as Server-Sent Events (WHATWG HTML, section 9.2): one for each event, its
//! position as id. It is read from the log as fast as the client takes it and no faster; a client that takes nothing is
//! cut off like any stalled connection, and goes on behind the last id it has seen.

mod begin;
pub mod slots;
mod stream;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use self::begin::begin;
use self::stream::Stream;
use super::call::{Following, Read};
use super::problem::{Code, Problem};
use super::query::feed::FeedQuery;
use super::state::App;
use super::{credentials, media};

pub async fn follow(
    State(app): State<App>,
    headers: HeaderMap,
    call: Read<Following, (), FeedQuery>,
) -> Result<Response, Problem> {
    media::check_accept_of(&headers, media::EVENT_STREAM)?;
    let credential = credentials::read(&headers)?;
    let head = app.registry.feed.head(&call.caller).await?;
    let begin = begin(&headers, &call.query, head)?;
    let crowded = || Problem::retry(Code::Overloaded, 5, "As many feeds are open as this process takes.");
    let slot = app.feeds.slot().ok_or_else(crowded)?;
    let reader = app.registry.feed.follow(&call.caller, begin.unwrap_or(head), head).ok_or_else(crowded)?;
    let stream = Stream::new(&app, credential, call.caller, reader, slot);
    Ok(stream.into_answer(begin.is_some()))
}
