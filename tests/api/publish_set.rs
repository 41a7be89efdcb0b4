//! Flows that refer to each other are put in force together, or none of them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Api, api, pin, sound};

impl Api {
    async fn draft(&self, body: Value) -> String {
        self.create(body).await["id"].as_str().unwrap().to_owned()
    }

    async fn publish_set(&self, body: &Value) -> Answer {
        self.ask("POST", self.flows("/publish")).json(body).send().await
    }

    async fn calls(&self, flow: &str, other: &str, mode: &str) {
        let steps = json!({"steps": [
            {"id": "pregunta", "type": "ask", "text": "¿Seguimos?", "saveTo": "x"},
            {"id": "otro", "type": "flow", "flowId": other, "mode": mode}
        ], "variables": [{"name": "x", "type": "string"}]});
        self.ask("PATCH", self.flow(flow, "")).json(&steps).send().await.expect(200);
    }

    async fn is_in_force(&self, flow: &str) -> bool {
        self.ask("GET", self.flow(flow, "")).send().await.expect(200).data()["inForce"] == json!(true)
    }
}

fn set(ids: &[&String]) -> Value {
    let flows: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"flows": flows, "reason": "campaña de mayo", "label": "v1"})
}

fn versions(answer: &Answer) -> Vec<(String, i64)> {
    let data = answer.data();
    let flows = data.as_array().unwrap().iter();
    flows.map(|it| (it["id"].as_str().unwrap().to_owned(), it["version"].as_i64().unwrap())).collect()
}

#[tokio::test]
async fn flows_that_lead_to_each_other_come_in_force_together() {
    let api = api().await;
    let (a, b) = (api.draft(sound("A")).await, api.draft(sound("B")).await);
    api.calls(&a, &b, "transfer").await;
    api.calls(&b, &a, "transfer").await;
    let alone = api.ask("POST", api.flow(&a, "/publish")).send().await.expect_problem(422, "not_publishable");
    assert_eq!(alone.json()["findings"][0]["code"], "FLOW_REF_NOT_PUBLISHED");
    let published = api.publish_set(&set(&[&b, &a])).await.expect(201);
    assert_eq!(versions(&published), [(b.clone(), 3), (a.clone(), 3)], "in the order asked");
    assert!(api.is_in_force(&a).await && api.is_in_force(&b).await);
    let events = api.events().await;
    let again = api.publish_set(&set(&[&a, &b])).await.expect(201);
    assert_eq!(versions(&again), [(a.clone(), 3), (b.clone(), 3)]);
    assert_eq!(api.events().await, events, "what is in force already is no event");

    // One of them changed: it alone has an event.
    api.ask("PATCH", api.flow(&b, "")).json(&json!({"name": "B2"})).send().await.expect(200);
    let one = api.publish_set(&set(&[&a, &b])).await.expect(201);
    assert_eq!(versions(&one), [(a, 3), (b.clone(), 5)]);
    let event = api.ask("GET", api.flow(&b, "/events?limit=1")).send().await.expect(200).data();
    assert_eq!(event["data"][0]["reason"], "campaña de mayo");
    assert_eq!(
        (&event["data"][0]["label"], &event["data"][0]["publishedVersion"]),
        (&json!("v1"), &json!(5))
    );
}

#[tokio::test]
async fn a_flow_that_leads_to_itself_needs_no_set() {
    let api = api().await;
    let own = api.draft(sound("Bucle")).await;
    api.calls(&own, &own, "transfer").await;
    let verdict = api.ask("POST", api.flow(&own, "/validate")).send().await.expect(200).data();
    assert_eq!(verdict["errorCount"], json!(0), "{verdict}");
    api.ask("POST", api.flow(&own, "/publish")).send().await.expect(201);
    // What counts is the version that comes in force: an input that it no longer takes is a mistake at once.
    let steps = json!({"steps": [{"id": "otro", "type": "flow", "flowId": own, "mode": "transfer", "inputs": {"y": 1}}]});
    api.ask("PATCH", api.flow(&own, "")).json(&steps).send().await.expect(200);
    let refused =
        api.ask("POST", api.flow(&own, "/publish")).send().await.expect_problem(422, "not_publishable");
    assert!(refused.shown().contains("BAD_FLOW_MAPPING"), "{}", refused.shown());
    api.calls(&own, &own, "call").await;
    let refused =
        api.ask("POST", api.flow(&own, "/publish")).send().await.expect_problem(422, "not_publishable");
    assert_eq!(refused.json()["findings"][0]["code"], "RECURSION");
}

