//! The description of the API: OpenAPI 3.1, put together from one table of endpoints and one of schemas.
//! A test holds its paths against the router's, and a snapshot shows every change of it.

mod endpoints;
mod problem;
mod schemas;

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use self::endpoints::{ENDPOINTS, Endpoint, Parameter, Scope};
use super::problem::Code;
use super::wire;

static DESCRIPTION: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&description()).expect("JSON values serialize").into());

/// `GET /openapi.json`
pub async fn json() -> Response {
    wire::json(StatusCode::OK, DESCRIPTION.clone().into())
}

fn description() -> Value {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = operation(endpoint);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "flow-registry",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keeps conversational bot flows as an append-only log of events. Answers come in an \
                envelope `{data, timestamp}`; errors are `application/problem+json` (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "flows", "description": "Bot flows: drafts, publication, copies."},
            {"name": "history", "description": "What happened, who did it, and the way back."},
            {"name": "evidence", "description": "Proof that nobody altered the log, which holds without the service."},
            {"name": "test runs", "description": "Flows run in a sandbox, with a trace of every step."},
            {"name": "API keys", "description": "Credentials of an organization."},
            {"name": "operations", "description": "For those who run the service."}
        ],
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key",
                    "description": "`mk_live_<prefix>.<secret>`, or `mk_test_…`, which may read and test-run only."},
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a JSON Web Token."}
            }
        }
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": parameters(endpoint),
        "responses": responses(endpoint)
    });
    match endpoint.scope {
        Scope::Open => operation["security"] = json!([]),
        Scope::All => operation["description"] = "Needs every scope.".into(),
        Scope::Either(one, other) => {
            operation["description"] = format!("Needs the scope `{one}` or `{other}`.").into();
        }
        Scope::One(scope) => operation["description"] = format!("Needs the scope `{scope}`.").into(),
    }
    if let Some(body) = &endpoint.body {
        operation["requestBody"] = json!({
            "required": body.required,
            "content": {"application/json": {
                "schema": {"$ref": format!("#/components/schemas/{}", body.schema)},
                "example": serde_json::from_str::<Value>(body.example).expect("examples are JSON")
            }}
        });
    }
    operation
}

/// The ids in the path, what the endpoint takes in its query, and the headers of its kind.
fn parameters(endpoint: &Endpoint) -> Value {
    let ids = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = ids
        .map(|name| {
            let schema = match name {
                "code" | "link" => json!({"type": "string"}),
                "version" => json!({"type": "integer", "minimum": 1}),
                _ => json!({"type": "string", "format": "uuid"}),
            };
            json!({"name": name, "in": "path", "required": true, "schema": schema})
        })
        .collect();
    parameters.extend(endpoint.parameters.iter().map(parameter));
    Value::Array(parameters)
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": false,
        "description": parameter.description,
        "schema": serde_json::from_str::<Value>(parameter.schema).expect("schemas are JSON")
    })
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = Map::new();
    for answer in endpoint.answers {
        let mut response = json!({"description": answer.description});
        if let Some(schema) = answer.schema {
            let media_types = [(answer.media_type, schema)].into_iter().chain(answer.also.iter().copied());
            let content = media_types.map(|(media_type, schema)| {
                let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
                (media_type.to_owned(), json!({"schema": schema}))
            });
            response["content"] = content.collect::<Map<String, Value>>().into();
        }
        let headers: Map<String, Value> = answer.headers.iter().map(header).collect();
        if !headers.is_empty() {
            response["headers"] = headers.into();
        }
        responses.insert(answer.status.to_owned(), response);
    }
    for status in endpoint.errors() {
        responses.insert(status.to_string(), problem(status));
    }
    responses.into()
}

fn header(&(name, description): &(&str, &str)) -> (String, Value) {
    (name.to_owned(), json!({"description": description, "schema": {"type": "string"}}))
}

/// A refusal: the codes there are for its status.
fn problem(status: u16) -> Value {
    let codes: Vec<&str> =
        Code::ALL.iter().filter(|code| code.status().as_u16() == status).map(|code| code.as_str()).collect();
    // What is far too large never gets as far as to be answered in our words.
    let remark =
        if status == 431 { " Without a body where the head is too large to be read at all." } else { "" };
    json!({
        "description": format!("Refused: {}.{remark}", codes.join(", ")),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    })
}

/// What readiness also tells: that something must be looked at.
fn health() -> Value {
    let text = json!({"type": "string"});
    let warning = json!({"type": "object", "properties": {"code": text, "detail": text}});
    let description =
        "What somebody must look at, though requests are served; absent where there is nothing.";
    let warnings = json!({"type": "array", "description": description, "items": warning});
    json!({"type": "object", "properties": {"status": {"const": "ok"}, "warnings": warnings}})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::flow::event::{EventType, StreamKind};

    /// Routes as `routes.rs` writes them: a path and the methods behind it.
    fn routed() -> BTreeSet<(String, String)> {
        let source = include_str!("../routes.rs");
        let route = regex::Regex::new(r#"(?s)\.route\(\s*"([^"]+)",(.*?)\)\s*,?\s*\)\n"#).unwrap();
        let method = regex::Regex::new(r"\b(get|post|patch|delete|put)\(").unwrap();
        let mut routed = BTreeSet::new();
        for found in route.captures_iter(source) {
            for verb in method.captures_iter(&format!("{})", &found[2])) {
                routed.insert((found[1].to_owned(), verb[1].to_owned()));
            }
        }
        routed
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let described: BTreeSet<(String, String)> =
            ENDPOINTS.iter().map(|endpoint| (endpoint.path.to_owned(), endpoint.method.to_owned())).collect();
        assert_eq!(described, routed());
    }

    #[test]
    fn every_event_is_named() {
        let description = description();
        let names = |path: &str, parameter: &str| -> Vec<String> {
            let parameters = description["paths"][path]["get"]["parameters"].as_array().unwrap();
            let found = parameters.iter().find(|known| known["name"] == parameter).unwrap();
            serde_json::from_value(found["schema"]["enum"].clone()).unwrap()
        };
        let all: Vec<&str> = EventType::ALL.iter().map(|event_type| event_type.as_str()).collect();
        assert_eq!(names("/organizations/{orgId}/audit", "action"), all);
        let of_flows =
            EventType::ALL.iter().filter(|event_type| event_type.stream_kind() == StreamKind::Flow);
        let of_flows: Vec<&str> = of_flows.map(|event_type| event_type.as_str()).collect();
        assert_eq!(names("/organizations/{orgId}/bot/flows/{flowId}/events", "type"), of_flows);
    }

    #[test]
    fn the_description_is_not_stale() {
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&description()).unwrap())
        });
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = description();
        let text = description.to_string();
        let reference = regex::Regex::new("\"#(/components/schemas/[^\"]+)\"").unwrap();
        for found in reference.captures_iter(&text) {
            assert!(description.pointer(&found[1]).is_some(), "{}", &found[1]);
        }
    }
}
