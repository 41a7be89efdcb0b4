//! The only way to a byte of SVG. Names of elements, attributes and classes are words of this program; whatever comes
//! from outside goes through `escaped`, and cannot get past it.

use std::fmt::{self, Write};

use super::text::shown;
use crate::flow::text::escaped;

/// SVG that is being written.
#[derive(Debug, Default)]
pub(super) struct SvgWriter {
    svg: String,
    open: Vec<&'static str>,
    /// Whether the last element still takes attributes.
    in_tag: bool,
}

impl SvgWriter {
    /// Begins an element; attributes follow.
    pub fn open(&mut self, name: &'static str) -> &mut Self {
        self.end_tag();
        self.svg.push('<');
        self.svg.push_str(name);
        self.open.push(name);
        self.in_tag = true;
        self
    }

    /// Ends the element that was begun last.
    pub fn close(&mut self) {
        let name = self.open.pop().expect("as many elements are ended as were begun");
        if std::mem::take(&mut self.in_tag) {
            self.svg.push_str("/>");
        } else {
            self.svg.push_str("</");
            self.svg.push_str(name);
            self.svg.push('>');
        }
    }

    /// An attribute whose value is a word of this program.
    pub fn word(&mut self, name: &'static str, value: &'static str) -> &mut Self {
        self.value(name, value)
    }

    /// An attribute whose value is a number.
    pub fn number(&mut self, name: &'static str, value: f64) -> &mut Self {
        self.value(name, Rounded(value))
    }

    /// An attribute whose value is a count.
    pub fn count(&mut self, name: &'static str, value: usize) -> &mut Self {
        self.value(name, value)
    }

    /// An attribute with any text for a value.
    pub fn text_value(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.value(name, escaped(&shown(value)))
    }

    /// An attribute with several numbers, or with the commands of a path.
    pub fn shape(&mut self, name: &'static str, value: &Shape) -> &mut Self {
        self.value(name, &value.0)
    }

    /// Text inside the element.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.end_tag();
        self.svg.push_str(&escaped(&shown(text)));
        self
    }

    /// Classes, words of this program; the place behind them is where another can be put.
    pub fn classes(&mut self, classes: &[&'static str]) -> usize {
        let classes: Vec<&str> = classes.iter().copied().filter(|class| !class.is_empty()).collect();
        self.value("class", classes.join(" "));
        self.svg.len() - 1
    }

    pub fn finish(self) -> String {
        assert!(self.open.is_empty(), "as many elements are ended as were begun");
        self.svg
    }

    fn value(&mut self, name: &'static str, value: impl fmt::Display) -> &mut Self {
        debug_assert!(self.in_tag, "attributes stand before what is inside");
        write!(self.svg, " {name}=\"{value}\"").expect("strings take everything");
        self
    }

    fn end_tag(&mut self) {
        if std::mem::take(&mut self.in_tag) {
            self.svg.push('>');
        }
    }
}

/// A number as the picture writes it: rounded to a unit.
struct Rounded(f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.round() as i64)
    }
}

/// Commands of a path, or a list of numbers: letters of this program, and numbers.
#[derive(Debug, Default)]
pub(super) struct Shape(String);

impl Shape {
    pub fn command(&mut self, letter: char, numbers: &[f64]) -> &mut Self {
        debug_assert!(letter.is_ascii_alphabetic());
        self.0.push(letter);
        self.numbers(numbers)
    }

    pub fn numbers(&mut self, numbers: &[f64]) -> &mut Self {
        for number in numbers {
            if self.0.ends_with(|last: char| last.is_ascii_digit()) {
                self.0.push(' ');
            }
            write!(self.0, "{}", Rounded(*number)).expect("strings take everything");
        }
        self
    }

    /// A move of the whole element.
    pub fn moved(x: f64, y: f64) -> Self {
        Self(format!("translate({} {})", Rounded(x), Rounded(y)))
    }

    pub fn indices(indices: impl Iterator<Item = usize>) -> Self {
        Self(indices.map(|index| index.to_string()).collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        let mut writer = SvgWriter::default();
        writer.open("a").text_value("href", "\"><script>'").word("class", "x");
        writer.open("text").number("x", -1.6).text("</text>&\u{0}\u{202e}");
        writer.close();
        writer.close();
        assert_eq!(
            writer.finish(),
            "<a href=\"&quot;&gt;&lt;script&gt;&#39;\" class=\"x\"><text x=\"-2\">&lt;/text&gt;&amp;[U+0000][U+202E]</text></a>"
        );
    }

    #[test]
    fn shapes_are_letters_and_numbers() {
        let mut shape = Shape::default();
        shape.command('M', &[1.4, -2.0]).command('L', &[3.0, 4.0]);
        assert_eq!(shape.0, "M1 -2L3 4");
    }
}
