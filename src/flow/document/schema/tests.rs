//! The declaration held against documents: examples are sound, every declared member is used by a case and read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Part, STEP, StepType, walk};
use crate::flow::document::{Canonical, STEP_TYPES};
use crate::flow::{json as strict, validation};

/// What a step by itself cannot help: its targets, variables and other steps are elsewhere.
const OF_A_PART: [&str; 3] = ["DANGLING_NEXT", "UNDEFINED_VARIABLE", "INPUTLESS_LOOP"];

/// The case of all members, and behind its steps the example of every type: together they use every member.
fn every_member() -> Value {
    let mut document = strict::parse(include_bytes!("../../../../tests/flows/every-member.json")).unwrap();
    document["steps"].as_array_mut().unwrap().extend(STEP_TYPES.iter().map(|known| example(known)));
    document
}

fn example(known: &StepType) -> Value {
    serde_json::from_str(known.example).unwrap()
}

/// The paths of the members an object may have, down to the innermost; a member inside itself is not followed.
fn declared(part: Part, kind: &str, path: &str, found: &mut BTreeSet<String>) {
    if let Part::Either(parts) = part {
        return parts.iter().for_each(|part| declared(*part, kind, path, found));
    }
    if let Some(item) = part.item() {
        return declared(item, kind, path, found);
    }
    for field in part.fields(None, Some(kind)).into_iter().flat_map(super::FieldSet::iter) {
        let path = format!("{path}/{}", field.name);
        declared(field.part, kind, &path, found);
        found.insert(path);
    }
}

/// Those of them that a value has.
fn present(value: &Value, part: Part, kind: &str, path: &str, found: &mut BTreeSet<String>) {
    let part = part.meant_by(value);
    match (value, part.item()) {
        (Value::Array(items), Some(item)) => {
            return items.iter().for_each(|value| present(value, item, kind, path, found));
        }
        (Value::Object(members), Some(item)) => {
            return members.values().for_each(|value| present(value, item, kind, path, found));
        }
        _ => {}
    }
    for field in part.fields(Some(value), Some(kind)).into_iter().flat_map(super::FieldSet::iter) {
        if let Some(value) = value.get(field.name) {
            let path = format!("{path}/{}", field.name);
            present(value, field.part, kind, &path, found);
            found.insert(path);
        }
    }
}

#[test]
fn every_declared_member_of_a_step_is_used_by_an_example_or_the_case_of_all_members() {
    let document = every_member();
    let (mut declared_paths, mut present_paths) = (BTreeSet::new(), BTreeSet::new());
    for known in STEP_TYPES {
        for field in known.fields {
            let path = format!("{}/{}", known.name, field.name);
            declared(field.part, known.name, &path, &mut declared_paths);
            declared_paths.insert(path);
        }
    }
    for step in document["steps"].as_array().unwrap() {
        let kind = step["type"].as_str().unwrap();
        present(step, STEP, kind, kind, &mut present_paths);
    }
    // Of an object that several types have, such as media, each member is used by one of them.
    let innermost = |path: &String| {
        let names: Vec<&str> = path.split('/').collect();
        let inside = names[names.len() - 2..].join("/");
        if names.len() < 3 { path.clone() } else { inside.replace("headerMedia", "media") }
    };
    let present_paths: BTreeSet<String> = present_paths.iter().map(innermost).collect();
    let unused: Vec<&String> =
        declared_paths.iter().filter(|path| !present_paths.contains(&innermost(path))).collect();
    assert!(unused.is_empty(), "no example has {unused:#?}");
}

#[test]
fn examples_are_sound_steps_of_their_type() {
    for known in STEP_TYPES {
        let example = example(known);
        assert_eq!(example["type"], known.name);
        let flow = Canonical::create(json!({ "name": "Example", "steps": [example] }));
        let flow = flow.unwrap_or_else(|findings| panic!("{}: {findings:#?}", known.name));
        let mut found = validation::findings(&flow);
        found.retain(|finding| finding.is_error() && !OF_A_PART.contains(&finding.code));
        assert!(found.is_empty(), "{}: {found:#?}", known.name);
    }
}

/// Every place of a document whose value is read is told when a value of another kind stands there.
#[test]
fn every_declared_member_is_read() {
    let document = Canonical::create(every_member()).unwrap();
    let mut places = Vec::new();
    walk(&document.value, super::DOCUMENT, None, &mut |found| {
        let is_kept_by_value = matches!(
            found.part,
            Part::Data | Part::DataObject | Part::Json | Part::NullableJson | Part::JsonObject
        );
        if found.value.is_some() && !is_kept_by_value {
            places.push(found.pointer.to_owned());
        }
    });
    assert!(places.len() > 200, "the document has every member");
    for place in places {
        let mut altered = (*document.value).clone();
        *altered.pointer_mut(&place).unwrap() = json!({ "of": "another kind" });
        let findings = Canonical::create(altered).expect_err(&place);
        assert!(findings.iter().any(|finding| finding.pointer.starts_with(&place)), "{place}: {findings:#?}");
    }
}
