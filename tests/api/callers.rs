//! Flows that others call: who calls them can be read, and they stay in force until somebody says why not.

use serde_json::{Value, json};

use super::{Api, Request, api, pin, sound};

impl Api {
    async fn put_in_force(&self, body: Value) -> String {
        let id = self.create(body).await["id"].as_str().unwrap().to_owned();
        self.ask("POST", self.flow(&id, "/publish")).send().await.expect(201);
        id
    }

    /// A flow in force whose step of the mode leads to another.
    async fn caller_of(&self, name: &str, called: &str, mode: &str) -> String {
        self.put_in_force(calling(name, called, mode)).await
    }

    /// The three ways to take a flow out of force, each with the members or the parameter that are given.
    fn endings(&self, id: &str, with: &Value) -> [Request; 3] {
        let members = with.as_object().cloned().unwrap_or_default();
        let mut paused = members.clone();
        paused.insert("enabled".to_owned(), json!(false));
        let query = if with["force"] == json!(true) { "?force=true" } else { "" };
        let delete = self.ask("DELETE", self.flow(id, query));
        [
            self.ask("PATCH", self.flow(id, "")).json(&paused.into()),
            self.ask("POST", self.flow(id, "/unpublish")).json(&members.into()),
            match with["reason"].as_str() {
                Some(reason) => delete.header("x-reason", reason),
                None => delete,
            },
        ]
    }
}

fn calling(name: &str, called: &str, mode: &str) -> Value {
    let steps = json!([
        {"id": "antes", "type": "message", "text": "Un momento"},
        {"id": "llamada", "type": "flow", "flowId": called, "mode": mode}
    ]);
    json!({"name": name, "steps": steps})
}

