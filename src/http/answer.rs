//! Answers about flows: one flow with its tag, the outcome of a command, a list that is sent as it is read.

use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::stream;
use serde::Serialize;
use uuid::Uuid;

use super::encoding::KeptPage;
use super::prefer::Returned;
use super::problem::Problem;
use super::state::App;
use super::wire::{self, CursorPage, PageInfo, Tombstones, View};
use super::{etag, headers, media, percent, position};
use crate::registry::caller::Caller;
use crate::registry::{FlowAnswer, FlowList, PublishedSet, RegistryError, Written};

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

/// The document of a flow alone.
pub fn document(answer: &FlowAnswer) -> Response {
    let mut response = wire::enveloped(StatusCode::OK, &answer.document.bytes());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media::DOCUMENT));
    headers.insert(header::ETAG, etag::of(answer.record.version));
    response
}

/// What a command led to.
pub async fn written(
    app: &App,
    status: StatusCode,
    written: &Written,
    returned: Returned,
) -> Result<Response, Problem> {
    let mut response = match returned {
        Returned::Nothing => nothing(status, written.flow.record.version),
        Returned::Unasked | Returned::Whole => flow(status, &written.flow)?,
    };
    mark_preference(&mut response, returned);
    mark_replay(&mut response, written.replayed);
    position::tell(app, written.flow.org_id, written.appended_at, &mut response).await;
    Ok(response)
}

/// That a command was carried out, and no more.
fn nothing(status: StatusCode, version: i64) -> Response {
    let status = if status == StatusCode::OK { StatusCode::NO_CONTENT } else { status };
    (status, [(header::ETAG, etag::of(version))]).into_response()
}

/// Says which preference of the client the answer follows.
fn mark_preference(response: &mut Response, returned: Returned) {
    if let Some(applied) = returned.applied() {
        response.headers_mut().insert(headers::PREFERENCE_APPLIED, applied);
    }
}

