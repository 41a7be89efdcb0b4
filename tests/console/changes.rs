//! Pages that change a flow: what they say beforehand, that they do it once and only as shown, and what they say when it
//! cannot be done.

use serde_json::{Value, json};

use super::browser::Seen;
use super::{Browser, pin};

/// A flow whose draft is two edits of Luis ahead of what is in force: version 2 is published, the draft is version 4.
struct Ahead {
    browser: Browser,
    flow: String,
}

fn text(text: &str) -> Value {
    json!({"steps": [{"id": "adios", "type": "end", "text": text}]})
}

async fn ahead() -> Ahead {
    let browser = Browser::admin().await;
    let flow = browser.api.create_sound("Pedidos").await;
    let ahead = Ahead { browser, flow };
    ahead.publish().await;
    ahead.edit(text("¡Hasta luego!")).await;
    ahead.edit(text("¡HASTA LUEGO!")).await;
    ahead
}

impl Ahead {
    async fn publish(&self) {
        let publish = self.browser.api.ask("POST", self.browser.api.flow(&self.flow, "/publish"));
        publish.send().await.expect(201);
    }

    async fn edit(&self, change: Value) {
        let edit = self.browser.api.ask("PATCH", self.browser.api.flow(&self.flow, ""));
        edit.header("x-on-behalf-of", "Luis")
            .header("x-reason", "typo")
            .json(&change)
            .send()
            .await
            .expect(200);
    }

    async fn state(&self) -> Value {
        self.browser
            .api
            .ask("GET", self.browser.api.flow(&self.flow, "?version=draft"))
            .send()
            .await
            .expect(200)
            .data()
    }

    fn page(&self, rest: &str) -> String {
        self.browser.path(&format!("flows/{}{rest}", self.flow))
    }

    async fn get(&mut self, rest: &str) -> Seen {
        let page = self.page(rest);
        self.browser.get(page).await
    }

    /// Sends the form of a page as somebody who fills in the given fields, on top of what the page has.
    async fn send(&mut self, action: &str, page: &Seen, fields: &[(&str, &str)]) -> Seen {
        let path = self.page(&format!("/{action}"));
        let (version, once) = (page.hidden("version"), page.hidden("once"));
        let mut all = vec![("version", version.as_str()), ("once", once.as_str())];
        let from = page.html.contains("name=\"from\"").then(|| page.hidden("from"));
        all.extend(from.iter().map(|from| ("from", from.as_str())));
        all.extend(fields);
        self.browser.post(path, &all).await
    }

    /// Pins a page in both languages.
    async fn pin(&mut self, name: &str, rest: &str) {
        for language in ["es", "en"] {
            self.browser.language = language;
            pin(language, name, &self.get(rest).await.expect(200));
        }
    }
}

