//! Conditional requests: the tag of a flow, and what `If-Match` and `If-None-Match` make of it.

use serde_json::json;

use super::api;

/// Headers, and the statuses of a read and of a change under them.
type Case = (&'static [(&'static str, &'static str)], u16, u16);

/// A flow at version 3, and for each condition the statuses of a read and of a change.
#[tokio::test]
async fn every_condition_on_reads_and_changes() {
    let api = api().await;
    let table: [Case; 16] = [
        (&[], 200, 200),
        (&[("if-match", "*")], 200, 200),
        (&[("if-match", "\"3\"")], 200, 200),
        (&[("if-match", "\"1\", \"3\"")], 200, 200),
        (&[("if-match", "\"2\"")], 412, 412),
        (&[("if-match", "\"03\"")], 412, 412),
        (&[("if-match", "W/\"3\"")], 412, 412),
        (&[("if-match", "\"abc\"")], 412, 412),
        (&[("if-match", "3")], 400, 400),
        (&[("if-none-match", "*")], 304, 412),
        (&[("if-none-match", "\"3\"")], 304, 412),
        (&[("if-none-match", "W/\"3\"")], 304, 412),
        (&[("if-none-match", "\"1\", \"2\"")], 200, 200),
        (&[("if-none-match", "\"3")], 400, 400),
        (&[("if-match", "\"3\""), ("if-none-match", "\"3\"")], 304, 412),
        (&[("if-match", "\"2\""), ("if-none-match", "\"3\"")], 412, 412),
    ];
    for (conditions, read, changed) in table {
        let id = api.create_sound("Uno").await;
        for name in ["Dos", "Tres"] {
            api.ask("PATCH", api.flow(&id, "")).json(&json!({"name": name})).send().await.expect(200);
        }
        let ask = |method| {
            let request = api.ask(method, api.flow(&id, ""));
            conditions.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        let events = api.events().await;
        let answer = ask("GET").send().await;
        assert_eq!(answer.status, read, "GET {conditions:?}");
        if read == 304 {
            assert!(answer.body.is_empty());
            assert_eq!(answer.header("etag"), Some("\"3\""));
        }
        let answer = ask("PATCH").json(&json!({"name": "Cuatro"})).send().await;
        assert_eq!(answer.status, changed, "PATCH {conditions:?}");
        let appended = api.events().await - events;
        assert_eq!(appended, i64::from(changed == 200), "{conditions:?}");
    }
}

#[tokio::test]
async fn who_is_late_learns_what_is_current() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let request = api.ask("PATCH", api.flow(&id, "")).header("if-match", "\"1\"");
    request.clone().json(&json!({"name": "Dos"})).send().await.expect(200);
    let late = request.json(&json!({"name": "Tres"})).send().await.expect_problem(412, "precondition_failed");
    let read = api.ask("GET", api.flow(&id, "")).send().await.expect(200).data();
    assert_eq!(late.header("etag"), Some("\"2\""));
    let current = &late.json()["current"];
    assert_eq!(current["version"], 2);
    assert_eq!(current["updatedAt"], read["updatedAt"]);
    assert_eq!(current["updatedBy"], read["updatedBy"]);
    assert_eq!(current["updatedBy"]["name"], "backend");
}

/// Who is late learns whose change is in the way, why it was made, and what it changed; people are for few.
#[tokio::test]
async fn who_is_late_learns_what_changed_and_why() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let change = |body: serde_json::Value, person: &str, reason: &str| {
        let request = api.ask("PATCH", api.flow(&id, "")).json(&body);
        request.header("x-on-behalf-of", person).header("x-reason", reason).send()
    };
    change(json!({"name": "Dos"}), "ana@example.com", "ortografía").await.expect(200);
    let steps = json!([{"id": "adios", "type": "end", "text": "Chau"}]);
    change(json!({"steps": steps, "enabled": false}), "bea@example.com", "campaña").await.expect(200);
    let diff = format!("{}?from=1&to=3", api.flow(&id, "/diff"));
    let since = json!({"version": 1, "changed": ["name", "steps.adios.text", "enabled"], "changedMore": 0, "diff": diff});
    let late = |method: &str, rest: &str| api.ask(method, api.flow(&id, rest)).header("if-match", "\"1\"");
    for request in [
        late("PATCH", "").json(&json!({"name": "Tres"})),
        late("PATCH", "/steps/adios").json(&json!({"text": "x"})),
        late("GET", ""),
        late("DELETE", ""),
        late("POST", "/publish"),
        late("POST", "/duplicate"),
        late("POST", "/restore").json(&json!({"version": 1, "reason": "de vuelta"})),
    ] {
        let current =
            request.send().await.expect_problem(412, "precondition_failed").json()["current"].take();
        assert_eq!(
            (&current["onBehalfOf"], &current["reason"]),
            (&json!("bea@example.com"), &json!("campaña"))
        );
        assert_eq!(current["since"], since);
    }
    api.ask("GET", &diff).send().await.expect(200);
    let echoed = api.ask("PATCH", api.flow(&id, "")).json(&json!({"version": 2, "name": "Tres"}));
    let echoed = echoed.send().await.expect_problem(412, "precondition_failed").json();
    assert_eq!(echoed["current"]["since"]["changed"], json!(["steps.adios.text", "enabled"]));
    let any = late("PATCH", "").header("if-match", "\"99\"").json(&json!({"name": "Tres"}));
    assert_eq!(
        any.send().await.expect_problem(412, "precondition_failed").json()["current"]["since"],
        json!(null)
    );
    let reader = api.key_with(&["flows:read"]).await;
    let seen = late("GET", "").key(&reader).send().await.expect_problem(412, "precondition_failed").json();
    let current = &seen["current"];
    for member in ["updatedBy", "onBehalfOf", "reason"] {
        assert_eq!(current[member], json!(null), "{member}");
    }
    assert_eq!(current["since"], since);
}

