//! The description of the API in OpenAPI 3.1, made of the tables of endpoints and of the schemas.

mod examples;
mod responses;
mod schemas;

use serde_json::{Map, Value, json};

use super::endpoint::{Access, Endpoint, Parameter, Tag};
use crate::registry::caller::Scope;

/// The credentials there are: a request carries one of them.
const CREDENTIALS: [&str; 2] = ["apiKey", "bearer"];

/// The whole description.
pub fn describe(endpoints: &[Endpoint]) -> Value {
    let schemas = schemas::all();
    let mut paths = Map::new();
    for endpoint in endpoints {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = operation(endpoint, &schemas);
    }
    let tags = Tag::ALL.map(|(_, name, description, guide)| {
        json!({"name": name, "description": description, "externalDocs": {"description": "Guide", "url": guide}})
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "flow-registry",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keeps conversational bot flows as an append-only log of events. Answers come in an \
                envelope `{data, timestamp}`; errors are `application/problem+json` (RFC 9457). Guides with samples: [/docs](/docs).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        },
        "externalDocs": {"description": "Guides and specifications", "url": "/docs"},
        "servers": [{"url": "/"}],
        "tags": tags,
        "security": CREDENTIALS.map(|credential| json!({credential: []})),
        "paths": paths,
        "components": {
            "responses": responses::refusals(endpoints, &schemas),
            "schemas": schemas,
            "headers": responses::headers(),
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key",
                    "description": "`mk_live_<prefix>.<secret>`, or `mk_test_…`, which may read and test-run only."},
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a JSON Web Token."}
            }
        }
    })
}

fn operation(endpoint: &Endpoint, schemas: &Value) -> Value {
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "description": format!("{}{}", endpoint.description, needed(endpoint.access)),
        "tags": [endpoint.tag.name()],
        "security": security(endpoint.access),
        "parameters": parameters(endpoint),
        "responses": responses::of(endpoint, schemas)
    });
    if let Some(body) = &endpoint.body {
        let mut content =
            json!({"application/json": {"schema": schemas::reference(body.schema), "example": body.example}});
        for other in &body.others {
            let mut shown = json!({"example": other.example});
            if let Some(schema) = other.schema {
                shown["schema"] = schemas::reference(schema);
            }
            content[other.media_type] = shown;
        }
        operation["requestBody"] = json!({"required": body.is_required, "content": content});
    }
    operation
}

/// What a credential must be allowed to do, as a sentence.
fn needed(access: Access) -> String {
    match access {
        Access::Open => String::new(),
        Access::OneOf(scopes) if scopes.len() == Scope::ALL.len() => String::new(),
        Access::OneOf(scopes) => {
            let names: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
            format!(" Needs the scope {}.", names.join(" or "))
        }
    }
}

/// What a credential must be allowed to do, for programs: each entry is a credential that will do, with the scopes it
/// must have.
fn security(access: Access) -> Value {
    let alternatives: Vec<Vec<Scope>> = match access {
        Access::Open => Vec::new(),
        Access::OneOf(scopes) if scopes.len() == Scope::ALL.len() => vec![Vec::new()],
        Access::OneOf(scopes) => scopes.iter().map(|scope| vec![*scope]).collect(),
    };
    let entries = alternatives.iter().flat_map(|scopes| {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        CREDENTIALS.map(|credential| json!({credential: names}))
    });
    entries.collect()
}

/// The names in the path, what the endpoint takes in its query, and the headers it acts on.
fn parameters(endpoint: &Endpoint) -> Value {
    let names = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names.map(path_parameter).collect();
    parameters.extend(endpoint.query.iter().map(|parameter| sent(parameter, "query")));
    parameters.extend(endpoint.headers.iter().map(|parameter| sent(parameter, "header")));
    Value::Array(parameters)
}

fn path_parameter(name: &str) -> Value {
    let id = json!({"type": "string", "format": "uuid"});
    let (schema, description, example) = match name {
        "orgId" => (id, "The organization of the credential.", json!("2adbb455-7ee0-4957-8002-0567bc42bad2")),
        "flowId" => (id, "A flow of the organization.", json!("0198c0de-8b20-7c4f-9d32-6e7f80910212")),
        "runId" => (id, "A test run of the organization.", json!("0198c0de-cf60-7083-9176-021324354656")),
        "keyId" => (id, "An API key of the organization.", json!("0198c0de-7a10-7b3e-8c21-5d6e7f809101")),
        "stepId" => (schemas::reference("StepId"), "A step of the draft.", json!("saludo")),
        "erasureId" => (id, "An erasure of the organization.", json!("0198c0de-cf60-7083-9176-0213243546a1")),
        "version" => (json!({"type": "integer", "minimum": 1}), "A version of the flow.", json!(2)),
        "code" => (schemas::reference("ProblemCode"), "An error code.", json!("validation_failed")),
        "link" => (json!({"type": "string"}), "What the link ends with.", json!("eyJvIjoi")),
        other => unreachable!("{other} is described nowhere"),
    };
    json!({
        "name": name, "in": "path", "required": true, "description": description, "schema": schema,
        "example": example
    })
}

fn sent(parameter: &Parameter, place: &str) -> Value {
    json!({
        "name": parameter.name,
        "in": place,
        "required": false,
        "description": parameter.description,
        "schema": (parameter.schema)()
    })
}
