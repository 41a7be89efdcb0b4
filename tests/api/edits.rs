//! Edits of a draft: a flow that is sent back as it was read, merges, lists of operations, and single steps.

use serde_json::{Value, json};

use super::client::{Answer, Request};
use super::{Api, api};

const MERGE_PATCH: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";

impl Api {
    async fn read(&self, id: &str) -> Value {
        self.ask("GET", self.flow(id, "")).send().await.expect(200).data()
    }

    fn patch(&self, id: &str, media_type: &str, body: &Value) -> Request {
        self.ask("PATCH", self.flow(id, "")).header("content-type", media_type).body(body.to_string())
    }
}

fn pointers(answer: &Answer) -> Vec<String> {
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_flow_is_sent_back_as_it_was_read() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    api.ask("POST", api.flow(&id, "/publish")).send().await.expect(201);
    let events = api.events().await;
    let send = |body: &Value| api.ask("PATCH", api.flow(&id, "")).json(body).send();
    let mut flow = api.read(&id).await;
    send(&flow).await.expect(200);
    assert_eq!(api.events().await, events, "nothing is changed");
    flow["steps"][0]["text"] = "¡Hola de nuevo!".into();
    let changed = send(&flow).await.expect(200).data();
    assert_eq!(changed["version"], 3);
    assert_eq!(changed["steps"][0]["text"], "¡Hola de nuevo!");
    // By now it is another version.
    let late = send(&flow).await.expect_problem(412, "precondition_failed");
    assert_eq!(late.json()["current"]["version"], 3);
    // What the service sets is not a client's to set.
    let mut flow = api.read(&id).await;
    flow["status"] = "draft".into();
    flow["publishedVersion"] = 7.into();
    let refused = send(&flow).await.expect_problem(400, "validation_failed");
    assert_eq!(pointers(&refused), ["/publishedVersion", "/status"]);
    let other = json!({"id": "0198c0de-8b20-7c4f-9d32-6e7f80910212", "version": 1});
    assert_eq!(pointers(&send(&other).await.expect_problem(400, "validation_failed")), ["/id", "/version"]);
    send(&json!({"version": 2, "name": "Dos"})).await.expect_problem(412, "precondition_failed");
    send(&json!({"version": 3, "name": "Dos"})).await.expect(200);
    assert_eq!(api.events().await, events + 2);
}

#[tokio::test]
async fn whoever_may_write_sends_enabled_back() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    api.ask("POST", api.flow(&id, "/publish")).send().await.expect(201);
    let writer =
        api.new_key(api.org_id, json!({"name": "escribe", "scopes": ["flows:read", "flows:write"]})).await;
    let send = |body: Value| api.ask("PATCH", api.flow(&id, "")).key(&writer).json(&body).send();
    send(json!({"enabled": true, "name": "Dos"})).await.expect(200);
    send(json!({"enabled": false, "name": "Tres"})).await.expect_problem(403, "insufficient_scope");
}

#[tokio::test]
async fn objects_are_merged_where_a_merge_is_meant() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let settings = json!({"settings": {"locale": "es", "timezone": "America/Lima"}, "description": "Antes"});
    api.ask("PATCH", api.flow(&id, "")).json(&settings).send().await.expect(200);
    let body = json!({"settings": {"locale": "en"}, "description": null});
    let merged = api.patch(&id, MERGE_PATCH, &body).send().await.expect(200).data();
    assert_eq!(merged["settings"], json!({"locale": "en", "timezone": "America/Lima"}));
    assert_eq!(merged["description"], Value::Null);
    let body = json!({"settings": {"locale": null, "nope": 1}});
    let refused = api.patch(&id, MERGE_PATCH, &body).send().await.expect_problem(400, "validation_failed");
    assert_eq!(pointers(&refused), ["/settings/nope"]);
}

