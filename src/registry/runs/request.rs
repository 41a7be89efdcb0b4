//! What is kept of a request: the run, not its labels, and never a secret.

use serde_json::{Map, Value};

use crate::interpreter::MASK;

/// The request to store: the version resolved, labels left out, the values of secrets masked. A run never shows such a
/// value, so the stored request runs the same.
pub(super) fn to_store(body: Value, version: Option<i64>) -> Value {
    let mut members = match body {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.remove("name");
    members.remove("description");
    if let Some(version) = version {
        members.insert("version".to_owned(), version.into());
    }
    if let Some(Value::Object(secrets)) = members.get_mut("mocks").and_then(|mocks| mocks.get_mut("secrets"))
    {
        for value in secrets.values_mut().filter(|value| value.is_string()) {
            *value = MASK.into();
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_and_labels_are_not_kept() {
        let body =
            json!({"name": "a", "version": "draft", "mocks": {"secrets": {"KEY": "hunter2"}, "http": []}});
        let kept = to_store(body, Some(3));
        assert_eq!(kept, json!({"version": 3, "mocks": {"secrets": {"KEY": "•••"}, "http": []}}));
        assert_eq!(to_store(json!([]), Some(1)), json!({"version": 1}), "an empty list is an empty object");
    }
}
