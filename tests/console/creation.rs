//! New flows: by name, of JSON or a graph, and the example.

use serde_json::{Value, json};

use super::browser::Seen;
use super::{Browser, pin};

async fn send(browser: &mut Browser, fields: &[(&str, &str)]) -> Seen {
    let page = browser.get(browser.path("flows/new")).await.expect(200);
    let once = page.hidden("once");
    let mut all = vec![("once", once.as_str())];
    all.extend(fields);
    browser.post(browser.path("flows/new"), &all).await
}

/// The flow that a form led to.
async fn created(browser: &Browser, seen: Seen) -> Value {
    let location = seen.expect(303).location().to_owned();
    let id = location.strip_suffix("?done=1").unwrap().rsplit('/').next().unwrap().to_owned();
    browser.api.ask("GET", browser.api.flow(&id, "")).send().await.expect(200).data()
}

#[tokio::test]
async fn a_flow_is_created_of_what_was_given() {
    let mut browser = Browser::admin().await;
    for language in ["es", "en"] {
        browser.language = language;
        pin(language, "create", &browser.get(browser.path("flows/new")).await.expect(200));
    }
    let named = send(&mut browser, &[("name", "Pedidos"), ("reason", "new menu")]).await;
    let named = created(&browser, named).await;
    assert_eq!((&named["name"], &named["steps"]), (&json!("Pedidos"), &json!([])));
    let document = json!({"name": "a", "steps": [{"id": "x", "type": "end"}]}).to_string();
    let pasted = send(&mut browser, &[("json", &document), ("reason", "from a backup")]).await;
    assert_eq!(created(&browser, pasted).await["steps"][0]["id"], "x");
    let graph = json!({"nodes": [{"id": "n1", "type": "end", "data": {}}], "edges": []}).to_string();
    let drawn = send(&mut browser, &[("name", "Grafo"), ("json", &graph), ("reason", "drawn")]).await;
    let drawn = created(&browser, drawn).await;
    assert_eq!((&drawn["name"], &drawn["steps"][0]["id"]), (&json!("Grafo"), &json!("n1")));
}

#[tokio::test]
async fn the_example_is_one_click() {
    let mut browser = Browser::admin().await;
    let example = send(&mut browser, &[("from", "example")]).await;
    let example = created(&browser, example).await;
    assert_eq!(example["name"], "Example: where is my order?");
    assert_eq!(example["findings"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_it_is_told_and_kept() {
    let mut browser = Browser::admin().await;
    let broken = json!({"name": "a", "steps": [{"id": "x", "type": "nothing"}, 3]}).to_string();
    for language in ["es", "en"] {
        browser.language = language;
        let refused = send(&mut browser, &[("json", &broken), ("reason", "because")]).await.expect(422);
        pin(language, "create-refused", &refused);
    }
    let check = async |browser: &mut Browser, fields: &[(&str, &str)], said: &str| {
        send(browser, fields).await.expect(422).says(said);
    };
    check(&mut browser, &[("reason", "because")], "The name has 1 to 120 characters").await;
    check(&mut browser, &[("name", "x"), ("reason", "no")], "Say why, in 3 to 500 characters.").await;
    check(&mut browser, &[("json", "{\"name\": "), ("reason", "because")], "It is not valid JSON").await;
    check(&mut browser, &[("json", "[]"), ("reason", "because")], "A JSON object is needed").await;
    check(&mut browser, &[("name", "a\u{7}b"), ("reason", "because")], "name-fault").await;
    let flows: i64 = sqlx::query_scalar("SELECT count(*) FROM flow_view")
        .fetch_one(&browser.api.database.pool)
        .await
        .unwrap();
    assert_eq!(flows, 0);
}

#[tokio::test]
async fn who_may_not_write_is_refused() {
    let mut browser = Browser::with_scopes(&["flows:read", "flows:publish"]).await;
    browser.get(browser.path("flows/new")).await.expect(403);
    browser.post(browser.path("flows/new"), &[("once", "12345678"), ("from", "example")]).await.expect(403);
}
