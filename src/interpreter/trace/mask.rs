//! Masks personal values in a trace that is to be stored or shown later (docs/flow-format.md, 6.1).
//! Works on the serialized trace: whoever stores one need not have the program that made it.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::interpreter::expression::{ONE_SEGMENT, percent_encoded};

/// Stands in the place of a value that is not shown.
pub const MASK: &str = "•••";
/// Shorter values are masked in their own places only: they would occur anywhere.
const NEEDLE_CHARS_MIN: usize = 4;

/// Where an attempt has what a person wrote, and the value of an entity.
const GIVEN: [&str; 2] = ["/input/text", "/input/value"];

/// Masks the values of these variables: in their own places whatever they are, and wherever one of at least
/// four characters occurs in a text.
pub fn mask_personal(trace: &mut Json, names: &BTreeSet<&str>) {
    if names.is_empty() {
        return;
    }
    let mut needles = BTreeSet::new();
    collect(trace, names, &mut needles);
    // Longer ones first, so that none is left in half by one inside it.
    let mut needles: Vec<String> = needles.into_iter().collect();
    needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
    mask_places(trace, names);
    mask_texts(trace, &needles);
}

fn steps(trace: &Json) -> impl Iterator<Item = &Json> {
    trace.get("steps").and_then(Json::as_array).into_iter().flatten()
}

fn list<'j>(entry: &'j Json, name: &str) -> impl Iterator<Item = &'j Json> {
    entry.get(name).and_then(Json::as_array).into_iter().flatten()
}

fn is_personal(names: &BTreeSet<&str>, variable: Option<&Json>) -> bool {
    variable.and_then(Json::as_str).is_some_and(|variable| names.contains(variable))
}

/// Every value that the variables had in the run, and what people typed to give them one.
fn collect(trace: &Json, names: &BTreeSet<&str>, needles: &mut BTreeSet<String>) {
    for name in names {
        add(trace.get("finalVariables").and_then(|variables| variables.get(*name)), needles);
    }
    for entry in steps(trace) {
        let mut wrote = false;
        for change in list(entry, "changes").filter(|change| is_personal(names, change.get("variable"))) {
            add(change.get("from"), needles);
            add(change.get("to"), needles);
            wrote = true;
        }
        for attempt in list(entry, "attempts").filter(|_| wrote) {
            if attempt.get("accepted") == Some(&Json::Bool(true)) {
                add(attempt.get("value"), needles);
                GIVEN.iter().for_each(|given| add(attempt.pointer(given), needles));
            }
        }
        for evaluation in list(entry, "evaluations") {
            for (path, value) in evaluation.get("values").and_then(Json::as_object).into_iter().flatten() {
                if names.contains(root(path)) {
                    add(Some(value), needles);
                }
            }
        }
    }
}

/// The variable that a name path begins with.
fn root(path: &str) -> &str {
    let path = path.strip_prefix("vars.").unwrap_or(path);
    path.split(['.', '[']).next().unwrap_or_default()
}

/// Adds the text of a value, and of everything inside it.
fn add(value: Option<&Json>, needles: &mut BTreeSet<String>) {
    match value {
        Some(Json::String(text)) => insert(text.clone(), needles),
        Some(Json::Number(number)) => insert(number.to_string(), needles),
        Some(Json::Array(items)) => items.iter().for_each(|item| add(Some(item), needles)),
        Some(Json::Object(members)) => members.values().for_each(|member| add(Some(member), needles)),
        Some(Json::Null | Json::Bool(_)) | None => {}
    }
}

fn insert(text: String, needles: &mut BTreeSet<String>) {
    if text.chars().count() >= NEEDLE_CHARS_MIN {
        // As addresses hold it: whole, and with the slashes that a path keeps.
        let encoded = percent_encoded(&text, ONE_SEGMENT);
        needles.insert(encoded.replace("%2F", "/"));
        needles.insert(encoded);
        needles.insert(text);
    }
}

