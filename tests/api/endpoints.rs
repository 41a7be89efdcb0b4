//! Every endpoint on flows, answer by answer: what a client reads is pinned.

use serde_json::json;

use super::{Answer, api, sound};

/// Holds an answer against its snapshot.
macro_rules! pinned {
    ($name:literal, $answer:expr) => {{
        let answer = &$answer;
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!($name, answer.shown())
        })
    }};
}

#[tokio::test]
async fn a_flow_from_its_creation_to_its_end() {
    let api = api().await;
    let body = json!({"name": "Onboarding nuevo cliente", "steps": []});
    let created = api.ask("POST", api.flows("")).json(&body).send().await;
    pinned!("create", created);
    let id = created.data()["id"].as_str().unwrap().to_owned();
    pinned!("publish_refused", api.ask("POST", api.flow(&id, "/publish")).send().await);
    let steps = json!({"steps": [{"type": "message", "text": "Hola"}, {"id": "fin", "type": "end"}], "description": "d"});
    pinned!("update", api.ask("PATCH", api.flow(&id, "")).json(&steps).send().await);
    pinned!("update_nothing", api.ask("PATCH", api.flow(&id, "")).json(&json!({})).send().await);
    let publish = json!({"reason": "listo", "label": "v1"});
    pinned!("publish", api.ask("POST", api.flow(&id, "/publish")).json(&publish).send().await);
    pinned!("publish_again", api.ask("POST", api.flow(&id, "/publish")).send().await);
    let draft = json!({"name": "Otro nombre", "phoneNumberId": "109876543210987"});
    api.ask("PATCH", api.flow(&id, "")).json(&draft).send().await.expect(200);
    pinned!("get", api.ask("GET", api.flow(&id, "")).send().await);
    pinned!("get_published", api.ask("GET", api.flow(&id, "?version=published")).send().await);
    pinned!("get_version", api.ask("GET", api.flow(&id, "?version=1")).send().await);
    pinned!("duplicate", api.ask("POST", api.flow(&id, "/duplicate")).send().await);
    pinned!("unpublish", api.ask("POST", api.flow(&id, "/unpublish")).send().await);
    pinned!("get_not_published", api.ask("GET", api.flow(&id, "?version=published")).send().await);
    pinned!("delete", api.ask("DELETE", api.flow(&id, "")).send().await);
    pinned!("delete_again", api.ask("DELETE", api.flow(&id, "")).send().await);
    pinned!("get_deleted_version", api.ask("GET", api.flow(&id, "?version=6")).send().await);
    api.ask("GET", api.flow(&id, "")).send().await.expect_problem(404, "flow_not_found");
    let deleted = api.ask("GET", api.flow(&id, "?version=draft")).send().await.expect(200);
    assert_eq!((&deleted.data()["status"], deleted.header("etag")), (&json!("deleted"), Some("\"6\"")));
    let published = api.ask("GET", api.flow(&id, "?version=published")).send().await;
    published.expect_problem(409, "not_published");
    pinned!("get_missing_version", api.ask("GET", api.flow(&id, "?version=7")).send().await);
}

#[tokio::test]
async fn a_definition_may_come_as_json_or_as_a_graph() {
    let api = api().await;
    let id = api.create_sound("grafo").await;
    let graph = json!({"json": {
        "nodes": [
            {"id": "hola", "type": "message", "data": {"text": "Hola"}, "position": {"x": 1, "y": 2}},
            {"id": "fin", "type": "end", "data": {}}
        ],
        "edges": [{"source": "hola", "target": "fin"}]
    }});
    pinned!("update_graph", api.ask("PATCH", api.flow(&id, "")).json(&graph).send().await);
    let both = json!({"json": {"steps": []}, "steps": []});
    pinned!("update_json_and_steps", api.ask("PATCH", api.flow(&id, "")).json(&both).send().await);
}

