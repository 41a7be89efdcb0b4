//! The header by which a caller names the trace of its request: W3C Trace Context.

use std::fmt;

use axum::http::{HeaderMap, HeaderName};

pub const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// What systems of tracing say to each other, passed on where spans are exported.
pub const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");
/// Version, trace id, parent id and flags, with a hyphen between two of them.
const KNOWN_LENGTH: usize = 55;

/// 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(pub u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The header `traceparent`, <https://www.w3.org/TR/trace-context/>, section 3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    pub trace_id: TraceId,
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "the parent of an exported span"))]
    pub parent_id: u64,
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "whether a span is exported"))]
    pub flags: u8,
}

impl TraceParent {
    /// A value that is wrong in any way is as if it were not there, which the standard demands (section 4.3).
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACE_PARENT).iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() { None } else { Self::parse(value) }
    }

    /// Of a later version the fields that are known here are read, and what follows them is not.
    fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.split_at_checked(KNOWN_LENGTH)?;
        let mut fields = known.split('-');
        let version = digits(fields.next()?, 2)?;
        let (trace_id, parent_id) = (digits(fields.next()?, 32)?, digits(fields.next()?, 16)?);
        let flags = digits(fields.next()?, 2)?;
        let is_whole = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        if !is_whole || fields.next().is_some() || trace_id == 0 || parent_id == 0 {
            return None;
        }
        let (parent_id, flags) = (u64::try_from(parent_id).ok()?, u8::try_from(flags).ok()?);
        Some(Self { trace_id: TraceId(trace_id), parent_id, flags })
    }
}

/// So many hexadecimal digits, of which the standard knows no capital ones.
fn digits(text: &str, count: usize) -> Option<u128> {
    let is_digit = |sign: u8| matches!(sign, b'0'..=b'9' | b'a'..=b'f');
    let is_sound = text.len() == count && text.bytes().all(is_digit);
    is_sound.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const SOUND: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACE_PARENT, HeaderValue::from_str(value).unwrap());
        }
        TraceParent::read(&headers).map(|parent| parent.trace_id.to_string())
    }

    #[test]
    fn a_sound_parent_names_its_trace() {
        let parent = TraceParent::parse(SOUND).unwrap();
        assert_eq!((parent.parent_id, parent.flags), (0x00f0_67aa_0ba9_02b7, 1));
        for sound in [
            SOUND,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
        ] {
            assert_eq!(read(&[sound]).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"), "{sound}");
        }
    }

    #[test]
    fn a_parent_that_is_wrong_is_as_if_it_were_not_there() {
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0-4bf92f3577b34da6a3ce929d0e0e47360-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b70-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(read(&[wrong]), None, "{wrong}");
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[SOUND, SOUND]), None, "two are one too many");
    }
}