#[tokio::test]
async fn a_restore_says_what_would_be_and_does_it() {
    let mut ahead = ahead().await;
    ahead.pin("restore", "/restore?version=2").await;
    let page = ahead.get("/restore?version=2").await;
    assert_eq!(ahead.state().await["version"], 4);
    let done =
        ahead.send("restore", &page, &[("reason", "greets in capitals"), ("mode", "live")]).await.expect(303);
    assert_eq!(done.location(), ahead.page("?done=5"));
    let state = ahead.state().await;
    assert_eq!((&state["publishedVersion"], &state["restoredFrom"]), (&json!(5), &json!(2)));
    let event =
        &ahead.browser.api.ask("GET", ahead.browser.api.flow(&ahead.flow, "/events")).send().await.json();
    let event = event.to_string();
    assert!(event.contains("greets in capitals") && event.contains("\"onBehalfOf\":\"Ana\""), "{event}");
    ahead.pin("restore-nothing", "/restore?version=2").await;
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_carried_out_once() {
    let mut ahead = ahead().await;
    for action in ["publish", "pause", "resume", "unpublish", "delete"] {
        let page = ahead.get(&format!("/{action}")).await.expect(200);
        let events = ahead.browser.api.events().await;
        let fields = [("reason", "because")];
        let first = ahead.send(action, &page, &fields).await.expect(303);
        let second = ahead.send(action, &page, &fields).await.expect(303);
        assert_eq!(first.location(), second.location(), "{action}");
        assert!(first.location().contains("?done="), "{action}");
        assert_eq!(ahead.browser.api.events().await, events + 1, "{action}");
    }
    let page = ahead.get("/restore?version=9").await.expect(200);
    for _ in 0..2 {
        let fields = [("reason", "because"), ("mode", "draft")];
        let done = ahead.send("restore", &page, &fields).await.expect(303);
        assert_eq!(done.location(), ahead.page("?done=10"));
    }
    // Other words under the same value are another wish, and nobody's guess.
    ahead.send("restore", &page, &[("reason", "another"), ("mode", "draft")]).await.expect(409);
    assert_eq!(ahead.state().await["version"], 10);
}

#[tokio::test]
async fn what_changed_between_page_and_button_is_told_and_nothing_is_done() {
    let mut ahead = ahead().await;
    for (action, query, name) in [
        ("restore", "?version=2", "restore-conflict"),
        ("publish", "", "publish-conflict"),
        ("pause", "", "pause-conflict"),
        ("delete", "", "delete-conflict"),
    ] {
        for language in ["es", "en"] {
            ahead.browser.language = language;
            let page = ahead.get(&format!("/{action}{query}")).await.expect(200);
            ahead.edit(text(&format!("{action} {language}"))).await;
            let before = ahead.state().await;
            let fields = [("reason", "kept when the form comes back"), ("mode", "live")];
            let refused = ahead.send(action, &page, &fields).await.expect(412);
            pin(language, name, &refused);
            refused.says("value=\"kept when the form comes back\"").says("<bdi>Luis</bdi>");
            assert_eq!(ahead.state().await, before);
            assert_ne!(refused.hidden("once"), page.hidden("once"));
            assert_ne!(refused.hidden("version"), page.hidden("version"));
        }
    }
    // What the new page shows can be done.
    let page = ahead.get("/publish").await;
    ahead.edit(text("again")).await;
    let refused = ahead.send("publish", &page, &[("reason", "because")]).await.expect(412);
    ahead.send("publish", &refused, &[("reason", "because")]).await.expect(303);
}

#[tokio::test]
async fn a_flow_deleted_meanwhile_can_only_be_brought_back() {
    let mut ahead = ahead().await;
    let page = ahead.get("/publish").await;
    let deletion = ahead.get("/delete").await;
    ahead.send("delete", &deletion, &[("reason", "not needed")]).await.expect(303);
    let refused = ahead.send("publish", &page, &[("reason", "because")]).await.expect(409);
    refused.says("The flow is deleted").says("not needed").says("/restore?version=5");
    ahead.pin("restore-deleted", "/restore?version=5").await;
    ahead.pin("publish-deleted", "/publish").await;
    let page = ahead.get("/restore?version=5").await;
    let done = ahead.send("restore", &page, &[("reason", "needed"), ("mode", "draft")]).await.expect(303);
    assert_eq!(done.location(), ahead.page("?done=6"));
    assert_eq!(ahead.state().await["status"], "draft");
}

#[tokio::test]
async fn errors_keep_a_flow_out_of_force_and_are_shown_in_place() {
    let mut ahead = ahead().await;
    ahead.edit(json!({"steps": [{"id": "adios", "type": "goto", "next": "nowhere"}]})).await;
    ahead.pin("publish-refused", "/publish").await;
    let page = ahead.get("/publish").await;
    let refused =
        ahead.send("publish", &page, &[("reason", "because"), ("label", "Navidad")]).await.expect(422);
    refused.says("It was not done").says("nowhere").says("value=\"Navidad\"").says("value=\"because\"");
    ahead.edit(text("fine again")).await;
    ahead.pin("restore-refused", "/restore?version=5").await;
    let page = ahead.get("/restore?version=5").await;
    ahead.send("restore", &page, &[("reason", "because"), ("mode", "live")]).await.expect(422);
    assert_eq!(ahead.state().await["publishedVersion"], 2);
    // As a draft it may come back, errors and all.
    ahead.send("restore", &page, &[("reason", "because"), ("mode", "draft")]).await.expect(303);
}

#[tokio::test]
async fn publishing_names_whose_changes_go_out() {
    let mut ahead = ahead().await;
    ahead.pin("publish", "/publish").await;
    let page = ahead.get("/publish").await;
    page.says("2 changes by <bdi>Luis</bdi>");
    ahead.send("publish", &page, &[("reason", "because"), ("label", "Navidad")]).await.expect(303);
    ahead.pin("publish-nothing", "/publish").await;
    let flow = ahead.browser.api.create_sound("Nuevo").await;
    let first = ahead.browser.get(ahead.browser.path(&format!("flows/{flow}/publish"))).await.expect(200);
    first.says("It is published for the first time");
}

#[tokio::test]
async fn a_reason_is_asked_for() {
    let mut ahead = ahead().await;
    let page = ahead.get("/publish").await;
    for reason in ["", "no", &"x".repeat(501)] {
        let label = [("reason", reason), ("label", "Navidad")];
        let refused = ahead.send("publish", &page, &label).await.expect(422);
        refused.says("Say why, in 3 to 500 characters.").says("value=\"Navidad\"");
    }
    let long = "x".repeat(121);
    ahead
        .send("publish", &page, &[("reason", "because"), ("label", &long)])
        .await
        .expect(422)
        .says("Up to 120");
    assert_eq!(ahead.state().await["version"], 4);
}

#[tokio::test]
async fn whoever_may_not_is_refused_and_nothing_is_done() {
    let mut ahead = ahead().await;
    let pages = ["restore?version=2", "publish", "unpublish", "pause", "resume", "duplicate", "delete"];
    let version = ahead.get("/publish").await;
    let (version, once) = (version.hidden("version"), version.hidden("once"));
    let fields = [("version", version.as_str()), ("once", &once), ("reason", "because"), ("from", "2")];
    let forged = |path: String, site: Option<&'static str>| {
        let request =
            axum::http::Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        match site {
            Some(site) => request.header("sec-fetch-site", site),
            None => request,
        }
    };
    let events = ahead.browser.api.events().await;
    for page in pages {
        let path = ahead.page(&format!("/{}", page.split('?').next().unwrap()));
        for site in [None, Some("cross-site"), Some("same-site"), Some("none")] {
            let sent = ahead.browser.send(forged(path.clone(), site), super::browser::encoded(&fields)).await;
            sent.expect(403);
        }
    }
    let reader = ahead.browser.api.key_with(&["flows:read"]).await;
    ahead.browser.sign_in(&reader, "Eva").await;
    for page in pages {
        ahead.get(&format!("/{page}")).await.expect(403);
        let path = ahead.page(&format!("/{}", page.split('?').next().unwrap()));
        ahead.browser.post(path, &fields).await.expect(403);
    }
    // A session of another organization, and none.
    let other = Browser::admin().await;
    let mut stranger = Browser { cookies: other.cookies.clone(), ..Browser::stranger().await };
    stranger.api.router = ahead.browser.api.router.clone();
    for page in pages {
        let path = ahead.page(&format!("/{page}"));
        let seen = stranger.get(&path).await;
        assert!([401, 403].contains(&seen.status.as_u16()), "{}", seen.status);
    }
    assert_eq!(
        ahead.browser.api.events().await,
        events + 3,
        "a key, a sign-in and the end of the session before, and nothing else"
    );
    assert_eq!(ahead.state().await["version"], 4);
}

