//! JSON text on its way in, with `\u` escapes taken for the characters they stand for: many clients write all text that
//! is not English in them, at two to three times its size, and are not to be allowed less text for it.

/// JSON text as far as it has come. Only escapes in strings are replaced, and only where that changes no meaning; what is
/// wrong stays as it is, for the parser to tell.
#[derive(Debug, Default)]
pub struct Unescaped {
    text: Vec<u8>,
    is_in_string: bool,
    /// An escape that has not ended: at most two of four digits, as a surrogate pair is written.
    open: Vec<u8>,
}

/// Bytes of one escape: a backslash, the letter u and four hexadecimal digits.
const UNIT: usize = 6;

impl Unescaped {
    pub fn push(&mut self, part: &[u8]) {
        for &byte in part {
            self.push_byte(byte);
        }
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.text.len() + self.open.len()
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.give_up();
        self.text
    }

    fn push_byte(&mut self, byte: u8) {
        let place = self.open.len() % UNIT;
        let goes_on = match place {
            0 => byte == b'\\',
            1 => byte == b'u',
            _ => byte.is_ascii_hexdigit(),
        };
        if self.is_in_string && goes_on {
            self.open.push(byte);
            if place == UNIT - 1 {
                self.close();
            }
            return;
        }
        // The second byte of a short escape, which can be a quote, is not looked at for itself.
        let is_escaped = place == 1;
        self.give_up();
        if byte == b'"' && !is_escaped {
            self.is_in_string = !self.is_in_string;
        }
        self.text.push(byte);
    }

    /// Replaces an escape that is complete, unless it is the first half of a pair.
    fn close(&mut self) {
        let units: Vec<u16> = self.open.chunks(UNIT).map(unit).collect();
        if units.len() == 1 && (0xd800..0xdc00).contains(&units[0]) {
            return;
        }
        match char::decode_utf16(units).collect::<Result<Vec<char>, _>>().as_deref() {
            Ok([quoted @ ('"' | '\\')]) => self.text.extend([b'\\', *quoted as u8]),
            Ok([character]) if !character.is_control() => {
                self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return self.give_up(),
        }
        self.open.clear();
    }

    /// Leaves an escape as it was written.
    fn give_up(&mut self) {
        self.text.append(&mut self.open);
    }
}

fn unit(escape: &[u8]) -> u16 {
    let digits = escape[2..].iter().map(|digit| char::from(*digit).to_digit(16).unwrap_or_default());
    digits.fold(0, |unit, digit| unit << 4 | digit as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// However it is cut, it comes out alike.
    fn check(written: &str, expected: &str) {
        for size in 1..=written.len().max(1) {
            let mut unescaped = Unescaped::default();
            written.as_bytes().chunks(size).for_each(|part| unescaped.push(part));
            assert_eq!(String::from_utf8(unescaped.finish()).unwrap(), expected, "in parts of {size}");
        }
    }

    #[test]
    fn escapes_become_what_they_stand_for() {
        check(r#"{"\u00e1": "ni\u00F1o \u4f60\ud83d\ude00"}"#, "{\"á\": \"niño 你😀\"}");
        check(r#""\u0022\u005c\u003c""#, r#""\"\\<""#);
        check(r#""\\u00e1 \" \u00e1""#, r#""\\u00e1 \" á""#);
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        let wrong = [
            r#""\u0000 \u000a \u009f""#,
            r#""\ud83d""#,
            r#""\ud83d\u0041""#,
            r#""\ude00\ud83d""#,
            r#""\u00g1""#,
            r#""\u00e"#,
            r#"[\u0031]"#,
            r#"\"#,
        ];
        for written in wrong {
            check(written, written);
        }
    }

    proptest! {
        #[test]
        fn values_stay_what_they_are(text in "\\PC*", escaped in any::<bool>()) {
            let written = Value::from(text.clone()).to_string();
            let units = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let written = match escaped {
                true => format!("\"{}\"", text.chars().map(units).collect::<Vec<String>>().concat()),
                false => written,
            };
            let mut unescaped = Unescaped::default();
            unescaped.push(written.as_bytes());
            let read: Value = serde_json::from_slice(&unescaped.finish()).unwrap();
            prop_assert_eq!(read, Value::from(text));
        }

        #[test]
        fn what_is_no_json_stays_none(text in r#"[\["\\u0031daeé,: ]{0,24}"#) {
            let mut unescaped = Unescaped::default();
            unescaped.push(text.as_bytes());
            let unescaped = unescaped.finish();
            let read = |text: &[u8]| serde_json::from_slice::<Value>(text).ok();
            prop_assert_eq!(read(&unescaped), read(text.as_bytes()));
        }
    }
}
