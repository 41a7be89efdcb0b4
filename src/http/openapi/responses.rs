//! Answers in the description: those of each endpoint, and the refusals, which endpoints have in common by status.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::examples;
use super::schemas::reference;
use crate::http::endpoint::{Endpoint, Parameter, ResponseKind};
use crate::http::problem::Code;

/// The answers of one endpoint by status.
pub fn of(endpoint: &Endpoint, schemas: &Value) -> Value {
    let refusals = endpoint.errors().into_iter().map(|status| {
        (status.to_string(), json!({"$ref": format!("#/components/responses/{}", refusal_name(status))}))
    });
    let mut responses: Map<String, Value> = refusals.collect();
    for response in &endpoint.responses {
        responses.insert(response.status.to_string(), success(response, schemas));
    }
    responses.into()
}

fn success(response: &ResponseKind, schemas: &Value) -> Value {
    let mut headers = Map::from_iter([request_id()]);
    headers.extend(response.headers.iter().map(header));
    let mut shown = json!({"description": response.description, "headers": headers});
    let content = response
        .content
        .iter()
        .map(|&(media_type, schema)| (media_type.to_owned(), shown_as(&reference(schema), schemas)));
    let content: Map<String, Value> = content.collect();
    if !content.is_empty() {
        shown["content"] = content.into();
    }
    shown
}

/// A schema, with an example where there is one: files have none.
fn shown_as(schema: &Value, schemas: &Value) -> Value {
    let mut shown = json!({"schema": schema});
    if let Some(example) = examples::of(schema, schemas) {
        shown["example"] = example;
    }
    shown
}

fn header(header: &Parameter) -> (String, Value) {
    (header.name.to_owned(), json!({"description": header.description, "schema": (header.schema)()}))
}

fn request_id() -> (String, Value) {
    ("X-Request-Id".to_owned(), json!({"$ref": "#/components/headers/X-Request-Id"}))
}

/// Headers that every answer has.
pub fn headers() -> Value {
    json!({"X-Request-Id": {
        "description": "The id of the request: the one the client sent, or a new one. Logs and events have it too.",
        "schema": {"type": "string"}
    }})
}

/// Every refusal there is, by the name that endpoints refer to.
pub fn refusals(endpoints: &[Endpoint], schemas: &Value) -> Value {
    let statuses: BTreeSet<u16> = endpoints.iter().flat_map(Endpoint::errors).collect();
    let refusals = statuses.into_iter().map(|status| (refusal_name(status), refusal(status, schemas)));
    refusals.collect::<Map<String, Value>>().into()
}

fn refusal_name(status: u16) -> String {
    format!("Refused{status}")
}

/// A refusal: the codes there are for its status, and the headers that come with it.
fn refusal(status: u16, schemas: &Value) -> Value {
    let codes: Vec<Code> =
        Code::ALL.iter().copied().filter(|code| code.status().as_u16() == status).collect();
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    // A head that is too large to be read is answered by the HTTP library, without a body.
    let remark =
        if status == 431 { " Without a body where the head is too large to be read at all." } else { "" };
    let mut headers = Map::from_iter([request_id()]);
    headers.extend(own_headers(status).iter().map(header));
    let mut shown = shown_as(&reference("Problem"), schemas);
    if let (Some(example), Some(code)) =
        (shown.get_mut("example").and_then(Value::as_object_mut), codes.first())
    {
        example.extend(of_code(*code));
    }
    json!({
        "description": format!("Refused: {}.{remark}", names.join(", ")),
        "headers": headers,
        "content": {"application/problem+json": shown}
    })
}

/// The members of a problem that its code decides.
fn of_code(code: Code) -> Map<String, Value> {
    let (status, detail) = (code.status(), format!("{}.", code.title()));
    let members = [
        ("type", json!(format!("/problems/{}", code.as_str()))),
        ("title", json!(code.title())),
        ("status", json!(status.as_u16())),
        ("statusCode", json!(status.as_u16())),
        ("error", json!(status.canonical_reason())),
        ("code", json!(code.as_str())),
        ("detail", json!(detail)),
        ("message", json!(detail)),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn own_headers(status: u16) -> &'static [Parameter] {
    const TEXT: fn() -> Value = || json!({"type": "string"});
    const CHALLENGE: &[Parameter] = &[Parameter::new(
        "WWW-Authenticate",
        TEXT,
        "Which credential is asked for, and which scope it lacks.",
    )];
    const ALLOW: &[Parameter] = &[Parameter::new("Allow", TEXT, "The methods the path takes.")];
    const CURRENT: &[Parameter] =
        &[Parameter::new("ETag", TEXT, "The version the flow is at, where the answer says `current`.")];
    const TAKEN: &[Parameter] = &[
        Parameter::new("Accept", TEXT, "The media types that the path takes."),
        Parameter::new("Accept-Patch", TEXT, "`Accept`, where the path takes several kinds of patches."),
    ];
    const RETRY: &[Parameter] = &[Parameter::new(
        "Retry-After",
        || json!({"type": "integer", "minimum": 1}),
        "Seconds after which trying again makes sense.",
    )];
    match status {
        401 | 403 => CHALLENGE,
        405 => ALLOW,
        409 | 412 => CURRENT,
        415 => TAKEN,
        429 | 503 => RETRY,
        _ => &[],
    }
}