#[tokio::test]
async fn who_calls_a_flow_can_be_read() {
    let api = api().await;
    let called = api.put_in_force(sound("Pago")).await;
    assert_eq!(
        api.ask("GET", api.flow(&called, "/callers")).send().await.expect(200).data()["data"],
        json!([])
    );
    let first = api.caller_of("Reserva", &called, "call").await;
    let second = api.caller_of("Alta", &called, "transfer").await;
    let draft = api.create(calling("Borrador", &called, "call")).await;
    let paused = api.caller_of("Pausada", &called, "call").await;
    api.ask("PATCH", api.flow(&paused, "")).json(&json!({"enabled": false})).send().await.expect(200);
    let edited = api.caller_of("Editada", &called, "call").await;
    api.ask("PATCH", api.flow(&edited, "")).json(&json!({"steps": []})).send().await.expect(200);
    let all = api.ask("GET", api.flow(&called, "/callers")).send().await;
    pin("callers", &all);
    let ids = |answer: &Value| -> Vec<String> {
        let callers = answer["data"].as_array().unwrap().iter();
        callers.map(|calling| calling["flowId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&all.data()), [&*first, &*second, &*edited], "not {draft}, whose draft alone calls");
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/callers?limit=2{cursor}");
        let page = api.ask("GET", api.flow(&called, &path)).send().await.expect(200).data();
        seen.extend(ids(&page));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        cursor = format!("&cursor={}", page["pageInfo"]["endCursor"].as_str().unwrap());
    }
    assert_eq!(seen, ids(&all.data()), "page by page");
    api.ask("GET", api.flow(&called, "/callers?cursor=x"))
        .send()
        .await
        .expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_flow_that_is_called_stays_in_force() {
    let api = api().await;
    let called = api.put_in_force(sound("Pago")).await;
    let calling = api.caller_of("Reserva", &called, "call").await;
    let events = api.events().await;
    for request in api.endings(&called, &json!({})) {
        let answer = request.send().await.expect_problem(409, "flow_is_called");
        assert_eq!(answer.json()["callers"][0]["flowId"], calling, "{}", answer.shown());
    }
    pin("unpublish_called", &api.ask("POST", api.flow(&called, "/unpublish")).send().await);
    for (with, place) in [
        (json!({"force": true}), ["/reason", "/reason", "x-reason"]),
        (json!({"force": true, "reason": "ay"}), ["/reason", "/reason", "x-reason"]),
    ] {
        for (request, place) in api.endings(&called, &with).into_iter().zip(place) {
            let answer = request.send().await.expect(400);
            let error = &answer.json()["errors"][0];
            let at = error["pointer"].as_str().or(error["header"].as_str());
            assert_eq!(at, Some(place), "{}", answer.shown());
        }
    }
    let wrong = json!({"enabled": false, "force": "yes", "reason": 5});
    let answer = api.ask("PATCH", api.flow(&called, "")).json(&wrong).send().await;
    let answer = answer.expect_problem(400, "validation_failed").json();
    assert_eq!(
        (&answer["errors"][0]["pointer"], &answer["errors"][1]["pointer"]),
        (&json!("/force"), &json!("/reason"))
    );
    let answer = api.ask("DELETE", api.flow(&called, "?force=si")).send().await.expect(400);
    assert_eq!(answer.json()["errors"][0]["parameter"], "force");
    assert_eq!(api.events().await, events, "nothing happened so far");

    let with = json!({"force": true, "reason": "cierra la tienda"});
    for (request, status) in api.endings(&called, &with).into_iter().zip([200, 201, 204]) {
        request.send().await.expect(status);
    }
    let path = api.flow(&called, "/events?type=flow.deleted");
    let deleted = api.ask("GET", path).send().await.expect(200).data();
    assert_eq!(deleted["data"][0]["reason"], "cierra la tienda");
    let callers = api.ask("GET", api.flow(&called, "/callers")).send().await.expect(200).data();
    assert_eq!(callers["data"][0]["flowId"], calling, "of a deleted flow too");
}

#[tokio::test]
async fn what_takes_no_flow_away_is_not_asked_for_callers() {
    let api = api().await;
    let own = api.create_sound("Bucle").await;
    let looping = json!({"steps": [
        {"id": "pregunta", "type": "ask", "text": "¿Otra vez?", "saveTo": "otra"},
        {"id": "otra_vez", "type": "flow", "flowId": own, "mode": "transfer"}
    ], "variables": [{"name": "otra", "type": "string"}]});
    api.ask("POST", api.flow(&own, "/publish")).send().await.expect(201);
    api.ask("PATCH", api.flow(&own, "")).json(&looping).send().await.expect(200);
    api.ask("POST", api.flow(&own, "/publish")).send().await.expect(201);
    api.ask("POST", api.flow(&own, "/unpublish")).send().await.expect(201);

    let called = api.put_in_force(sound("Pago")).await;
    let calling = api.caller_of("Reserva", &called, "call").await;
    // Edits, an edit that leaves it enabled, and another version in force take nothing away.
    let edit = json!({"description": "a", "enabled": true});
    api.ask("PATCH", api.flow(&called, "")).json(&edit).send().await.expect(200);
    api.ask("POST", api.flow(&called, "/publish")).send().await.expect(201);
    // A caller that is out of force itself is none.
    api.ask("POST", api.flow(&calling, "/unpublish")).send().await.expect(201);
    for (request, status) in api.endings(&called, &json!({})).into_iter().zip([200, 201, 204]) {
        request.send().await.expect(status);
    }
}

#[tokio::test]
async fn callers_that_a_credential_does_not_see_count_and_are_not_named() {
    let api = api().await;
    let mut bound = sound("Pago");
    bound["phoneNumberId"] = json!("1");
    let called = api.put_in_force(bound).await;
    let mut calling = calling("Secreta", &called, "call");
    calling["phoneNumberId"] = json!("2");
    api.put_in_force(calling).await;
    let confined = json!({"name": "uno", "phoneNumberIds": ["1"]});
    let key = api.new_key(api.org_id, confined).await;
    let listed = api.ask("GET", api.flow(&called, "/callers")).key(&key).send().await.expect(200).data();
    assert_eq!(listed["data"], json!([]));
    let refused = api.ask("DELETE", api.flow(&called, "")).key(&key).send().await;
    let refused = refused.expect_problem(409, "flow_is_called");
    assert_eq!((&refused.json()["callers"], &refused.json()["hasMoreCallers"]), (&json!([]), &json!(true)));
    assert!(!refused.shown().contains("Secreta"));
}

#[tokio::test]
async fn a_forced_command_is_repeated_under_its_key_alone() {
    let api = api().await;
    let called = api.put_in_force(sound("Pago")).await;
    api.caller_of("Reserva", &called, "call").await;
    let delete = |query: &str| {
        let request = api.ask("DELETE", api.flow(&called, query));
        request.header("idempotency-key", "k").header("x-reason", "cierra la tienda")
    };
    delete("").send().await.expect_problem(409, "flow_is_called");
    delete("?force=true").send().await.expect(204);
    assert!(delete("?force=true").send().await.expect(204).is_replay());
    delete("").send().await.expect_problem(422, "idempotency_key_reused");
}
