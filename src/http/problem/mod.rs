//! Problems: every answer that is not a success, as RFC 9457 says, with the members existing clients read.
//! A problem is made where the trouble is met and written out in one place, which knows request id, path and time.

mod code;
mod current;
mod page;
mod refusal;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

pub use code::Code;
pub use page::{explain, list, table};

use super::wire::instant;
use crate::flow::finding::Finding;
use crate::registry::CurrentVersion;

pub const MEDIA_TYPE: &str = "application/problem+json";

/// What a handler returns.
pub type HandlerResult = Result<Response, Problem>;

/// A refusal or failure on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    pub code: Code,
    pub detail: String,
    errors: Vec<FieldError>,
    extra: Extra,
}

/// One thing that is wrong with the request.
#[derive(Debug, Clone, Serialize)]
struct FieldError {
    /// RFC 6901 pointer into the body, or the name of a parameter or header.
    #[serde(flatten)]
    location: ErrorLocation,
    code: &'static str,
    message: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
enum ErrorLocation {
    Pointer(String),
    Parameter(String),
    Header(String),
}

/// What single codes say beyond the common members.
#[derive(Debug, Clone, Default)]
enum Extra {
    #[default]
    None,
    Findings(Vec<Finding>),
    Current(CurrentVersion),
    /// Where what was asked for stands, by its tag alone.
    Tag(i64),
    Scope(&'static str),
    /// Flows that call the one in question, and whether there are more of them.
    Callers(Vec<Value>, bool),
    /// Headers that say more than the body.
    Headers(Vec<(HeaderName, String)>),
    /// Whole seconds after which trying again makes sense.
    RetryAfter(u32),
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), extra: Extra::None }
    }

    /// A query parameter, or an id in the path, that is not what it must be.
    pub fn parameter(name: &str, message: impl Into<String>) -> Self {
        Self::invalid(Code::InvalidParameter, ErrorLocation::Parameter(name.to_owned()), message.into())
    }

    pub fn header(name: &str, message: impl Into<String>) -> Self {
        Self::header_of(Code::InvalidParameter, name, message)
    }

    pub fn header_of(code: Code, name: &str, message: impl Into<String>) -> Self {
        Self::invalid(code, ErrorLocation::Header(name.to_owned()), message.into())
    }

    /// Text that is not JSON, with a pointer to the value in question where there is one.
    pub fn body(code: Code, pointer: Option<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        match pointer {
            Some(pointer) => Self::invalid(code, ErrorLocation::Pointer(pointer), message),
            None => Self::new(code, message),
        }
    }

    fn invalid(code: Code, location: ErrorLocation, message: String) -> Self {
        let detail = match &location {
            ErrorLocation::Pointer(pointer) if pointer.is_empty() => message.clone(),
            ErrorLocation::Pointer(name) | ErrorLocation::Parameter(name) | ErrorLocation::Header(name) => {
                format!("{name}: {message}")
            }
        };
        let code_of_error = if code == Code::InvalidJson { "INVALID_JSON" } else { "INVALID_VALUE" };
        Self {
            code,
            detail,
            errors: vec![FieldError { location, code: code_of_error, message }],
            extra: Extra::None,
        }
    }

    /// The body does not have the shape that is asked for.
    pub fn validation(findings: Vec<Finding>) -> Self {
        let detail = match findings.len() {
            1 => "1 field is not valid.".to_owned(),
            count => format!("{count} fields are not valid."),
        };
        let error = |finding: Finding| FieldError {
            message: match finding.hint {
                Some(hint) => format!("{}; {hint}", finding.message),
                None => finding.message,
            },
            location: ErrorLocation::Pointer(finding.pointer),
            code: finding.code,
        };
        Self {
            code: Code::ValidationFailed,
            detail,
            errors: findings.into_iter().map(error).collect(),
            extra: Extra::None,
        }
    }

    pub fn insufficient_scope(scope: &'static str) -> Self {
        let detail = format!("The credential lacks the scope {scope}.");
        Self { extra: Extra::Scope(scope), ..Self::new(Code::InsufficientScope, detail) }
    }

    /// A problem with headers of its own.
    pub fn with_headers(code: Code, detail: impl Into<String>, headers: Vec<(HeaderName, String)>) -> Self {
        Self { extra: Extra::Headers(headers), ..Self::new(code, detail) }
    }

    /// Trouble that passes.
    pub fn retry(code: Code, seconds: u32, detail: impl Into<String>) -> Self {
        Self { extra: Extra::RetryAfter(seconds.max(1)), ..Self::new(code, detail) }
    }

    /// After how many seconds trying again makes sense, where that is known.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self.extra {
            Extra::RetryAfter(seconds) => Some(seconds),
            _ => None,
        }
    }

    /// The condition of the request does not hold at the version the flow is at.
    pub fn precondition_failed(current: CurrentVersion) -> Self {
        let detail = format!("The flow is at version {}.", current.version);
        Self { extra: Extra::Current(current), ..Self::new(Code::PreconditionFailed, detail) }
    }

    pub fn env_precondition_failed(position: i64) -> Self {
        let detail = format!("The values were changed last at position {position}.");
        Self { extra: Extra::Tag(position), ..Self::new(Code::PreconditionFailed, detail) }
    }

    /// A string for one statement, a list for several: what existing clients show to people.
    fn message(&self) -> Value {
        let mut messages: Vec<String> = match &self.extra {
            Extra::Findings(findings) => {
                let errors = findings.iter().filter(|finding| finding.is_error());
                errors.map(|finding| format!("{}: {}", finding.pointer, finding.message)).collect()
            }
            _ => self.errors.iter().map(FieldError::line).collect(),
        };
        match messages.len() {
            0 => Value::String(self.detail.clone()),
            1 => Value::String(messages.remove(0)),
            _ => messages.into(),
        }
    }

    fn body_at(&self, at: &Circumstances<'_>) -> Value {
        let status = self.code.status();
        let mut body = json!({
            "type": format!("/problems/{}", self.code.as_str()),
            "title": self.code.title(),
            "status": status.as_u16(),
            "detail": self.detail,
            "code": self.code.as_str(),
            "instance": at.path,
            "requestId": at.request_id,
            "statusCode": status.as_u16(),
            "error": status.canonical_reason(),
            "message": self.message(),
            "path": at.path,
            "timestamp": instant(at.time),
            "errors": self.errors,
        });
        match &self.extra {
            Extra::None | Extra::RetryAfter(_) | Extra::Tag(_) | Extra::Headers(_) => {}
            Extra::Findings(findings) => body["findings"] = json!(findings),
            Extra::Scope(scope) => body["scope"] = json!(scope),
            Extra::Callers(callers, has_more) => {
                body["callers"] = json!(callers);
                body["hasMoreCallers"] = json!(has_more);
            }
            Extra::Current(current) => body["current"] = current::shown(current, at.shows_people),
        }
        body
    }

    fn add_headers(&self, response: &mut Response) {
        let mut set = |name, value: String| {
            let value = HeaderValue::try_from(value).expect("numbers and our own names are header text");
            response.headers_mut().insert(name, value);
        };
        match (&self.extra, self.code) {
            (Extra::RetryAfter(seconds), _) => set(header::RETRY_AFTER, seconds.to_string()),
            (Extra::Headers(headers), _) => {
                headers.iter().for_each(|(name, value)| set(name.clone(), value.clone()));
            }
            (Extra::Current(current), _) => set(header::ETAG, format!("\"{}\"", current.version)),
            (Extra::Tag(position), _) => set(header::ETAG, format!("\"{position}\"")),
            (Extra::Scope(scope), _) => {
                let challenge = format!(
                    "Bearer realm=\"flow-registry\", error=\"insufficient_scope\", scope=\"{scope}\""
                );
                set(header::WWW_AUTHENTICATE, challenge);
            }
            (_, Code::MissingCredentials) => {
                set(header::WWW_AUTHENTICATE, "Bearer realm=\"flow-registry\"".to_owned());
            }
            (_, Code::InvalidCredentials) => {
                let challenge = "Bearer realm=\"flow-registry\", error=\"invalid_token\"";
                set(header::WWW_AUTHENTICATE, challenge.to_owned());
            }
            _ => {}
        }
    }
}

