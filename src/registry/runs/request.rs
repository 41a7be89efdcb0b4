//! What is kept of a request: the run, not its labels, and never a secret.

use serde_json::{Map, Value};

/// What a stored request says in place of a secret. A run never shows the value, so it runs the same without it.
const SECRET: &str = "•••";

/// The request to store: the version resolved, labels and the values of secrets left out.
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
        for value in secrets.values_mut() {
            *value = SECRET.into();
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