#[tokio::test]
async fn nothing_of_a_set_comes_in_force_where_one_flow_has_errors() {
    let api = api().await;
    let (a, b, c) = (api.draft(sound("A")).await, api.draft(sound("B")).await, api.draft(sound("C")).await);
    api.calls(&a, &b, "call").await;
    api.calls(&b, &c, "call").await;
    api.calls(&c, &a, "call").await;
    let events = api.events().await;
    let refused = api.publish_set(&set(&[&a, &b, &c])).await.expect_problem(422, "not_publishable");
    let findings = refused.json()["findings"].clone();
    let errors = findings.as_array().unwrap().iter().filter(|it| it["severity"] == "error");
    let places: Vec<_> = errors.map(|it| (&it["code"], &it["pointer"])).collect();
    let expected = ["/flows/0/steps/1/flowId", "/flows/1/steps/1/flowId", "/flows/2/steps/1/flowId"];
    let expected = expected.map(|place| (json!("RECURSION"), json!(place)));
    assert_eq!(places, expected.iter().map(|(code, place)| (code, place)).collect::<Vec<_>>());
    // Two of them are sound by now, the third is empty.
    api.ask("PATCH", api.flow(&c, "")).json(&json!({"steps": []})).send().await.expect(200);
    pin("publish_set_refused", &api.publish_set(&set(&[&a, &b, &c])).await);
    assert_eq!(api.events().await, events + 1, "the edit alone");
    assert!(!api.is_in_force(&a).await && !api.is_in_force(&b).await);
    api.ask("PATCH", api.flow(&c, "")).json(&sound("C")).send().await.expect(200);
    let mut pinned = set(&[&a, &b, &c]);
    pinned["flows"][2]["version"] = json!(1);
    assert_eq!(versions(&api.publish_set(&pinned).await.expect(201))[2].1, 5);
}

#[tokio::test]
async fn a_set_is_read_strictly() {
    let api = api().await;
    let events_of = async || api.events().await;
    let a = api.draft(sound("A")).await;
    let gone = api.draft(sound("Ida")).await;
    api.ask("DELETE", api.flow(&gone, "")).send().await.expect(204);
    let elsewhere = super::api().await.draft(sound("De otra")).await;
    let nobody = Uuid::new_v4().to_string();
    let before = events_of().await;
    let many: Vec<Value> = (0..51).map(|_| json!({"id": Uuid::new_v4()})).collect();
    for (body, places) in [
        (json!({}), vec!["/flows"]),
        (json!({"flows": []}), vec!["/flows"]),
        (json!({"flows": null}), vec!["/flows"]),
        (json!({"flows": {"id": a}}), vec!["/flows"]),
        (json!({"flows": many}), vec!["/flows"]),
        (json!({"flows": [a, {"id": 5}, {}]}), vec!["/flows/0", "/flows/1/id", "/flows/2/id"]),
        (json!({"flows": [{"id": a, "version": 0, "name": "x"}]}), vec!["/flows/0/version", "/flows/0/name"]),
        (json!({"flows": [{"id": a}, {"id": a}]}), vec!["/flows/1/id"]),
        (json!({"flows": [{"id": a}], "force": true, "reason": 5}), vec!["/reason", "/force"]),
    ] {
        let refused = api.publish_set(&body).await.expect_problem(400, "validation_failed").json();
        let found: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|it| &it["pointer"]).collect();
        assert_eq!(
            found,
            places.iter().map(|it| json!(it)).collect::<Vec<_>>().iter().collect::<Vec<_>>(),
            "{body}"
        );
    }
    for id in [&nobody, &gone, &elsewhere] {
        let refused = api.publish_set(&set(&[&a, id])).await.expect_problem(404, "flow_not_found");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/flows/1/id");
    }
    let mut missing = set(&[&a]);
    missing["flows"][0]["version"] = json!(9);
    let refused = api.publish_set(&missing).await.expect_problem(404, "version_not_found");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/flows/0/version");
    let conditional = api.ask("POST", api.flows("/publish")).header("if-match", "\"1\"").json(&set(&[&a]));
    conditional.send().await.expect_problem(400, "invalid_parameter");
    assert_eq!(events_of().await, before);
    assert!(!api.is_in_force(&a).await);
}

#[tokio::test]
async fn a_set_under_a_key_is_answered_once() {
    let api = api().await;
    let (a, b) = (api.draft(sound("A")).await, api.draft(sound("B")).await);
    let send = |body: Value| {
        api.ask("POST", api.flows("/publish")).header("idempotency-key", "k").json(&body).send()
    };
    let first = send(set(&[&a, &b])).await.expect(201);
    api.ask("PATCH", api.flow(&a, "")).json(&json!({"name": "Otra"})).send().await.expect(200);
    let again = send(set(&[&a, &b])).await.expect(201);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(again.data(), first.data());
    send(set(&[&b, &a])).await.expect_problem(422, "idempotency_key_reused");
    let nothing = api.ask("POST", api.flows("/publish")).header("idempotency-key", "n").json(&set(&[&b]));
    let first = nothing.clone().send().await.expect(201);
    let again = nothing.send().await.expect(201);
    assert!(again.is_replay() && again.data() == first.data(), "where nothing changed too");
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_that_overlap_do_not_hold_each_other_up() {
    let api = api().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(api.draft(sound(&format!("F{n}"))).await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..6 {
        let mut order: Vec<&String> = ids.iter().collect();
        order.rotate_left(round);
        if round % 2 == 1 {
            order.reverse();
        }
        let request = api.ask("POST", api.flows("/publish")).json(&set(&order));
        tasks.spawn(async move { request.send().await.status.as_u16() });
    }
    assert_eq!(tasks.join_all().await, [201; 6]);
    assert_eq!(api.events().await, 1 + 6 + 6, "each flow came in force once");
}
