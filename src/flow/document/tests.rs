//! Laws of documents: whatever a client sends is refused or has one form that stays.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::whole::MEMBERS;
use super::{Applied, Canonical, DOCUMENT_BYTES_MAX, Patch, Texts};
use crate::flow::finding::Finding;
use crate::flow::{diff, json as strict, validation};

/// A sound document that uses every member.
const EVERY_MEMBER: &str = include_str!("../../../tests/flows/every-member.json");

fn every_member() -> Value {
    strict::parse(EVERY_MEMBER.as_bytes()).unwrap()
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "",
        "$next",
        "$end",
        "fin",
        "name",
        "steps",
        "type",
        "ask",
        "PT1H",
        "{{ texto }}",
        "{% if x %}",
        "((",
        "text",
        "es",
        "KEYWORD",
        "https://a.example/",
        "2026-01-31",
        "published",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..40).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(words.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The places of a value, itself first.
fn places(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let children: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        _ => Vec::new(),
    };
    for (token, child) in children {
        found.extend(places(child).into_iter().map(|rest| {
            let mut place = String::new();
            crate::flow::pointer::push(&mut place, &token);
            place + &rest
        }));
    }
    found
}

/// The sound document with a few of its values replaced.
fn altered_document() -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<prop::sample::Index>(), any_json()), 0..4).prop_map(|changes| {
        let mut document = every_member();
        for (index, value) in changes {
            let places = places(&document);
            *document.pointer_mut(&places[index.index(places.len())]).unwrap() = value;
        }
        document
    })
}

