//! Edits of a draft: a flow that is sent back as it was read, merges, lists of operations, and single steps.

use serde_json::{Value, json};

use super::client::{Answer, Request};
use super::{Api, api};

const MERGE_PATCH: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";
const DOCUMENT: &str = "application/vnd.flow-registry.document+json";
/// What a change of a flow, and one of a step, may be sent as.
const PATCHES: &str = "application/json, application/merge-patch+json, application/json-patch+json";
const STEP_PATCHES: &str = "application/json, application/merge-patch+json";

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
        (json!({"op": "add"}), "/0/value"),
    ] {
        let refused = api.patch(&id, JSON_PATCH, &json!([operation])).send().await;
        assert_eq!(pointers(&refused.expect_problem(400, "validation_failed")), [pointer], "{operation}");
    }
    api.patch(&id, "text/json", &body).send().await.expect_problem(415, "unsupported_media_type");
    assert_eq!(api.events().await, events, "nothing was changed");
}

#[tokio::test]
async fn a_document_is_read_alone_and_sent_back() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let whole = api.read(&id).await;
    let named = |accept: &str, rest: &str| api.ask("GET", api.flow(&id, rest)).header("accept", accept);
    let alone = named("*/*", "?view=document").send().await.expect(200);
    super::pin("get_document", &alone);
    let document = alone.data();
    assert!(document.as_object().unwrap().iter().all(|(name, value)| whole[name] == *value));
    for (accept, rest, media_type) in [
        ("application/json", "?view=document", DOCUMENT),
        (DOCUMENT, "", DOCUMENT),
        (DOCUMENT, "?version=1", DOCUMENT),
        ("application/json", "", "application/json"),
    ] {
        let answer = named(accept, rest).send().await.expect(200);
        assert_eq!(answer.header("content-type"), Some(media_type), "{accept} {rest}");
        assert_eq!(answer.header("accept-patch"), Some(PATCHES));
        assert_eq!(answer.data() == document, media_type == DOCUMENT);
    }
    named("text/html", "?view=document").send().await.expect_problem(406, "not_acceptable");
    named("*/*", "?view=summary").send().await.expect_problem(400, "invalid_parameter");
    let same = api.ask("PATCH", api.flow(&id, "")).json(&document).send().await.expect(200);
    assert_eq!(same.header("etag"), Some("\"1\""), "nothing was changed");
}

#[tokio::test]
async fn what_a_path_takes_is_told_with_415() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    for (method, rest, accept, accept_patch) in [
        ("PATCH", "", PATCHES, Some(PATCHES)),
        ("PATCH", "/steps/adios", STEP_PATCHES, Some(STEP_PATCHES)),
        ("POST", "/publish", "application/json", None),
    ] {
        let request =
            api.ask(method, api.flow(&id, rest)).header("content-type", "text/yaml").body("name: x");
        let refused = request.send().await.expect_problem(415, "unsupported_media_type");
        assert_eq!((refused.header("accept"), refused.header("accept-patch")), (Some(accept), accept_patch));
    }
}

#[tokio::test]
async fn an_answer_can_be_no_more_than_that_it_happened() {
    let api = api().await;
    let ask = |method: &str, path: String, body: Value| {
        api.ask(method, path).header("prefer", "return=minimal").json(&body).send()
    };
    let created = ask("POST", api.flows(""), super::sound("Uno")).await.expect(201);
    let id = created.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
    let mut answers = vec![(created, "\"1\"")];
    for (method, rest, body, status, tag) in [
        ("PATCH", "", json!({"name": "Dos"}), 204, "\"2\""),
        ("POST", "/steps", json!({"step": {"id": "b", "type": "end"}, "before": "adios"}), 201, "\"3\""),
        ("PATCH", "/steps/b", json!({"text": "B"}), 204, "\"4\""),
        ("DELETE", "/steps/b", json!({}), 204, "\"5\""),
        ("POST", "/publish", json!({}), 201, "\"6\""),
        ("POST", "/unpublish", json!({}), 201, "\"7\""),
        ("POST", "/restore", json!({"version": 1, "reason": "de vuelta"}), 201, "\"8\""),
        ("POST", "/duplicate", json!({}), 201, "\"1\""),
    ] {
        answers.push((ask(method, api.flow(&id, rest), body).await.expect(status), tag));
    }
    for (answer, tag) in answers {
        assert!(answer.body.is_empty(), "{}", answer.shown());
        let headers =
            (answer.header("etag"), answer.header("preference-applied"), answer.header("content-type"));
        assert_eq!(headers, (Some(tag), Some("return=minimal"), None));
    }
    let set = ask("POST", api.flows("/publish"), json!({"flows": [{"id": id}]})).await.expect(201);
    assert_eq!((set.body.len(), set.header("preference-applied")), (0, Some("return=minimal")));
    let refused =
        ask("PATCH", api.flow(&id, ""), json!({"nme": 1})).await.expect_problem(400, "validation_failed");
    assert_eq!(refused.header("preference-applied"), None);
    let keyed = |prefer: &str| {
        let request =
            api.ask("PATCH", api.flow(&id, "")).header("idempotency-key", "once").header("prefer", prefer);
        request.json(&json!({"name": "Tres"})).send()
    };
    keyed("return=minimal").await.expect(204);
    let again = keyed("return=representation").await.expect(200);
    assert_eq!((again.is_replay(), again.data()["name"].as_str()), (true, Some("Tres")));
    assert_eq!(again.header("preference-applied"), Some("return=representation"));
}

