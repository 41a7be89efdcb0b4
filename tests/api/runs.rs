//! Test runs as clients meet them.

use std::thread::available_parallelism;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Answer, Api, api, sound};

#[tokio::test]
async fn the_public_pages_body_and_none_at_all() {
    let api = api().await;
    let id = api.create_sound("a").await;
    let path = api.flow(&id, "/test-run");
    let answer = api
        .ask("POST", &path)
        .json(&json!({"name": "string", "description": "string"}))
        .send()
        .await
        .expect(201);
    let data = answer.data();
    assert_eq!(
        (&data["name"], &data["description"], &data["version"]),
        (&json!("string"), &json!("string"), &json!(1))
    );
    assert_eq!(data["steps"][0]["stepId"], "adios");
    assert_eq!(data["steps"][0]["type"], "end");
    assert!(data["finalVariables"].is_object());
    api.ask("POST", &path).send().await.expect(201);
    api.ask("POST", &path).text("{}").send().await.expect(201);
    assert_eq!(api.events().await, 2, "the key and the flow");

    let run = data["id"].as_str().unwrap();
    let stored = format!("/organizations/{}/bot/test-runs/{run}", api.org_id);
    let again = api.ask("GET", &stored).send().await.expect(200).data();
    assert_eq!((&again["reproducible"], &again["digest"]), (&json!(true), &data["digest"]));
    assert_eq!(again["steps"], data["steps"]);
    let first = api.ask("GET", api.flow(&id, "/test-runs?limit=2")).send().await.expect(200).data();
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let cursor = first["pageInfo"]["endCursor"].as_str().unwrap();
    let rest = api
        .ask("GET", api.flow(&id, &format!("/test-runs?limit=2&cursor={cursor}")))
        .send()
        .await
        .expect(200)
        .data();
    assert_eq!((&rest["data"][0]["id"], &rest["pageInfo"]["hasNextPage"]), (&data["id"], &json!(false)));
}

#[tokio::test]
async fn requests_that_cannot_be_run() {
    let api = api().await;
    let id = api.create_sound("a").await;
    let path = api.flow(&id, "/test-run");
    for (body, pointer) in [
        (json!({"saveAs": {"name": "x"}}), "/saveAs"),
        (json!({"version": 0}), "/version"),
        (json!({"messages": [5]}), "/messages/0"),
        (json!({"variables": {"nobody": 1}}), "/variables/nobody"),
        (json!({"nope": 1}), "/nope"),
        (json!({"maxSteps": 5000}), "/maxSteps"),
    ] {
        let answer = api.ask("POST", &path).json(&body).send().await.expect_problem(400, "validation_failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    let published = api.ask("POST", &path).json(&json!({"version": "published"})).send().await;
    let published = published.expect_problem(409, "not_published");
    assert_eq!(
        (&published.json()["current"]["version"], published.header("etag")),
        (&json!(1), Some("\"1\""))
    );
    api.ask("POST", &path).json(&json!({"version": 7})).send().await.expect_problem(404, "version_not_found");
    // The second step is never reached, which is doubtful only.
    let steps = json!([{"type": "end"}, {"id": "a", "type": "end"}, {"type": "goto", "next": "nowhere"}]);
    let broken = api.create(json!({"name": "a", "steps": steps})).await;
    let path = api.flow(broken["id"].as_str().unwrap(), "/test-run");
    let answer = api.ask("POST", &path).send().await.expect_problem(422, "not_publishable");
    let problem = answer.json();
    assert_eq!(problem["detail"], "1 error keeps the flow from being run.");
    let severities: Vec<&str> =
        problem["findings"].as_array().unwrap().iter().map(|it| it["severity"].as_str().unwrap()).collect();
    assert_eq!((severities[0], severities.contains(&"warning")), ("error", true));
    assert_eq!(problem["findings"][0]["code"], "DANGLING_NEXT");
    assert_eq!(problem["message"], json!("/steps/2/next: No step has id \"nowhere\"."));
    let reader = api.key_with(&["flows:read"]).await;
    api.ask_openly("POST", &path).key(&reader).send().await.expect_problem(403, "insufficient_scope");
}

#[tokio::test]
async fn one_key_answers_with_one_run() {
    let api = api().await;
    let id = api.create_sound("a").await;
    let run = || api.ask("POST", api.flow(&id, "/test-run")).header("idempotency-key", "k");
    let first = run().send().await.expect(201);
    let again = run().send().await.expect(201);
    assert!(!first.is_replay() && again.is_replay());
    assert_eq!(first.data(), again.data());
    let other = run().json(&json!({"seed": "2"})).send().await;
    other.expect_problem(422, "idempotency_key_reused");
}

/// A flow whose runs burn all that a run may burn.
fn heavy() -> Value {
    let squares =
        "{% for i in range(60) %}{% for j in range(30) %}{% if i == j %}x{% endif %}{% endfor %}{% endfor %}";
    let values = vec![json!({"variable": "text", "value": squares}); 30];
    let step = |index: usize| json!({"id": format!("s{index}"), "type": "set", "assign": values});
    json!({
        "name": "heavy",
        "variables": [{"name": "text", "type": "string"}],
        "steps": (0..10).map(step).chain([json!({"id": "end", "type": "end"})]).collect::<Vec<_>>(),
    })
}

/// When a run began, and for how long it ran, in milliseconds.
fn span(run: &Answer) -> (i64, i64) {
    let run = run.data();
    let began: DateTime<Utc> = run["executedAt"].as_str().unwrap().parse().unwrap();
    (began.timestamp_millis(), run["durationMs"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_run_goes_in_between_the_heavy_ones_of_another_organization() {
    let api = api().await;
    let id = api.create(heavy()).await["id"].as_str().unwrap().to_owned();
    let mut heavy = JoinSet::new();
    // More than run at once.
    for _ in 0..available_parallelism().unwrap().get() + 8 {
        heavy.spawn(api.ask("POST", api.flow(&id, "/test-run")).send());
    }
    let other = Api { org_id: Uuid::new_v4(), ..api };
    let other = Api { key: other.new_key(other.org_id, json!({"name": "backend"})).await, ..other };
    let id = other.create(sound("light")).await["id"].as_str().unwrap().to_owned();
    // Beside fewer heavy runs than these a light one runs without turns too.
    let at_once = (available_parallelism().unwrap().get() / 2).max(1);
    let (mut light, mut spans) = (Vec::new(), Vec::new());
    loop {
        light.push(span(&other.ask("POST", other.flow(&id, "/test-run")).send().await.expect(201)).0);
        let Some(run) = heavy.try_join_next() else {
            assert!(!heavy.is_empty(), "no light run went in between: {light:?}");
            continue;
        };
        let (began, took) = span(&run.unwrap().expect(201));
        spans.push(began..began + took);
        let beside = |light| spans.iter().filter(|span| span.contains(light)).count();
        if light.iter().any(|light| beside(light) >= at_once) {
            break;
        }
    }
}
