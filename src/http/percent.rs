//! Percent-encoding, strictly: what is not a well-formed encoding of UTF-8 text without NUL is refused, not guessed.

/// The text behind an encoded path segment or query part; `None` when there is none that can be kept.
pub fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            byte => byte,
        };
        if byte == 0 {
            return None;
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

/// Encodes everything but the unreserved characters of RFC 3986.
pub fn encode(text: &str, onto: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => onto.push(byte.into()),
            byte => {
                onto.push('%');
                onto.push(HEX[usize::from(byte >> 4)].into());
                onto.push(HEX[usize::from(byte & 15)].into());
            }
        }
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
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
            let mut encoded = String::new();
            encode(&text, &mut encoded);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded), Some(text));
        }
    }
}
