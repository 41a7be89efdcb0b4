//! Request headers of ours, beyond those of HTTP: the request id and what is recorded with a command.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName};
use uuid::Uuid;

use super::percent;
use super::problem::{Code, Problem};
use super::query::values::non_negative;
use crate::flow::text::name_fault;
use crate::registry::caller::recorded_user_agent;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
pub const PREFER: HeaderName = HeaderName::from_static("prefer");
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// RFC 5789
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
pub const ON_BEHALF_OF: HeaderName = HeaderName::from_static("x-on-behalf-of");
/// How far the log had come when a change was answered.
pub const POSITION: HeaderName = HeaderName::from_static("x-position");
/// How far whoever answers a read must have come.
pub const MIN_POSITION: HeaderName = HeaderName::from_static("x-min-position");
pub const REASON: HeaderName = HeaderName::from_static("x-reason");

pub const REASON_CHARS_MAX: usize = 500;
const ON_BEHALF_OF_CHARS_MAX: usize = 200;
const REQUEST_ID_MAX: usize = 128;
const IDEMPOTENCY_KEY_MAX: usize = 255;

/// The caller's request id where it is one plain token, else a new one.
pub fn request_id(headers: &HeaderMap) -> String {
    let is_sane = |id: &&str| {
        (1..=REQUEST_ID_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:~".contains(&byte))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_sane);
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let is_printable = value.as_bytes().iter().all(|byte| (0x20..=0x7e).contains(byte));
    if is_printable && (1..=IDEMPOTENCY_KEY_MAX).contains(&value.len()) && values.next().is_none() {
        let key = String::from_utf8(value.as_bytes().to_vec()).expect("printable ASCII");
        return Ok(Some(key));
    }
    let message = "must be given once, as 1 to 255 printable ASCII characters";
    Err(Problem::header_of(Code::InvalidIdempotencyKey, IDEMPOTENCY_KEY.as_str(), message))
}

pub fn on_behalf_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    text(headers, &ON_BEHALF_OF, ON_BEHALF_OF_CHARS_MAX)
}

pub fn reason(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    text(headers, &REASON, REASON_CHARS_MAX)
}

/// How far whoever answers must have come.
pub fn min_position(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let mut values = headers.get_all(MIN_POSITION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| non_negative(text.trim()));
    match position.filter(|_| values.next().is_none()) {
        Some(position) => Ok(Some(position)),
        None => {
            let message = "must be given once, as a position of the log in digits";
            Err(Problem::header(MIN_POSITION.as_str(), message))
        }
    }
}

pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    headers.get(axum::http::header::USER_AGENT).map(|value| recorded_user_agent(value.as_bytes()))
}

/// Text for people: in UTF-8, else in Latin-1, which is what `fetch` of browsers sends; or as RFC 8187 encodes it. An
/// empty one is an absent one.
fn text(headers: &HeaderMap, name: &HeaderName, chars_max: usize) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::header(name.as_str(), "is given more than once"));
    }
    let text = match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    };
    let text = match encoded(&text) {
        None => text,
        Some(encoded) => match percent::decode(encoded) {
            Some(text) => text.into(),
            None => {
                return Err(Problem::header(name.as_str(), "must be percent-encoded UTF-8 behind UTF-8''"));
            }
        },
    };
    match text.trim() {
        "" => Ok(None),
        text if let Some(fault) = name_fault(text) => Err(Problem::header(name.as_str(), fault)),
        text if text.chars().count() <= chars_max => Ok(Some(text.to_owned())),
        _ => Err(Problem::header(name.as_str(), format!("must be at most {chars_max} characters long"))),
    }
}

/// What stands behind the character set of an extended value (RFC 8187, 3.2.1): `UTF-8''`, or with a language between
/// the quotes.
fn encoded(text: &str) -> Option<&str> {
    let (charset, rest) = text.trim().split_once('\'')?;
    let (language, encoded) = rest.split_once('\'')?;
    let is_tag = language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (charset.eq_ignore_ascii_case("utf-8") && is_tag).then_some(encoded)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(name: &HeaderName, values: &[&[u8]]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value).unwrap())).collect()
    }

    #[test]
    fn request_ids() {
        let sane = |id: &[u8]| request_id(&with(&REQUEST_ID, &[id])).as_bytes() == id;
        assert!(sane(b"req-7_a.b:c~d") && sane(&[b'a'; 128]));
        for other in [&b""[..], b"a b", b"\"a\"", b"a\tb", "é".as_bytes(), &[b'a'; 129]] {
            assert!(!sane(other), "{other:?}");
        }
        assert_eq!(Uuid::parse_str(&request_id(&HeaderMap::new())).unwrap().get_version_num(), 7);
    }

    #[test]
    fn idempotency_keys() {
        let key = |values: &[&[u8]]| idempotency_key(&with(&IDEMPOTENCY_KEY, values)).map_err(|p| p.code);
        assert_eq!(key(&[]), Ok(None));
        assert_eq!(key(&[b"order 7/a"]), Ok(Some("order 7/a".to_owned())));
        assert_eq!(key(&[&[b'k'; 255]]), Ok(Some("k".repeat(255))));
        for bad in [&[&b""[..]][..], &[&[b'k'; 256]], &["ñ".as_bytes()], &[b"a\tb"], &[b"a", b"a"]] {
            assert_eq!(key(bad), Err(Code::InvalidIdempotencyKey), "{bad:?}");
        }
    }

    #[test]
    fn least_positions() {
        let read = |values: &[&[u8]]| min_position(&with(&MIN_POSITION, values)).map_err(|p| p.detail);
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[b"0"]), Ok(Some(0)));
        assert_eq!(read(&[b"9007199254740991"]), Ok(Some(9_007_199_254_740_991)));
        for bad in [&[&b""[..]][..], &[b"-1"], &[b"+1"], &[b"1.0"], &[b"9007199254740992"], &[b"1", b"1"]] {
            let detail = read(bad).unwrap_err();
            assert!(detail.starts_with("x-min-position: must be"), "{bad:?}: {detail}");
        }
    }

    #[test]
    fn texts() {
        let reason = |values: &[&[u8]]| reason(&with(&REASON, values)).map_err(|p| p.detail);
        assert_eq!(reason(&["  corrección ".as_bytes()]), Ok(Some("corrección".to_owned())));
        assert_eq!(reason(&[b" "]), Ok(None));
        assert_eq!(reason(&["ñ".repeat(500).as_bytes()]), Ok(Some("ñ".repeat(500))));
        assert!(reason(&["ñ".repeat(501).as_bytes()]).is_err());
        // As `fetch` of browsers sends it.
        assert_eq!(reason(&[b"correcci\xf3n"]), Ok(Some("corrección".to_owned())));
        for encoded in ["UTF-8''correcci%C3%B3n%20%E4%BD%A0", "utf-8'es'correcci%c3%b3n%20%e4%bd%a0"] {
            assert_eq!(reason(&[encoded.as_bytes()]), Ok(Some("corrección 你".to_owned())));
        }
        assert_eq!(reason(&[b"it's Ana's"]), Ok(Some("it's Ana's".to_owned())));
        assert_eq!(reason(&[b"50% off"]), Ok(Some("50% off".to_owned())));
        for bad in
            [&b"UTF-8''%E9"[..], b"UTF-8''%", b"UTF-8''a%0Ab", b"UTF-8''%1B[31m", b"\x85x\x9b", b"a\tb"]
        {
            assert!(reason(&[bad]).is_err(), "{bad:?}");
        }
        assert!(reason(&[b"a", b"b"]).is_err());
    }
}
