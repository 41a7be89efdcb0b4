//! Request bodies: read up to a limit, declared as JSON, and JSON in the strict sense.

mod budget;
mod members;
mod paced;
mod unescape;

use axum::BoxError;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

pub use budget::{BodyBudget, BodyShare};
pub use members::{Members, object};
use paced::{PACE, Paced, TooSlow};
use unescape::Unescaped;

use super::media;
use super::problem::{Code, Problem};
use crate::flow::finding::Finding;
use crate::flow::json::{self, JsonErrorKind};

const BYTES_MAX: usize = 512 * 1024;
/// How much larger a body may be with escapes: `\u` and four digits for a single byte.
const ESCAPED_SIZE_MAX: usize = 6;

/// The members of a body that an endpoint knows.
pub trait FromBody: Sized {
    /// The most bytes the endpoint takes.
    const BYTES_MAX: usize = BYTES_MAX;
    /// The media types the endpoint takes, the usual one first.
    const MEDIA_TYPES: &'static [&'static str] = &[media::JSON];

    /// `None`: no body was sent.
    fn from_body(body: Option<Value>) -> Result<Self, Problem>;

    /// Reads a body that is declared to be one of the media types.
    fn of_media_type(body: Option<Value>, _: &'static str) -> Result<Self, Problem> {
        Self::from_body(body)
    }

    /// Why the command is given, where the body says so.
    fn reason(&self) -> Option<&str> {
        None
    }

    /// Whether flows in force may be left without the flow that they call.
    fn forced(&self) -> bool {
        false
    }
}

/// The one JSON value of a body; `None` when the body is empty.
#[derive(Debug)]
pub struct Sent {
    pub value: Option<Value>,
    pub media_type: &'static str,
    /// To be held until the value is dropped.
    pub share: BodyShare,
}

/// Reads a body for an endpoint.
pub async fn read<B: FromBody>(
    headers: &HeaderMap,
    body: Body,
    budget: &BodyBudget,
) -> Result<Sent, Problem> {
    let bytes = collect(headers, body, B::BYTES_MAX).await?;
    if bytes.is_empty() {
        return Ok(Sent { value: None, media_type: B::MEDIA_TYPES[0], share: None });
    }
    let media_type = media::content_type(headers, B::MEDIA_TYPES)?;
    let share = budget.share(bytes.len()).await?;
    Ok(Sent { value: Some(parse(&bytes)?), media_type, share })
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    json::parse(bytes).map_err(|error| match error.kind {
        JsonErrorKind::Text => Problem::body(Code::InvalidText, error.pointer, error.message),
        JsonErrorKind::Number => {
            let pointer = error.pointer.unwrap_or_default();
            Problem::validation(vec![Finding::error("INVALID_VALUE", pointer, error.message)])
        }
        JsonErrorKind::Syntax
        | JsonErrorKind::Trailing
        | JsonErrorKind::DuplicateKey
        | JsonErrorKind::TooDeep => Problem::body(Code::InvalidJson, error.pointer, error.message),
    })
}

/// The bytes of a body that is no JSON.
pub async fn collect_plain(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(Code::BodyTooLarge, format!("The body may have at most {bytes_max} bytes."));
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > bytes_max) {
        return Err(too_large());
    }
    match Limited::new(Paced::new(body, PACE), bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => {
            Err(Problem::new(Code::InvalidJson, "The body ended before it was complete, or came too slowly."))
        }
    }
}

/// The text of a body. One that is declared too large is refused before any of it is read.
async fn collect(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail =
            format!("The body may have at most {bytes_max} bytes. Escapes count as what they stand for.");
        Problem::new(Code::BodyTooLarge, detail)
    };
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let written_max = bytes_max * ESCAPED_SIZE_MAX;
    if declared.is_some_and(|length: usize| length > written_max) {
        return Err(too_large());
    }
    let is_small = declared.is_some_and(|length| length <= bytes_max);
    let body = Paced::new(body, PACE);
    let collected = match is_small {
        true => Limited::new(body, bytes_max).collect().await.map(|body| Some(body.to_bytes())),
        false => collect_unescaped(Limited::new(body, written_max), bytes_max).await,
    };
    match collected {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(too_large()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) if error.is::<TooSlow>() => {
            let detail = "The body came too slowly: at least 1 KiB must come in a second.";
            Err(Problem::new(Code::InvalidJson, detail))
        }
        Err(_) => Err(Problem::new(Code::InvalidJson, "The body ended before it was complete.")),
    }
}

/// A body that may be larger as it is written than as it is meant; `None` where it is too large as it is meant too. No
/// more is in memory than is taken.
async fn collect_unescaped(mut body: Limited<Paced>, bytes_max: usize) -> Result<Option<Bytes>, BoxError> {
    let mut text = Unescaped::default();
    while let Some(frame) = body.frame().await {
        if let Some(part) = frame?.data_ref() {
            text.push(part);
        }
        if text.len() > bytes_max {
            return Ok(None);
        }
    }
    Ok(Some(text.finish().into()))
}

/// For commands that need no body: none, or an empty object.
#[derive(Debug)]
pub struct Nothing;

impl FromBody for Nothing {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        Members::new(body)?.finish().map(|()| Self)
    }
}

/// A body the registry reads itself: any object.
#[derive(Debug)]
pub struct Whole(pub Value);

impl FromBody for Whole {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let body = body
            .ok_or_else(|| Problem::new(Code::InvalidJson, "The body is empty: a JSON object is needed."))?;
        object(body).map(Value::Object).map(Self)
    }
}
