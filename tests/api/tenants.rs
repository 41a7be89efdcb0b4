//! One organization never learns of another, on no route.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Api, api, sound};

/// A method, a path below an organization, the scopes of which it needs one, and a body where one is needed.
pub type Route = (&'static str, &'static str, &'static str, Option<&'static str>);

pub const ROUTES: [Route; 30] = [
    ("GET", "/bot/flows", "flows:read", None),
    ("POST", "/bot/flows", "flows:write", Some(r#"{"name": "Uno"}"#)),
    ("POST", "/bot/flows/validate", "flows:read", Some(r#"{"name": "Uno"}"#)),
    ("POST", "/bot/flows/publish", "flows:publish", Some(r#"{"flows": [{"id": "{flowId}"}]}"#)),
    ("GET", "/bot/flows/{flowId}", "flows:read", None),
    ("PATCH", "/bot/flows/{flowId}", "flows:write", Some(r#"{"name": "Dos"}"#)),
    ("DELETE", "/bot/flows/{flowId}", "flows:write", None),
    ("POST", "/bot/flows/{flowId}/publish", "flows:publish", None),
    ("POST", "/bot/flows/{flowId}/unpublish", "flows:publish", None),
    ("POST", "/bot/flows/{flowId}/duplicate", "flows:write", None),
    ("GET", "/bot/flows/{flowId}/callers", "flows:read", None),
    ("POST", "/bot/flows/{flowId}/validate", "flows:read", None),
    ("POST", "/bot/flows/{flowId}/test-run", "flows:test", None),
    ("GET", "/bot/flows/{flowId}/test-runs", "flows:read", None),
    ("GET", "/bot/test-runs/{runId}", "flows:read", None),
    ("GET", "/bot/flows/{flowId}/events", "flows:read", None),
    ("GET", "/bot/flows/{flowId}/versions/{version}", "flows:read", None),
    ("GET", "/bot/flows/{flowId}/diff?from=1&to=1", "flows:read", None),
    ("GET", "/bot/flows/{flowId}/blame", "flows:read", None),
    (
        "POST",
        "/bot/flows/{flowId}/restore",
        "flows:restore",
        Some(r#"{"version": 1, "reason": "volver al principio"}"#),
    ),
    ("GET", "/bot/env", "flows:read", None),
    ("PUT", "/bot/env", "flows:publish", Some(r#"{"API": "https://a.example"}"#)),
    ("GET", "/audit", "audit:read", None),
    ("GET", "/audit/export?format=csv", "audit:read", None),
    ("GET", "/audit/stream", "flows:read audit:read", None),
    ("GET", "/audit/checkpoint", "audit:read", None),
    ("GET", "/api-keys", "keys:manage", None),
    ("POST", "/api-keys", "keys:manage", Some(r#"{"name": "otra"}"#)),
    ("PATCH", "/api-keys/{keyId}", "keys:manage", Some(r#"{"name": "otra"}"#)),
    ("DELETE", "/api-keys/{keyId}", "keys:manage", None),
];

/// Ids of one organization's things.
pub struct Ids {
    flow: String,
    run: String,
    key: String,
}

impl Ids {
    /// Ids that nothing has.
    fn unknown() -> Self {
        let id = || Uuid::new_v4().to_string();
        Self { flow: id(), run: id(), key: id() }
    }

    /// A flow, a run of it and a key of the organization behind `api`.
    pub async fn of(api: &Api) -> Self {
        let flow = api.create_sound("Uno").await;
        let run = api.ask("POST", api.flow(&flow, "/test-run")).send().await.expect(201).data();
        let path = format!("/organizations/{}/api-keys", api.org_id);
        let made = api.ask("POST", path).json(&json!({"name": "segunda"})).send().await.expect(201).data();
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        Self { run: id(&run), key: id(&made), flow }
    }
}

pub async fn send(api: &Api, route: Route, org_id: Uuid, ids: &Ids, key: &str) -> Answer {
    let (method, path, _, body) = route;
    let path = path.replace("{flowId}", &ids.flow).replace("{version}", "1");
    let path = path.replace("{runId}", &ids.run).replace("{keyId}", &ids.key);
    let request = api.ask_openly(method, format!("/organizations/{org_id}{path}")).key(key);
    body.iter().fold(request, |request, body| request.text(body.replace("{flowId}", &ids.flow))).send().await
}

/// What tells one answer from another, but for the request itself.
fn told(answer: &Answer) -> Value {
    let mut body = answer.json();
    for name in ["requestId", "timestamp", "path", "instance"] {
        body[name] = Value::Null;
    }
    body
}

/// A route that is described and not listed here would go untried.
#[tokio::test]
async fn every_route_of_an_organization_is_tried() {
    let api = api().await;
    let described = api.ask_openly("GET", "/openapi.json").send().await.expect(200).json();
    let mut missing = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/organizations/{orgId}") else { continue };
        // Where no credential is asked for, none can be wrong.
        let asks = |method: &&&str| methods.get(**method).is_some_and(|it| it["security"] != json!([]));
        for method in ["get", "post", "put", "patch", "delete"].iter().filter(asks) {
            let is_listed = ROUTES.iter().any(|(listed, listed_path, ..)| {
                listed.eq_ignore_ascii_case(method) && listed_path.split('?').next() == Some(path)
            });
            if !is_listed {
                missing.push(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "not tried for other tenants and scopes: {missing:?}");
}

#[tokio::test]
async fn a_key_opens_no_other_organization() {
    let api = api().await;
    let (ids, other) = (Ids::of(&api).await, Uuid::new_v4());
    let foreign = api.new_key(other, json!({"name": "ajena"})).await;
    let events = api.events().await;
    for route in ROUTES {
        let there = send(&api, route, api.org_id, &ids, &foreign).await;
        let there = there.expect_problem(403, "wrong_organization");
        // Whether there is such an organization at all makes no difference.
        let nowhere = send(&api, route, Uuid::new_v4(), &ids, &foreign).await;
        assert_eq!(told(&there), told(&nowhere), "{route:?}");
    }
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn ids_of_another_organization_are_unknown_ids() {
    let api = api().await;
    let (ids, other) = (Ids::of(&api).await, Uuid::new_v4());
    let foreign = api.new_key(other, json!({"name": "ajena"})).await;
    let events = api.events().await;
    let names = |text: &str| text.contains("Id}");
    for route in ROUTES.into_iter().filter(|(_, path, _, body)| names(path) || body.is_some_and(names)) {
        let theirs = send(&api, route, other, &ids, &foreign).await.expect(404);
        let nobodys = send(&api, route, other, &Ids::unknown(), &foreign).await.expect(404);
        assert_eq!(told(&theirs), told(&nobodys), "{route:?}");
    }
    assert_eq!(api.events().await, events);
    let list = api.ask_openly("GET", format!("/organizations/{other}/bot/flows")).key(&foreign);
    assert_eq!(list.send().await.expect(200).data(), json!([]));
}

/// The order in which a request is looked at, broken in everything from some point on.
#[tokio::test]
async fn the_order_of_checks() {
    let api = api().await;
    let reader = api.key_with(&["flows:read"]).await;
    let foreign = api.new_key(Uuid::new_v4(), json!({"name": "ajena"})).await;
    let (org, good) = (api.org_id.to_string(), Uuid::new_v4().to_string());
    let checks = [
        ("not-a-uuid", None, "x", "{", 400, "invalid_parameter"),
        (&*org, None, "x", "{", 401, "missing_credentials"),
        (&*org, Some("mk_live_x.y"), "x", "{", 401, "invalid_credentials"),
        (&*org, Some(&*foreign), "x", "{", 403, "wrong_organization"),
        (&*org, Some(&*reader), "x", "{", 403, "insufficient_scope"),
        (&*org, Some(&*api.key), "x", "{", 400, "invalid_parameter"),
        (&*org, Some(&*api.key), &*good, "{", 400, "invalid_json"),
        (&*org, Some(&*api.key), &*good, "{\"version\": \"x\"}", 400, "validation_failed"),
        (&*org, Some(&*api.key), &*good, "{}", 400, "invalid_idempotency_key"),
    ];
    for (org, key, id, body, status, code) in checks {
        let path = format!("/organizations/{org}/bot/flows/{id}/publish");
        let request = api.ask_openly("POST", path).text(body.to_owned()).header("idempotency-key", "");
        let request = key.iter().fold(request, |request, key| request.key(key));
        request.send().await.expect_problem(status, code);
    }
}

/// A key that is confined to numbers sees and changes the flows bound to them; the others are not there.
#[tokio::test]
async fn a_confined_key_has_its_own_flows_only() {
    let api = api().await;
    let confined = json!({"name": "línea 1", "phoneNumberIds": ["1"]});
    let confined = api.new_key(api.org_id, confined).await;
    let mut ids = Vec::new();
    for number in [json!("1"), json!("2"), Value::Null] {
        let mut document = sound("Uno");
        document["phoneNumberId"] = number;
        ids.push(api.create(document).await["id"].as_str().unwrap().to_owned());
    }
    let list = api.ask("GET", api.flows("")).key(&confined).send().await.expect(200).data();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &json!(ids[0])));
    let events = api.events().await;
    for id in &ids[1..] {
        for (method, path, _, body) in ROUTES.into_iter().filter(|(_, path, ..)| path.contains("{flowId}")) {
            let path = path.replace("/bot/flows/{flowId}", "").replace("{version}", "1");
            let request = api.ask(method, api.flow(id, &path)).key(&confined);
            let request = body.iter().fold(request, |request, body| request.text(*body));
            request.send().await.expect_problem(404, "flow_not_found");
        }
    }
    assert_eq!(api.events().await, events);
    let own = api.ask("PATCH", api.flow(&ids[0], "")).key(&confined);
    own.json(&json!({"name": "Dos"})).send().await.expect(200);
}
