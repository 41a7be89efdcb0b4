//! The description of the API is held against the program: whatever is accepted and answered fits its schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use flow_registry::flow::document::Canonical;
use flow_registry::http;
use flow_registry::interpreter::RunRequest;
use jsonschema::Validator;
use serde_json::{Value, json};

pub static DESCRIPTION: LazyLock<Value> = LazyLock::new(http::description);
static VALIDATORS: LazyLock<Mutex<BTreeMap<String, &'static Validator>>> = LazyLock::new(Mutex::default);

/// The validator of a schema, by the pointer to it in the description.
fn validator(pointer: &str) -> &'static Validator {
    if let Some(known) = VALIDATORS.lock().unwrap().get(pointer) {
        return known;
    }
    let mut schema =
        DESCRIPTION.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not described")).clone();
    let mut named = BTreeMap::new();
    collect_references(&schema, &mut named);
    schema["components"] = json!({"schemas": named});
    let built = jsonschema::draft202012::options().should_validate_formats(true).build(&schema);
    let built = built.unwrap_or_else(|error| panic!("{pointer}: {error}"));
    VALIDATORS.lock().unwrap().entry(pointer.to_owned()).or_insert_with(|| Box::leak(Box::new(built)))
}

/// Every schema that a schema refers to, also by way of others, by name.
fn collect_references(schema: &Value, named: &mut BTreeMap<String, Value>) {
    match schema {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let name = reference.trim_start_matches("#/components/schemas/");
                let referred = &DESCRIPTION["components"]["schemas"][name];
                if named.insert(name.to_owned(), referred.clone()).is_none() {
                    collect_references(referred, named);
                }
            }
            members.values().for_each(|value| collect_references(value, named));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, named)),
        _ => {}
    }
}

/// What of a value does not fit a schema. An empty array in the place of an object does: PHP cannot tell the two apart.
pub fn misfits(pointer: &str, value: &Value) -> Vec<String> {
    let errors = validator(pointer)
        .iter_errors(value)
        .filter(|error| error.instance().as_array().is_none_or(|items| !items.is_empty()));
    errors.map(|error| format!("{}: {error}", error.instance_path())).take(5).collect()
}

pub fn schema(name: &str) -> String {
    format!("/components/schemas/{name}")
}

/// The operation that a request is for: its path as described, and what is said of its method.
fn operation(method: &str, path: &str) -> Option<(String, &'static Value)> {
    let path = path.split('?').next().unwrap();
    let fits = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        let fits = |(known, part): (&&str, &&str)| known.starts_with('{') || known == part;
        template.len() == path.len() && template.iter().zip(&path).all(fits)
    };
    let method = if method == "HEAD" { "get" } else { &method.to_lowercase() };
    let paths = DESCRIPTION["paths"].as_object().unwrap().iter().filter(|(template, _)| fits(template));
    // A literal part wins over a name.
    let (template, item) = paths.min_by_key(|(template, _)| template.matches('{').count())?;
    let pointer = format!("/paths/{}/{method}", template.replace('~', "~0").replace('/', "~1"));
    item.get(method).map(|operation| (pointer, operation))
}

/// Holds an answer, and the JSON it was given for, against the description.
#[track_caller]
pub fn check(method: &str, path: &str, sent: (&str, &[u8]), status: u16, media_type: &str, body: &[u8]) {
    let Some((pointer, operation)) = operation(method, path) else { return };
    let described = &operation["responses"][status.to_string()];
    assert!(!described.is_null(), "{method} {path} answers {status}, which is not described");
    let media_type = media_type.split(';').next().unwrap().trim();
    let mut pointer_to_answer = format!("{pointer}/responses/{status}");
    if let Some(reference) = described["$ref"].as_str() {
        reference.trim_start_matches('#').clone_into(&mut pointer_to_answer);
    }
    let described = DESCRIPTION.pointer(&pointer_to_answer).unwrap();
    if method == "HEAD" || body.is_empty() {
        return;
    }
    assert!(!described["content"][media_type].is_null(), "{method} {path} {status} as {media_type}");
    if let (true, Ok(answer)) = (media_type.ends_with("json"), serde_json::from_slice::<Value>(body)) {
        let media_type = media_type.replace('/', "~1");
        let found = misfits(&format!("{pointer_to_answer}/content/{media_type}/schema"), &answer);
        assert!(found.is_empty(), "{method} {path} {status}: {found:#?}\n{answer:#}");
    }
    let (sent_type, sent) = sent;
    if let (200..300, Ok(sent)) = (status, serde_json::from_slice::<Value>(sent)) {
        let sent_type = if sent_type.is_empty() { "application/json" } else { sent_type }.replace('/', "~1");
        let described = format!("{pointer}/requestBody/content/{sent_type}");
        assert!(DESCRIPTION.pointer(&described).is_some(), "{method} {path} was accepted as {sent_type}");
        let schema = format!("{described}/schema");
        // A list of operations has no schema.
        let found = DESCRIPTION.pointer(&schema).map(|_| misfits(&schema, &sent)).unwrap_or_default();
        assert!(found.is_empty(), "{method} {path} was accepted: {found:#?}\n{sent:#}");
    }
}

