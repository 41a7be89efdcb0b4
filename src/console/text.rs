//! Texts that people wrote, as they are shown: apart from the text around them, and with nothing in them that cannot be
//! seen. Templates show every such text through here.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;

use crate::flow::text::{entity, is_hidden};

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
            match entity(sign) {
                Some(entity) => f.write_str(entity)?,
                None if is_hidden(self.0, index, sign) => {
                    write!(f, "<span class=\"hidden-sign\">U+{:04X}</span>", u32::from(sign))?;
                }
                None => f.write_char(sign)?,
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
