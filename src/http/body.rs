//! Request bodies: read up to a limit, declared as JSON, and JSON in the strict sense.

use std::sync::Arc;
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::media;
use super::problem::{Code, Problem};
use super::unescape::Unescaped;
use crate::flow::finding::Finding;
use crate::flow::json::{self, JsonErrorKind};

const BYTES_MAX: usize = 512 * 1024;
/// How much larger a body may be with escapes: `\u` and four digits for a single byte.
const ESCAPED_SIZE_MAX: usize = 6;

/// How long a whole body may take: a client that sends a byte a minute does not hold a connection for days.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Bodies up to this size are read whenever they come.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of larger bodies that may be in memory as values at once, where they take up to forty times as much.
const LARGE_BYTES_MAX: usize = 1024 * 1024;

/// Where larger bodies wait for their turn.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A place for a body; whoever holds it keeps others waiting.
pub type Place = Option<OwnedSemaphorePermit>;

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_BYTES_MAX)))
    }
}

impl Room {
    async fn place(&self, bytes: usize) -> Place {
        if bytes <= SMALL_BYTES_MAX {
            return None;
        }
        let bytes = u32::try_from(bytes.min(LARGE_BYTES_MAX)).expect("a limit of few megabytes");
        Some(Arc::clone(&self.0).acquire_many_owned(bytes).await.expect("the semaphore is never closed"))
    }
}

/// The members of a body that an endpoint knows.
pub trait FromBody: Sized {
    /// The most bytes the endpoint takes.
    const BYTES_MAX: usize = BYTES_MAX;

    /// `None`: no body was sent.
    fn from_body(body: Option<Value>) -> Result<Self, Problem>;

    /// Why the command is given, where the body says so.
    fn reason(&self) -> Option<&str> {
        None
    }

    /// Whether flows in force may be left without the flow that they call.
    fn forced(&self) -> bool {
        false
    }
}

/// The one JSON value of a body, or `None` when it is empty; and its place, to be held until it is dealt with.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    room: &Room,
) -> Result<(Option<Value>, Place), Problem> {
    let bytes = collect(headers, body, bytes_max).await?;
    if bytes.is_empty() {
        return Ok((None, None));
    }
    media::check_content_type(headers)?;
    let place = room.place(bytes.len()).await;
    Ok((Some(parse(&bytes)?), place))
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
    let collecting = async {
        match is_small {
            true => Limited::new(body, bytes_max).collect().await.map(|body| Some(body.to_bytes())),
            false => collect_unescaped(Limited::new(body, written_max), bytes_max).await,
        }
    };
    match tokio::time::timeout(READ_TIMEOUT, collecting).await {
        Ok(Ok(Some(text))) => Ok(text),
        Ok(Ok(None)) => Err(too_large()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Code::InvalidJson, "The body ended before it was complete.")),
        Err(_) => Err(Problem::new(Code::InvalidJson, "The body did not arrive in time.")),
    }
}

/// A body that may be larger as it is written than as it is meant; `None` where it is too large as it is meant too. No
/// more is in memory than is taken.
async fn collect_unescaped(mut body: Limited<Body>, bytes_max: usize) -> Result<Option<Bytes>, BoxError> {
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

/// An object's members. An empty array is an empty object: PHP cannot tell the two apart.
pub fn object(body: Value) -> Result<Map<String, Value>, Problem> {
    match body {
        Value::Object(members) => Ok(members),
        Value::Array(items) if items.is_empty() => Ok(Map::new()),
        _ => Err(Problem::validation(vec![Finding::error("WRONG_TYPE", "", "must be an object")])),
    }
}

/// Reads the members of a small body one by one, and gathers what is wrong with them.
#[derive(Debug)]
pub struct Members {
    members: Map<String, Value>,
    /// The pointer to the object they are members of.
    place: String,
    findings: Vec<Finding>,
}

impl Members {
    pub fn new(body: Option<Value>) -> Result<Self, Problem> {
        let members = body.map_or_else(|| Ok(Map::new()), object)?;
        Ok(Self { members, place: String::new(), findings: Vec::new() })
    }

    /// A member that `read` makes sense of; absent and `null` are the same. `expected` says what it must be.
    pub fn take<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        let taken = read(value);
        if taken.is_none() {
            self.refuse("INVALID_VALUE", name, format!("must be {expected}"));
        }
        taken
    }

    /// A member that must be there.
    pub fn need<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.members.remove(name);
            self.refuse("MISSING_FIELD", name, "is missing");
            return None;
        }
        self.take(name, expected, read)
    }

    /// The members of an object inside, to be given back by [`Self::outside`].
    pub fn inside(&mut self, place: String, object: Value) -> Option<Self> {
        match object {
            Value::Object(members) => Some(Self { members, place, findings: Vec::new() }),
            _ => {
                self.refuse_at("WRONG_TYPE", place, "must be an object");
                None
            }
        }
    }

    /// Takes over what is wrong with the members of an object inside, those that nobody took included.
    pub fn outside(&mut self, mut inside: Self) {
        inside.refuse_unknown();
        self.findings.append(&mut inside.findings);
    }

    /// Text of at most so many characters, trimmed.
    pub fn text(&mut self, name: &str, chars_min: usize, chars_max: usize) -> Option<String> {
        let expected = format!("a string of {chars_min} to {chars_max} characters");
        self.take(name, &expected, |value| {
            let text = value.as_str()?.trim();
            (chars_min..=chars_max).contains(&text.chars().count()).then(|| text.to_owned())
        })
    }

    pub fn refuse(&mut self, code: &'static str, name: &str, message: impl Into<String>) {
        let name = name.replace('~', "~0").replace('/', "~1");
        self.refuse_at(code, format!("{}/{name}", self.place), message);
    }

    pub fn refuse_at(&mut self, code: &'static str, pointer: String, message: impl Into<String>) {
        self.findings.push(Finding::error(code, pointer, message));
    }

    fn refuse_unknown(&mut self) {
        for name in std::mem::take(&mut self.members).keys() {
            self.refuse("UNKNOWN_FIELD", name, "is not a member of this object");
        }
    }

    /// What is left, where nothing was wrong with what was taken.
    pub fn rest(self) -> Result<Map<String, Value>, Problem> {
        if self.findings.is_empty() { Ok(self.members) } else { Err(Problem::validation(self.findings)) }
    }

    /// What is left is unknown, and everything that is wrong is said at once.
    pub fn finish(mut self) -> Result<(), Problem> {
        self.refuse_unknown();
        if self.findings.is_empty() { Ok(()) } else { Err(Problem::validation(self.findings)) }
    }
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