/// An answer at a path that has several media types.
pub fn varying_by_accept(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// An answer at a path that takes several kinds of patches.
pub fn patchable(mut response: Response, taken: &[&str]) -> Response {
    let taken = HeaderValue::try_from(taken.join(", ")).expect("media types are header text");
    response.headers_mut().insert(headers::ACCEPT_PATCH, taken);
    response
}

/// A flow that was not there before, and where it is now.
pub async fn created(app: &App, new: &Written, returned: Returned) -> Result<Response, Problem> {
    let mut response = written(app, StatusCode::CREATED, new, returned).await?;
    let location = format!("/organizations/{}/bot/flows/{}", new.flow.org_id, new.flow.record.flow_id);
    let location = HeaderValue::try_from(location).expect("ids are header text");
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// The flow is gone, and there is nothing to say about it.
pub async fn deleted(app: &App, written: &Written) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    mark_replay(&mut response, written.replayed);
    position::tell(app, written.flow.org_id, written.appended_at, &mut response).await;
    response
}

/// The reader has this version already.
pub fn not_modified(version: i64) -> Response {
    unchanged(etag::of(version))
}

/// The reader has what this tag stands for already.
pub fn unchanged(tag: HeaderValue) -> Response {
    (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response()
}

/// Says so where an answer repeats an earlier one.
pub fn mark_replay(response: &mut Response, replayed: bool) {
    if replayed {
        response.headers_mut().insert(headers::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
}

/// A page, with the path of the next one.
pub fn page<T: Serialize>(uri: &Uri, page: &CursorPage<T>) -> Response {
    let mut response = wire::envelope(StatusCode::OK, page);
    if let Some(cursor) = page.next() {
        response.headers_mut().insert(header::LINK, next_link(uri, cursor));
    }
    response
}

/// The path of a request, with another cursor.
pub fn next_link(uri: &Uri, cursor: &str) -> HeaderValue {
    let is_cursor = |pair: &&str| {
        percent::decode(pair.split('=').next().unwrap_or_default()).as_deref() == Some("cursor")
    };
    let pairs =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !is_cursor(pair));
    let query: String = pairs.map(|pair| format!("{pair}&")).collect();
    let link = format!("<{}?{query}cursor={cursor}>; rel=\"next\"", uri.path());
    HeaderValue::try_from(link).expect("what came as the head of a request can go in one")
}

/// Flows that were put in force together.
pub async fn published_set(
    app: &App,
    org_id: Uuid,
    set: &PublishedSet,
    returned: Returned,
) -> Result<Response, Problem> {
    let put = |body: &mut BytesMut| {
        body.put_u8(b'[');
        put_entries(body, &set.flows, (View::Whole, Tombstones::None), true)?;
        body.put_u8(b']');
        Ok::<(), RegistryError>(())
    };
    let mut response = match returned {
        Returned::Nothing => StatusCode::CREATED.into_response(),
        Returned::Unasked | Returned::Whole => wire::enveloping(StatusCode::CREATED, put)?,
    };
    mark_preference(&mut response, returned);
    mark_replay(&mut response, set.replayed);
    position::tell(app, org_id, set.appended_at, &mut response).await;
    Ok(response)
}

/// How a list is written.
#[derive(Debug, Clone)]
pub struct ListForm {
    pub view: View,
    pub tombstones: Tombstones,
    pub page: PageInfo,
}

impl ListForm {
    /// Of a list that goes on behind a cursor, or ends.
    pub fn of(view: View, next: Option<&str>) -> Self {
        Self { view, tombstones: Tombstones::None, page: PageInfo::of_list(next) }
    }
}

/// What of a list is written before its answer begins. A list that is no longer is sent whole, with its length.
const BEGIN_BYTES: usize = 32 * 1024;
/// Bytes set aside for a page that is remembered: a usual one, of 50 flows in short, has 48 KB.
const PAGE_BYTES: usize = 64 * 1024;

/// A list, of which no more than a part is in memory. Its first part is read before the answer begins, so that what
/// fails at once has a status; what fails later cuts the connection.
pub async fn list(mut list: FlowList, form: ListForm) -> Result<Response, Problem> {
    let is_remembered = form.view == View::Summary && list.is_remembered();
    if is_remembered && let Some(written) = list.written() {
        let kept =
            KeptPage { before: wire::ENVELOPE_BEGIN, page: written, after: wire::list_end(&form.page) };
        return Ok((Extension(kept), wire::json(StatusCode::OK, Body::empty())).into_response());
    }
    let begin_bytes = if is_remembered { PAGE_BYTES } else { BEGIN_BYTES };
    let mut begin = BytesMut::from(wire::ENVELOPE_BEGIN);
    begin.put_u8(b'[');
    let mut is_first = true;
    while let Some(flows) = list.next_chunk().await? {
        put_entries(&mut begin, &flows, (form.view, form.tombstones), is_first)?;
        is_first = false;
        if begin.len() >= begin_bytes {
            let begin = Part::Begin(begin.freeze(), list, form);
            return Ok(wire::json(StatusCode::OK, Body::from_stream(stream::try_unfold(begin, next_part))));
        }
    }
    begin.put_u8(b']');
    if is_remembered {
        list.remember(&begin[wire::ENVELOPE_BEGIN.len()..]);
    }
    begin.put_slice(wire::list_end(&form.page).as_bytes());
    Ok(wire::json(StatusCode::OK, Body::from(begin.freeze())))
}

/// What of a streamed list is to be sent next.
enum Part {
    Begin(Bytes, FlowList, ListForm),
    Middle(FlowList, ListForm),
    End,
}

async fn next_part(part: Part) -> io::Result<Option<(Bytes, Part)>> {
    let (mut list, form) = match part {
        Part::Begin(begin, list, form) => return Ok(Some((begin, Part::Middle(list, form)))),
        Part::Middle(list, form) => (list, form),
        Part::End => return Ok(None),
    };
    match list.next_chunk().await.map_err(cut)? {
        Some(flows) => {
            let mut chunk = BytesMut::new();
            put_entries(&mut chunk, &flows, (form.view, form.tombstones), false).map_err(cut)?;
            // As large as what it holds: it may have to wait for its reader.
            Ok(Some((Bytes::copy_from_slice(&chunk), Part::Middle(list, form))))
        }
        None => Ok(Some((format!("]{}", wire::list_end(&form.page)).into(), Part::End))),
    }
}

/// Entries of a list with the commas between them, and before them unless they are its first.
fn put_entries(
    json: &mut BytesMut,
    flows: &[Arc<FlowAnswer>],
    (view, tombstones): (View, Tombstones),
    are_first: bool,
) -> Result<(), RegistryError> {
    for (index, answer) in flows.iter().enumerate() {
        if index > 0 || !are_first {
            json.put_u8(b',');
        }
        match tombstones.replace(answer) {
            true => wire::put_gone(json, answer),
            false => wire::put_flow(json, answer, view)?,
        }
    }
    Ok(())
}

/// Ends a body that was begun before its end, so that the client sees that it was cut.
pub fn cut(error: RegistryError) -> io::Error {
    tracing::error!(%error, "an answer could not be sent to its end");
    io::Error::other(error)
}
