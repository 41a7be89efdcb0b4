//! Requests that are sent again: one effect, one answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Api, Request, api, sound};

fn keyed(api: &Api, method: &str, path: String, key: &str) -> Request {
    api.ask(method, path).header("idempotency-key", key)
}

/// Sends it twice: the same answer, the second marked as a replay, and no event for it.
async fn twice(api: &Api, request: Request, status: u16) -> Value {
    let first = request.clone().send().await.expect(status);
    assert!(!first.is_replay(), "{}", first.shown());
    let events = api.events().await;
    let second = request.send().await.expect(status);
    assert!(second.is_replay(), "{}", second.shown());
    assert_eq!(api.events().await, events);
    if status == 204 {
        assert!(first.body.is_empty() && second.body.is_empty());
        return Value::Null;
    }
    assert_eq!(first.data(), second.data());
    for header in ["etag", "location"] {
        assert_eq!(first.header(header), second.header(header), "{header}");
    }
    first.data()
}

#[tokio::test]
async fn every_command_repeats_its_answer() {
    let api = api().await;
    let flow = twice(&api, keyed(&api, "POST", api.flows(""), "1").json(&sound("Uno")), 201).await;
    let id = flow["id"].as_str().unwrap();
    twice(&api, keyed(&api, "PATCH", api.flow(id, ""), "2").json(&json!({"name": "Dos"})), 200).await;
    twice(&api, keyed(&api, "POST", api.flow(id, "/publish"), "3"), 201).await;
    twice(&api, keyed(&api, "POST", api.flow(id, "/unpublish"), "4"), 201).await;
    let copy = twice(&api, keyed(&api, "POST", api.flow(id, "/duplicate"), "5"), 201).await;
    assert_ne!(copy["id"], flow["id"]);
    twice(&api, keyed(&api, "DELETE", api.flow(id, ""), "6"), 204).await;
    let runs = api.flow(copy["id"].as_str().unwrap(), "/test-run");
    twice(&api, keyed(&api, "POST", runs, "7"), 201).await;
}

/// A command that changed nothing has its answer kept as well, whatever happens to the flow after it.
#[tokio::test]
async fn an_answer_stays_as_it_was() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let nothing = keyed(&api, "PATCH", api.flow(&id, ""), "no-op").json(&json!({"name": "Uno"}));
    let first = nothing.clone().send().await.expect(200);
    let publish = keyed(&api, "POST", api.flow(&id, "/publish"), "publish");
    let published = publish.clone().send().await.expect(201);
    api.ask("PATCH", api.flow(&id, "")).json(&json!({"name": "Dos"})).send().await.expect(200);
    assert_eq!(nothing.send().await.expect(200).data(), first.data());
    assert_eq!(publish.clone().send().await.expect(201).data(), published.data());
    api.ask("DELETE", api.flow(&id, "")).send().await.expect(204);
    assert_eq!(publish.send().await.expect(201).data(), published.data());
}

/// The replay comes before every rule: the condition that held the first time does not hold any more.
#[tokio::test]
async fn a_replay_does_not_ask_for_its_condition_again() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let request = keyed(&api, "PATCH", api.flow(&id, ""), "k").header("if-match", "\"1\"");
    let request = request.json(&json!({"name": "Dos"}));
    request.clone().send().await.expect(200);
    assert!(request.send().await.expect(200).is_replay());
}

#[tokio::test]
async fn the_same_key_for_another_request_is_refused() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let ask = |method, rest| keyed(&api, method, api.flow(&id, rest), "k");
    let body = json!({"name": "Dos"});
    ask("PATCH", "").json(&body).send().await.expect(200);
    let events = api.events().await;
    let others = [
        ask("PATCH", "").json(&json!({"name": "Tres"})),
        ask("PATCH", "").json(&body).header("if-match", "\"1\""),
        ask("PATCH", "").json(&body).header("x-reason", "porque sí"),
        ask("PATCH", "").json(&body).header("x-on-behalf-of", "ana@example.com"),
        ask("POST", "/publish"),
        ask("DELETE", ""),
        keyed(&api, "POST", api.flows(""), "k").json(&sound("Uno")),
    ];
    for other in others {
        other.send().await.expect_problem(422, "idempotency_key_reused");
    }
    // The same request in other words: order and space of JSON, request id, case of the method's headers.
    let same = ask("PATCH", "").text("  {\"name\" : \"Dos\"}  ").header("x-request-id", "again");
    assert!(same.send().await.expect(200).is_replay());
    assert_eq!(api.events().await, events);
}

/// What was refused is not kept: once the reason is gone, the same request goes through.
#[tokio::test]
async fn refusals_are_tried_again() {
    let api = api().await;
    let id = api.create(json!({"name": "Sin pasos"})).await["id"].as_str().unwrap().to_owned();
    let publish = keyed(&api, "POST", api.flow(&id, "/publish"), "k");
    publish.clone().send().await.expect_problem(422, "not_publishable");
    api.ask("PATCH", api.flow(&id, "")).json(&sound("Uno")).send().await.expect(200);
    assert!(!publish.send().await.expect(201).is_replay());
}

#[tokio::test]
async fn sixteen_at_once_are_one() {
    let api = api().await;
    let events = api.events().await;
    let request = keyed(&api, "POST", api.flows(""), "once").json(&sound("Uno"));
    let sent: Vec<_> = (0..16).map(|_| tokio::spawn(request.clone().send())).collect();
    let mut bodies = BTreeSet::new();
    let mut replays = 0;
    for answer in sent {
        let answer = answer.await.unwrap().expect(201);
        replays += usize::from(answer.is_replay());
        bodies.insert(answer.data().to_string());
    }
    assert_eq!((bodies.len(), replays), (1, 15));
    assert_eq!(api.events().await, events + 1);
}

/// Keys belong to an organization: another one has its own.
#[tokio::test]
async fn organizations_do_not_share_keys() {
    let api = api().await;
    let other = uuid::Uuid::new_v4();
    let foreign = api.new_key(other, json!({"name": "ajena"})).await;
    let first = keyed(&api, "POST", api.flows(""), "k").json(&sound("Uno")).send().await.expect(201);
    let path = format!("/organizations/{other}/bot/flows");
    let second = keyed(&api, "POST", path, "k").key(&foreign).json(&sound("Uno")).send().await.expect(201);
    assert!(!second.is_replay());
    assert_ne!(first.data()["id"], second.data()["id"]);
}

#[tokio::test]
async fn the_secret_of_a_key_is_not_repeated() {
    let api = api().await;
    let path = format!("/organizations/{}/api-keys", api.org_id);
    let request = keyed(&api, "POST", path, "k").json(&json!({"name": "segunda"}));
    let events = api.events().await;
    request.send().await.expect_problem(400, "invalid_idempotency_key");
    assert_eq!(api.events().await, events);
}
