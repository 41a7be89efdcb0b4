//! What goes over the wire in answers: the envelope, and how times are written.

mod api_key;
mod calling;
mod csv;
mod entry;
mod flow;
mod page;
mod run;

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

pub use api_key::{ApiKey, CreatedApiKey, OwnCredential};
pub use calling::calling_flow;
pub use csv::{csv_header, csv_rows};
pub use entry::{audit_entry, audit_entry_without_actor, history_entry, history_entry_without_people};
pub use flow::{
    SERVICE_MEMBERS, Tombstones, View, put_flow, put_flow_without_author, put_gone, service_members,
};
pub use page::{CursorPage, PageInfo};
pub use run::{listed_run, run, stored_run};

pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// An instant in UTC, cut to milliseconds: `2026-05-01T03:42:18.123Z`.
pub fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `{"data": …, "timestamp": "…"}` around what `put` writes.
pub fn enveloping<E>(
    status: StatusCode,
    put: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<Response, E> {
    let mut body = BytesMut::with_capacity(4096);
    body.put_slice(ENVELOPE_BEGIN);
    put(&mut body)?;
    body.put_slice(envelope_end().as_bytes());
    Ok(json(status, Body::from(body.freeze())))
}

/// `{"data": …, "timestamp": "…"}` around JSON that is written already.
pub fn enveloped(status: StatusCode, data: &[u8]) -> Response {
    let put = |body: &mut BytesMut| {
        body.put_slice(data);
        Ok::<(), Infallible>(())
    };
    let Ok(response) = enveloping(status, put);
    response
}

/// The envelope around anything that serializes.
pub fn envelope(status: StatusCode, data: &impl Serialize) -> Response {
    let data = serde_json::to_vec(data).expect("our own wire types always serialize");
    enveloped(status, &data)
}

pub fn json(status: StatusCode, body: Body) -> Response {
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()
}

pub const ENVELOPE_BEGIN: &[u8] = b"{\"data\":";

/// What closes an envelope now.
pub fn envelope_end() -> String {
    format!(",\"timestamp\":\"{}\"}}", instant(Utc::now()))
}

/// What closes the envelope of a list of flows: where the page ends stands beside its entries.
pub fn list_end(page: &PageInfo) -> String {
    let info = serde_json::to_string(page).expect("our own wire types always serialize");
    format!(",\"pageInfo\":{info}{}", envelope_end())
}

/// Two JSON objects as one: their members after each other.
fn spliced(head: &[u8], tail: &[u8]) -> Vec<u8> {
    let (Some(head), Some(tail)) = (head.strip_suffix(b"}"), tail.strip_prefix(b"{")) else {
        unreachable!("both are objects");
    };
    let mut whole = Vec::with_capacity(head.len() + tail.len() + 1);
    whole.extend_from_slice(head);
    if head != b"{" && tail != b"}" {
        whole.push(b',');
    }
    whole.extend_from_slice(tail);
    whole
}
