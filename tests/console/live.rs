//! Pages that follow the log: what somebody else does is told while one looks, and it ends with the session.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use flow_registry::registry::access::operator;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::Browser;
use super::browser::HOST;

/// The events of a page that is followed, as they come.
struct Followed {
    body: Body,
    text: String,
}

impl Followed {
    async fn of(browser: &Browser) -> Self {
        let cookies: Vec<String> =
            browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::get(browser.path("live"))
            .header(header::HOST, HOST)
            .header(header::COOKIE, cookies.join("; "))
            .header(header::ACCEPT_LANGUAGE, "en");
        let answer = browser.api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        Self { body: answer.into_body(), text: String::new() }
    }

    /// Waits for an event of this name, and returns its data.
    async fn event(&mut self, name: &str) -> String {
        let mark = format!("event: {name}\n");
        loop {
            if let Some((_, rest)) = self.text.split_once(&mark)
                && let Some((block, rest)) = rest.split_once("\n\n")
            {
                let data = block.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or_default();
                let data = data.trim().to_owned();
                self.text = rest.to_owned();
                return data;
            }
            let frame = tokio::time::timeout(Duration::from_secs(20), self.body.frame()).await.unwrap();
            let frame = frame.expect("the page is followed still").unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn what_others_do_is_told() {
    let browser = Browser::admin().await;
    let mut followed = Followed::of(&browser).await;
    followed.event("at").await;
    let flow = browser.api.create_sound("Alta <b>").await;
    let told: Value = serde_json::from_str(&followed.event("notice").await).unwrap();
    assert!(told["text"].as_str().unwrap().starts_with("backend created “Alta <b>”, "), "{told}");
    assert_eq!(told["href"], json!(browser.path(&format!("flows/{flow}"))));
}

#[tokio::test]
async fn it_ends_with_the_session() {
    let mut browser = Browser::admin().await;
    let mut followed = Followed::of(&browser).await;
    followed.event("at").await;
    browser.post(browser.path("session/end"), &[]).await.expect(303);
    followed.event("over").await;
    let end = tokio::time::timeout(Duration::from_secs(5), followed.body.frame()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
}

/// A key that may read flows no longer hears no more of them; and following keeps no session open.
#[tokio::test]
async fn it_ends_when_the_key_may_read_no_more() {
    let mut browser = Browser::stranger().await;
    let body = json!({"name": "lee", "scopes": ["flows:read"]});
    let key = browser.api.new_key(browser.api.org_id, body).await;
    browser.sign_in(&key, "Luis").await;
    let old = "UPDATE console_session SET seen_at = seen_at - interval '30 minutes' RETURNING seen_at";
    let pool = browser.api.database.pool.clone();
    let old: chrono::DateTime<chrono::Utc> = sqlx::query_scalar(old).fetch_one(&pool).await.unwrap();
    let mut followed = Followed::of(&browser).await;
    followed.event("at").await;
    let by = operator(browser.api.org_id, "test");
    let keys = browser.api.keys.list(&by.caller).await.unwrap();
    let id = keys.iter().find(|key| key.name == "lee").unwrap().id;
    browser.api.keys.change(by, id, &json!({"scopes": ["keys:manage"]})).await.unwrap();
    followed.event("over").await;
    let seen: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("SELECT seen_at FROM console_session").fetch_one(&pool).await.unwrap();
    assert_eq!(seen, old);
}
