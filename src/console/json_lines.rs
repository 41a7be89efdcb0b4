//! A document as JSON in lines, each with the pointer to what stands on it, so that a finding leads to its line. Signs that
//! cannot be seen are written as escapes, which is the same JSON.

use std::fmt::Write as _;

use serde_json::Value;

use crate::flow::pointer;
use crate::flow::text::{is_control, is_invisible};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLine {
    pub text: String,
    /// Of the value that begins on it; `None` where one only ends.
    pub pointer: Option<String>,
}

/// The lines of a value that stands at a place.
pub fn json_lines(value: &Value, place: &str) -> Vec<JsonLine> {
    let mut lines = Lines { lines: Vec::new(), depth: 0 };
    lines.value(value, &mut place.to_owned(), "", "");
    lines.lines
}

struct Lines {
    lines: Vec<JsonLine>,
    depth: usize,
}

impl Lines {
    /// `name` is what stands before the value on its line, `end` what stands behind it on its last.
    fn value(&mut self, value: &Value, place: &mut String, name: &str, end: &str) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.line(format!("{name}{{"), Some(place));
                let count = members.len();
                for (index, (key, value)) in members.iter().enumerate() {
                    let end = if index + 1 < count { "," } else { "" };
                    self.within(place, key, |lines, place| {
                        lines.value(value, place, &format!("{}: ", text(key)), end);
                    });
                }
                self.line(format!("}}{end}"), None);
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(format!("{name}["), Some(place));
                let count = items.len();
                for (index, value) in items.iter().enumerate() {
                    let end = if index + 1 < count { "," } else { "" };
                    self.within(place, &index.to_string(), |lines, place| lines.value(value, place, "", end));
                }
                self.line(format!("]{end}"), None);
            }
            Value::String(said) => self.line(format!("{name}{}{end}", text(said)), Some(place)),
            value => self.line(format!("{name}{value}{end}"), Some(place)),
        }
    }

    fn within(&mut self, place: &mut String, token: &str, write: impl FnOnce(&mut Self, &mut String)) {
        let length = place.len();
        pointer::push(place, token);
        self.depth += 1;
        write(self, place);
        self.depth -= 1;
        place.truncate(length);
    }

    fn line(&mut self, text: String, place: Option<&String>) {
        let text = format!("{}{text}", "  ".repeat(self.depth));
        self.lines.push(JsonLine { text, pointer: place.cloned() });
    }
}

/// A JSON string in which every sign can be seen.
fn text(said: &str) -> String {
    let json = serde_json::to_string(said).expect("a text is JSON");
    if !json.chars().any(is_hidden) {
        return json;
    }
    let mut visible = String::with_capacity(json.len() + 16);
    for sign in json.chars() {
        if is_hidden(sign) {
            let mut units = [0; 2];
            for unit in sign.encode_utf16(&mut units) {
                let _ = write!(visible, "\\u{unit:04x}");
            }
        } else {
            visible.push(sign);
        }
    }
    visible
}

fn is_hidden(sign: char) -> bool {
    is_control(sign) || is_invisible(sign)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(lines: &[JsonLine]) -> String {
        lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lines_are_the_same_json_and_each_value_has_its_pointer() {
        let value =
            json!({ "a/b": [1, { "c": "x\u{202e}\0\u{e0001}y\n" }, []], "d": {}, "e": null, "f": true });
        let lines = json_lines(&value, "");
        let written = written(&lines);
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        assert!(written.is_ascii(), "{written}");
        for line in &lines {
            let Some(place) = &line.pointer else { continue };
            assert!(value.pointer(place).is_some(), "{place}");
        }
        let place = |text: &str| {
            lines.iter().find(|line| line.text.contains(text)).and_then(|line| line.pointer.as_deref())
        };
        assert_eq!(place("\"c\""), Some("/a~1b/1/c"));
        assert_eq!(lines[0].pointer.as_deref(), Some(""));
        assert_eq!(json_lines(&json!([2]), "/steps/0")[1].pointer.as_deref(), Some("/steps/0/0"));
    }
}
