//! Values as a trace shows them: long texts are cut, large values replaced by their size. The run itself
//! always works with the whole value, and expectations are held against it.

use minijinja::value::ValueKind;

use crate::flow::text::beginning;
use crate::interpreter::canonical::{self, CanonicalPage};
use crate::interpreter::value::{Value, items, list, members, object};

/// Texts are shown up to this many characters.
pub const TEXT_CHARS_MAX: usize = 2000;
/// Other values are shown when their JSON has at most this many bytes.
pub const VALUE_BYTES_MAX: usize = 4 * 1024;
/// Objects of more bytes than this cannot be in a run at all.
const COUNTED_BYTES_MAX: usize = 1024 * 1024;

/// The value as it stands in a trace.
pub fn shown(value: &Value) -> Value {
    if let Some(text) = value.as_str() {
        return cut(text).map_or_else(|| value.clone(), Value::from);
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => shown_container(value),
        _ => value.clone(),
    }
}

fn shown_container(value: &Value) -> Value {
    if canonical::len_at_most(value).is_some_and(|bytes| bytes <= TEXT_CHARS_MAX) {
        return value.clone();
    }
    let bytes = canonical::len_up_to(value, COUNTED_BYTES_MAX);
    if bytes > VALUE_BYTES_MAX {
        return object([("$truncated", Value::from(bytes))]);
    }
    // A text of more than 2000 characters may still stand inside a value of 4 KiB.
    if bytes > TEXT_CHARS_MAX { with_texts_cut(value) } else { value.clone() }
}

fn with_texts_cut(value: &Value) -> Value {
    if let Some(members) = members(value) {
        return object(members.iter().map(|(name, member)| (name, with_texts_cut(member))));
    }
    if let Some(items) = items(value) {
        return list(items.iter().map(with_texts_cut).collect());
    }
    match value.as_str().and_then(cut) {
        Some(cut) => Value::from(cut),
        None => value.clone(),
    }
}

/// The cut form of a text that is too long.
pub fn cut(text: &str) -> Option<String> {
    if text.len() <= TEXT_CHARS_MAX {
        return None;
    }
    let shown = beginning(text, TEXT_CHARS_MAX);
    let rest = text[shown.len()..].chars().count();
    (rest > 0).then(|| format!("{shown}…(+{rest})"))
}

/// Writes a whole value of which texts are cut.
pub fn write_cut(page: &mut CanonicalPage, value: &Value) {
    if let Some(text) = value.as_str() {
        return match cut(text) {
            Some(cut) => page.text(&cut),
            None => page.text(text),
        };
    }
    if let Some(members) = members(value) {
        let mut mark = "{";
        for (name, member) in members.iter() {
            page.raw(std::mem::replace(&mut mark, ",")).text(name);
            page.raw(":");
            write_cut(page, member);
        }
        page.raw(if mark == "{" { "{}" } else { "}" });
        return;
    }
    match items(value) {
        Some(items) => page.list(items, write_cut),
        None => page.value(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interpreter::value::from_json;

    #[test]
    fn long_texts_are_cut_and_large_values_replaced() {
        let long = "ñ".repeat(2001);
        assert_eq!(shown(&Value::from(&*long)).as_str(), Some(&*format!("{}…(+1)", "ñ".repeat(2000))));
        assert_eq!(shown(&Value::from("ñ".repeat(2000))).as_str(), Some(&*"ñ".repeat(2000)));
        let large = shown(&from_json(&json!({"a": "x".repeat(4096)})));
        assert_eq!(canonical::text(&large), r#"{"$truncated":4104}"#);
        let inside = shown(&from_json(&json!(["x".repeat(2100)])));
        assert_eq!(canonical::text(&inside), format!(r#"["{}…(+100)"]"#, "x".repeat(2000)));
    }
}
