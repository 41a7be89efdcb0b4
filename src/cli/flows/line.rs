//! Lines that an outline and its steps have in common.

use serde_json::Value;

use crate::cli::screen::{NAME, paint, plain};

/// `"hola", "alta"` for a list of texts, JSON for the rest.
pub fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")
        }
        value => value.to_string(),
    }
}

/// One way on: when it is gone, and where to.
pub fn leads(when: &str, target: &str) -> String {
    let gap = if when.is_empty() { "" } else { " " };
    format!("      {}{gap}→ {}\n", plain(when), paint(NAME, plain(target)))
}
