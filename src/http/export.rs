//! Exports as they go out: read part by part as fast as the client takes them, and with no end when they could not be
//! read to theirs.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, future, stream};

use super::answer::cut;
use super::problem::Problem;
use super::wire;
use crate::registry::caller::Intent;
use crate::registry::{Coverage, ExportFormat, ExportOrder, Exports};

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// What a link comes as.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Rows for people. The first are read before the answer begins, so that what fails at once has a status.
pub async fn csv(exports: &Exports, intent: &Intent, order: &ExportOrder) -> Result<Response, Problem> {
    let mut export = exports.entries(intent, order).await?;
    let coverage = export.coverage;
    let mut begin = wire::csv_header(order.is_marked);
    if let Some(entries) = export.next_chunk().await? {
        begin.append(&mut wire::csv_rows(coverage.org_id, &entries));
    }
    let rest = stream::try_unfold(export, move |mut export| async move {
        let entries = export.next_chunk().await.map_err(cut)?;
        Ok(entries.map(|entries| (wire::csv_rows(coverage.org_id, &entries).into(), export)))
    });
    Ok(file(&coverage, "csv", CSV, begin.into(), rest))
}

/// The evidence bundle, begun in the same way.
pub async fn bundle(exports: &Exports, intent: &Intent, order: &ExportOrder) -> Result<Response, Problem> {
    let mut export = exports.bundle(intent, order).await?;
    let coverage = export.coverage();
    let begin = export.next_chunk().await?.unwrap_or_default();
    let rest = stream::try_unfold(export, async |mut export| {
        let lines = export.next_chunk().await.map_err(cut)?;
        Ok(lines.map(|lines| (lines, export)))
    });
    Ok(file(&coverage, "ndjson", NDJSON, begin, rest))
}

/// The headers alone. Nothing is handed out, so nothing is recorded; how far an export goes, and with it the name of
/// its file, is known only once it begins.
pub async fn head(
    exports: &Exports,
    intent: &Intent,
    order: &ExportOrder,
    format: Option<ExportFormat>,
) -> Result<Response, Problem> {
    exports.check(&intent.caller, order).await?;
    let media_type = match format {
        Some(ExportFormat::Csv) => CSV,
        Some(ExportFormat::Ndjson) => NDJSON,
        None => JSON,
    };
    Ok(([(header::CONTENT_TYPE, media_type)], Body::empty()).into_response())
}

/// A file with a name that says whose log it is, from when, and how far it goes.
fn file(
    coverage: &Coverage,
    extension: &str,
    media_type: HeaderValue,
    begin: Bytes,
    rest: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Response {
    let Coverage { org_id, up_to, at, .. } = coverage;
    let name = format!("audit-{org_id}-{}-{up_to}.{extension}", at.format("%Y-%m-%d"));
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::try_from(disposition).expect("ids, dates and numbers are header text");
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, disposition)];
    let body = stream::once(future::ready(Ok(begin))).chain(rest);
    (headers, Body::from_stream(body)).into_response()
}