#[tokio::test]
async fn a_json_patch_edits_the_document() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let body = json!([
        {"op": "test", "path": "/name", "value": "Uno"},
        {"op": "replace", "path": "/name", "value": "Dos"},
        {"op": "add", "path": "/steps/-", "value": {"id": "fin", "type": "end"}}
    ]);
    let patched =
        api.patch(&id, JSON_PATCH, &body).header("x-reason", "prueba").send().await.expect(200).data();
    assert_eq!((&patched["name"], &patched["version"]), (&json!("Dos"), &json!(2)));
    let events = api.events().await;
    let refused = api.patch(&id, JSON_PATCH, &body).send().await.expect_problem(409, "patch_test_failed");
    assert_eq!(pointers(&refused), ["/0"]);
    for (operation, pointer) in [
        (json!({"op": "remove", "path": "/version"}), "/0/path"),
        (json!({"op": "copy", "from": "/steps/9", "path": "/steps/-"}), "/0/from"),
        (json!({"op": "move", "from": "/steps", "path": "/steps/0"}), "/0/path"),
        (json!({"op": "add", "path": "/nope", "value": 1}), "/nope"),
        (json!({"op": "remove", "path": "/name"}), "/name"),
        (json!({"op": "add", "path": "/steps/0/text", "value": 7}), "/steps/0/text"),
        (json!({"op": "add"}), "/0"),
    ] {
        let refused = api.patch(&id, JSON_PATCH, &json!([operation])).send().await;
        assert_eq!(pointers(&refused.expect_problem(400, "validation_failed")), [pointer], "{operation}");
    }
    api.patch(&id, "text/json", &body).send().await.expect_problem(415, "unsupported_media_type");
    assert_eq!(api.events().await, events, "nothing was changed");
}

#[tokio::test]
async fn single_steps_are_edited() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let ids = |flow: &Value| -> Vec<String> {
        flow["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = ids(&api.read(&id).await)[0].clone();
    let steps = api.flow(&id, "/steps");
    let step = |step_id: &str| api.flow(&id, &format!("/steps/{step_id}"));
    let body = json!({"step": {"id": "antes", "type": "message", "text": "Hola"}, "before": first});
    let added = api.ask("POST", &steps).json(&body).send().await.expect(201).data();
    assert_eq!(ids(&added)[..2], ["antes".to_owned(), first.clone()]);
    let changed =
        api.ask("PATCH", step("antes")).json(&json!({"text": "Buenas", "name": "saludo"})).send().await;
    let changed = changed.expect(200).data();
    assert_eq!(
        changed["steps"][0],
        json!({"id": "antes", "type": "message", "text": "Buenas", "name": "saludo"})
    );
    let events = api.events().await;
    let refused = api.ask("PATCH", step("antes")).json(&json!({"text": 7, "nope": 1})).send().await;
    assert_eq!(pointers(&refused.expect_problem(400, "validation_failed")), ["/text", "/nope"]);
    let refused =
        api.ask("POST", &steps).json(&json!({"step": {"type": "end", "text": 7}, "after": "antes"}));
    assert_eq!(pointers(&refused.send().await.expect_problem(400, "validation_failed")), ["/step/text"]);
    api.ask("POST", &steps)
        .json(&json!({"step": {"type": "end"}, "after": "z"}))
        .send()
        .await
        .expect_problem(404, "step_not_found");
    api.ask("POST", &steps)
        .json(&json!({"step": {"type": "end"}, "after": "antes", "before": "antes"}))
        .send()
        .await
        .expect_problem(400, "validation_failed");
    api.ask("DELETE", step("z")).send().await.expect_problem(404, "step_not_found");
    api.ask("DELETE", step("antes"))
        .header("if-match", "\"1\"")
        .send()
        .await
        .expect_problem(412, "precondition_failed");
    assert_eq!(api.events().await, events, "nothing was changed");
    let left = api.ask("DELETE", step("antes")).header("if-match", "\"3\"").send().await.expect(200).data();
    assert_eq!(ids(&left)[0], first);
    assert_eq!(api.events().await, events + 1);
}