fn cases(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Some((name, serde_json::from_slice(&fs::read(path).unwrap()).ok()?))
    };
    files.filter_map(read).collect()
}

/// Wrong documents that the schema lets pass: what is wrong with them is between members, or in the words of a text.
const BEYOND_THE_SCHEMA: &[&str] = &["shape-env-hosts"];

#[test]
fn documents_fit_their_schema_when_the_format_takes_them() {
    let mut passed = BTreeSet::new();
    let mut refused = 0;
    for (name, case) in cases("tests/flows") {
        let found = misfits(&schema("FlowDocument"), &case);
        match Canonical::create(case) {
            Ok(flow) => {
                assert!(found.is_empty(), "{name}: {found:#?}");
                for (member, value) in flow.value.as_object().unwrap() {
                    let found = misfits(&format!("{}/properties/{member}", schema("Flow")), value);
                    assert!(found.is_empty(), "{name} as it is shown, {member}: {found:#?}");
                }
            }
            Err(_) if found.is_empty() => _ = passed.insert(name),
            Err(_) => refused += 1,
        }
    }
    assert_eq!(passed, BEYOND_THE_SCHEMA.iter().map(|name| (*name).to_owned()).collect());
    assert!(refused > 8, "{refused}");
}

#[test]
fn run_requests_fit_their_schema_when_they_are_taken() {
    let mut taken = 0;
    for (name, case) in cases("tests/runs") {
        let Some(request) = case.get("request") else { continue };
        if RunRequest::read(request).is_ok() {
            let found = misfits(&schema("RunRequest"), request);
            assert!(found.is_empty(), "{name}: {found:#?}");
            taken += 1;
        }
    }
    assert!(taken > 200, "{taken}");
}

/// Every object in the description says what each of its members is, and defines those it requires.
#[test]
fn every_member_is_described() {
    fn walk(place: &str, value: &Value, lacking: &mut Vec<String>) {
        let properties = value.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            if schema.get("description").is_none() {
                lacking.push(format!("{place}/{name}"));
            }
        }
        for name in value.get("required").and_then(Value::as_array).into_iter().flatten() {
            if properties.is_none_or(|properties| !properties.contains_key(name.as_str().unwrap())) {
                lacking.push(format!("{place}: {name} is required and not defined"));
            }
        }
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(&format!("{place}/{name}"), value, lacking));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(place, item, lacking)),
            _ => {}
        }
    }
    let mut lacking = Vec::new();
    walk("", &DESCRIPTION["components"]["schemas"], &mut lacking);
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// Without this every check of an answer could pass for want of a description.
#[test]
fn answers_are_found_in_the_description_and_can_fail_it() {
    for (method, path, id) in [
        ("GET", "/organizations/o/bot/flows?limit=1", "listFlows"),
        ("POST", "/organizations/o/bot/flows/validate", "validateDocument"),
        ("HEAD", "/organizations/o/bot/flows/f", "getFlow"),
    ] {
        assert_eq!(operation(method, path).unwrap().1["operationId"], id);
    }
    assert!(operation("GET", "/nowhere").is_none());
    let page = json!({"data": {"data": [], "pageInfo": {"endCursor": null, "hasNextPage": "no"}}, "timestamp": "now"});
    let found = misfits(&schema("EventPageAnswer"), &page);
    assert!(found.iter().any(|misfit| misfit.starts_with("/data/pageInfo/hasNextPage: ")), "{found:#?}");
    assert!(found.iter().any(|misfit| misfit.starts_with("/timestamp: ")), "{found:#?}");
}
