//! What all pages have in common: signing in and out, who is let in, and what pages that are not shown say.

use serde_json::json;

use super::{Browser, pin};
use crate::api::sound;

#[tokio::test]
async fn signing_in_leads_to_the_flows_and_out_again() {
    let mut browser = Browser::admin().await;
    browser.api.create(sound("Onboarding")).await;
    let list = browser.get(browser.path("flows")).await.expect(200);
    list.says("<bdi>Onboarding</bdi>").says("Draft only: never published").says("<bdi>Ana</bdi>");
    let kept = browser.cookies.clone();
    let out = browser.post(browser.path("session/end"), &[]).await.expect(303);
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    browser.get(out.location()).await.expect(200).says("You are signed out.");
    browser.cookies = kept;
    browser.get(browser.path("flows")).await.expect(401).says("Your session is over.");
}

#[tokio::test]
async fn nothing_is_there_outside_and_pages_inside() {
    let mut browser = Browser::admin().await;
    browser.get(browser.path("nothing")).await.expect(404).says("<h1>There is nothing here</h1>");
    let outside = browser.get("/consoles").await.expect(404);
    assert_eq!(outside.header("content-type"), Some("application/problem+json"));
}

#[tokio::test]
async fn the_list_in_both_languages() {
    let mut browser = Browser::admin().await;
    browser.api.create(json!({"name": "<script>alert(1)</script>\u{202e}", "steps": []})).await;
    for language in ["es", "en"] {
        browser.language = language;
        pin(language, "list", &browser.get(browser.path("flows")).await.expect(200));
    }
}
