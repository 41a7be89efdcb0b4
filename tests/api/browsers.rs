//! Browsers: which origins get in, and what their pages may send and see.

use flow_registry::http::allow_origins;

use super::{Answer, Api, api};

const PAGE: &str = "https://panel.example";

async fn preflight(api: &Api, origin: &str, allowed: &[&str]) -> Answer {
    let router = allow_origins(api.router.clone(), allowed);
    let request = api.ask_openly("OPTIONS", api.flows("")).to(router).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    request.header("access-control-request-headers", "x-api-key,content-type,idempotency-key").send().await
}

#[tokio::test]
async fn named_origins_get_in() {
    let api = api().await;
    let answer = preflight(&api, PAGE, &["https://other.example", PAGE]).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    for (header, needed) in [
        ("access-control-allow-methods", &["GET", "POST", "PATCH", "DELETE"][..]),
        ("access-control-allow-headers", &["x-api-key", "content-type", "idempotency-key", "if-match"]),
    ] {
        let listed: Vec<&str> = answer.header(header).unwrap().split(',').map(str::trim).collect();
        assert!(needed.iter().all(|needed| listed.contains(needed)), "{listed:?}");
    }
    let router = allow_origins(api.router.clone(), &[PAGE]);
    let read = api.ask("GET", api.flows("")).to(router).header("origin", PAGE).send().await.expect(200);
    assert_eq!(read.header("access-control-allow-origin"), Some(PAGE));
    let shown = read.header("access-control-expose-headers").unwrap();
    assert!(["etag", "link", "x-request-id", "idempotent-replayed"].iter().all(|name| shown.contains(name)));
}

#[tokio::test]
async fn other_origins_do_not() {
    let api = api().await;
    let answer = preflight(&api, "https://evil.example", &[PAGE]).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let any = preflight(&api, "https://evil.example", &["*"]).await.expect(200);
    assert_eq!(any.header("access-control-allow-origin"), Some("*"));
    assert_eq!(any.header("access-control-allow-credentials"), None);
}

/// Without origins there is no such method, as on every other path.
#[tokio::test]
async fn by_default_nobody_does() {
    let api = api().await;
    let answer = preflight(&api, PAGE, &[]).await.expect_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
