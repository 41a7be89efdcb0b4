//! A text as it was written: in plain signs, for reading values; as typed, for patterns.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::digits::plain_digit;
use super::signs::{bare, bare_range, is_invisible, plain_quote};

/// A text in which numbers, dates, times and phone numbers are read: digits, dashes and spaces of all kinds as the plain
/// ones, full-width signs as the ordinary ones, nothing invisible, nothing around it. Signs that only remind of digits
/// stay what they are.
pub fn plain(text: &str) -> String {
    if text.is_ascii() {
        return bare(text, |_| false).to_owned();
    }
    plain_and_written(text).0
}

/// The plain form of a text, and beside it, sign by sign, what was written: what is an address must not become another.
pub fn plain_and_written(text: &str) -> (String, String) {
    let sign = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        c if c.is_whitespace() => ' ',
        c => plain_quote(plain_digit(c)),
    };
    let seen: Vec<char> = text.nfc().filter(|&c| !is_invisible(c)).collect();
    let plain: String = seen.iter().copied().map(sign).collect();
    let range = bare_range(&plain, |_| false);
    let (before, inner) = (plain[..range.start].chars().count(), &plain[range]);
    let written = seen.iter().skip(before).take(inner.chars().count()).collect();
    (inner.to_owned(), written)
}

/// A text as it was typed, as patterns see it: composed, trimmed, without signs that nobody sees or typed. Joiners stay,
/// which make other letters and signs.
fn typed(text: &str) -> String {
    composed(text).trim().to_owned()
}

/// A text in composed letters, without signs that nobody sees. Patterns are read in this form too: what is in no text
/// that they are held against would keep them from matching.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let is_seen = |c: &char| !is_invisible(*c) || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}');
    Cow::Owned(text.nfc().filter(is_seen).collect())
}

/// Whether two titles look the same, but for capitals, signs that nobody sees, and space around them.
pub fn same_title(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.trim().eq_ignore_ascii_case(other.trim());
    }
    looks(one).eq(looks(other))
}

fn looks(title: &str) -> impl Iterator<Item = char> {
    title.trim().nfc().filter(|&c| !is_invisible(c)).flat_map(char::to_lowercase)
}

/// The forms in which patterns see a text: as it was typed and, where that is another, with plain quotes and without
/// quotes or markup around it.
pub fn typed_forms(text: &str) -> (String, Option<String>) {
    let typed = typed(text);
    let quoted: String = typed.chars().map(plain_quote).collect();
    let plain = bare(&quoted, |_| false);
    let plain = (plain != typed).then(|| plain.to_owned());
    (typed, plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_plain_signs() {
        for (text, expected) in [
            ("\u{202a}+34 600\u{a0}000\u{202c}", "+34 600 000"),
            ("+34\u{2011}600", "+34-600"),
            ("（５５）１２", "(55)12"),
            ("−5", "-5"),
            ("٠٥/٠١/٢٠٢٥", "05/01/2025"),
            ("*12*", "12"),
            ("10²", "10²"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
        assert_eq!(typed_forms("“l’eau”"), ("“l’eau”".to_owned(), Some("l'eau".to_owned())));
        assert_eq!(typed_forms("HOLA."), ("HOLA.".to_owned(), None));
        assert_eq!(typed(" \u{200f}n\u{303}A\u{200b} "), "ñA");
    }
}
