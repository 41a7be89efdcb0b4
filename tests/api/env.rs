//! Values of an organization: replaced together, each change in the log, and read by runs as they were then.

use serde_json::{Value, json};

use super::bundles::assert_intact;
use super::{Answer, Api, Request, api, pin};

impl Api {
    fn env(&self, method: &str) -> Request {
        self.ask(method, format!("/organizations/{}/bot/env", self.org_id))
    }

    async fn put_env(&self, values: &Value) -> Answer {
        self.env("PUT").json(values).send().await
    }
}

#[tokio::test]
async fn values_are_replaced_together() {
    let api = api().await;
    let none = api.env("GET").send().await.expect(200);
    assert_eq!((none.data(), none.header("etag")), (json!({}), Some("\"0\"")));
    let first = json!({"API": "https://a.example", "CIUDAD": "León"});
    let put = api.env("PUT").header("if-match", "\"0\"").header("x-reason", "nueva tienda").json(&first);
    pin("env_put", &put.send().await);
    let events = api.events().await;
    let same = api.put_env(&first).await.expect(200);
    assert_eq!((same.header("etag"), api.events().await), (Some("\"2\""), events), "the same is no event");
    let second = json!({"API": "https://b.example", "MONEDA": ""});
    let late = api.env("PUT").header("if-match", "\"0\"").json(&second).send().await;
    let late = late.expect_problem(412, "precondition_failed");
    assert_eq!((late.header("etag"), late.json().get("current")), (Some("\"2\""), None));
    let put = api.env("PUT").header("if-match", "\"2\"").json(&second).send().await.expect(200);
    assert_eq!((put.data(), put.header("etag")), (second.clone(), Some("\"3\"")));
    assert_eq!(api.env("GET").send().await.expect(200).data(), second);
    api.env("GET").header("if-none-match", "\"3\"").send().await.expect(304);
    let entry = api.ask("GET", api.audit("?action=env.changed&limit=1")).send().await;
    pin("env_audit_entry", &entry);
    api.put_env(&json!([])).await.expect(200);
    assert_eq!(api.env("GET").send().await.expect(200).data(), json!({}));
}

#[tokio::test]
async fn a_change_is_repeated_under_its_key_alone() {
    let api = api().await;
    let send = |key: &str, values: Value| api.env("PUT").header("idempotency-key", key).json(&values).send();
    let first = send("a", json!({"A": "1"})).await.expect(200);
    api.put_env(&json!({"A": "2"})).await.expect(200);
    let again = send("a", json!({"A": "1"})).await.expect(200);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!((again.data(), again.header("etag")), (first.data(), first.header("etag")));
    send("a", json!({"A": "3"})).await.expect_problem(422, "idempotency_key_reused");
    let nothing = send("b", json!({"A": "2"})).await.expect(200);
    api.put_env(&json!({})).await.expect(200);
    let again = send("b", json!({"A": "2"})).await.expect(200);
    assert!(again.is_replay() && again.data() == nothing.data());
}

