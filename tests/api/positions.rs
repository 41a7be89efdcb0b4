//! Positions of the log in headers: told by every change, and taken by reads. Here is no standby: the primary answers.

use serde_json::json;

use super::{Api, Request, api, pin, sound};

/// Sends a change, and holds what it says against where the log stands. Returns that.
async fn told(api: &Api, request: Request, status: u16) -> i64 {
    let answer = request.send().await.expect(status);
    let told = answer.header("x-position").unwrap_or_else(|| panic!("{}", answer.shown()));
    let position = api.registry.reads.position(api.org_id).await.unwrap();
    assert_eq!(told, position.to_string());
    position
}

#[tokio::test]
async fn every_change_tells_how_far_the_log_has_come() {
    let api = api().await;
    let first = told(&api, api.ask("POST", api.flows("")).json(&sound("Uno")), 201).await;
    let id = api.create_sound("Dos").await;
    let ask = |method, rest| api.ask(method, api.flow(&id, rest));
    let rename = ask("PATCH", "").json(&json!({"name": "Tres"}));
    let keyed = rename.clone().header("idempotency-key", "rename");
    let renamed = told(&api, keyed.clone(), 200).await;
    assert_eq!(renamed, first + 2);
    api.create_sound("Otro").await;
    assert_eq!(told(&api, rename, 200).await, renamed + 1, "where it stands, though nothing changed");
    assert_eq!(told(&api, keyed, 200).await, renamed + 1, "and when an answer is repeated");
    let minimal = ask("PATCH", "").header("prefer", "return=minimal").json(&json!({"name": "Cuatro"}));
    told(&api, minimal, 204).await;
    told(&api, ask("POST", "/publish"), 201).await;
    let set = json!({"flows": [{"id": id}], "reason": "todos"});
    told(&api, api.ask("POST", api.flows("/publish")).json(&set), 201).await;
    told(&api, ask("POST", "/unpublish"), 201).await;
    told(&api, ask("POST", "/duplicate"), 201).await;
    let step = json!({"step": {"type": "message", "text": "Hola"}});
    told(&api, ask("POST", "/steps").json(&step), 201).await;
    told(&api, ask("POST", "/restore").json(&json!({"version": 1, "reason": "atrás"})), 201).await;
    told(&api, ask("DELETE", ""), 204).await;
    let organization = format!("/organizations/{}", api.org_id);
    let env = api.ask("PUT", format!("{organization}/bot/env")).json(&json!({"A": "b"}));
    told(&api, env.clone(), 200).await;
    told(&api, env, 200).await;
    let keys = format!("{organization}/api-keys");
    told(&api, api.ask("POST", keys).json(&json!({"name": "otra"})), 201).await;
    let rehearsed = ask("POST", "/restore").json(&json!({"version": 1, "reason": "atrás", "dryRun": true}));
    assert_eq!(rehearsed.send().await.expect(200).header("x-position"), None, "nothing was changed");
}

#[tokio::test]
async fn a_read_takes_a_position_and_the_primary_answers_whatever_it_is() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let read = |position: &str| api.ask("GET", api.flow(&id, "")).header("x-min-position", position);
    for position in ["0", "2", "9007199254740991"] {
        assert_eq!(read(position).send().await.expect(200).data()["name"], "Uno", "{position}");
    }
    let refused = read("two").send().await.expect(400);
    pin("min_position_refused", &refused);
}
