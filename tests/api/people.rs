//! Who changed what, for whom and why: shown to those who may know, and to nobody else.

use serde_json::{Value, json};

use super::{Api, api};

/// Whether the answer tells of people: in each place that could.
async fn shown(api: &Api, id: &str, key: &str) -> Vec<bool> {
    let ask = async |path: String| api.ask("GET", path).key(key).send().await.expect(200).data();
    let history = ask(api.flow(id, "/events")).await;
    let blame = ask(api.flow(id, "/blame")).await;
    let version = ask(api.flow(id, "/versions/1")).await;
    let earlier = ask(api.flow(id, "?version=1")).await;
    let conflict = api.ask("GET", api.flow(id, "")).key(key).header("if-match", "\"7\"").send().await;
    let conflict = conflict.expect_problem(412, "precondition_failed").json();
    let flow = ask(api.flow(id, "")).await;
    assert!(flow["updatedBy"].is_object() && flow["createdBy"].is_object(), "a flow itself shows both");
    let event = &history["data"][0];
    let values =
        [&event["actor"], &event["onBehalfOf"], &event["reason"], &blame["steps"][0]["event"]["actor"]];
    let values = values.into_iter().chain([&version["updatedBy"], &earlier["updatedBy"]]);
    values.chain([&conflict["current"]["updatedBy"]]).map(|value| !value.is_null()).collect()
}

#[tokio::test]
async fn people_are_shown_to_those_who_may_know() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let change = api.ask("PATCH", api.flow(&id, "")).json(&json!({"name": "Dos"}));
    change.header("x-on-behalf-of", "ana").header("x-reason", "asked").send().await.expect(200);
    let reader = api.key_with(&["flows:read"]).await;
    assert_eq!(shown(&api, &id, &reader).await, [false; 7]);
    for scope in ["audit:read", "flows:write", "flows:restore"] {
        let key = api.key_with(&["flows:read", scope]).await;
        assert_eq!(shown(&api, &id, &key).await, [true; 7], "{scope}");
    }
    let publisher = api.key_with(&["flows:publish"]).await;
    let refused = api.ask("POST", api.flow(&id, "/publish")).key(&publisher).header("if-match", "\"1\"");
    let refused = refused.send().await.expect_problem(412, "precondition_failed").json();
    assert_eq!((&refused["current"]["version"], &refused["current"]["updatedBy"]), (&json!(2), &Value::Null));
}
