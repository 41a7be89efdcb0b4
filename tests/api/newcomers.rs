//! What meets who is new here: hints where something is nearly right, and names that people can read.

use serde_json::json;

use super::{api, sound};

#[tokio::test]
async fn a_credential_tells_whose_it_is() {
    let api = api().await;
    let path = format!("/organizations/{}/api-keys/self", api.org_id);
    super::pin("own_credential", &api.ask("GET", &path).send().await);
    let body = json!({"name": "bot", "scopes": ["flows:test"], "phoneNumberIds": ["109"]});
    let limited = api.new_key(api.org_id, body).await;
    let own = api.ask("GET", &path).key(&limited).send().await.expect(200).data();
    assert_eq!((&own["scopes"], &own["phoneNumberIds"]), (&json!(["flows:test"]), &json!(["109"])));
    assert_eq!((&own["name"], &own["type"]), (&json!("bot"), &json!("api_key")));
    assert!(limited.starts_with(own["prefix"].as_str().unwrap()));
    let stranger = api.new_key(uuid::Uuid::new_v4(), json!({"name": "other"})).await;
    api.ask("GET", &path).key(&stranger).send().await.expect_problem(403, "wrong_organization");
}

#[tokio::test]
async fn no_scopes_are_all_of_the_makers() {
    let api = api().await;
    let maker = api.key_with(&["keys:manage", "flows:read"]).await;
    let path = format!("/organizations/{}/api-keys", api.org_id);
    for scopes in [json!([]), json!(null)] {
        let made = api.ask("POST", &path).key(&maker).json(&json!({"name": "CI", "scopes": scopes}));
        assert_eq!(made.send().await.expect(201).data()["scopes"], json!(["flows:read", "keys:manage"]));
    }
}

#[tokio::test]
async fn what_is_nearly_right_gets_a_hint() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let hint = |answer: super::Answer| answer.json()["detail"].as_str().unwrap().to_owned();
    let bare = api.ask_openly("GET", api.flows("")).header("authorization", &api.key);
    let bare = bare.send().await.expect_problem(401, "invalid_credentials");
    assert!(hint(bare).contains("Bearer <key>"));
    let slash = api.ask("GET", api.flows("/")).send().await.expect_problem(404, "not_found");
    assert!(hint(slash).contains("ends with a slash"));
    let run = api.ask("POST", api.flow(&id, "/test-run")).json(&json!({"mesages": ["hola"]}));
    let run = run.send().await.expect_problem(400, "validation_failed").json();
    let message = run["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("; Did you mean \"messages\"?"), "{message}");
    assert_eq!(api.ask("GET", "/health/status").send().await.expect(200).data(), json!({"status": "ok"}));
}

#[tokio::test]
async fn an_action_that_there_is_not_leaves_an_empty_page() {
    let api = api().await;
    api.create_sound("Uno").await;
    for query in ["?action=flow.publish", "?action=login&resource=flow", "?action=%F0%9F%99%82"] {
        let page = api.ask("GET", api.audit(query)).send().await.expect(200).data();
        assert_eq!((&page["data"], &page["pageInfo"]["hasNextPage"]), (&json!([]), &json!(false)), "{query}");
    }
    assert!(
        !api.ask("GET", api.audit("?action=flow.created")).send().await.expect(200).data()["data"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let export = api.ask("GET", api.audit("/export?format=csv&action=flow.publish"));
    export.send().await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn names_are_lines_that_can_be_seen() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let set = api.flow(&id, "");
    let events = api.events().await;
    for name in ["dos\nlíneas", "\u{1b}[31mrojo", "a\u{2028}b", "\u{200b}\u{feff}"] {
        let named = json!({"name": name});
        for request in [
            api.ask("POST", api.flows("")).json(&sound(name)),
            api.ask("PATCH", &set).json(&named),
            api.ask("PATCH", &set)
                .header("content-type", "application/merge-patch+json")
                .body(named.to_string()),
            api.ask("POST", api.flow(&id, "/duplicate")).json(&named),
            api.ask("POST", format!("/organizations/{}/api-keys", api.org_id)).json(&named),
        ] {
            let refused = request.send().await.expect_problem(400, "validation_failed").json();
            assert_eq!(refused["errors"][0]["pointer"], "/name", "{name:?}");
        }
        let verdict =
            api.ask("POST", api.flows("/validate")).json(&sound(name)).send().await.expect(200).data();
        assert_eq!((&verdict["valid"], &verdict["findings"][0]["pointer"]), (&json!(false), &json!("/name")));
    }
    assert_eq!(api.events().await, events);
    for name in ["👩\u{200d}🚀 Alta", "‏אב"] {
        api.ask("PATCH", &set).json(&json!({"name": name})).send().await.expect(200);
    }
}

#[tokio::test]
async fn a_number_is_checked_wherever_it_is_sent() {
    let api = api().await;
    let long = "1".repeat(65);
    let listed = api.ask("GET", api.flows(&format!("?phoneNumberId={long}"))).send().await;
    assert_eq!(
        listed.expect_problem(400, "invalid_parameter").json()["errors"][0]["parameter"],
        "phoneNumberId"
    );
    let body = json!({"name": "Uno", "phoneNumberId": long});
    api.ask("POST", api.flows("")).json(&body).send().await.expect_problem(400, "validation_failed");
    api.ask("GET", api.flows(&format!("?phoneNumberId={}", &long[1..]))).send().await.expect(200);
}
