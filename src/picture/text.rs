//! Texts of authors as they stand in a box: with hidden signs made visible, and cut to a width.
//! Widths are an average of the fonts that systems bring, so a text may end a little early and never runs over by much.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::flow::text::{is_control, is_hidden, is_invisible};

/// Combining marks that a sign keeps; more of them would be drawn over other lines.
const MARKS_MAX: usize = 4;

/// A text with control characters, direction marks and zero-width signs written out as `[U+202E]`.
/// Line breaks and tabs become spaces. Joiners and variation selectors stay inside emoji.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !is_control(c) && !is_invisible(c) && !is_combining(c) && !is_no_character(c);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 16);
    let mut marks = 0;
    for (index, c) in text.char_indices() {
        marks = if is_combining(c) { marks + 1 } else { 0 };
        match c {
            '\n' | '\r' | '\t' => written.push(' '),
            c if is_hidden(text, index, c) || is_no_character(c) => {
                written.push_str(&format!("[U+{:04X}]", u32::from(c)));
            }
            c if marks <= MARKS_MAX => written.push(c),
            _ => {}
        }
    }
    Cow::Owned(written)
}

/// Marks that are drawn over the letter before them.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// What XML refuses although it is no control character.
fn is_no_character(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text that was cut, when it had to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fitted {
    pub text: String,
    /// The whole text, where `text` is less.
    pub whole: Option<String>,
}

/// The longest beginning of a text that is no wider than `width_max` in a font of `size`, between two signs.
pub(super) fn fit(text: &str, size: f64, width_max: f64) -> Fitted {
    let mut width = 0.0;
    let mut end = 0;
    let mut last_room = 0;
    let room = width_max - sign_width("…") * size;
    let shown = shown(text.trim());
    for sign in shown.graphemes(true) {
        width += sign_width(sign) * size;
        if width > width_max {
            let text = format!("{}…", shown[..last_room].trim_end());
            return Fitted { text, whole: Some(shown.into_owned()) };
        }
        end += sign.len();
        if width <= room {
            last_room = end;
        }
    }
    Fitted { text: shown.into_owned(), whole: None }
}

/// How wide a text is in a font of `size`.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.graphemes(true).map(sign_width).sum::<f64>() * size
}

/// The width of one sign, in units of the font's size.
fn sign_width(sign: &str) -> f64 {
    let Some(c) = sign.chars().next() else { return 0.0 };
    match c {
        'i' | 'j' | 'l' | 'I' | '|' | '\'' | '.' | ',' | ':' | ';' | '!' | '·' => 0.31,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '{' | '}' | '/' | '\\' | '-' | '`' | '"' => 0.40,
        'm' | 'M' | 'W' | 'w' | '@' | '%' => 0.95,
        'A'..='Z' | '&' | '+' | '=' | '<' | '>' | '~' | '#' | '_' => 0.72,
        ' '..='~' => 0.60,
        '\u{a0}'..='\u{24f}' => 0.66,
        '\u{370}'..='\u{6ff}' => 0.70,
        '…' | '–' | '—' | '→' | '↪' | '■' => 1.0,
        _ => 1.15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_signs_are_written_out() {
        for (text, expected) in [
            ("hola", "hola"),
            ("a\u{202e}b", "a[U+202E]b"),
            ("a\u{200b}b\u{feff}", "a[U+200B]b[U+FEFF]"),
            ("a\u{0}\u{1b}[31m", "a[U+0000][U+001B][31m"),
            ("uno\ndos\ttres", "uno dos tres"),
            ("👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}", "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}"),
            ("a\u{200d}b", "a[U+200D]b"),
            ("\u{200d}", "[U+200D]"),
            ("\u{ffff}", "[U+FFFF]"),
            ("n\u{303}", "n\u{303}"),
            ("z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}x", "z\u{300}\u{301}\u{302}\u{303}x"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn texts_are_cut_between_signs_and_kept_whole_beside() {
        assert_eq!(fit("hola", 12.0, 100.0), Fitted { text: "hola".into(), whole: None });
        let long = "palabra ".repeat(20);
        let fitted = fit(&long, 12.0, 100.0);
        assert!(fitted.text.ends_with('…') && width(&fitted.text, 12.0) <= 100.0, "{fitted:?}");
        assert_eq!(fitted.whole.as_deref(), Some(long.trim()));
        let family = "👨\u{200d}👩\u{200d}👧".repeat(9);
        assert_eq!(fit(&family, 12.0, 45.0).text, format!("{}…", "👨\u{200d}👩\u{200d}👧".repeat(2)));
    }
}