/// Two editors change one flow; the one who is late merges, and sends what came of it.
#[tokio::test]
async fn a_late_editor_merges() {
    let api = api().await;
    let flow = json!({"name": "Uno", "steps": [{"id": "a", "type": "message", "text": "1"}, {"id": "b", "type": "end"}]});
    let mut late = api.create(flow).await;
    let id = late["id"].as_str().unwrap().to_owned();
    let ana = json!({"text": "de Ana"});
    api.ask("PATCH", api.flow(&id, "/steps/a")).json(&ana).send().await.expect(200);
    late["steps"][1]["text"] = json!("de Bea");
    let path = api.flow(&id, "/merge");
    let merge = |base: i64, document: &Value| {
        api.ask("POST", &path).json(&json!({"base": base, "document": document})).send()
    };
    let events = api.events().await;
    let merged = merge(1, &late).await.expect(200);
    assert_eq!(merged.header("etag"), Some("\"2\""));
    let merged = merged.data();
    let steps = json!([{"id": "a", "type": "message", "text": "de Ana"}, {"id": "b", "type": "end", "text": "de Bea"}]);
    assert_eq!((&merged["version"], &merged["document"]["steps"]), (&json!(2), &steps));
    assert_eq!((&merged["conflicts"], &merged["findings"]), (&json!([]), &json!([])));
    late["steps"][0]["text"] = json!("otra");
    let refused = merge(1, &late).await.expect(200);
    super::pin("merge_conflicts", &refused);
    assert_eq!(api.events().await, events, "nothing was written");
    let sent = api.ask("PATCH", api.flow(&id, "")).header("if-match", "\"2\"").json(&merged["document"]);
    assert_eq!(sent.send().await.expect(200).data()["steps"], steps);

    let reader = api.key_with(&["flows:read"]).await;
    api.ask("POST", &path).key(&reader).json(&json!({"base": 3, "document": late})).send().await.expect(200);
    let publisher = api.key_with(&["flows:publish"]).await;
    let body = json!({"base": 1, "document": {"name": "Uno"}});
    api.ask("POST", &path).key(&publisher).json(&body).send().await.expect_problem(403, "insufficient_scope");
    let unknown = merge(9, &late).await.expect_problem(404, "version_not_found");
    assert_eq!(pointers(&unknown), ["/base"]);
    for (body, expected) in [
        (json!({}), &["/base", "/document"][..]),
        (json!({"base": 0, "document": [1]}), &["/base", "/document"]),
        (
            json!({"base": 1, "document": {"name": "x", "steps": [{"type": "goto"}], "nme": 1}}),
            &["/document/steps/0/next", "/document/nme"],
        ),
        (json!({"base": 1, "document": {"name": "x"}, "draft": 2}), &["/draft"]),
        (json!({"base": 1, "document": {"name": "a\nb"}}), &["/document/name"]),
    ] {
        let refused =
            api.ask("POST", &path).json(&body).send().await.expect_problem(400, "validation_failed");
        assert_eq!(pointers(&refused), expected, "{body}");
    }
    api.ask("DELETE", api.flow(&id, "")).send().await.expect(204);
    merge(1, &late).await.expect_problem(404, "flow_not_found");
}

/// Each side takes away another option, and a menu needs one.
#[tokio::test]
async fn a_merge_that_is_not_sound_is_a_conflict() {
    let api = api().await;
    let menu = |options: &[&str]| {
        let options: Value = options.iter().map(|id| json!({"id": id, "title": id})).collect();
        json!({"name": "Menu", "steps": [{"id": "m", "type": "choice", "text": "?", "options": options}]})
    };
    let flow = api.create(menu(&["x", "y"])).await;
    let path = api.flow(flow["id"].as_str().unwrap(), "");
    api.ask("PATCH", &path).json(&menu(&["x"])).send().await.expect(200);
    let body = json!({"base": 1, "document": menu(&["y"])});
    let merged = api.ask("POST", format!("{path}/merge")).json(&body).send().await.expect(200).data();
    let conflict = &merged["conflicts"][0];
    assert_eq!((&merged["document"], &conflict["pointer"]), (&Value::Null, &json!("/steps/0/options")));
    assert_eq!(
        (&conflict["path"], &conflict["sent"]),
        (&json!("steps.m.options"), &body["document"]["steps"][0]["options"])
    );
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
