//! Texts that people wrote, as they are shown: apart from the text around them, and with nothing in them that cannot be
//! seen. Templates show every such text through here.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;

use crate::flow::text::{is_control, is_invisible};

/// A text of somebody, as HTML.
#[derive(Debug, Clone, Copy)]
pub struct VisibleText<'t>(&'t str);

/// A text of somebody in a `<bdi>`, with controls, marks of direction and characters without width as marked escapes.
pub fn shown(text: &str) -> VisibleText<'_> {
    VisibleText(text)
}

impl HtmlSafe for VisibleText<'_> {}

impl fmt::Display for VisibleText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        for (index, sign) in self.0.char_indices() {
            match sign {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                sign if is_hidden(self.0, index, sign) => {
                    write!(f, "<span class=\"hidden-sign\">U+{:04X}</span>", u32::from(sign))?;
                }
                sign => f.write_char(sign)?,
            }
        }
        f.write_str("</bdi>")
    }
}

/// A text of somebody where there can be no elements, such as in a title: escapes stand in brackets.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (index, sign) in text.char_indices() {
        if is_hidden(text, index, sign) {
            let _ = write!(shown, "[U+{:04X}]", u32::from(sign));
        } else {
            shown.push(sign);
        }
    }
    shown
}

/// Whether a sign would not be seen, or would move what stands around it. Joiners and selectors are seen within emoji.
fn is_hidden(text: &str, index: usize, sign: char) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_and_nothing_gets_out() {
        let check = |text: &str, expected: &str| {
            assert_eq!(shown(text).to_string(), format!("<bdi>{expected}</bdi>"), "{text:?}");
        };
        let hidden = |code: &str| format!("<span class=\"hidden-sign\">{code}</span>");
        check("Onboarding ñ 你", "Onboarding ñ 你");
        check("</bdi><script>\"'&", "&lt;/bdi&gt;&lt;script&gt;&quot;&#39;&amp;");
        check("a\u{202e}b", &format!("a{}b", hidden("U+202E")));
        check("\u{2066}x\u{2069}", &format!("{}x{}", hidden("U+2066"), hidden("U+2069")));
        check("a\u{200b}\0", &format!("a{}{}", hidden("U+200B"), hidden("U+0000")));
        check("a\u{200d}b", &format!("a{}b", hidden("U+200D")));
        check("👩\u{200d}🔧 ❤\u{fe0f}", "👩\u{200d}🔧 ❤\u{fe0f}");
        check("two\nlines", "two\nlines");
        assert_eq!(plain("a\u{202e}<b>"), "a[U+202E]<b>");
    }
}
