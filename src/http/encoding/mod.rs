//! Answers compressed for the way (RFC 9110, 8.4): text of a kilobyte or more, for who takes gzip or zstd. What is whole
//! and of bounded length goes out as zstd to who prefers it. What is sent while it is read, and pages that are kept, are
//! gzip: a compressor of zstd, or of Brotli, would wait with each answer whose client does not read.

mod gzip;
mod taken;
mod zstd;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper::body::Frame;

use self::gzip::Gzip;
use self::taken::Coding;
pub use self::taken::Taken;
use crate::registry::WrittenPage;

/// Below it, what compressing saves is not worth its time: shorter answers disregard `Accept-Encoding`, also where that
/// refuses identity (RFC 9110, 12.4.1).
const BYTES_MIN: u64 = 1024;
/// Text that is compressed together.
const PART_BYTES: usize = 32 * 1024;
/// Text that is compressed with zstd has no more: its client may hold what it becomes.
const ZSTD_BYTES_MAX: u64 = 256 * 1024;

/// Beside an answer without a body: the page of a list that its body is made of, and what stands around it.
#[derive(Debug, Clone)]
pub struct KeptPage {
    pub before: &'static [u8],
    pub page: WrittenPage,
    pub after: String,
}

impl KeptPage {
    fn text(&self) -> Bytes {
        [self.before, &self.page.text(), self.after.as_bytes()].concat().into()
    }

    /// Compressed but for what stands behind the page.
    fn compressed(&self) -> Bytes {
        let begin = self.page.compressed(|page| gzip::begin(&[self.before, page].concat()));
        gzip::ended(&begin, self.after.as_bytes())
    }
}

/// The answer as it goes out. Whoever keeps it is told that it depends on what its reader takes.
pub async fn encode(mut response: Response, taken: Taken) -> Response {
    let kept = response.extensions_mut().remove::<KeptPage>();
    let length = match &kept {
        Some(kept) => Some(kept.page.text_len() as u64),
        None => response.body().size_hint().exact(),
    };
    let is_long = length.is_none_or(|bytes| bytes >= BYTES_MIN) && is_compressible(response.headers());
    if is_long || response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let has_zstd = kept.is_none() && length.is_some_and(|bytes| bytes <= ZSTD_BYTES_MAX);
    let coding = if is_long { taken.best(has_zstd) } else { None };
    let (mut parts, body) = response.into_parts();
    if let Some(coding) = coding {
        parts.headers.insert(header::CONTENT_ENCODING, coding.name());
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let body = match (kept, coding) {
        (Some(kept), None) => kept.text().into(),
        (Some(kept), Some(_)) => kept.compressed().into(),
        (None, None) => body,
        (None, Some(coding)) => compressed(body, coding).await,
    };
    Response::from_parts(parts, body)
}

/// Text, but for streams of events, which go out one by one; and nothing that is encoded already.
fn is_compressible(headers: &HeaderMap) -> bool {
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = declared.split(';').next().unwrap_or_default().trim();
    let is_text = match media_type.split_once('/') {
        Some(("text", kind)) => kind != "event-stream",
        Some(("application", kind)) => {
            matches!(kind, "json" | "javascript" | "x-ndjson" | "xml") || kind.ends_with("+json")
        }
        Some((_, kind)) => kind.ends_with("+xml"),
        None => false,
    };
    is_text && !headers.contains_key(header::CONTENT_ENCODING)
}

/// A body that is there goes out whole, with its length; one that is still being read, part by part.
async fn compressed(body: Body, coding: Coding) -> Body {
    let is_short = body.size_hint().exact().is_some_and(|bytes| bytes <= PART_BYTES as u64);
    if is_short || coding == Coding::Zstd {
        return match (body.collect().await, coding) {
            (Ok(text), Coding::Gzip) => Gzip::new().end(&text.to_bytes()).into(),
            (Ok(text), Coding::Zstd) => zstd::whole(&text.to_bytes()).into(),
            (Err(error), _) => Body::from_stream(stream::iter([Err::<Bytes, _>(error)])),
        };
    }
    Body::new(Gzipped { body, gzip: Some(Gzip::new()), came: Bytes::new(), text: BytesMut::new() })
}

/// A body that is compressed while it is read.
#[derive(Debug)]
struct Gzipped {
    body: Body,
    /// `None` behind the end.
    gzip: Option<Gzip>,
    /// What was read of the body and is not taken yet.
    came: Bytes,
    /// Text that waits for more of it.
    text: BytesMut,
}

impl Gzipped {
    /// The text of the next part, if there is enough of it.
    fn take_part(&mut self) -> Option<Bytes> {
        if self.text.is_empty() && self.came.len() >= PART_BYTES {
            return Some(self.came.split_to(PART_BYTES));
        }
        let room = PART_BYTES - self.text.len();
        let taken = self.came.split_to(room.min(self.came.len()));
        self.text.extend_from_slice(&taken);
        (self.text.len() == PART_BYTES).then(|| std::mem::take(&mut self.text).freeze())
    }
}

impl HttpBody for Gzipped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            if let Some(text) = self.take_part() {
                let part = self.gzip.as_mut().map(|gzip| gzip.part(&text));
                return Poll::Ready(part.map(|part| Ok(Frame::data(part))));
            }
            if self.gzip.is_none() {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => self.came = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let text = std::mem::take(&mut self.text);
                    let end = self.gzip.take().map(|gzip| gzip.end(&text));
                    return Poll::Ready(end.map(|end| Ok(Frame::data(end))));
                }
            }
        }
    }
}