#[tokio::test]
async fn a_key_revoked_between_page_and_button_does_nothing() {
    let mut ahead = ahead().await;
    let made = json!({"name": "support", "scopes": ["flows:read", "flows:publish"]});
    let keys = format!("/organizations/{}/api-keys", ahead.browser.api.org_id);
    let made = ahead.browser.api.ask("POST", &keys).json(&made).send().await.expect(201).data();
    ahead.browser.sign_in(made["secret"].as_str().unwrap(), "Eva").await;
    let page = ahead.get("/publish").await.expect(200);
    let id = made["id"].as_str().unwrap();
    ahead.browser.api.ask("DELETE", format!("{keys}/{id}")).send().await.expect(204);
    let refused = ahead.send("publish", &page, &[("reason", "because")]).await.expect(401);
    refused.says("What you sent was not done.");
    assert_eq!(ahead.state().await["publishedVersion"], 2);
}

#[tokio::test]
async fn a_flow_that_others_call_is_taken_away_only_knowingly() {
    let mut ahead = ahead().await;
    let call = json!({"name": "Menú", "steps": [
        {"id": "go", "type": "flow", "flowId": ahead.flow, "mode": "call"}, {"id": "fin", "type": "end"}]});
    let calling = ahead.browser.api.create(call).await;
    let calling = calling["id"].as_str().unwrap();
    ahead.browser.api.ask("POST", ahead.browser.api.flow(calling, "/publish")).send().await.expect(201);
    ahead.pin("delete-called", "/delete").await;
    for action in ["unpublish", "pause", "delete"] {
        let page = ahead.get(&format!("/{action}")).await;
        page.says("<bdi>Menú</bdi>");
        let refused = ahead.send(action, &page, &[("reason", "because")]).await.expect(409);
        refused.says("you have to say that those flows may be left without it");
        assert_eq!(ahead.state().await["version"], 4);
    }
    let page = ahead.get("/delete").await;
    ahead.send("delete", &page, &[("reason", "because"), ("force", "yes")]).await.expect(303);
    assert_eq!(ahead.state().await["status"], "deleted");
}

