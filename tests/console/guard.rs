//! Who gets to a page, and what may be sent from where: every route, without a session, with the wrong one, from elsewhere.

use axum::http::Request;
use regex::Regex;
use uuid::Uuid;

use super::browser::{Browser, HOST};

/// Addresses of an organization that take a method, as the table of routes has them, with ids in them.
fn rows(method: &str) -> Vec<String> {
    let routes = include_str!("../../src/console/routes.rs");
    let rows = routes.split(".route(").skip(1).filter_map(|row| {
        let path = row.split('"').nth(1)?.strip_prefix("/{orgId}/")?;
        (row.contains(&format!("{method}(")) && !path.contains('*')).then(|| path.to_owned())
    });
    // The changes of a flow are rows of a table of their own.
    let changes = ["restore", "publish", "unpublish", "pause", "resume", "duplicate", "delete"];
    let changes = changes.map(|change| format!("flows/{{flowId}}/{change}"));
    let rows = rows.chain(changes.into_iter().filter(|_| routes.contains("changes_of_flow")));
    let id = Regex::new(r"\{[a-zA-Z]+\}").unwrap();
    let rows: Vec<String> =
        rows.map(|path| id.replace_all(&path, Uuid::from_u128(7).to_string()).into_owned()).collect();
    assert!(rows.len() > 4, "the table of routes is where this looks: {rows:?}");
    rows
}

#[tokio::test]
async fn nothing_of_an_organization_is_shown_without_its_session() {
    let mut stranger = Browser::stranger().await;
    for page in rows("get") {
        let path = stranger.path(&page);
        let seen = stranger.get(&path).await.expect(401);
        assert_eq!(seen.hidden("back"), path, "{page}");
        assert_eq!(seen.header("cache-control"), Some("no-store"), "{page}");
    }
    for form in rows("post") {
        let path = stranger.path(&form);
        stranger.post(&path, &[("reason", "porque sí")]).await.expect(401).says("was not done");
    }
    assert_eq!(stranger.api.events().await, 1);
}

/// Whether there is another organization cannot be told from what a session of this one is answered.
#[tokio::test]
async fn another_organization_is_answered_like_none() {
    let mut browser = Browser::admin().await;
    let there = Uuid::from_u128(0x0192_f0c1_2d3e_7f4a_8b5c_6d7e_8f9a_0b1c);
    browser.api.new_key(there, serde_json::json!({"name": "ajena"})).await;
    let nowhere = Uuid::from_u128(0x0192_f0c1_2d3e_7f4a_8b5c_6d7e_8f9a_0b1d);
    for page in rows("get") {
        let mut bodies = Vec::new();
        for org_id in [there, nowhere] {
            let seen = browser.get(format!("/console/{org_id}/{}", page)).await.expect(403);
            bodies.push(seen.shown());
        }
        assert_eq!(bodies[0], bodies[1], "{page}");
    }
    let events = browser.api.events().await;
    for form in rows("post") {
        let path = format!("/console/{there}/{}", form);
        browser.post(&path, &[]).await.expect(403);
    }
    assert_eq!(browser.api.events().await, events);
}

#[tokio::test]
async fn forms_of_elsewhere_do_nothing() {
    let mut browser = Browser::admin().await;
    let events = browser.api.events().await;
    let wrong: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://flows.example.com")],
    ];
    let open = ["/console/session".to_owned(), "/console/preferences".to_owned()];
    let paths = rows("post").into_iter().map(|form| browser.path(&form)).chain(open);
    for path in paths.collect::<Vec<_>>() {
        for headers in wrong {
            let mut request =
                Request::post(&path).header("content-type", "application/x-www-form-urlencoded");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let seen = browser.send(request, "language=es".to_owned()).await.expect(403);
            seen.says("did not come from a page of this console");
            assert!(seen.header("set-cookie").is_none(), "{path}");
        }
    }
    assert_eq!(browser.api.events().await, events);
    browser.get(browser.path("flows")).await.expect(200);
    let by_origin = Request::post("/console/preferences")
        .header("origin", format!("https://{HOST}"))
        .header("content-type", "application/x-www-form-urlencoded");
    browser.send(by_origin, "language=es".to_owned()).await.expect(303);
}

#[tokio::test]
async fn pages_are_for_names_of_ours_alone() {
    let mut browser = Browser::admin().await;
    let path = browser.path("flows");
    for host in ["evil.example", "flows.example.com.evil.example", "flows.example.com:8080", ""] {
        let seen = browser.send(Request::get(&path).header("host", host), String::new()).await.expect(421);
        seen.says("This is not the address of the console").says_nothing_of("Ana");
    }
    browser
        .send(Request::get("/console/session").header("host", "localhost:8080"), String::new())
        .await
        .expect(200);
}

#[tokio::test]
async fn every_answer_has_the_headers() {
    let mut browser = Browser::admin().await;
    let list = browser.get(browser.path("flows")).await.expect(200);
    let style = list.html.split("href=\"").find(|part| part.starts_with("/console/assets/")).unwrap();
    let style = style.split('"').next().unwrap().to_owned();
    let script = list.html.split("src=\"").find(|part| part.contains("base.js")).unwrap();
    let script = script.split('"').next().unwrap().to_owned();
    let paths = [
        browser.path("flows"),
        browser.path("keys"),
        browser.path("nothing"),
        browser.path("live"),
        "/console".to_owned(),
        "/console/".to_owned(),
        "/console/session".to_owned(),
        "/console/assets/0123456789abcdef/console.css".to_owned(),
        style.clone(),
        script.clone(),
    ];
    for path in paths {
        let is_live = path.ends_with("/live");
        let seen = if is_live { browser.peek(&path).await } else { browser.get(&path).await };
        let policy = seen.header("content-security-policy").unwrap_or_default();
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action \
             'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            "{path}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(seen.header(name), Some(value), "{path}");
        }
        assert!(seen.header("permissions-policy").unwrap().contains("clipboard-write=(self)"), "{path}");
        assert!(seen.header("access-control-allow-origin").is_none(), "{path}");
        let kept = seen.header("cache-control");
        match path == style || path == script {
            true => assert_eq!(kept, Some("public, max-age=31536000, immutable"), "{path}"),
            false => assert_eq!(kept, Some("no-store"), "{path}"),
        }
    }
}

/// What anybody may send is small, and has few fields; other forms are as large as a document can be.
#[tokio::test]
async fn forms_are_bounded() {
    let mut browser = Browser::admin().await;
    let post = |path: &str| {
        Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
    };
    let many = "a&".repeat(1200);
    for path in ["/console/session", "/console/preferences"] {
        browser.send(post(path), format!("name={}", "x".repeat(70_000))).await.expect(413);
        browser.send(post(path), many.clone()).await.expect(400);
    }
    let keys = browser.path("keys/new");
    browser.send(post(&keys), many).await.expect(400);
    browser.send(post(&keys), "x".repeat((2 << 20) + 1)).await.expect(413);
    let json = Request::post(&keys)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json");
    browser.send(json, "{}".to_owned()).await.expect(400);
}