#[tokio::test]
async fn values_are_read_strictly() {
    let api = api().await;
    let events = api.events().await;
    let many: Value = (0..201).map(|n| (format!("N{n}"), json!("x"))).collect();
    for (values, place) in [
        (json!({"api": "x"}), "/api"),
        (json!({"A": 5}), "/A"),
        (json!({"A": null}), "/A"),
        (json!({"A": "x".repeat(2049)}), "/A"),
        (json!({"A/B": "x"}), "/A~1B"),
        (many, ""),
        (json!("x"), ""),
    ] {
        let refused = api.put_env(&values).await.expect_problem(400, "validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], place);
    }
    api.env("PUT").send().await.expect_problem(400, "invalid_json");
    assert_eq!(api.events().await, events);
    let largest: Value = (0..200).map(|n| (format!("N{n}"), json!("x".repeat(2048)))).collect();
    assert_eq!(api.put_env(&largest).await.expect(200).data(), largest);
}

#[tokio::test]
async fn a_run_has_the_values_of_its_moment() {
    let api = api().await;
    api.put_env(&json!({"API": "https://a.example", "TIENDA": "La Única"})).await.expect(200);
    let steps = json!({"name": "Valores", "steps": [
        {"id": "m", "type": "message", "text": "{{ env.TIENDA }}"},
        {"id": "h", "type": "http", "url": "{{ env.API }}/v1"},
        {"id": "fin", "type": "end"}
    ]});
    let flow = api.create(steps).await["id"].as_str().unwrap().to_owned();
    api.ask("POST", api.flow(&flow, "/publish")).send().await.expect(201);
    let body = json!({"mocks": {"http": [{"url": "https://a.example/v1", "respond": {"status": 200}}]}});
    let run = async |body: &Value| {
        api.ask("POST", api.flow(&flow, "/test-run")).json(body).send().await.expect(201).data()
    };
    let first = run(&body).await;
    assert_eq!((&first["status"], &first["envPosition"]), (&json!("completed"), &json!(2)));
    api.put_env(&json!({"TIENDA": "Otra"})).await.expect(200);
    let path = format!("/organizations/{}/bot/test-runs/{}", api.org_id, first["id"].as_str().unwrap());
    let read = api.ask("GET", path).send().await.expect(200).data();
    assert_eq!((&read["reproducible"], &read["transcript"][0]["text"]), (&json!(true), &json!("La Única")));
    let now = run(&body).await;
    assert_eq!((&now["error"]["code"], &now["envPosition"]), (&json!("HTTP_URL"), &json!(5)));
    let own =
        run(&json!({"env": {"TIENDA": "Mía", "API": "https://a.example"}, "mocks": body["mocks"]})).await;
    assert_eq!((&own["transcript"][0]["text"], &own["envPosition"]), (&json!("Mía"), &Value::Null));
    let plain = api.create_sound("sin valores").await;
    let plain = api.ask("POST", api.flow(&plain, "/test-run")).send().await.expect(201).data();
    assert_eq!(plain["envPosition"], Value::Null);
}

#[tokio::test]
async fn changes_are_evidence() {
    let api = api().await;
    api.put_env(&json!({"API": "https://a.example"})).await.expect(200);
    api.put_env(&json!({"API": "https://b.example"})).await.expect(200);
    let answer = api.ask("GET", api.audit("/export?format=ndjson")).send().await.expect(200);
    let counts = assert_intact(&answer.body, 4).counts;
    assert_eq!((counts.events, counts.documents), (4, 2), "the key, two changes with all values, the export");
    assert_eq!(drifts(&api).await, [""; 0]);
    // A type that a newer replica wrote is none of an older one's business: nothing is computed of this stream.
    let unknown = "UPDATE event SET type = 'organization.renamed' WHERE type = 'env.changed'";
    for statement in ["ALTER TABLE event DISABLE TRIGGER ALL", unknown] {
        sqlx::query(statement).execute(&api.database.pool).await.unwrap();
    }
    assert_eq!(drifts(&api).await, [""; 0]);
}

/// What the projections of the organization say about its log.
async fn drifts(api: &Api) -> Vec<String> {
    let mut walk = api.registry.projections.walk(Some(api.org_id)).await.unwrap().unwrap();
    let mut found = Vec::new();
    while let Some(batch) = walk.next().await.unwrap() {
        found.extend(batch.drifts().iter().map(|drift| drift.trouble.to_string()));
    }
    found
}

#[tokio::test]
async fn a_confined_key_changes_no_values_of_all_numbers() {
    let api = api().await;
    let key = json!({"name": "una", "scopes": ["flows:publish"], "phoneNumberIds": ["1"]});
    let confined = api.new_key(api.org_id, key).await;
    let refused = api.env("PUT").key(&confined).json(&json!({"HOST": "x"})).send().await;
    refused.expect_problem(403, "insufficient_scope");
    assert_eq!(api.env("GET").send().await.expect(200).data(), json!({}));
}
