//! Text of others, made harmless, and laid out.

use std::borrow::Cow;
use std::fmt::Write as _;

use textwrap::Options;

use super::width;

/// Whether a terminal would obey the character, or show others in another order because of it.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line of text that steers nothing: what would is shown as a picture or a number.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => shown.push('↵'),
            '\t' => shown.push(' '),
            '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
            c if steers(c) => _ = write!(shown, "\\u{{{:x}}}", u32::from(c)),
            c => shown.push(c),
        }
    }
    shown.into()
}

/// JSON without a character that steers a terminal, and with the same value. In JSON such characters stand inside strings only.
pub fn plain_json(json: &str) -> Cow<'_, str> {
    let steers = |c: char| steers(c) && c != '\n';
    if !json.contains(steers) {
        return json.into();
    }
    let mut shown = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        match steers(c) {
            true => _ = write!(shown, "\\u{:04x}", u32::from(c)),
            false => shown.push(c),
        }
    }
    shown.into()
}

/// Text of several lines behind an indent, as wide as the output.
pub fn indented(indent: &str, text: &str) -> String {
    hanging(indent, indent, text)
}

/// Text of several lines behind an indent, as wide as the output, with something else before the first line; that may be
/// styled.
pub fn hanging(first: &str, indent: &str, text: &str) -> String {
    let options = Options::new(width().unwrap_or(usize::MAX)).subsequent_indent(indent).break_words(false);
    let mut laid_out = String::new();
    for line in text.split('\n') {
        let begin = if laid_out.is_empty() { first } else { indent };
        let line = plain(line.trim_end_matches('\r'));
        if line.is_empty() {
            laid_out.push_str(begin.trim_end());
            laid_out.push('\n');
            continue;
        }
        for line in textwrap::wrap(&line, options.clone().initial_indent(begin)) {
            laid_out.push_str(line.trim_end());
            laid_out.push('\n');
        }
    }
    laid_out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        for (text, shown) in [
            ("¡Hola! 👩‍👩‍👧 ñ", "¡Hola! 👩‍👩‍👧 ñ"),
            ("\u{1b}[31mrojo\u{1b}[0m", "␛[31mrojo␛[0m"),
            ("a\nb\tc\r", "a↵b c␍"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("abc\u{202e}cba", "abc\\u{202e}cba"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"a": "x\u{9b}y\u{1b}\u{202e}", "b": "ñ\n"});
        let shown = plain_json(&value.to_string()).into_owned();
        assert!(!shown.contains(steers), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