impl FieldError {
    fn line(&self) -> String {
        match &self.location {
            ErrorLocation::Pointer(pointer) if pointer.is_empty() => self.message.clone(),
            ErrorLocation::Pointer(name) | ErrorLocation::Parameter(name) | ErrorLocation::Header(name) => {
                format!("{name}: {}", self.message)
            }
        }
    }
}

/// What a problem says about the request it ends.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    pub request_id: &'a str,
    pub path: &'a str,
    pub time: DateTime<Utc>,
    /// Whether its sender may know who changed what.
    pub shows_people: bool,
}

impl IntoResponse for Problem {
    /// Only the status and the problem itself: [`render`] writes the body, once the request is known.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a problem; every other response passes as it is.
pub fn render(mut response: Response, at: &Circumstances<'_>) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| stray(&response));
    let Some(problem) = problem else { return response };
    *response.body_mut() = Body::from(problem.body_at(at).to_string());
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    problem.add_headers(&mut response);
    response
}

/// A bare status from a library that serves a part of the paths. A page says itself what went wrong.
fn stray(response: &Response) -> Option<Problem> {
    if response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
    {
        return None;
    }
    match response.status() {
        StatusCode::NOT_FOUND => Some(Problem::new(Code::NotFound, "There is nothing under this path.")),
        StatusCode::INTERNAL_SERVER_ERROR => Some(Problem::new(
            Code::Internal,
            "Something went wrong. The cause is logged under the request id.",
        )),
        _ => None,
    }
}
