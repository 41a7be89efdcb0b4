//! What JSON escapes in texts. Most have nothing of it, which is seen sixteen bytes at a time.

use std::fmt::{self, Write};

/// Whether JSON writes this byte of a text otherwise.
fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// [`is_escaped`] of any of these bytes, asked at once.
fn has_escaped<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(0, |found, byte| found | u8::from(is_escaped(*byte))) != 0
}

/// Whether a text needs no escaping.
pub fn is_plain(text: &str) -> bool {
    let text = text.as_bytes();
    // The last bytes hold the rest, and some that were looked at before.
    if let Some(last) = text.last_chunk::<16>() {
        let (chunks, _) = text.as_chunks::<16>();
        return !chunks.iter().any(has_escaped) && !has_escaped(last);
    }
    if let Some(last) = text.last_chunk::<4>() {
        let (chunks, _) = text.as_chunks::<4>();
        return !has_escaped(last) && !chunks.iter().any(has_escaped);
    }
    !text.iter().any(|byte| is_escaped(*byte))
}

/// Writes a text in quotes.
pub fn write_text<W: Write>(out: &mut W, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    write_escaped(out, text)?;
    out.write_str("\"")
}

/// Writes what stands between the quotes.
pub fn write_escaped<W: Write>(out: &mut W, text: &str) -> fmt::Result {
    if is_plain(text) { out.write_str(text) } else { Escaping(out).write_str(text) }
}

/// Writes text with escapes in it.
struct Escaping<'w, W>(&'w mut W);

impl<W: Write> Write for Escaping<'_, W> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        while let Some(at) = text.bytes().position(is_escaped) {
            self.0.write_str(&text[..at])?;
            match text.as_bytes()[at] {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                0x08 => self.0.write_str("\\b")?,
                0x0c => self.0.write_str("\\f")?,
                control => write!(self.0, "\\u{control:04x}")?,
            }
            // What is escaped is one byte long.
            text = &text[at + 1..];
        }
        self.0.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_found_at_every_place() {
        for len in 0..40 {
            let clean = "a".repeat(len);
            assert!(is_plain(&clean), "{len}");
            for at in 0..len {
                for escaped in ["\"", "\\", "\n", "\u{1f}"] {
                    let text = format!("{}{escaped}{}", &clean[..at], &clean[at + 1..]);
                    assert!(!is_plain(&text), "{text:?}");
                }
            }
        }
        assert!(is_plain("¡Hola! ¿Qué tal? \u{7f} \u{20} ~"));
    }
}
