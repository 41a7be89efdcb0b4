//! Percent-encoding, strictly: what is not a well-formed encoding of UTF-8 text without NUL is refused, not guessed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Decodes a path segment or a query part. Returns nothing where a `%` begins no code, or where the text is not UTF-8 or
/// has a NUL.
pub fn decode(encoded: &str) -> Option<String> {
    // The crate would let a `%` that begins no code stand for itself.
    let is_code = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !encoded.split('%').skip(1).all(is_code) {
        return None;
    }
    let text = percent_decode_str(encoded).decode_utf8().ok()?;
    (!text.contains('\0')).then(|| text.into_owned())
}

/// Encodes everything but the unreserved characters of RFC 3986.
pub fn encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_is_no_text() {
        for encoded in ["%", "%4", "%zz", "%00", "%ff", "%c3", "a%0", "%+1"] {
            assert_eq!(decode(encoded), None, "{encoded}");
        }
        assert_eq!(decode("caf%C3%A9+x").as_deref(), Some("café+x"));
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in "[^\0]*") {
            let encoded = encode(&text).to_string();
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded), Some(text));
        }
    }
}
