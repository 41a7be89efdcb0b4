//! Cutting texts to a length. What a person sees as one sign stays whole: a flag, a family, a letter with its accent.

use unicode_segmentation::UnicodeSegmentation;

/// The longest beginning of a text that has at most so many characters and ends between two signs.
pub fn beginning(text: &str, chars_max: usize) -> &str {
    // A character is at least one byte.
    if text.len() <= chars_max {
        return text;
    }
    let (mut end, mut chars) = (0, 0);
    for sign in text.graphemes(true) {
        chars += sign.chars().count();
        if chars > chars_max {
            break;
        }
        end += sign.len();
    }
    &text[..end]
}

/// A text of at most so many characters, the last of them `…` when it had to be cut.
pub fn cut(text: &str, chars_max: usize) -> String {
    if beginning(text, chars_max).len() == text.len() {
        return text.to_owned();
    }
    let ellipsis = if chars_max > 0 { "…" } else { "" };
    format!("{}{ellipsis}", beginning(text, chars_max.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_stay_whole() {
        for (text, chars_max, expected) in [
            ("abcdef", 4, "abc…"),
            ("abcd", 4, "abcd"),
            ("🇪🇸🇲🇽🇨🇴", 4, "🇪🇸…"),
            ("👨‍👩‍👧👨‍👩‍👧", 8, "👨‍👩‍👧…"),
            ("n\u{303}n\u{303}", 3, "n\u{303}…"),
            ("👨‍👩‍👧", 3, "…"),
            ("नमस्ते", 4, "नम…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, chars_max), expected, "{text}");
        }
    }
}
