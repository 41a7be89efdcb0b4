//! Answers compressed for the way (RFC 9110, 8.4): text of a kilobyte or more, for who takes gzip. Every client that takes
//! anything takes gzip. Brotli and zstd keep a compressor for each answer under way, also while its client does not read.

mod gzip;

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
use super::media;
use crate::registry::WrittenPage;

/// Below it, what compressing saves is not worth its time.
const BYTES_MIN: u64 = 1024;
/// Text that is compressed together.
const PART_BYTES: usize = 32 * 1024;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

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

/// Whether a client takes gzip (RFC 9110, 12.5.3).
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut named, mut any) = (None, None);
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in values.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is_taken = !parts.any(media::is_zero_weight);
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            named = Some(is_taken);
        } else if name == "*" {
            any = Some(is_taken);
        }
    }
    named.or(any).unwrap_or(false)
}

/// The answer as it goes out. Whoever keeps it is told that it depends on what its reader takes.
pub async fn encode(mut response: Response, takes_gzip: bool) -> Response {
    let kept = response.extensions_mut().remove::<KeptPage>();
    let length = match &kept {
        Some(kept) => Some(kept.page.text_len() as u64),
        None => response.body().size_hint().exact(),
    };
    let is_long = length.is_none_or(|bytes| bytes >= BYTES_MIN) && is_compressible(response.headers());
    if is_long || response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let is_encoded = takes_gzip && is_long;
    let (mut parts, body) = response.into_parts();
    if is_encoded {
        parts.headers.insert(header::CONTENT_ENCODING, GZIP);
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let body = match kept {
        Some(kept) => if is_encoded { kept.compressed() } else { kept.text() }.into(),
        None if is_encoded => compressed(body).await,
        None => body,
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
async fn compressed(body: Body) -> Body {
    if body.size_hint().exact().is_some_and(|bytes| bytes <= PART_BYTES as u64) {
        return match body.collect().await {
            Ok(text) => Gzip::new().end(&text.to_bytes()).into(),
            Err(error) => Body::from_stream(stream::iter([Err::<Bytes, _>(error)])),
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