/// Masks the places that are a variable's own.
fn mask_places(trace: &mut Json, names: &BTreeSet<&str>) {
    for (name, value) in trace.get_mut("finalVariables").and_then(Json::as_object_mut).into_iter().flatten() {
        if names.contains(name.as_str()) {
            mask(Some(value));
        }
    }
    for entry in trace.get_mut("steps").and_then(Json::as_array_mut).into_iter().flatten() {
        let mut wrote = false;
        for change in entry.get_mut("changes").and_then(Json::as_array_mut).into_iter().flatten() {
            if is_personal(names, change.get("variable")) {
                mask(change.get_mut("from"));
                mask(change.get_mut("to"));
                wrote = true;
            }
        }
        for attempt in entry.get_mut("attempts").and_then(Json::as_array_mut).into_iter().flatten() {
            if wrote {
                mask(attempt.get_mut("value"));
                GIVEN.iter().for_each(|given| mask(attempt.pointer_mut(given)));
            }
        }
        for evaluation in entry.get_mut("evaluations").and_then(Json::as_array_mut).into_iter().flatten() {
            let values = evaluation.get_mut("values").and_then(Json::as_object_mut);
            for (path, value) in values.into_iter().flatten() {
                if names.contains(root(path)) {
                    mask(Some(value));
                }
            }
        }
    }
}

fn mask(value: Option<&mut Json>) {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        *value = Json::from(MASK);
    }
}

fn mask_texts(json: &mut Json, needles: &[String]) {
    match json {
        Json::String(text) => {
            for needle in needles {
                if text.contains(&**needle) {
                    *text = text.replace(&**needle, MASK);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| mask_texts(item, needles)),
        Json::Object(members) => members.values_mut().for_each(|member| mask_texts(member, needles)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_and_entities_hold_no_personal_values() {
        let mut trace = json!({
            "finalVariables": {"correo": "a/na@correo.com", "edad": 37},
            "steps": [{
                "changes": [{"variable": "edad", "from": null, "to": 37}],
                "attempts": [{"accepted": true, "input": {"type": "entity", "entity": "age", "value": 37}, "value": 37}],
                "call": {"request": {"url": "https://x.com/a/na%40correo.com?q=a%2Fna%40correo.com"}},
            }],
        });
        mask_personal(&mut trace, &BTreeSet::from(["correo", "edad"]));
        let expected = json!({
            "finalVariables": {"correo": "•••", "edad": "•••"},
            "steps": [{
                "changes": [{"variable": "edad", "from": null, "to": "•••"}],
                "attempts": [{"accepted": true, "input": {"type": "entity", "entity": "age", "value": "•••"}, "value": "•••"}],
                "call": {"request": {"url": "https://x.com/•••?q=•••"}},
            }],
        });
        assert_eq!(trace, expected);
    }

    #[test]
    fn personal_values_are_masked_wherever_they_occur() {
        let mut trace = json!({
            "finalVariables": {"correo": "ana@correo.com", "pin": "12", "plan": "pro"},
            "transcript": [{"text": "Ana@CORREO.com"}, {"text": "Escribo a ana@correo.com, plan pro, pin 12"}],
            "steps": [{
                "changes": [{"variable": "correo", "from": null, "to": "ana@correo.com"}],
                "attempts": [{"accepted": true, "input": {"type": "text", "text": "Ana@CORREO.com"}, "value": "ana@correo.com"}],
                "evaluations": [{"values": {"correo": "ana@correo.com", "pin": "12", "plan": "pro"}, "result": "a ana@correo.com"}],
            }],
        });
        mask_personal(&mut trace, &BTreeSet::from(["correo", "pin"]));
        let expected = json!({
            "finalVariables": {"correo": "•••", "pin": "•••", "plan": "pro"},
            "transcript": [{"text": "•••"}, {"text": "Escribo a •••, plan pro, pin 12"}],
            "steps": [{
                "changes": [{"variable": "correo", "from": null, "to": "•••"}],
                "attempts": [{"accepted": true, "input": {"type": "text", "text": "•••"}, "value": "•••"}],
                "evaluations": [{"values": {"correo": "•••", "pin": "•••", "plan": "pro"}, "result": "a •••"}],
            }],
        });
        assert_eq!(trace, expected);
    }
}
