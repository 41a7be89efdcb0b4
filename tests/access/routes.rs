//! The endpoints of API keys as clients meet them: their answers pinned, and what a key may make of others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{Answer, Api, Request, api};

impl Api {
    fn api_keys(&self, rest: &str) -> String {
        format!("/organizations/{}/api-keys{rest}", self.org_id)
    }

    fn ask_key(&self, method: &str, id: &str) -> Request {
        self.ask(method, self.api_keys(&format!("/{id}")))
    }

    async fn make(&self, by: &str, body: Value) -> Answer {
        self.ask("POST", self.api_keys("")).key(by).json(&body).send().await
    }
}

fn pin(name: &str, answer: &Answer) {
    insta::with_settings!(
        {snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"), prepend_module_to_snapshot => false},
        { insta::assert_snapshot!(name, answer.shown()) }
    );
}

fn id(key: &Value) -> &str {
    key["id"].as_str().unwrap()
}

/// The list, once it says when the key that asks was last used: that is noted beside the request.
async fn list_with_use(api: &Api) -> Answer {
    let give_up = Instant::now() + Duration::from_secs(10);
    loop {
        let listed = api.ask("GET", api.api_keys("")).send().await.expect(200);
        if !listed.data()["data"][0]["lastUsedAt"].is_null() {
            return listed;
        }
        assert!(Instant::now() < give_up, "{}", listed.shown());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_key_from_its_creation_to_its_end() {
    let api = api().await;
    let body = json!({
        "name": "motor", "scopes": ["flows:write", "flows:read"], "phoneNumberIds": ["109876543210987"],
        "expiresAt": "2999-12-31T23:00:00+01:00",
    });
    let made = api.make(&api.key, body).await.expect(201);
    pin("api_key_created", &made);
    let key = made.data();
    let renamed = api.ask_key("PATCH", id(&key)).json(&json!({"name": "engine", "phoneNumberIds": null}));
    pin("api_key_changed", &renamed.send().await.expect(200));
    pin("api_key_list", &list_with_use(&api).await);
    let ended = api.ask_key("DELETE", id(&key)).send().await.expect(204);
    assert!(ended.body.is_empty());
    pin("api_key_gone", &api.ask_key("DELETE", id(&key)).send().await.expect_problem(404, "not_found"));
    let listed = api.ask("GET", api.api_keys("")).send().await.expect(200).data();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "revoked keys are not listed");
}

#[tokio::test]
async fn a_new_key_opens_what_it_was_given_until_it_is_revoked() {
    let api = api().await;
    let key =
        api.make(&api.key, json!({"name": "reader", "scopes": ["flows:read"]})).await.expect(201).data();
    let secret = key["secret"].as_str().unwrap();
    let read = || api.ask_openly("GET", api.flows(""));
    read().key(secret).send().await.expect(200);
    read().header("authorization", &format!("Bearer {secret}")).send().await.expect(200);
    let write = api.ask_openly("POST", api.flows("")).key(secret).json(&json!({"name": "Uno"}));
    let refused = write.send().await.expect_problem(403, "insufficient_scope");
    assert_eq!(refused.json()["scope"], "flows:write");
    let manage = api.ask_openly("GET", api.api_keys("")).key(secret).send().await;
    assert_eq!(manage.expect_problem(403, "insufficient_scope").json()["scope"], "keys:manage");
    api.ask_key("DELETE", id(&key)).send().await.expect(204);
    read().key(secret).send().await.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_key_gives_no_scope_it_lacks() {
    let api = api().await;
    let clerk = api.key_with(&["flows:read", "keys:manage"]).await;
    let own = api.make(&clerk, json!({"name": "copy"})).await.expect(201).data();
    assert_eq!(own["scopes"], json!(["flows:read", "keys:manage"]), "all of the creator's");
    let events = api.events().await;
    let refused = api.make(&clerk, json!({"name": "more", "scopes": ["flows:read", "flows:publish"]})).await;
    pin("api_key_scope_refused", &refused.expect_problem(403, "insufficient_scope"));
    let raised = json!({"scopes": ["flows:read", "flows:write"]});
    let raised = api.ask_key("PATCH", id(&own)).key(&clerk).json(&raised).send().await;
    assert_eq!(raised.expect_problem(403, "insufficient_scope").json()["scope"], "flows:write");
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn a_key_gives_no_number_beyond_its_own() {
    let api = api().await;
    let clerk = api.new_key(api.org_id, json!({"name": "clerk", "phoneNumberIds": ["1", "2"]})).await;
    let own = api.make(&clerk, json!({"name": "copy"})).await.expect(201).data();
    assert_eq!(own["phoneNumberIds"], json!(["1", "2"]));
    let refused = api.make(&clerk, json!({"name": "more", "phoneNumberIds": ["2", "3"]})).await;
    pin("api_key_number_refused", &refused.expect_problem(400, "validation_failed"));
}

#[tokio::test]
async fn bad_bodies_are_refused_with_pointers() {
    let api = api().await;
    let events = api.events().await;
    let bad = json!({"scopes": ["owner"], "phoneNumberIds": [""], "expiresAt": "2020-01-01T00:00:00Z", "mode": "test"});
    pin("api_key_bad_body", &api.make(&api.key, bad).await.expect_problem(400, "validation_failed"));
    let missing = api.ask("POST", api.api_keys("")).send().await;
    missing.expect_problem(400, "invalid_json");
    let id = uuid::Uuid::new_v4().to_string();
    let bad = api.ask_key("PATCH", &id).json(&json!({"expiresAt": null})).send().await;
    assert_eq!(bad.expect_problem(400, "validation_failed").json()["errors"][0]["pointer"], "/expiresAt");
    api.ask_key("PATCH", &id)
        .json(&json!({"name": "nobody's"}))
        .send()
        .await
        .expect_problem(404, "not_found");
    api.ask_key("PATCH", "7").json(&json!({})).send().await.expect_problem(400, "invalid_parameter");
    assert_eq!(api.events().await, events);
}

/// The secret is shown once, so a creation cannot be repeated; everything else can.
#[tokio::test]
async fn idempotency_keys_are_for_changes_not_for_creations() {
    let api = api().await;
    let create =
        api.ask("POST", api.api_keys("")).header("idempotency-key", "k").json(&json!({"name": "CI"}));
    pin("api_key_idempotency_refused", &create.send().await.expect_problem(400, "invalid_idempotency_key"));
    let key = api.make(&api.key, json!({"name": "CI"})).await.expect(201).data();
    let rename = api.ask_key("PATCH", id(&key)).header("idempotency-key", "a").json(&json!({"name": "CD"}));
    let first = rename.clone().send().await.expect(200);
    let again = rename.send().await.expect(200);
    assert_eq!((first.is_replay(), again.is_replay()), (false, true));
    assert_eq!(first.data(), again.data());
    let revoke = api.ask_key("DELETE", id(&key)).header("idempotency-key", "b");
    assert!(!revoke.clone().send().await.expect(204).is_replay());
    assert!(revoke.send().await.expect(204).is_replay());
}

#[tokio::test]
async fn keys_of_another_organization_do_not_exist() {
    let api = api().await;
    let stranger = api.new_key(uuid::Uuid::new_v4(), json!({"name": "stranger"})).await;
    let key = api.make(&api.key, json!({"name": "CI"})).await.expect(201).data();
    let across = [api.ask("GET", api.api_keys("")), api.ask_key("DELETE", id(&key))];
    for request in across {
        request.key(&stranger).send().await.expect_problem(403, "wrong_organization");
    }
    let listed = api.ask("GET", api.api_keys("")).send().await.expect(200).data();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}
