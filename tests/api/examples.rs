//! The examples of the description are true: bodies are taken as they stand there, answers have the members of real ones.

use flow_registry::http;
use serde_json::{Value, json};

use super::description::{DESCRIPTION, misfits, schema};
use super::tenants::EXAMPLE_FLOW;
use super::{Api, Request, api, sound};

#[test]
fn examples_of_requests_fit_their_schemas() {
    for endpoint in http::endpoints() {
        let Some(body) = endpoint.body else { continue };
        let others = body.others.into_iter().filter_map(|other| Some((other.schema?, other.example)));
        for (name, example) in std::iter::once((body.schema, body.example)).chain(others) {
            let found = misfits(&schema(name), &example);
            assert!(found.is_empty(), "{} {name}: {found:#?}", endpoint.id);
        }
    }
}

/// Every answer that is no refusal: its place, media type, and what is said of it.
fn answers() -> Vec<(String, &'static str, &'static Value)> {
    let mut answers = Vec::new();
    for (path, item) in DESCRIPTION["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                for (media_type, shown) in response["content"].as_object().into_iter().flatten() {
                    answers.push((format!("{path} {status}"), media_type.as_str(), shown));
                }
            }
        }
    }
    answers
}

#[test]
fn every_answer_has_an_example_that_fits() {
    let mut lacking = Vec::new();
    for (place, media_type, shown) in answers() {
        let name = shown["schema"]["$ref"].as_str().unwrap().trim_start_matches('#');
        match shown.get("example") {
            // The description of the API cannot hold itself.
            None if name.ends_with("/Description") => {}
            None => lacking.push(format!("{place} {media_type}: none")),
            Some(example) => lacking.extend(misfits(name, example)),
        }
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
    for (name, response) in DESCRIPTION["components"]["responses"].as_object().unwrap() {
        let found = misfits(&schema("Problem"), &response["content"]["application/problem+json"]["example"]);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

/// A schema in which no object has members beyond those that are described.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut closed: serde_json::Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), self::closed(value))).collect();
            if members.get("properties").is_some_and(Value::is_object) {
                closed.insert("additionalProperties".to_owned(), false.into());
            }
            closed.into()
        }
        Value::Array(items) => items.iter().map(closed).collect(),
        other => other.clone(),
    }
}

/// Answers may have more members in time, so their schemas are open; their examples have none that is not described.
#[test]
fn examples_of_answers_have_no_other_members() {
    let schemas = closed(&DESCRIPTION["components"]["schemas"]);
    let mut held = 0;
    for (place, _, shown) in answers() {
        let Some(example) = shown.get("example").filter(|example| example.is_object()) else { continue };
        let mut schema = shown["schema"].clone();
        schema["components"] = json!({ "schemas": schemas });
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let found: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
        assert!(found.is_empty(), "{place}: {found:#?}");
        held += 1;
    }
    assert!(held > 20, "{held}");
}

impl Api {
    /// A request as the description shows it, about a flow of two versions that is in force.
    async fn as_described(&self, method: &str, path: &str, media_type: &str, example: &Value) -> Request {
        let flow = self.create_sound("Uno").await;
        self.ask("PATCH", self.flow(&flow, "")).json(&json!({"description": "d"})).send().await.expect(200);
        self.ask("POST", self.flow(&flow, "/publish")).send().await.expect(201);
        let keys = format!("/organizations/{}/api-keys", self.org_id);
        let key = self.ask("POST", keys).json(&json!({"name": "otra"})).send().await.expect(201).data();
        let path = path
            .replace("{orgId}", &self.org_id.to_string())
            .replace("{flowId}", &flow)
            .replace("{keyId}", key["id"].as_str().unwrap())
            .replace("{stepId}", sound("")["steps"][0]["id"].as_str().unwrap());
        let body = example.to_string().replace(EXAMPLE_FLOW, &flow);
        self.ask(&method.to_uppercase(), path).header("content-type", media_type).body(body)
    }
}

#[tokio::test]
async fn examples_of_requests_are_taken() {
    let api = api().await;
    let eraser = api.key_with(&["audit:erase"]).await;
    let mut taken = 0;
    for endpoint in http::endpoints() {
        let Some(body) = endpoint.body else { continue };
        let others = body.others.into_iter().map(|other| (other.media_type, other.example));
        for (media_type, example) in std::iter::once(("application/json", body.example)).chain(others) {
            let request = api.as_described(endpoint.method, endpoint.path, media_type, &example).await;
            let request = if endpoint.id == "erase" { request.key(&eraser) } else { request };
            let answer = request.send().await;
            let is_success = endpoint.responses.iter().any(|response| answer.status == response.status);
            assert!(is_success, "{} {media_type}: {}", endpoint.id, answer.shown());
            taken += 1;
        }
    }
    assert!(taken > 15, "{taken}");
}

/// What is shown of an answer that is no JSON.
fn shown(path: &str, media_type: &str) -> &'static str {
    let content = &DESCRIPTION["paths"][path]["get"]["responses"]["200"]["content"][media_type];
    content["example"].as_str().unwrap_or_else(|| panic!("{path} {media_type}"))
}

#[tokio::test]
async fn texts_are_answered_as_their_examples_begin() {
    let api = api().await;
    let export = "/organizations/{orgId}/audit/export";
    let first_line = |text: &str| text.lines().next().unwrap().to_owned();
    let table = api.ask("GET", api.audit("/export?format=csv")).send().await.expect(200);
    let table = String::from_utf8(table.body.to_vec()).unwrap();
    assert_eq!(first_line(&table), first_line(shown(export, "text/csv")));

    let evidence = api.ask("GET", api.audit("/export?format=ndjson")).send().await.expect(200);
    let evidence = String::from_utf8(evidence.body.to_vec()).unwrap();
    let names = |line: &str| -> Vec<String> {
        let line: Value = serde_json::from_str(line).unwrap();
        line.as_object().unwrap().keys().cloned().collect()
    };
    let example = shown(export, "application/x-ndjson");
    assert_eq!(names(&first_line(&evidence)), names(&first_line(example)));
    assert_eq!(names(evidence.lines().last().unwrap()), names(example.lines().last().unwrap()));

    let checkpoint = api.audit("/checkpoint");
    let note = api.ask("GET", checkpoint).header("accept", "text/plain").send().await.expect(200);
    let note = String::from_utf8(note.body.to_vec()).unwrap();
    let example = shown("/organizations/{orgId}/audit/checkpoint", "text/plain");
    assert!(note.starts_with(&format!("flow-registry/log/{}\n", api.org_id)), "{note}");
    assert!(example.starts_with("flow-registry/log/"), "{example}");
    assert_eq!(note.lines().count(), example.lines().count(), "{note}");
}