/// Every command that takes an id takes the condition, and none of them happens when it does not hold.
#[tokio::test]
async fn every_command_can_be_conditional() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let events = api.events().await;
    let commands =
        [("PATCH", ""), ("POST", "/publish"), ("POST", "/unpublish"), ("POST", "/duplicate"), ("DELETE", "")];
    for (method, rest) in commands {
        let request = api.ask(method, api.flow(&id, rest)).header("if-match", "\"7\"");
        let request = if method == "PATCH" { request.json(&json!({"name": "Dos"})) } else { request };
        request.send().await.expect_problem(412, "precondition_failed");
    }
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn nothing_to_match_where_nothing_has_versions() {
    let api = api().await;
    let body = json!({"name": "Uno"});
    let request = api.ask("POST", api.flows("")).json(&body);
    let refused = request.clone().header("if-match", "*").send().await;
    assert_eq!(refused.expect_problem(400, "invalid_parameter").json()["errors"][0]["header"], "if-match");
    request.header("if-none-match", "*").send().await.expect(201);
}

/// An unconditional change of a version that is gone from another client's memory is no conflict.
#[tokio::test]
async fn tags_follow_every_change() {
    let api = api().await;
    let created = api.ask("POST", api.flows("")).json(&super::sound("Uno")).send().await.expect(201);
    assert_eq!(created.header("etag"), Some("\"1\""));
    let id = created.data()["id"].as_str().unwrap().to_owned();
    let steps: [(&str, &str, Option<serde_json::Value>, u16, &str); 7] = [
        ("PATCH", "", Some(json!({"name": "Dos"})), 200, "\"2\""),
        ("PATCH", "", Some(json!({})), 200, "\"2\""),
        ("POST", "/publish", None, 201, "\"3\""),
        ("POST", "/publish", None, 201, "\"3\""),
        ("POST", "/unpublish", None, 201, "\"4\""),
        ("GET", "", None, 200, "\"4\""),
        ("GET", "?version=2", None, 200, "\"2\""),
    ];
    for (method, rest, body, status, tag) in steps {
        let request = api.ask(method, api.flow(&id, rest));
        let request = body.iter().fold(request, |request, body| request.json(body));
        assert_eq!(request.send().await.expect(status).header("etag"), Some(tag), "{method} {rest}");
    }
}
