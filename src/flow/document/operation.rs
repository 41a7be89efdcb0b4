//! One operation of a JSON Patch (RFC 6902), and what it lacks to be one.

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

/// What an operation lacks: the member, and what it must be.
pub fn fault(item: &Value) -> Option<(&'static str, &'static str)> {
    const POINTER: &str = "must be a JSON Pointer (RFC 6901): empty, or names with \"/\" before each";
    let is_pointer = |name: &str| item[name].as_str().is_some_and(|text| PointerBuf::parse(text).is_ok());
    let has_value = item.get("value").is_some();
    match item["op"].as_str() {
        _ if !item.is_object() => Some(("", "must be an object with op and path (RFC 6902)")),
        Some("add" | "replace" | "test") if !has_value => Some(("/value", "must be there")),
        Some("move" | "copy") if !is_pointer("from") => Some(("/from", POINTER)),
        Some("add" | "replace" | "test" | "move" | "copy" | "remove") => {
            (!is_pointer("path")).then_some(("/path", POINTER))
        }
        _ => Some(("/op", "must be one of add, remove, replace, move, copy, test")),
    }
}
