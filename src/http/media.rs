//! Media types: what `Accept` takes and what `Content-Type` brings (RFC 9110, 8.3 and 12.5.1).

use axum::http::{HeaderMap, header};

use super::headers::ACCEPT_PATCH;
use super::problem::{Code, MEDIA_TYPE as PROBLEM, Problem};

pub const JSON: &str = "application/json";
/// RFC 7396
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// RFC 6902
pub const JSON_PATCH: &str = "application/json-patch+json";
/// A document alone, in the envelope that every answer has.
pub const DOCUMENT: &str = "application/vnd.flow-registry.document+json";
pub const TEXT: &str = "text/plain";
pub const EVENT_STREAM: &str = "text/event-stream";

/// Whether a media type is asked for by name.
pub fn wants(headers: &HeaderMap, media_type: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = values.flat_map(|value| value.split(','));
    ranges.any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
        is_named && !parts.any(is_zero_weight)
    })
}

/// Whether a document alone is asked for by name, and JSON is not.
pub fn wants_document(headers: &HeaderMap) -> bool {
    wants(headers, DOCUMENT) && !wants(headers, JSON)
}

/// Whether plain text is asked for by name, and JSON is not: there are clients that name both unasked.
pub fn wants_text(headers: &HeaderMap) -> bool {
    wants(headers, TEXT) && !wants(headers, JSON)
}

/// Refuses a request that would not take JSON. `Accept: application/json` is content with problems too, and whoever takes
/// problems takes JSON: generated clients name nothing else where an answer has no body.
pub fn check_accept(headers: &HeaderMap) -> Result<(), Problem> {
    if wants(headers, PROBLEM) { Ok(()) } else { check_accept_of(headers, JSON) }
}

/// Refuses a request that would not take an answer of this media type.
pub fn check_accept_of(headers: &HeaderMap, offered: &str) -> Result<(), Problem> {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    // The most specific range decides; what cannot be read is as if it were not there.
    let mut best: Option<(u8, bool)> = None;
    let mut any = false;
    for range in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        if !media.contains('/') {
            continue;
        }
        any = true;
        let of_same_kind =
            media.strip_suffix("/*").is_some_and(|kind| offered.split('/').next() == Some(kind));
        let specificity = match media.as_str() {
            media if media == offered => 2,
            _ if of_same_kind => 1,
            "*/*" => 0,
            _ => continue,
        };
        let refused = parts.any(is_zero_weight);
        if best.is_none_or(|(known, _)| known <= specificity) {
            best = Some((specificity, !refused));
        }
    }
    match best {
        Some((_, true)) => Ok(()),
        None if !any => Ok(()),
        _ => Err(Problem::new(Code::NotAcceptable, format!("This path answers with {offered}."))),
    }
}

/// Whether a parameter says that what it stands with is not taken: `q=0`.
pub fn is_zero_weight(parameter: &str) -> bool {
    weight(parameter) == Some(0.0)
}

/// The weight that a parameter gives, from 0 to 1; `None` if it gives none that can be read.
pub fn weight(parameter: &str) -> Option<f32> {
    let (name, weight) = parameter.split_once('=')?;
    let weight = if name.trim().eq_ignore_ascii_case("q") { weight.trim().parse().ok() } else { None };
    weight.filter(|weight| (0.0..=1.0).contains(weight))
}

/// What a body is declared to be, of the media types that are taken. All of them are JSON in UTF-8, without encoding.
pub fn content_type(headers: &HeaderMap, taken: &'static [&'static str]) -> Result<&'static str, Problem> {
    let refuse = |detail: String| {
        let mut told = vec![(header::ACCEPT, taken.join(", "))];
        // Nothing but a change of a flow or a step is sent as a merge patch.
        if taken.contains(&MERGE_PATCH) {
            told.push((ACCEPT_PATCH, taken.join(", ")));
        }
        Err(Problem::with_headers(Code::UnsupportedMediaType, detail, told))
    };
    let names = taken.join(" or ");
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let message = "must be left out: bodies are taken as they are, not compressed";
        return Err(Problem::header_of(
            Code::UnsupportedMediaType,
            header::CONTENT_ENCODING.as_str(),
            message,
        ));
    }
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return refuse(format!("A body must be sent with one Content-Type: {names}."));
    };
    let value = value.to_str().unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let declared = parts.next().unwrap_or_default();
    let found = taken.iter().find(|media| media.eq_ignore_ascii_case(declared));
    match found.filter(|_| parts.all(keeps_utf8)) {
        Some(media) => Ok(media),
        None => refuse(format!("A body must be {names} in UTF-8, not {value:?}.")),
    }
}

/// JSON has no parameters; a charset is harmless as long as it says what is so anyway.
fn keeps_utf8(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            matches!(charset.trim().trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8")
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn accept() {
        let check = |accepts: &[&str], expected: bool| {
            assert_eq!(check_accept(&headers(&header::ACCEPT, accepts)).is_ok(), expected, "{accepts:?}");
        };
        check(&[], true);
        check(&["*/*"], true);
        check(&["application/json, text/plain, */*"], true);
        check(&["APPLICATION/JSON;q=0.1"], true);
        check(&["text/html", "application/*;q=0.5"], true);
        check(&["gibberish"], true);
        check(&[""], true);
        check(&["application/problem+json"], true);
        check(&["text/html"], false);
        check(&["application/json;q=0, */*"], false);
        check(&["application/json; q=0.000"], false);
        check(&["*/*;q=0"], false);
    }

    #[test]
    fn text_by_name() {
        let check = |accepts: &[&str], expected: bool| {
            assert_eq!(wants_text(&headers(&header::ACCEPT, accepts)), expected, "{accepts:?}");
        };
        check(&["text/plain"], true);
        check(&["Text/Plain; q=0.9, */*"], true);
        check(&[], false);
        check(&["*/*"], false);
        check(&["text/*"], false);
        check(&["application/json, text/plain, */*"], false);
    }

    #[test]
    fn documents_by_name() {
        let check = |accepts: &[&str], expected: bool| {
            assert_eq!(wants_document(&headers(&header::ACCEPT, accepts)), expected, "{accepts:?}");
        };
        check(&[DOCUMENT], true);
        check(&[&format!("{DOCUMENT};q=0.1, */*")], true);
        check(&[&format!("{DOCUMENT};q=0, */*")], false);
        check(&[&format!("{DOCUMENT};q=0.1, application/json")], false);
        check(&["*/*"], false);
    }

    #[test]
    fn of_bodies() {
        let check = |types: &[&str], expected: bool| {
            let headers = headers(&header::CONTENT_TYPE, types);
            assert_eq!(content_type(&headers, &[JSON]).is_ok(), expected, "{types:?}");
        };
        check(&["application/json"], true);
        check(&["Application/JSON; charset=UTF-8"], true);
        check(&["application/json;charset=\"utf8\""], true);
        check(&["application/json; profile=x"], true);
        check(&[], false);
        check(&["application/json", "application/json"], false);
        check(&["text/json"], false);
        check(&["application/json; charset=latin1"], false);
        check(&["application/x-www-form-urlencoded"], false);
        let mut encoded = headers(&header::CONTENT_TYPE, &["application/json"]);
        encoded.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(content_type(&encoded, &[JSON]).is_err());
        let patch = headers(&header::CONTENT_TYPE, &["application/JSON-patch+json; charset=utf-8"]);
        assert_eq!(content_type(&patch, &[JSON, JSON_PATCH]).ok(), Some(JSON_PATCH));
    }
}