#[tokio::test]
async fn other_changes_say_what_they_do() {
    let mut ahead = ahead().await;
    for action in ["unpublish", "pause", "duplicate", "delete"] {
        ahead.pin(action, &format!("/{action}")).await;
    }
    ahead.get("/resume").await.says("It is so already: nothing to change.");
    let page = ahead.get("/duplicate").await;
    let copied =
        ahead.send("duplicate", &page, &[("reason", "because"), ("name", "Pedidos 2")]).await.expect(303);
    assert!(copied.location().ends_with("?done=1") && !copied.location().contains(&ahead.flow));
    ahead.send("duplicate", &page, &[("reason", "because"), ("name", "two\nlines")]).await.expect(422);
    let page = ahead.get("/unpublish").await;
    ahead.send("unpublish", &page, &[("reason", "because")]).await.expect(303);
    for action in ["unpublish", "pause", "resume"] {
        ahead.get(&format!("/{action}")).await.expect(200).says("The flow is not published");
    }
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let mut browser = Browser::admin().await;
    let hostile = "<script>window.pwned=1</script>\u{202e}\"'";
    let flow = json!({"name": hostile, "steps": [{"id": "a", "type": "end", "text": hostile}]});
    let flow = browser.api.create(flow).await;
    let id = flow["id"].as_str().unwrap();
    let change = json!({"steps": [{"id": "a", "type": "end", "text": format!("{hostile} x")}]});
    let edit = browser.api.ask("PATCH", browser.api.flow(id, "")).header("x-on-behalf-of", "<b>Luis");
    edit.json(&change).send().await.expect(200);
    for page in ["publish", "delete", "restore?version=1", "compare?base=1&head=2"] {
        let seen = browser.get(browser.path(&format!("flows/{id}/{page}"))).await.expect(200);
        seen.says_nothing_of("<script>window").says_nothing_of("<b>Luis").says("&lt;script&gt;");
    }
}
