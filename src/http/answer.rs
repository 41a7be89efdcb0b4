//! Answers about flows: one flow with its tag, the outcome of a command, a list that is sent as it is read.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;

use super::problem::Problem;
use super::wire::{self, View};
use super::{etag, headers};
use crate::registry::{FlowAnswer, FlowList, RegistryError, StoreError, Written};

/// One flow, whole, with its version as tag.
pub fn flow(status: StatusCode, answer: &FlowAnswer) -> Result<Response, Problem> {
    let mut response = wire::enveloped(status, &wire::flow(answer, View::Whole)?);
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

/// A part of a list.
pub fn page(flows: &[FlowAnswer], view: View) -> Result<Response, Problem> {
    let mut data = opened(flows, view)?.to_vec();
    data.push(b']');
    Ok(wire::enveloped(StatusCode::OK, &data))
}

/// A whole list, of which no more than a chunk is in memory. The first chunk is read before the answer begins, so
/// that what fails at once has a status; what fails later cuts the connection.
pub async fn stream(mut list: FlowList, view: View) -> Result<Response, Problem> {
    let first = list.next_chunk().await?.unwrap_or_default();
    let mut begin = wire::ENVELOPE_BEGIN.to_vec();
    begin.extend_from_slice(&opened(&first, view)?);
    let parts = stream::try_unfold(Part::Begin(begin.into(), list), move |part| next_part(part, view));
    Ok(wire::json(StatusCode::OK, Body::from_stream(parts)))
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
            let entries = entries(&flows, view).map_err(|error| cut(error.into()))?;
            Ok(Some((wire::list_chunk(false, entries), Part::Middle(list))))
        }
        None => Ok(Some((format!("]{}", wire::envelope_end()).into(), Part::End))),
    }
}

/// The opening bracket of a list and its first entries, if it has any.
fn opened(flows: &[FlowAnswer], view: View) -> Result<Bytes, StoreError> {
    match flows {
        [] => Ok(Bytes::from_static(b"[")),
        flows => Ok(wire::list_chunk(true, entries(flows, view)?)),
    }
}

fn entries(flows: &[FlowAnswer], view: View) -> Result<Vec<Bytes>, StoreError> {
    flows.iter().map(|answer| wire::flow(answer, view)).collect()
}

/// Ends a body that was begun before its end, so that the client sees that it was cut.
pub fn cut(error: RegistryError) -> io::Error {
    tracing::error!(%error, "an answer could not be sent to its end");
    io::Error::other(error)
}
