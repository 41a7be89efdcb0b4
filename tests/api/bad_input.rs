//! Bad input: the right status, code and pointer, and never a write.

use serde_json::{Value, json};

use super::{Api, api};

/// The pointers an answer names.
fn pointers(answer: &Value) -> Vec<&str> {
    answer["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect()
}

async fn check_body(
    api: &Api,
    method: &str,
    path: &str,
    body: Vec<u8>,
    status: u16,
    code: &str,
    expected: &[&str],
) {
    let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    let answer = api.ask(method, path).text(body).send().await;
    assert_eq!(answer.status, status, "{method} {path} {shown}\n{}", answer.shown());
    let json = answer.json();
    assert_eq!(json["code"], code, "{method} {path} {shown}");
    assert_eq!(pointers(&json), expected, "{method} {path} {shown}");
    assert_eq!(json["statusCode"], status);
}

#[tokio::test]
async fn bodies_that_are_no_strict_json() {
    let api = api().await;
    let id = api.create_sound("a").await;
    let events = api.events().await;
    let deep = format!("{{\"name\":\"a\",\"meta\":{}{}}}", "[".repeat(70), "]".repeat(70));
    let cases: [(&[u8], &str, &[&str]); 16] = [
        (b"", "invalid_json", &[]),
        (b"{", "invalid_json", &[]),
        (b"name=a", "invalid_json", &[]),
        (b"{\"name\":\"a\"} x", "invalid_json", &[]),
        (b"{\"name\":\"a\"}{}", "invalid_json", &[]),
        (b"{\"name\":NaN}", "invalid_json", &[]),
        (b"{\"name\":\"a\",\"name\":\"b\"}", "invalid_json", &["/name"]),
        (b"{\"name\":\"a\",\"meta\":{\"x\":{\"y\":1,\"y\":2}}}", "invalid_json", &["/meta/x/y"]),
        (b"\xff\xfe", "invalid_json", &[]),
        (b"\xef\xbb\xbf{\"name\":\"a\"}", "invalid_json", &[]),
        (b"{\"name\":\"a\\u0000\"}", "invalid_text", &["/name"]),
        (b"{\"name\":\"a\\ud800\"}", "invalid_text", &["/name"]),
        (b"{\"name\":\"a\",\"meta\":{\"n\":9007199254740992}}", "validation_failed", &["/meta/n"]),
        (b"{\"name\":\"a\",\"meta\":{\"n\":-9007199254740992}}", "validation_failed", &["/meta/n"]),
        (b"{\"name\":\"a\",\"meta\":{\"n\":1e400}}", "validation_failed", &["/meta/n"]),
        (b"{\"name\":\"a\",\"meta\":{\"n\":18446744073709551616}}", "validation_failed", &["/meta/n"]),
    ];
    for (method, path) in [("POST", api.flows("")), ("PATCH", api.flow(&id, ""))] {
        for (body, code, expected) in &cases {
            let answer = api.ask(method, &path).text(body.to_vec()).send().await;
            let shown = format!("{method} {}\n{}", String::from_utf8_lossy(body), answer.shown());
            assert_eq!(answer.status, 400, "{shown}");
            assert_eq!(answer.json()["code"], *code, "{shown}");
            assert_eq!(pointers(&answer.json()), *expected, "{shown}");
        }
        let answer = api.ask(method, &path).text(deep.clone()).send().await;
        answer.expect_problem(400, "invalid_json");
    }
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn members_that_are_wrong_or_unknown() {
    let api = api().await;
    let id = api.create_sound("a").await;
    let events = api.events().await;
    let cases: [(Value, &[&str]); 11] = [
        (json!({"name": 5}), &["/name"]),
        (json!({"name": "a", "nombre": "b"}), &["/nombre"]),
        (json!({"name": "a", "steps": {}}), &["/steps"]),
        (
            json!({"name": "a", "steps": [{"type": "message", "texto": "x", "text": "y"}]}),
            &["/steps/0/texto"],
        ),
        (json!({"name": "a", "steps": [{"type": "teleport"}]}), &["/steps/0/type"]),
        (json!({"name": "a", "steps": [5]}), &["/steps/0"]),
        (json!({"name": "a", "meta": "x"}), &["/meta"]),
        (json!({"name": "a", "settings": {"retry": {"max": 99}}}), &["/settings/retry/max"]),
        (json!({"name": "x".repeat(121)}), &["/name"]),
        (json!({"name": "a", "triggerType": "SMOKE"}), &["/triggerType"]),
        (json!({"name": "a", "formatVersion": 2}), &["/formatVersion"]),
    ];
    for (method, path) in [("POST", api.flows("")), ("PATCH", api.flow(&id, ""))] {
        for (body, expected) in &cases {
            check_body(&api, method, &path, body.to_string().into(), 400, "validation_failed", expected)
                .await;
        }
    }
    let create = api.flows("");
    check_body(&api, "POST", &create, b"{}".to_vec(), 400, "validation_failed", &["/name"]).await;
    check_body(&api, "POST", &create, b"[1]".to_vec(), 400, "validation_failed", &[""]).await;
    check_body(&api, "POST", &create, b"{\"name\":\" \"}".to_vec(), 400, "validation_failed", &["/name"])
        .await;
    let update = api.flow(&id, "");
    for member in ["name", "enabled", "json"] {
        let body = json!({member: null}).to_string();
        let pointer = format!("/{member}");
        check_body(&api, "PATCH", &update, body.into(), 400, "validation_failed", &[&pointer]).await;
    }
    let publish = api.flow(&id, "/publish");
    check_body(&api, "POST", &publish, b"{\"version\":0}".to_vec(), 400, "validation_failed", &["/version"])
        .await;
    check_body(&api, "POST", &publish, b"{\"when\":1}".to_vec(), 400, "validation_failed", &["/when"]).await;
    // PHP sends an empty object as an empty array.
    api.ask("PATCH", &update).text("[]").send().await.expect(200);
    api.ask("PATCH", &update).json(&json!({"meta": [], "settings": []})).send().await.expect(200);
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn sizes_and_media_types() {
    let api = api().await;
    let events = api.events().await;
    let large = json!({"name": "a", "description": "x".repeat(513 * 1024)}).to_string();
    api.ask("POST", api.flows("")).text(large).send().await.expect_problem(413, "body_too_large");
    let body = json!({"name": "a"}).to_string();
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "x"]
    {
        let request = api.ask("POST", api.flows("")).header("content-type", media_type).body(body.clone());
        request.send().await.expect_problem(415, "unsupported_media_type");
    }
    let without = api.ask("POST", api.flows("")).body(body).send().await;
    without.expect_problem(415, "unsupported_media_type");
    let picky = api.ask("GET", api.flows("")).header("accept", "text/html");
    picky.send().await.expect_problem(406, "not_acceptable");
    assert_eq!(api.events().await, events);
}

/// Text with everything but letters and spaces in escapes, as many clients write it.
fn escaped(body: &Value) -> String {
    let units =
        |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|it| format!("\\u{it:04x}")).collect::<String>();
    body.to_string().chars().map(|c| if c.is_ascii() { c.into() } else { units(c) }).collect()
}

#[tokio::test]
async fn a_body_counts_as_what_its_escapes_stand_for() {
    let api = api().await;
    let flow = |text: &str, times: usize| {
        let step = |n: usize| json!({"id": format!("s{n}"), "type": "message", "text": text.repeat(times)});
        json!({"name": "grande", "steps": (0..150).map(step).collect::<Vec<_>>()})
    };
    // 240 KB of text as it is meant; 720, 480 and 720 as it is written.
    for (text, times) in [("á", 800), ("你", 533), ("😀", 400)] {
        let body = flow(text, times);
        let written = escaped(&body);
        assert!(written.len() > body.to_string().len());
        let made = api.ask("POST", api.flows("")).text(written.clone()).send().await.expect(201).data();
        assert_eq!(made["steps"], body["steps"]);
        // As it is declared, a body is let in by its size as it is written.
        let length = written.len().to_string();
        let declared = api.ask("POST", api.flows("")).header("content-length", &length);
        declared.text(written).send().await.expect(201);
    }
    let events = api.events().await;
    let large = escaped(&flow("á", 900));
    assert!(large.len() > 512 * 1024);
    let answer = api.ask("POST", api.flows("")).text(large).send().await.expect(400);
    assert_eq!(answer.json()["errors"][0]["code"], "LIMIT_EXCEEDED", "the document is too large by itself");
    let far_too_large = escaped(&flow("á", 2_000));
    for length in ["", "1000000", "9999999"] {
        let request = api.ask("POST", api.flows("")).text(far_too_large.clone());
        let request = if length.is_empty() { request } else { request.header("content-length", length) };
        request.send().await.expect_problem(413, "body_too_large");
    }
    let mistake = r#"{"name": "\u00e1", "meta": {"a": "\ud800"}}"#.to_owned() + &" ".repeat(600);
    let answer =
        api.ask("POST", api.flows("")).text(mistake).send().await.expect_problem(400, "invalid_text");
    assert_eq!(answer.json()["errors"][0]["pointer"], "/meta/a");
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn parameters_and_paths() {
    let api = api().await;
    let id = api.create_sound("a").await;
    for query in [
        "?limit=-1",
        "?limit=0",
        "?limit=1001",
        "?limit=x",
        "?limit=1.5",
        "?limit=1&limit=2",
        "?nope=1",
        "?cursor=x",
        "?limit=1&cursor=AAAA",
        "?status=live",
        "?version=3",
        "?view=full",
        "?include=all",
        "?q=%00",
        "?q=%ff",
        "?q=%",
    ] {
        api.ask("GET", api.flows(query)).send().await.expect_problem(400, "invalid_parameter");
    }
    for query in [
        "?version=0",
        "?version=-1",
        "?version=1.5",
        "?version=9223372036854775808",
        "?version=latest",
        "?asOf=x",
    ] {
        api.ask("GET", api.flow(&id, query)).send().await.expect_problem(400, "invalid_parameter");
    }
    for bad in
        ["nope", "%00", "%ff", "0192f0c12d3e7f4a8b5c6d7e8f9a0b1c", "{0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c}"]
    {
        let bad = bad.replace('{', "%7B").replace('}', "%7D");
        api.ask("GET", api.flow(&bad, "")).send().await.expect_problem(400, "invalid_parameter");
        let path = format!("/organizations/{bad}/bot/flows");
        api.ask("GET", path).send().await.expect_problem(400, "invalid_parameter");
    }
    api.ask("GET", api.flows("/")).send().await.expect_problem(404, "not_found");
    api.ask("GET", "/nowhere").send().await.expect_problem(404, "not_found");
    let put = api.ask("PUT", api.flow(&id, "")).send().await.expect_problem(405, "method_not_allowed");
    assert!(put.header("allow").is_some_and(|allow| allow.contains("PATCH")));
}

#[tokio::test]
async fn credentials_in_their_order() {
    let api = api().await;
    let path = api.flows("");
    let ask = |path: &str| api.ask_openly("GET", path);
    let missing = ask(&path).send().await.expect_problem(401, "missing_credentials");
    assert!(missing.header("www-authenticate").is_some());
    let mut typo = api.key.clone();
    typo.pop();
    for wrong in ["x", "mk_live_x.y", typo.as_str()] {
        ask(&path).key(wrong).send().await.expect_problem(401, "invalid_credentials");
    }
    for wrong in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer x", "Bearer a.b.c"] {
        ask(&path).header("authorization", wrong).send().await.expect_problem(401, "invalid_credentials");
    }
    let both = ask(&path).key(&api.key).header("authorization", &format!("Bearer {}", api.key));
    both.send().await.expect_problem(400, "ambiguous_credentials");
    let bearer = ask(&path).header("authorization", &format!("Bearer {}", api.key));
    bearer.send().await.expect(200);
    // The syntax of the organization comes before credentials, they before everything else.
    ask("/organizations/x/bot/flows").send().await.expect_problem(400, "invalid_parameter");
    ask(&api.flow("x", "?nope=1")).send().await.expect_problem(401, "missing_credentials");
    let elsewhere = "/organizations/0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c/bot/flows";
    ask(elsewhere).key(&api.key).send().await.expect_problem(403, "wrong_organization");
    let reader = api.key_with(&["flows:read"]).await;
    let create = api.ask_openly("POST", &path).key(&reader).text("{");
    create.send().await.expect_problem(403, "insufficient_scope");
}

#[tokio::test]
async fn headers_that_are_wrong() {
    let api = api().await;
    let events = api.events().await;
    let create = || api.ask("POST", api.flows("")).json(&json!({"name": "a"}));
    let long = "x".repeat(256);
    for key in ["", "a\u{e9}", long.as_str()] {
        create().header("idempotency-key", key).send().await.expect_problem(400, "invalid_idempotency_key");
    }
    let long = "x".repeat(501);
    create().header("x-reason", &long).send().await.expect_problem(400, "invalid_parameter");
    let long = "x".repeat(201);
    create().header("x-on-behalf-of", &long).send().await.expect_problem(400, "invalid_parameter");
    assert_eq!(api.events().await, events);
    let named = create().header("x-request-id", "mine-1").send().await.expect(201);
    assert_eq!(named.header("x-request-id"), Some("mine-1"));
    let strange =
        create().header("x-request-id", "a b\u{7}".trim_end_matches('\u{7}')).send().await.expect(201);
    assert_ne!(strange.header("x-request-id"), Some("a b"));
}
