//! The past over HTTP: histories, versions, differences, blame, restores, the audit log, and who may see them.

use serde_json::{Value, json};

use super::{Api, api};

/// A flow of five versions, the fourth of them published.
async fn story(api: &Api) -> String {
    let id = api.create_sound("Alta").await;
    let patch = |body: Value| api.ask("PATCH", api.flow(&id, "")).json(&body).send();
    patch(json!({"description": "Da de alta"})).await.expect(200);
    patch(json!({"steps": [{"id": "adios", "type": "end", "text": "Hasta luego"}]})).await.expect(200);
    api.ask("POST", api.flow(&id, "/publish")).json(&json!({"reason": "release"})).send().await.expect(201);
    patch(json!({"name": "Peor"})).await.expect(200);
    id
}

#[tokio::test]
async fn a_history_pages_from_the_newest_event_back() {
    let api = api().await;
    let id = story(&api).await;
    let first = api.ask("GET", api.flow(&id, "/events?limit=3")).send().await.expect(200).data();
    let versions = |page: &Value| -> Vec<i64> {
        page["data"].as_array().unwrap().iter().map(|event| event["version"].as_i64().unwrap()).collect()
    };
    assert_eq!(versions(&first), [5, 4, 3]);
    assert_eq!(first["data"][0]["changed"], json!(["name"]));
    assert_eq!(first["data"][1]["reason"], "release");
    assert_eq!(first["data"][2]["changed"], json!(["steps.adios.text"]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let cursor = first["pageInfo"]["endCursor"].as_str().unwrap();
    let rest = api.flow(&id, &format!("/events?limit=3&cursor={cursor}"));
    assert_eq!(versions(&api.ask("GET", rest).send().await.expect(200).data()), [2, 1]);
    let published = api.ask("GET", api.flow(&id, "/events?type=flow.published")).send().await.data();
    assert_eq!(versions(&published), [4]);
    let actor = first["data"][0]["actor"]["id"].as_str().unwrap();
    let by = api.ask("GET", api.flow(&id, &format!("/events?actor={actor}"))).send().await.data();
    assert_eq!(versions(&by).len(), 5);
    api.ask("DELETE", api.flow(&id, "")).send().await.expect(204);
    let deleted = api.ask("GET", api.flow(&id, "/events?limit=1")).send().await.expect(200).data();
    assert_eq!(deleted["data"][0]["type"], "flow.deleted");
}

#[tokio::test]
async fn versions_differences_and_blame() {
    let api = api().await;
    let id = story(&api).await;
    let get = |rest: &str| api.ask("GET", api.flow(&id, rest)).send();
    let second = get("/versions/2").await.expect(200);
    assert_eq!((&second.data()["version"], second.header("etag")), (&json!(2), Some("\"2\"")));
    let diff = get("/diff").await.expect(200).data();
    assert_eq!((&diff["from"]["version"], &diff["to"]["version"]), (&json!(4), &json!(5)));
    assert_eq!(diff["changes"]["document"][0]["after"], "Peor");
    let request =
        api.ask("GET", api.flow(&id, "/diff?from=1&to=5")).header("accept", "application/json-patch+json");
    let patch = request.send().await.expect(200);
    assert_eq!(patch.header("content-type"), Some("application/json-patch+json"));
    assert!(patch.json().as_array().unwrap().iter().any(|operation| operation["path"] == "/name"));
    let blame = get("/blame").await.expect(200).data();
    assert_eq!(
        (&blame["steps"][0]["stepId"], &blame["steps"][0]["event"]["version"]),
        (&json!("adios"), &json!(3))
    );
}

#[tokio::test]
async fn a_restore_is_rehearsed_and_done() {
    let api = api().await;
    let id = story(&api).await;
    let restore = |body: Value| api.ask("POST", api.flow(&id, "/restore")).json(&body).send();
    let events = api.events().await;
    let dry = restore(json!({"version": 2, "mode": "live", "dryRun": true})).await.expect(200).data();
    assert_eq!(
        (&dry["version"], &dry["publishedVersion"], &dry["inForce"]),
        (&json!(6), &json!(6), &json!(true))
    );
    assert_eq!(api.events().await, events);
    let done = restore(json!({"version": 2, "mode": "live", "reason": "v2 worked"})).await.expect(201).data();
    assert_eq!(
        (&done["restoredFrom"], &done["publishedVersion"], &done["inForce"]),
        (&json!(2), &json!(6), &json!(true))
    );
    let again = restore(json!({"version": "published", "reason": "again"})).await.expect(201).data();
    assert_eq!((&again["version"], api.events().await), (&json!(6), events + 1));
    api.ask("DELETE", api.flow(&id, "")).send().await.expect(204);
    let back = restore(json!({"version": 1, "reason": "needed"})).await.expect(201).data();
    assert_eq!((&back["id"], &back["status"], &back["name"]), (&json!(id), &json!("draft"), &json!("Alta")));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let api = api().await;
    let id = story(&api).await;
    let other = api.create_sound("Otro").await;
    let events = api.events().await;
    for version in ["0", "-1", "1.5", "9223372036854775808", "latest"] {
        let read = api.ask("GET", api.flow(&id, &format!("/versions/{version}"))).send().await;
        read.expect_problem(400, "invalid_parameter");
        let diff = api.ask("GET", api.flow(&id, &format!("/diff?from={version}"))).send().await;
        diff.expect_problem(400, "invalid_parameter");
    }
    for body in [
        json!({"reason": "why not"}),
        json!({"version": 0, "reason": "why not"}),
        json!({"version": 1.5, "reason": "why not"}),
        json!({"version": "latest", "reason": "why not"}),
        json!({"version": 1, "reason": "no"}),
        json!({"version": 1}),
        json!({"version": 1, "reason": "why not", "mode": "both"}),
        json!({"version": 1, "reason": "why not", "force": true}),
    ] {
        let request = api.ask("POST", api.flow(&id, "/restore")).json(&body);
        request.send().await.expect_problem(400, "validation_failed");
    }
    api.ask("GET", api.flow(&other, "/versions/2")).send().await.expect_problem(404, "version_not_found");
    let nobody = "00000000-0000-7000-8000-000000000000";
    for (query, status, code, parameter) in [
        ("from=1&to=9".to_owned(), 404, "version_not_found", "to"),
        ("from=9".to_owned(), 404, "version_not_found", "from"),
        (format!("from={other}:published"), 409, "not_published", "from"),
        (format!("to={nobody}:1"), 404, "flow_not_found", "to"),
    ] {
        let answer = api.ask("GET", api.flow(&id, &format!("/diff?{query}"))).send().await;
        let answer = answer.expect_problem(status, code);
        assert_eq!(answer.json()["errors"][0]["parameter"], parameter, "{query}");
        assert_eq!(answer.header("etag"), None, "of another flow, or of none");
    }
    let unpublished = api.ask("GET", api.flow(&other, "/diff")).send().await;
    let unpublished = unpublished.expect_problem(409, "not_published");
    assert_eq!(unpublished.json()["current"]["version"], 1);
    assert_eq!(
        (unpublished.header("etag"), &unpublished.json()["detail"]),
        (Some("\"1\""), &json!("from: The flow is not published."))
    );
    for (order, body) in [
        ("/restore", json!({"version": 9, "reason": "why not"})),
        ("/restore", json!({"version": 9, "dryRun": true})),
        ("/publish", json!({"version": 9})),
        ("/duplicate", json!({"version": 9})),
        ("/test-run", json!({"version": 9})),
    ] {
        let answer = api.ask("POST", api.flow(&id, order)).json(&body).send().await;
        let answer = answer.expect_problem(404, "version_not_found");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/version", "{order}");
    }
    let discard = json!({"version": "published", "reason": "why not"});
    let answer = api.ask("POST", api.flow(&other, "/restore")).json(&discard).send().await;
    let answer = answer.expect_problem(409, "not_published");
    assert_eq!((&answer.json()["current"]["version"], answer.header("etag")), (&json!(1), Some("\"1\"")));
    let reversed = api.flow(&id, "/events?from=2026-05-02&to=2026-05-01");
    api.ask("GET", reversed).send().await.expect_problem(400, "invalid_parameter");
    let page = api.ask("GET", api.flow(&id, "/events?limit=1")).send().await.expect(200).data();
    let cursor = page["pageInfo"]["endCursor"].as_str().unwrap();
    for path in [
        api.flow(&other, &format!("/events?cursor={cursor}")),
        api.flow(&id, &format!("/events?type=flow.created&cursor={cursor}")),
        api.flow(&id, &format!("/events?cursor={cursor}x")),
        api.flow(&id, "/events?type=published"),
        api.flow(&id, "/events?type=api_key.created"),
        format!("/organizations/{}/audit?cursor={cursor}", api.org_id),
    ] {
        api.ask("GET", path).send().await.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn the_audit_log_has_every_event_of_the_organization() {
    let api = api().await;
    let id = story(&api).await;
    let audit = |rest: &str| api.ask("GET", format!("/organizations/{}/audit{rest}", api.org_id)).send();
    let all = audit("").await.expect(200).data();
    let entries = all["data"].as_array().unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected =
        ["flow.updated", "flow.published", "flow.updated", "flow.updated", "flow.created", "api_key.created"];
    assert_eq!(actions, expected);
    assert_eq!((&entries[0]["resource"], &entries[0]["resourceId"]), (&json!("flow"), &json!(id)));
    assert_eq!((&entries[0]["actorUserId"], &entries[0]["metadata"]["version"]), (&Value::Null, &json!(5)));
    let published = audit("?action=flow.published&resource=flow").await.expect(200).data();
    assert_eq!(published["data"].as_array().unwrap().len(), 1);
    let keys = audit("?resource=api_key").await.expect(200).data();
    assert_eq!(keys["data"][0]["action"], "api_key.created");
    assert_eq!(audit("?actorUserId=nobody").await.expect(200).data()["data"], json!([]));
    let page = audit("?limit=4").await.expect(200).data();
    let cursor = page["pageInfo"]["endCursor"].as_str().unwrap();
    let rest = audit(&format!("?limit=4&cursor={cursor}")).await.expect(200).data();
    assert_eq!(
        (rest["data"].as_array().unwrap().len(), &rest["pageInfo"]["hasNextPage"]),
        (2, &json!(false))
    );
}

#[tokio::test]
async fn an_audit_list_of_nonsense_is_refused() {
    let api = api().await;
    story(&api).await;
    let audit = |rest: &str| api.ask("GET", api.audit(rest)).send();
    let page = audit("?limit=2").await.expect(200).data();
    let cursor = page["pageInfo"]["endCursor"].as_str().unwrap();
    audit(&format!("?limit=1&cursor={cursor}")).await.expect(200);
    for rest in [
        "?limit=0",
        "?limit=1001",
        "?limit=1.5",
        "?dateFrom=2026-05-02&dateTo=2026-05-01",
        "?dateFrom=2026-05-01T00:00:01Z&dateTo=2026-05-01T00:00:00Z",
        "?dateFrom=2026-02-30",
        "?dateTo=tomorrow",
        "?actor=ana",
        "?resource=flows",
        "/export?format=csv&action=published",
        "/export?resource=bot",
        &format!("?cursor={cursor}&action=flow.created"),
        &format!("?cursor={}", &cursor[1..]),
    ] {
        audit(rest).await.expect_problem(400, "invalid_parameter");
    }
    // In another organization the same cursor leads nowhere.
    let other = uuid::Uuid::new_v4();
    let foreign = api.new_key(other, json!({"name": "ajena"})).await;
    let path = format!("/organizations/{other}/audit?cursor={cursor}");
    api.ask("GET", path).key(&foreign).send().await.expect_problem(400, "invalid_parameter");
    audit("?limit=1000&action=&resource=flow&dateFrom=2026-05-01&dateTo=").await.expect(200);
}

#[tokio::test]
async fn a_list_of_then_stays_that_of_then_from_page_to_page() {
    let api = api().await;
    let id = story(&api).await;
    api.create_sound("Baja").await;
    let list = api.ask("GET", api.flows("?asOf=position:4&version=draft")).send().await.expect(200).data();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["version"]), (1, &json!(3)));
    let nothing =
        api.ask("GET", api.flows("?asOf=position:0&include=deleted&limit=5")).send().await.expect(200);
    assert_eq!((nothing.data(), nothing.header("link")), (json!([]), None));
    let early = api.ask("GET", api.flow(&id, "?asOf=position:0")).send().await;
    early.expect_problem(404, "flow_not_found");
    let page = api.ask("GET", api.flows("?asOf=2100-01-01T00:00:00Z&limit=1")).send().await.expect(200);
    let link = page.header("link").unwrap();
    let next = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert!(next.contains("asOf=position:7"), "{next}");
    api.ask("PATCH", api.flow(&id, "")).json(&json!({"name": "Luego"})).send().await.expect(200);
    let rest = api.ask("GET", next).send().await.expect(200).data();
    assert_eq!((&rest[0]["id"], &rest[0]["name"]), (&json!(id), &json!("Peor")));
}

/// For each named set of scopes, the routes it opens.
#[tokio::test]
async fn roles_open_what_they_should() {
    let api = api().await;
    let id = story(&api).await;
    let restore = json!({"version": 1, "reason": "role test"});
    let routes = [
        ("GET", api.flow(&id, "/events"), None, "flows:read"),
        ("GET", api.flow(&id, "/versions/1"), None, "flows:read"),
        ("GET", api.flow(&id, "/diff?from=1&to=2"), None, "flows:read"),
        ("GET", api.flow(&id, "/blame"), None, "flows:read"),
        ("POST", api.flow(&id, "/restore"), Some(&restore), "flows:restore"),
        ("GET", format!("/organizations/{}/audit", api.org_id), None, "audit:read"),
        ("GET", format!("/organizations/{}/audit/export?format=csv", api.org_id), None, "audit:read"),
        ("GET", format!("/organizations/{}/api-keys", api.org_id), None, "keys:manage"),
        ("POST", api.flow(&id, "/unpublish"), None, "flows:publish"),
        ("PATCH", api.flow(&id, ""), Some(&restore), "flows:write"),
        ("DELETE", api.flow(&id, ""), None, "flows:write"),
    ];
    for role in ["auditor", "support", "consumer", "admin"] {
        let scopes = flow_registry::registry::caller::Scopes::named(role).unwrap();
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let key = api.key_with(&names).await;
        for (method, path, body, scope) in &routes {
            let request = api.ask_openly(method, path).key(&key);
            let request = if let Some(body) = body { request.json(body) } else { request };
            // Only what is refused is sent to its end where it would change too much.
            if names.contains(scope) && *method == "DELETE" {
                continue;
            }
            let answer = request.send().await;
            let is_open = answer.status != 403;
            assert_eq!(is_open, names.contains(scope), "{role} {method} {path}");
        }
    }
}
