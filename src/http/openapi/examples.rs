//! Examples of answers. `examples.json` has one for each thing that answers hold; `@Name` in it stands for the example of
//! that name, and the member `...` for all members of another one.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).expect("the examples are JSON"));

/// The example of an answer, by the name of the thing it holds and the schema that holds the thing.
pub fn of(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        let known = EXAMPLES.get(name).map(whole);
        return known.or_else(|| of(&schemas[name], schemas));
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return of(first, schemas);
    }
    if schema["type"].is_array() {
        return Some(Value::Null);
    }
    match schema["type"].as_str()? {
        // Envelopes and pages are made of what they hold.
        "object" => {
            let properties = schema["properties"].as_object()?.iter();
            properties
                .map(|(name, schema)| Some((name.clone(), of(schema, schemas)?)))
                .collect::<Option<Map<_, _>>>()
                .map(Value::from)
        }
        "array" => Some(json!([of(&schema["items"], schemas)?])),
        "boolean" => Some(json!(false)),
        _ if schema["format"] == "date-time" => Some(json!("2026-11-25T23:07:00.125Z")),
        _ => None,
    }
}

/// An example with everything in the place of the names that stand for it.
fn whole(example: &Value) -> Value {
    match example {
        Value::String(text) => match text.strip_prefix('@') {
            Some(name) => whole(&EXAMPLES[name]),
            None => example.clone(),
        },
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Object(members) => {
            let mut all = Map::new();
            if let Some(Value::Object(others)) = members.get("...").map(whole) {
                all.extend(others);
            }
            let own = members.iter().filter(|(name, _)| *name != "...");
            all.extend(own.map(|(name, value)| (name.clone(), whole(value))));
            all.into()
        }
        other => other.clone(),
    }
}
