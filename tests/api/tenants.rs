//! One organization never learns of another, on no route.

use flow_registry::http::{self, Access};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Api, Request, api, sound};

/// An endpoint of an organization, as its row says: what a request to it needs.
#[derive(Debug)]
pub struct Route {
    pub method: String,
    /// Below the organization.
    pub path: String,
    /// A caller needs one of them.
    pub scopes: Vec<&'static str>,
    /// The example of a body, where one must be sent.
    body: Option<Value>,
}

impl Route {
    /// The parameters without which the endpoint has nothing to answer to the flow that [`Ids::of`] makes.
    fn query(&self) -> &'static str {
        match self.path.as_str() {
            "/bot/flows/{flowId}/diff" => "?from=1&to=1",
            "/audit/export" => "?format=csv",
            _ => "",
        }
    }
}

/// The flow that examples of bodies name.
pub const EXAMPLE_FLOW: &str = "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c";

impl Route {
    fn names_something(&self) -> bool {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        self.path.contains("Id}") || body.contains(EXAMPLE_FLOW)
    }
}

/// Every endpoint of an organization that asks for a credential.
pub fn routes() -> Vec<Route> {
    let routes = http::endpoints().into_iter().filter_map(|endpoint| {
        let path = endpoint.path.strip_prefix("/organizations/{orgId}")?.to_owned();
        let Access::OneOf(scopes) = endpoint.access else { return None };
        let body = endpoint.body.filter(|body| body.is_required).map(|body| body.example);
        let scopes = scopes.iter().map(|scope| scope.as_str()).collect();
        Some(Route { method: endpoint.method.to_uppercase(), path, scopes, body })
    });
    let routes: Vec<Route> = routes.collect();
    assert!(routes.len() > 20, "the rows are where this test looks");
    routes
}

/// Ids of one organization's things.
pub struct Ids {
    flow: String,
    run: String,
    key: String,
    erasure: String,
}

impl Ids {
    /// Ids that nothing has.
    fn unknown() -> Self {
        let id = || Uuid::new_v4().to_string();
        Self { flow: id(), run: id(), key: id(), erasure: id() }
    }

    /// A flow, a run of it and a key of the organization behind `api`.
    pub async fn of(api: &Api) -> Self {
        let flow = api.create_sound("Uno").await;
        let run = api.ask("POST", api.flow(&flow, "/test-run")).send().await.expect(201).data();
        let path = format!("/organizations/{}/api-keys", api.org_id);
        let made = api.ask("POST", path).json(&json!({"name": "segunda"})).send().await.expect(201).data();
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        // Nobody is called so: it leaves no event.
        let nobody = json!({"person": ["nobody at all"], "reason": "art. 17"});
        let eraser = api.key_with(&["audit:erase"]).await;
        let erasure =
            api.ask("POST", api.audit("/erasures")).key(&eraser).json(&nobody).send().await.expect(202);
        Self { run: id(&run), key: id(&made), erasure: id(&erasure.data()), flow }
    }
}

pub async fn send(api: &Api, route: &Route, org_id: Uuid, ids: &Ids, key: &str) -> Answer {
    let path = route.path.replace("{flowId}", &ids.flow).replace("{version}", "1");
    let path = path.replace("{runId}", &ids.run).replace("{keyId}", &ids.key);
    let path = path.replace("{erasureId}", &ids.erasure).replace("{stepId}", "adios");
    let path = format!("/organizations/{org_id}{path}{}", route.query());
    let request = api.ask_openly(&route.method, path).key(key);
    // The example names a flow that nobody has.
    let body = route.body.as_ref().map(|body| body.to_string().replace(EXAMPLE_FLOW, &ids.flow));
    body.into_iter().fold(request, Request::text).send().await
}

/// What tells one answer from another, but for the request itself.
fn told(answer: &Answer) -> Value {
    let mut body = answer.json();
    for name in ["requestId", "timestamp", "path", "instance"] {
        body[name] = Value::Null;
    }
    body
}

#[tokio::test]
async fn a_key_opens_no_other_organization() {
    let api = api().await;
    let (ids, other) = (Ids::of(&api).await, Uuid::new_v4());
    let foreign = api.new_key(other, json!({"name": "ajena"})).await;
    let events = api.events().await;
    for route in &routes() {
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
    let foreign = api.new_key(other, json!({"name": "ajena", "scopes": ["admin", "audit:erase"]})).await;
    let events = api.events().await;
    for route in routes().iter().filter(|route| route.names_something()) {
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
        let ids = Ids { flow: id.clone(), ..Ids::unknown() };
        for route in routes().iter().filter(|route| route.path.contains("{flowId}")) {
            let answer = send(&api, route, api.org_id, &ids, &confined).await;
            answer.expect_problem(404, "flow_not_found");
        }
    }
    assert_eq!(api.events().await, events);
    let own = api.ask("PATCH", api.flow(&ids[0], "")).key(&confined);
    own.json(&json!({"name": "Dos"})).send().await.expect(200);
}