/// JSON text with the members of every object in reverse order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let members =
                members.iter().rev().map(|(name, member)| format!("{}:{}", json!(name), reversed(member)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn apply(patch: &Patch, flow: &Canonical) -> Result<Applied, Vec<Finding>> {
    patch.apply(&Texts::of(&flow.bytes).unwrap())
}

fn check_laws(body: Value) -> Result<(), TestCaseError> {
    // What arrives was read from text.
    let Ok(body) = strict::parse(body.to_string().as_bytes()) else { return Ok(()) };
    let _ = Patch::read(body.clone());
    let _ = Patch::read(json!({ "json": body.clone() }));
    let _ = Patch::read(json!({ "json": { "nodes": body.clone(), "edges": body.clone() } }));
    let flow = match Canonical::create(body.clone()) {
        Ok(flow) => flow,
        Err(findings) => {
            prop_assert!(!findings.is_empty() && findings.iter().all(Finding::is_error));
            return Ok(());
        }
    };
    let stored = Canonical::read(flow.bytes.clone()).unwrap();
    prop_assert_eq!(
        (&stored.bytes, stored.digest, &stored.document),
        (&flow.bytes, flow.digest, &flow.document)
    );
    prop_assert_eq!(&stored.value, &flow.value);
    let again = Canonical::create((*flow.value).clone()).unwrap();
    prop_assert_eq!(again.digest, flow.digest, "a canonical value is its own canonical value");
    for change in [json!({}), (*flow.value).clone()] {
        let patch = Patch::read(change).unwrap();
        let same = apply(&patch, &flow).unwrap();
        prop_assert_eq!((same.digest, patch.enabled), (flow.digest, None), "what is there changes nothing");
        prop_assert!(same.changed.is_empty() && same.read.is_none());
    }
    let turned = strict::parse(reversed(&body).as_bytes()).unwrap();
    prop_assert_eq!(
        Canonical::create(turned).unwrap().digest,
        flow.digest,
        "the order of members says nothing"
    );
    for finding in validation::findings(&flow) {
        let step = finding.pointer.strip_prefix("/steps/").and_then(|rest| rest.split('/').next());
        let step = step.and_then(|index| flow.document.steps.get(index.parse::<usize>().ok()?));
        prop_assert_eq!(finding.step_id, step.map(|step| step.id.clone()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_json_keeps_the_laws(body in any_json()) {
        check_laws(body)?;
    }

    #[test]
    fn altered_documents_keep_the_laws(body in altered_document()) {
        check_laws(body)?;
    }

    #[test]
    fn a_change_of_some_members_leads_to_what_a_new_document_is(
        before in altered_document(),
        after in altered_document(),
        taken in prop::collection::btree_set(prop::sample::select(MEMBERS), 1..5),
    ) {
        let (Ok(before), Ok(after)) = (Canonical::create(before), Canonical::create(after)) else {
            return Ok(());
        };
        let named = |flow: &Canonical| {
            let members = taken.iter().map(|&(name, _)| (name.to_owned(), flow.value[name].clone()));
            members.collect::<Map<_, _>>()
        };
        let mut whole = before.value.as_object().unwrap().clone();
        whole.extend(named(&after));
        let patch = Patch::read(Value::Object(named(&after))).unwrap();
        match (apply(&patch, &before), Canonical::create(Value::Object(whole))) {
            (Ok(applied), Ok(whole)) => {
                prop_assert_eq!((&applied.bytes, applied.digest), (&whole.bytes, whole.digest));
                prop_assert_eq!(&applied.changed, &diff::changed_paths(&before.value, &whole.value));
                prop_assert_eq!(&applied.labels, &whole.labels());
                let findings = validation::findings(applied.read.as_ref().unwrap_or(&before));
                prop_assert_eq!(findings, validation::findings(&whole));
            }
            (applied, whole) => prop_assert_eq!(applied.map(|_| ()), whole.map(|_| ())),
        }
    }
}

fn check_codes(body: Value, expected: &[(&str, &str)]) {
    let findings = Canonical::create(body).expect_err("the document is refused");
    let codes: Vec<(&str, &str)> =
        findings.iter().map(|found| (found.code, found.pointer.as_str())).collect();
    assert_eq!(codes, expected);
}

#[test]
fn large_documents_are_refused() {
    let steps = |count: usize, text: usize| -> Vec<Value> {
        (0..count).map(|_| json!({ "type": "message", "text": "x".repeat(text) })).collect()
    };
    assert!(Canonical::create(json!({ "name": "x", "steps": steps(200, 100) })).is_ok());
    check_codes(json!({ "name": "x", "steps": steps(201, 100) }), &[("LIMIT_EXCEEDED", "/steps")]);
    check_codes(
        json!({ "name": "x", "steps": steps(64, DOCUMENT_BYTES_MAX / 64) }),
        &[("LIMIT_EXCEEDED", "")],
    );
    check_codes(json!({ "name": "x".repeat(121) }), &[("LIMIT_EXCEEDED", "/name")]);
    check_codes(json!([]), &[("MISSING_FIELD", "/name")]);
    check_codes(json!("x"), &[("WRONG_TYPE", "")]);
}

#[test]
fn as_many_findings_are_told_as_anybody_reads() {
    let strangers: Map<String, Value> = (0..5000).map(|n| (format!("member_{n}"), json!(n))).collect();
    let findings = Canonical::create(Value::Object(strangers)).unwrap_err();
    assert_eq!(findings.len(), crate::flow::finding::FINDINGS_MAX);
    assert_eq!(findings[0].pointer, "/name", "what stands first is told first");
}

#[test]
fn nulls_go_where_they_mean_absence() {
    let flow = Canonical::create(json!({
        "name": "\t x ", "description": null, "settings": [], "triggerConfig": { "keywords": null, "mine": null },
        "meta": { "kept": null },
        "steps": [
            { "id": null, "type": "set", "when": null, "assign": [{ "variable": "a", "op": null, "value": null }] },
            { "type": "http", "url": "https://a.example/", "headers": { "X": null }, "query": [], "body": { "kept": null } },
            { "type": "action", "action": "f", "args": { "kept": null }, "sampleResult": { "data": null } },
        ],
    }));
    let flow = flow.unwrap();
    assert_eq!(flow.name(), "x");
    assert_eq!(
        flow.value["steps"],
        json!([
            { "id": "step_1", "type": "set", "assign": [{ "variable": "a", "value": null }] },
            { "id": "step_2", "type": "http", "url": "https://a.example/", "headers": {}, "query": {}, "body": { "kept": null } },
            { "id": "step_3", "type": "action", "action": "f", "args": { "kept": null }, "sampleResult": {} },
        ])
    );
    assert_eq!(flow.value["triggerConfig"], json!({ "mine": null }));
    assert_eq!(flow.value["meta"], json!({ "kept": null }));
    assert_eq!(flow.value["settings"], json!({}));
    assert_eq!(flow.value["description"], Value::Null);
}

#[test]
fn stored_bytes_that_are_no_document_are_corrupt() {
    for bytes in ["", "{}", "[]", r#"{"name":"x","steps":[{}]}"#, r#"{"name":"x","name":"y"}"#] {
        assert!(Canonical::read(bytes.to_owned().into()).is_err(), "{bytes}");
    }
}

#[test]
fn a_name_that_is_set_is_one_line_and_a_stored_one_may_stay() {
    let stored = Canonical::create(json!({"name": "Alta\n1"})).unwrap();
    let change = |body: Value| apply(&Patch::read(body).unwrap(), &stored).map(|applied| applied.changed);
    assert_eq!(change(json!({"name": "Alta\n1", "description": "D"})), Ok(vec!["description".to_owned()]));
    assert_eq!(change(json!({"name": "Alta 1"})), Ok(vec!["name".to_owned()]));
    for name in ["Alta\r\n1", "\u{1b}[31mAlta", "\u{200b}\u{200b}"] {
        let findings = change(json!({"name": name, "description": "D"})).unwrap_err();
        assert_eq!((findings[0].code, findings[0].pointer.as_str()), ("INVALID_VALUE", "/name"), "{name:?}");
    }
}
