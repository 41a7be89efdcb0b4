//! Answers about flows: one flow with its tag, the outcome of a command, a list that is sent as it is read.

use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::stream;

use super::encoding::KeptPage;
use super::problem::Problem;
use super::wire::{self, View};
use super::{etag, headers};
use crate::registry::caller::Caller;
use crate::registry::{FlowAnswer, FlowList, RegistryError, Written};

/// One flow, whole, with its version as tag.
pub fn flow(status: StatusCode, answer: &FlowAnswer) -> Result<Response, Problem> {
    let mut response = wire::enveloping(status, |body| wire::put_flow(body, answer, View::Whole))?;
    response.headers_mut().insert(header::ETAG, etag::of(answer.record.version));
    Ok(response)
}

/// A flow as it was. Who made that version is for those to know who may see who changed what.
pub fn version(answer: &FlowAnswer, caller: &Caller) -> Result<Response, Problem> {
    if caller.sees_people() {
        return flow(StatusCode::OK, answer);
    }
    let mut response = wire::enveloping(StatusCode::OK, |body| wire::put_flow_without_author(body, answer))?;
    response.headers_mut().insert(header::ETAG, etag::of(answer.record.version));
    Ok(response)
}

/// What a command led to.
pub fn written(status: StatusCode, written: &Written) -> Result<Response, Problem> {
    let mut response = flow(status, &written.flow)?;
    mark_replay(&mut response, written.replayed);
    Ok(response)
}

/// A flow that was not there before, and where it is now.
pub fn created(new: &Written) -> Result<Response, Problem> {
    let mut response = written(StatusCode::CREATED, new)?;
    let location = format!("/organizations/{}/bot/flows/{}", new.flow.org_id, new.flow.record.flow_id);
    let location = HeaderValue::try_from(location).expect("ids are header text");
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// The flow is gone, and there is nothing to say about it.
pub fn deleted(written: &Written) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    mark_replay(&mut response, written.replayed);
    response
}

/// The reader has this version already.
pub fn not_modified(version: i64) -> Response {
    (StatusCode::NOT_MODIFIED, [(header::ETAG, etag::of(version))]).into_response()
}

/// Says so where an answer repeats an earlier one.
pub fn mark_replay(response: &mut Response, replayed: bool) {
    if replayed {
        response.headers_mut().insert(headers::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
}

/// A few flows.
pub fn flows(status: StatusCode, flows: &[Arc<FlowAnswer>], view: View) -> Result<Response, Problem> {
    let response = wire::enveloping(status, |body| {
        body.put_u8(b'[');
        put_entries(body, flows, view, true)?;
        body.put_u8(b']');
        Ok::<(), RegistryError>(())
    });
    Ok(response?)
}

/// What of a list is written before its answer begins. A list that is no longer is sent whole, with its length.
const BEGIN_BYTES: usize = 32 * 1024;
/// Bytes set aside for a page that is remembered: a usual one, of 50 flows in short, has 48 KB.
const PAGE_BYTES: usize = 64 * 1024;

/// A list, of which no more than a part is in memory. Its first part is read before the answer begins, so that what
/// fails at once has a status; what fails later cuts the connection.
pub async fn list(mut list: FlowList, view: View) -> Result<Response, Problem> {
    let is_remembered = view == View::Summary && list.is_remembered();
    if is_remembered && let Some(written) = list.written() {
        let kept = KeptPage { before: wire::ENVELOPE_BEGIN, page: written, after: wire::envelope_end() };
        return Ok((Extension(kept), wire::json(StatusCode::OK, Body::empty())).into_response());
    }
    let begin_bytes = if is_remembered { PAGE_BYTES } else { BEGIN_BYTES };
    let mut begin = BytesMut::from(wire::ENVELOPE_BEGIN);
    begin.put_u8(b'[');
    let mut is_first = true;
    while let Some(flows) = list.next_chunk().await? {
        put_entries(&mut begin, &flows, view, is_first)?;
        is_first = false;
        if begin.len() >= begin_bytes {
            let parts =
                stream::try_unfold(Part::Begin(begin.freeze(), list), move |part| next_part(part, view));
            return Ok(wire::json(StatusCode::OK, Body::from_stream(parts)));
        }
    }
    begin.put_u8(b']');
    if is_remembered {
        list.remember(&begin[wire::ENVELOPE_BEGIN.len()..]);
    }
    begin.put_slice(wire::envelope_end().as_bytes());
    Ok(wire::json(StatusCode::OK, Body::from(begin.freeze())))
}

/// What of a streamed list is to be sent next.
enum Part {
    Begin(Bytes, FlowList),
    Middle(FlowList),
    End,
}

async fn next_part(part: Part, view: View) -> io::Result<Option<(Bytes, Part)>> {
    let mut list = match part {
        Part::Begin(begin, list) => return Ok(Some((begin, Part::Middle(list)))),
        Part::Middle(list) => list,
        Part::End => return Ok(None),
    };
    match list.next_chunk().await.map_err(cut)? {
        Some(flows) => {
            let mut chunk = BytesMut::new();
            put_entries(&mut chunk, &flows, view, false).map_err(cut)?;
            // As large as what it holds: it may have to wait for its reader.
            Ok(Some((Bytes::copy_from_slice(&chunk), Part::Middle(list))))
        }
        None => Ok(Some((format!("]{}", wire::envelope_end()).into(), Part::End))),
    }
}

/// Entries of a list with the commas between them, and before them unless they are its first.
fn put_entries(
    json: &mut BytesMut,
    flows: &[Arc<FlowAnswer>],
    view: View,
    are_first: bool,
) -> Result<(), RegistryError> {
    for (index, answer) in flows.iter().enumerate() {
        if index > 0 || !are_first {
            json.put_u8(b',');
        }
        wire::put_flow(json, answer, view)?;
    }
    Ok(())
}

/// Ends a body that was begun before its end, so that the client sees that it was cut.
pub fn cut(error: RegistryError) -> io::Error {
    tracing::error!(%error, "an answer could not be sent to its end");
    io::Error::other(error)
}
