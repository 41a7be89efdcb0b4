//! What a form sent: its fields, and of a form that changes something the version it was shown, the value that lets it be
//! carried out once, and why. Only somebody who is signed in has a form read.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use secrecy::SecretString;

use super::failure::PageFailure;
use super::gate::{Share, UnreadForm};
use super::session::{FoundSession, Session};
use super::state::Console;
use crate::flow::digest::Digest;
use crate::flow::text::name_fault;
use crate::registry::caller::{Idempotency, Intent};

const REASON_CHARS: std::ops::RangeInclusive<usize> = 3..=500;
const ONCE_CHARS: std::ops::RangeInclusive<usize> = 8..=64;
/// Idempotency keys of the console do not meet those of clients.
const ONCE_PREFIX: &str = "console ";

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";
/// Of a form that somebody who is signed in sends: a document of the largest size, percent-encoded.
const BYTES_MAX: usize = 2 << 20;
/// Of a form that anybody may send.
const OPEN_BYTES_MAX: usize = 64 << 10;
const FIELDS_MAX: usize = 1000;

/// The fields of a form, as they were sent.
#[derive(Clone, Default)]
pub struct FormFields(Vec<(String, String)>);

impl FormFields {
    /// The first value of a field; empty where it was not sent.
    pub fn get(&self, name: &'static str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Every value of a field, such as of several boxes with one name.
    pub fn all<'f>(&'f self, name: &'static str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Every field with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Why somebody does something, as it will stand in the history; `None` where it is too short, too long or not one
    /// line.
    pub fn reason(&self) -> Option<String> {
        let reason = self.get("reason").trim();
        let is_sound = REASON_CHARS.contains(&reason.chars().count()) && name_fault(reason).is_none();
        is_sound.then(|| reason.to_owned())
    }

    /// The version of the flow that the form was shown for.
    pub fn version(&self) -> Result<i64, PageFailure> {
        let version = self.get("version").parse().ok().filter(|version| *version > 0);
        version.ok_or(PageFailure::BadRequest("version"))
    }

    /// Reads a form of at most so many bytes. What it returns with the fields is held as long as they are.
    async fn read(
        parts: &Parts,
        body: Body,
        console: &Console,
        bytes_max: usize,
    ) -> Result<(Self, Share), PageFailure> {
        const BAD: PageFailure = PageFailure::BadRequest("form");
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case(MEDIA_TYPE) {
            return Err(BAD);
        }
        let read = console.gate.read(&parts.headers, body, bytes_max).await;
        let (bytes, share) = read.map_err(|refused| match refused {
            UnreadForm::TooLarge => PageFailure::TooLarge,
            UnreadForm::Broken => BAD,
            UnreadForm::HeldBack(held) => held.into(),
        })?;
        if bytes.iter().filter(|byte| **byte == b'&').count() >= FIELDS_MAX {
            return Err(BAD);
        }
        let form = Request::post("/").header(header::CONTENT_TYPE, MEDIA_TYPE).body(Body::from(bytes));
        let form = form.map_err(|_| BAD)?;
        let Form(fields) = Form::from_request(form, &()).await.map_err(|_| BAD)?;
        Ok((Self(fields), share))
    }

    /// Takes a secret out of the fields.
    fn take(&mut self, name: &str) -> SecretString {
        let at = self.0.iter().position(|(found, _)| found == name);
        SecretString::from(at.map(|at| self.0.swap_remove(at).1).unwrap_or_default())
    }
}

/// The parameters of an address.
#[derive(Clone)]
pub struct AddressParameters(pub FormFields);

impl FromRequestParts<Console> for AddressParameters {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, _: &Console) -> Result<Self, PageFailure> {
        let query = Query::try_from_uri(&parts.uri).map_err(|_| PageFailure::BadRequest("query"))?;
        Ok(Self(FormFields(query.0)))
    }
}

/// A form of somebody who is not signed in, or does not have to be.
pub struct OpenForm {
    pub fields: FormFields,
    /// What was sent as a credential, and is among the fields no more.
    pub credential: SecretString,
}

impl FromRequest<Console> for OpenForm {
    type Rejection = PageFailure;

    async fn from_request(request: Request, console: &Console) -> Result<Self, PageFailure> {
        let (parts, body) = request.into_parts();
        let (mut fields, _) = FormFields::read(&parts, body, console, OPEN_BYTES_MAX).await?;
        let credential = fields.take("credential");
        Ok(Self { fields, credential })
    }
}

/// A form that somebody who is signed in sent to change something.
pub struct Change {
    pub session: Session,
    pub fields: FormFields,
    /// Held as long as the fields are.
    _share: Share,
}

impl FromRequest<Console> for Change {
    type Rejection = PageFailure;

    async fn from_request(request: Request, console: &Console) -> Result<Self, PageFailure> {
        let (mut parts, body) = request.into_parts();
        let found = FoundSession::of(&mut parts, console).await?;
        // Not before the form is here: how long it takes is the browser's affair.
        let (fields, share) = FormFields::read(&parts, body, console, BYTES_MAX).await?;
        Ok(Self { session: found.admitted(&parts, console).await?, fields, _share: share })
    }
}

impl Change {
    /// The change of a flow that the form asks for: at the version it was shown, once, for this reason.
    pub fn intent(&self, reason: String) -> Result<Intent, PageFailure> {
        Ok(self.session.intent(Some(reason), Some(self.fields.version()?), Some(self.once()?)))
    }

    /// A change of something that has no version.
    pub fn intent_without_version(&self, reason: Option<String>) -> Result<Intent, PageFailure> {
        Ok(self.session.intent(reason, None, Some(self.once()?)))
    }

    /// A form that is sent again, by a double click or after Back, is carried out once.
    pub fn once(&self) -> Result<Idempotency, PageFailure> {
        let once = self.fields.get("once");
        let is_plain = once.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !ONCE_CHARS.contains(&once.len()) || !is_plain {
            return Err(PageFailure::BadRequest("once"));
        }
        let caller = self.session.caller().actor.opaque_id();
        let fields = serde_json::to_string(&self.fields.0).expect("texts serialize");
        let path = self.session.path.split('?').next().unwrap_or_default();
        let request = Digest::of(format!("console\n{path}\n{caller}\n{fields}").as_bytes());
        Ok(Idempotency { key: format!("{ONCE_PREFIX}{once}"), request })
    }
}