#[tokio::test]
async fn lists() {
    let api = api().await;
    pinned!("list_empty", api.ask("GET", api.flows("")).send().await);
    let mut first = sound("Alta de clientes");
    first["phoneNumberId"] = json!("1");
    api.create(first).await;
    let published = api.create_sound("Reserva").await;
    api.ask("POST", api.flow(&published, "/publish")).send().await.expect(201);
    api.ask("PATCH", api.flow(&published, ""))
        .json(&json!({"name": "Reserva de cita"}))
        .send()
        .await
        .expect(200);
    let gone = api.create_sound("Vieja").await;
    api.ask("DELETE", api.flow(&gone, "")).send().await.expect(204);
    pinned!("list", api.ask("GET", api.flows("")).send().await);
    pinned!("list_summary", api.ask("GET", api.flows("?view=summary&include=deleted")).send().await);

    let names = |answer: Answer| {
        let data = answer.expect(200).data();
        data.as_array()
            .unwrap()
            .iter()
            .map(|flow| flow["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("?phoneNumberId=1", &["Alta de clientes"][..]),
        ("?phoneNumberId=", &["Reserva de cita", "Alta de clientes"]),
        ("?phoneNumberId=2", &[]),
        ("?status=published", &["Reserva de cita"]),
        ("?status=draft", &["Alta de clientes"]),
        ("?status=deleted", &["Vieja"]),
        ("?include=deleted", &["Vieja", "Reserva de cita", "Alta de clientes"]),
        ("?q=CLIENTES", &["Alta de clientes"]),
        ("?q=c%C3%ADta", &["Reserva de cita"]),
        ("?version=published", &["Reserva"]),
        ("?version=published&q=cita", &[]),
    ] {
        assert_eq!(names(api.ask("GET", api.flows(query)).send().await), expected, "{query}");
    }

    let page = api.ask("GET", api.flows("?limit=1&include=deleted")).send().await;
    let mut seen = Vec::new();
    let mut next = page.header("link").map(str::to_owned);
    seen.extend(names(page));
    while let Some(link) = next {
        let path = link.strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
        let page = api.ask("GET", path).send().await;
        next = page.header("link").map(str::to_owned);
        seen.extend(names(page));
    }
    assert_eq!(seen, ["Vieja", "Reserva de cita", "Alta de clientes"]);
}

#[tokio::test]
async fn validation_on_demand() {
    let api = api().await;
    let typo = json!({
        "name": "typo",
        "variables": [{"name": "plan", "type": "string", "default": "pro"}],
        "steps": [
            {"id": "es_pro", "type": "branch", "cases": [{"when": "plna == \"pro\"", "next": "fim"}]},
            {"id": "fin", "type": "end"}
        ]
    });
    pinned!("validate_document", api.ask("POST", api.flows("/validate")).json(&typo).send().await);
    let shape = json!({"nombre": "x"});
    pinned!("validate_shape", api.ask("POST", api.flows("/validate")).json(&shape).send().await);
    let id = api.create_sound("sana").await;
    pinned!("validate_flow", api.ask("POST", api.flow(&id, "/validate")).send().await);
    assert_eq!(api.events().await, 2, "the key and the flow: validation changes nothing");
}

/// Any key may stand in a trigger's configuration, so what is wrong with this one is told and keeps nobody from saving.
#[tokio::test]
async fn further_triggers_that_are_malformed_block_publishing_alone() {
    let api = api().await;
    let mut flow = sound("Varios");
    flow["triggerType"] = json!("KEYWORD");
    for (also, code, place) in [
        (json!("EVENT"), "WRONG_TYPE", "/triggerConfig/also"),
        (json!([{"triggerType": "SMOKE"}]), "INVALID_VALUE", "/triggerConfig/also/0/triggerType"),
        (
            json!([{"triggerType": "EVENT"}]),
            "MISSING_TRIGGER_CONFIG",
            "/triggerConfig/also/0/triggerConfig/event",
        ),
    ] {
        flow["triggerConfig"] = json!({"keywords": ["hola"], "also": also});
        let made = api.create(flow.clone()).await;
        assert_eq!(
            (&made["findings"][0]["code"], &made["findings"][0]["pointer"]),
            (&json!(code), &json!(place))
        );
        assert_eq!(made["triggerConfig"]["also"], also, "kept as it is");
        let publish = api.flow(made["id"].as_str().unwrap(), "/publish");
        api.ask("POST", publish).send().await.expect_problem(422, "not_publishable");
    }
    flow["triggerConfig"]["also"] = json!([{"triggerType": "EVENT", "triggerConfig": {"event": "pago.ok"}}]);
    let made = api.create(flow).await;
    let publish = api.flow(made["id"].as_str().unwrap(), "/publish");
    api.ask("POST", publish).send().await.expect(201);
}

#[tokio::test]
async fn operations() {
    let api = api().await;
    for path in ["/health", "/health/live", "/health/ready"] {
        let answer = api.ask_openly("GET", path).send().await.expect(200);
        assert_eq!(answer.data(), json!({"status": "ok"}), "{path}");
    }
    api.ask_openly("POST", "/auth/refresh").send().await.expect_problem(401, "invalid_credentials");
    api.ask_openly("GET", "/problems/validation_failed").send().await.expect(200);
    api.ask_openly("GET", "/problems/nothing").send().await.expect_problem(404, "not_found");
    api.ask("GET", "/metrics").send().await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn pages_for_people_load_nothing_from_elsewhere() {
    let api = api().await;
    let root = api.ask_openly("GET", "/").send().await.expect(303);
    assert_eq!(root.header("location"), Some("/docs"));
    let pages = ["/docs", "/docs/guides/errors", "/docs/flow-format", "/problems", "/problems/not_published"];
    for path in pages {
        let page = api.ask_openly("GET", path).send().await.expect(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; "), "{path}: {policy}");
    }
    let errors = api.ask_openly("GET", "/docs/guides/errors").send().await;
    let errors = String::from_utf8(errors.body.to_vec()).unwrap();
    assert!(errors.contains("<a href=\"/problems/not_published\">"), "the page lists all codes");
    for (path, media_type) in [
        ("/docs/style.css", "text/css; charset=utf-8"),
        ("/docs/search.js", "text/javascript; charset=utf-8"),
        ("/docs/search.txt", "text/plain; charset=utf-8"),
        ("/docs/icon.svg", "image/svg+xml"),
    ] {
        let file = api.ask_openly("GET", path).send().await.expect(200);
        assert_eq!(file.header("content-type"), Some(media_type), "{path}");
    }
    let reference = api.ask_openly("GET", "/docs/reference/").send().await.expect(200);
    let policy = reference.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'self'; "), "{policy}");
    api.ask_openly("GET", "/docs/guides/nothing").send().await.expect_problem(404, "not_found");
}
