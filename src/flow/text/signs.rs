//! Signs that stand in texts without being part of what is said: invisible ones, quotation marks, and the markup
//! of messengers around a whole text.

use std::borrow::Cow;
use std::ops::Range;

/// Whether a sign is seen by nobody: joiners, direction marks, the byte order mark, variation selectors. Tags stay,
/// because flags of regions are made of them.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0001}' | '\u{e0100}'..='\u{e01ef}')
}

/// Letters that have no ink.
fn is_filler(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// Whether a text shows nothing at all.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c) || is_filler(c))
}

/// Whether a sign ends a line or commands a terminal.
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a sign would not be seen, or would move what stands around it. Joiners and selectors are seen within emoji.
pub fn is_hidden(text: &str, index: usize, sign: char) -> bool {
    match sign {
        '\n' | '\t' => false,
        '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => !is_behind_emoji(&text[..index]),
        sign => is_control(sign) || is_invisible(sign),
    }
}

fn is_behind_emoji(before: &str) -> bool {
    before.chars().next_back().is_some_and(|sign| {
        matches!(u32::from(sign), 0x1f000..=0x1faff | 0x2190..=0x2bff | 0x3030 | 0x303d | 0x3297 | 0x3299 | 0xfe0f)
            || matches!(sign, '#' | '*' | '0'..='9' | '©' | '®' | '‼' | '⁉' | '™')
    })
}

/// What stands for a sign in HTML and XML where it would be markup.
pub const fn entity(sign: char) -> Option<&'static str> {
    Some(match sign {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&#39;",
        _ => return None,
    })
}

/// A text in which nothing is markup, for HTML and XML.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(|sign| entity(sign).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for sign in text.chars() {
        match entity(sign) {
            Some(entity) => escaped.push_str(entity),
            None => escaped.push(sign),
        }
    }
    Cow::Owned(escaped)
}

/// Why a text is no name that people can read, if it is none: a name is one line, and something of it is seen.
pub fn name_fault(text: &str) -> Option<&'static str> {
    if text.contains(is_control) {
        Some("must be one line without control characters")
    } else if is_blank(text) {
        Some("must have a character that can be seen")
    } else {
        None
    }
}

/// Quotation marks and apostrophes as a keyboard without typography has them.
pub fn plain_quote(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{2035}' | '\u{2039}'
        | '\u{203a}' | '\u{2bc}' | '\u{2bb}' | '\u{b4}' | '\u{55a}' | '\u{a78b}' | '\u{a78c}'
        | '\u{ff07}' => '\'',
        '\u{201c}'..='\u{201f}'
        | '\u{2033}'
        | '\u{2036}'
        | '\u{ab}'
        | '\u{bb}'
        | '\u{300c}'..='\u{300f}'
        | '\u{301d}'..='\u{301f}'
        | '\u{ff02}'
        | '\u{ff62}'
        | '\u{ff63}' => '"',
        other => other,
    }
}

/// What may stand at both ends of a whole text: quotation marks, and WhatsApp's bold, italics and the like.
const AROUND: [&str; 7] = ["```", "*", "_", "~", "`", "\"", "'"];

/// A text without what stands around all of it: space, markup, quotation marks, and what `also` names.
pub fn bare(text: &str, also: fn(char) -> bool) -> &str {
    &text[bare_range(text, also)]
}

/// Where in a text it stands.
pub fn bare_range(text: &str, also: fn(char) -> bool) -> Range<usize> {
    let is_around = |c: char| c.is_whitespace() || also(c);
    let (mut start, mut end) = (0, text.len());
    loop {
        let trimmed = text[start..end].trim_start_matches(is_around);
        start = end - trimmed.len();
        let trimmed = trimmed.trim_end_matches(is_around);
        end = start + trimmed.len();
        match AROUND.iter().find(|mark| inside(trimmed, mark).is_some()) {
            Some(mark) => (start, end) = (start + mark.len(), end - mark.len()),
            None => return start..end,
        }
    }
}

/// What stands between two marks at the ends of a text, if it is one thing.
fn inside<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let inner = text.strip_prefix(mark)?.strip_suffix(mark)?;
    let is_one = !inner.trim_matches(|c| mark.starts_with(c)).contains(mark);
    (is_one && !is_blank(inner)).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lines_that_can_be_seen() {
        for sound in ["Alta", "👩\u{200d}🚀", "a\u{301}", "ﷺ", "\u{200f}אב"] {
            assert_eq!(name_fault(sound), None, "{sound:?}");
        }
        for wrong in ["a\nb", "a\r", "\u{1b}[31mrojo", "a\u{2028}b", "\u{7f}", "\u{200b}\u{3164}", " \u{a0}"]
        {
            assert!(name_fault(wrong).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn what_stands_around_a_whole_text_is_taken_off() {
        for (text, expected) in [
            ("*hola*", "hola"),
            (" ```_hola_``` ", "hola"),
            ("\"'hola'\"", "hola"),
            ("**hola**", "hola"),
            ("*hola* mundo", "*hola* mundo"),
            ("*hola* o *adiós*", "*hola* o *adiós*"),
            ("a_b_", "a_b_"),
            ("**", "**"),
            ("*", "*"),
            ("* *", "* *"),
            ("rock 'n' roll", "rock 'n' roll"),
        ] {
            assert_eq!(bare(text, |_| false), expected, "{text}");
        }
    }

    #[test]
    fn blank_is_what_shows_nothing() {
        assert!(["", " \n", "\u{200b}", "\u{3164}\u{feff}", "\u{2800} "].into_iter().all(is_blank));
        assert!(!["a", ".", "\u{200b}x", "🏴\u{e0067}"].into_iter().any(is_blank));
    }
}
