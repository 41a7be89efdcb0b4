//! The page of a flow in its states: as outline, as JSON, with the panel of a step; and who is shown it.

use serde_json::{Value, json};

use super::{Browser, pin};

/// A flow that greets, asks which plan, and ends.
pub fn onboarding() -> Value {
    json!({
        "name": "Onboarding", "phoneNumberId": "109876543210987",
        "triggerType": "KEYWORD", "triggerConfig": { "keywords": ["hola", "alta"], "matchMode": "STARTS_WITH" },
        "variables": [{ "name": "plan", "type": "string" }],
        "steps": [
            { "id": "saludo", "type": "message", "text": "¡Hola {{ contact.name }}!" },
            { "id": "pide_plan", "type": "choice", "text": "¿Qué plan?", "saveTo": "plan", "options": [
                { "id": "basico", "title": "Básico" }, { "id": "pro", "title": "Pro", "next": "adios" } ] },
            { "id": "gracias", "type": "message", "text": "Gracias" },
            { "id": "adios", "type": "end", "text": "Hasta pronto" } ],
        "interrupts": [{ "keywords": ["agente"], "next": "adios" }],
    })
}

impl Browser {
    /// Creates a flow over the API.
    pub async fn made(&self, body: Value) -> String {
        self.api.create(body).await["id"].as_str().unwrap().to_owned()
    }

    /// Changes a flow over the API.
    pub async fn patch(&self, id: &str, body: Value) {
        self.api.ask("PATCH", self.api.flow(id, "")).json(&body).send().await.expect(200);
    }

    pub async fn publish(&self, id: &str) {
        let body = json!({ "reason": "campaña de mayo" });
        self.api.ask("POST", self.api.flow(id, "/publish")).json(&body).send().await.expect(201);
    }

    /// Where the log stood after a version of a flow.
    pub async fn position(&self, id: &str, version: i64) -> i64 {
        let events = self.api.ask("GET", self.api.flow(id, "/events")).send().await.expect(200).data();
        let events = events["data"].as_array().unwrap().clone();
        let event = events.iter().find(|event| event["version"] == version).unwrap();
        event["position"].as_i64().unwrap()
    }

    pub async fn delete(&self, id: &str) {
        self.api.ask("DELETE", self.api.flow(id, "")).send().await.expect(204);
    }

    /// The onboarding in force as version 1, with two changes in its draft.
    pub async fn onboarded(&self) -> String {
        let id = self.made(onboarding()).await;
        self.publish(&id).await;
        let mut steps = onboarding()["steps"].clone();
        steps[0]["text"] = json!("HOLA {{ contact.name }}");
        steps[2]["footer"] = json!("Acme");
        self.patch(&id, json!({ "steps": steps })).await;
        id
    }

    /// Pins a page in both languages.
    pub async fn pin_both(&mut self, name: &str, path: &str) {
        for language in ["es", "en"] {
            self.language = language;
            pin(language, name, &self.get(path).await.expect(200));
        }
    }
}

#[tokio::test]
async fn a_flow_in_force_with_a_draft_ahead() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}"));
    browser.pin_both("flow-in-force", &format!("{path}?view=outline")).await;
    let draft = browser.get(format!("{path}?version=draft&view=outline")).await.expect(200);
    draft.says("You see draft 3").says("HOLA {{ contact.name }}").says("Draft 3 has 2 unpublished changes");
    let first = browser.get(format!("{path}?version=1&view=outline")).await.expect(200);
    first.says("You see version 1, of").says("¡Hola {{ contact.name }}!").says("In force: version 2");
    browser.get(format!("{path}?version=9")).await.expect(404);
    for bad in [
        "version=0",
        "version=x",
        "version=-1",
        "view=thing",
        "layer=x",
        &format!("step={}", "x".repeat(600)),
    ] {
        browser.get(format!("{path}?{bad}")).await.expect(400);
    }
}

#[tokio::test]
async fn states_are_said_in_words() {
    let mut browser = Browser::admin().await;
    let id = browser.made(onboarding()).await;
    let path = browser.path(&format!("flows/{id}"));
    browser.pin_both("flow-draft-only", &format!("{path}?view=outline")).await;
    browser.get(format!("{path}?version=published")).await.expect(409);
    browser.publish(&id).await;
    browser.get(&path).await.says("In force: version 2, published by <bdi>backend</bdi>, ");
    browser.get(&path).await.says("There is nothing to publish.");
    browser.patch(&id, json!({ "enabled": false })).await;
    browser.pin_both("flow-paused", &format!("{path}?view=outline")).await;
    let unpublished = browser.api.ask("POST", browser.api.flow(&id, "/unpublish")).json(&json!({})).send();
    unpublished.await.expect(201);
    browser.get(&path).await.says("Draft only: it was unpublished and answers nobody");
    browser.delete(&id).await;
    browser.pin_both("flow-deleted", &format!("{path}?view=outline")).await;
    let position = browser.position(&id, 2).await;
    let then = browser.get(format!("{path}?asOf=position:{position}")).await.expect(200);
    then.says("In force: version 2, published by").says(&format!("asOf=position%3A{position}"));
    assert_eq!(then.hidden("asOf"), format!("position:{position}"), "other versions are shown of then too");
    then.says("Restore version 2…").says_nothing_of("Publish…").says_nothing_of("Delete…");
    browser.pin_both("flow-past", &format!("{path}?view=outline&asOf=position:{position}")).await;
    browser.get(format!("{path}?asOf=position:0")).await.expect(404);
}

#[tokio::test]
async fn a_step_in_its_panel() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}?version=draft&step=pide_plan"));
    let whole = browser.get(&path).await.expect(200);
    let request = axum::http::Request::get(&path).header("x-part", "step");
    let part = browser.send(request.header("sec-fetch-site", "same-origin"), String::new()).await.expect(200);
    assert!(part.html.starts_with("<aside id=\"step\""), "{}", part.html);
    assert!(whole.html.contains(&part.html), "the part is what the whole page has");
    assert_eq!(part.header("vary"), Some("x-part"));
    for language in ["es", "en"] {
        browser.language = language;
        let request = axum::http::Request::get(&path).header("x-part", "step");
        let seen = browser.send(request.header("sec-fetch-site", "same-origin"), String::new()).await;
        // A part has no frame around it, which a snapshot shows what is in of.
        let html = format!("<main>{}</main>", seen.html);
        pin(language, "flow-step", &super::Seen { html, ..seen });
    }
    let step = |step: &str| browser.path(&format!("flows/{id}?version=draft&step={step}"));
    let (changed, missing) = (step("saludo"), step("%3Cb%3E"));
    browser.get(changed).await.expect(200).says("Last changed: version 3, ");
    browser
        .get(missing)
        .await
        .expect(200)
        .says("This version has no step <code><bdi>&lt;b&gt;</bdi></code>.");
}

#[tokio::test]
async fn json_leads_to_places_and_downloads() {
    let mut browser = Browser::admin().await;
    let mut flow = onboarding();
    flow["steps"][1]["options"][1]["next"] = json!("nada");
    let id = browser.made(flow).await;
    let path = browser.path(&format!("flows/{id}"));
    let outline = browser.get(format!("{path}?view=outline")).await.expect(200);
    let link = "view=json&#38;at=%2Fsteps%2F1%2Foptions%2F1%2Fnext#p%2Fsteps%2F1%2Foptions%2F1%2Fnext";
    outline.says(link).says("It leads to a step that does not exist.").says("DANGLING_NEXT");
    let json = browser.get(format!("{path}?view=json&at=/steps/1/options/1/next")).await.expect(200);
    json.says("<span id=\"p/steps/1/options/1/next\" class=\"wanted\">");
    browser.pin_both("flow-json", &format!("{path}?view=json")).await;
    browser
        .get(format!("{path}?view=json&at=/nothing"))
        .await
        .says("This version has no <bdi>/nothing</bdi>.");
    let file = browser.get(format!("{path}/document.json?version=1")).await.expect(200);
    let name = format!("attachment; filename=\"flow-{id}-v1.json\"");
    assert_eq!(file.header("content-disposition"), Some(name.as_str()));
    let document: Value = serde_json::from_str(&file.html).unwrap();
    assert_eq!(document["steps"][1]["options"][1]["next"], "nada");
}

#[tokio::test]
async fn the_picture_with_its_layers_comes_first_but_on_small_screens() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}"));
    let seen = browser.get(format!("{path}?version=draft&step=saludo")).await.expect(200);
    seen.says("<svg ")
        .says("data-step=\"pide_plan\"")
        .says("<aside id=\"step\"")
        .says_nothing_of("<ol class=\"steps\">");
    seen.says("version=draft&amp;step=pide_plan");
    let blame = browser.get(format!("{path}?version=draft&layer=blame")).await.expect(200);
    blame.says("layer-blame").says("backend, ").says("today");
    // Of what is in force nobody knows by whom each step was changed, so that the layer is not offered.
    let in_force = browser.get(format!("{path}?layer=blame")).await.expect(200);
    in_force.says("layer-findings").says_nothing_of("who changed each step");
    let plain = browser.get(format!("{path}?layer=plain")).await.expect(200);
    plain.says_nothing_of("layer-findings");
    let small = axum::http::Request::get(&path).header("sec-ch-ua-mobile", "?1");
    let small = browser.send(small.header("sec-fetch-site", "same-origin"), String::new()).await.expect(200);
    small.says("<ol class=\"steps\">").says_nothing_of("<svg ");
    let file = browser.get(format!("{path}/picture.svg?version=1")).await.expect(200);
    let name = format!("attachment; filename=\"flow-{id}-v1.svg\"");
    assert_eq!(file.header("content-disposition"), Some(name.as_str()));
    assert!(file.html.starts_with("<svg "), "{}", file.html);
}

/// 200 steps of 30 options each: more JSON than a page shows.
#[tokio::test]
async fn a_large_flow_is_shown_and_its_json_in_parts() {
    let mut browser = Browser::admin().await;
    let options: Vec<Value> =
        (0..30).map(|n| json!({ "id": n.to_string(), "title": format!("t{n}") })).collect();
    let step = |n: usize| json!({ "id": format!("s{n}"), "type": "choice", "text": "?", "options": options });
    let steps: Vec<Value> = (0..200).map(step).collect();
    let id = browser.made(json!({ "name": "Grande", "steps": steps })).await;
    let path = browser.path(&format!("flows/{id}"));
    let outline = browser.get(format!("{path}?view=outline")).await.expect(200);
    assert_eq!(outline.html.matches("<li id=\"s-s").count(), 200);
    let picture = browser.get(&path).await.expect(200);
    assert_eq!(picture.html.matches(" data-step=\"s").count(), 200);
    let json = browser.get(format!("{path}?view=json")).await.expect(200);
    json.says("You see 4,000 lines of ").says_nothing_of("p/steps/199/");
    let part = browser.get(format!("{path}?view=json&at=/steps/199/options/7/title")).await.expect(200);
    part.says("You see only <bdi>/steps/199</bdi>.")
        .says("id=\"p/steps/199/options/7/title\" class=\"wanted\"");
}

#[tokio::test]
async fn erased_content_is_said_to_be_erased() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}"));
    sqlx::query("UPDATE document SET bytes = NULL").execute(&browser.api.database.pool).await.unwrap();
    browser.api.registry.forget_reads();
    browser.pin_both("flow-erased", &format!("{path}?view=outline")).await;
    browser.get(format!("{path}?view=json&step=saludo")).await.expect(200).says("was erased on legal demand");
    browser.get(format!("{path}/document.json")).await.expect(409);
    let history = browser.get(format!("{path}/history?open=3")).await.expect(200);
    history.says("What changed was erased on legal demand.").says("(content erased)");
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let mut browser = Browser::admin().await;
    let text = format!("<script>pwned()</script>\u{202e}{}", "ñ".repeat(4000));
    let flow = json!({
        "name": "</title><script>\u{200b}", "description": "\"><img src=x onerror=pwned()>",
        "triggerType": "KEYWORD", "triggerConfig": { "keywords": ["<b>\u{202e}"], "<i>": { "</pre>": 1 } },
        "steps": [
            { "id": "a", "type": "message", "name": "{{7*7}}<script>", "text": text, "when": "</code><script>" },
            { "id": "b", "type": "http", "url": "https://a.example/<script>", "headers": { "X": "\u{2066}<b>" },
                "body": { "</script>": ["<script>"] } },
            { "id": "c", "type": "choice", "text": "?", "options": [{ "id": "a", "title": "<script>" }] } ],
    });
    let id = browser.made(flow).await;
    let path = browser.path(&format!("flows/{id}"));
    for view in [
        "",
        "?view=outline",
        "/picture.svg",
        "?view=json",
        "?step=a",
        "?step=b",
        "?step=c",
        "/history",
        "?step=%22%3E%3Cscript%3E",
    ] {
        let seen = browser.get(format!("{path}{view}")).await.expect(200);
        let scripts = seen.html.matches("<script").count();
        assert_eq!(
            scripts,
            seen.html.matches("<script type=\"module\" src=\"/console/assets/").count(),
            "{view}"
        );
        for hidden in ["\u{202e}", "\u{200b}", "\u{2066}", "<img src=x", "</title><script"] {
            seen.says_nothing_of(hidden);
        }
    }
}

#[tokio::test]
async fn nobody_else_is_shown_a_flow() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let then = format!("?asOf=position:{}", browser.position(&id, 1).await);
    let pages = [
        "",
        "?view=outline",
        "/picture.svg",
        "?view=json",
        "?step=saludo",
        "/history",
        "/document.json",
        &then,
    ];
    let pages: Vec<String> = pages.iter().map(|page| browser.path(&format!("flows/{id}{page}"))).collect();
    let own = browser
        .api
        .new_key(
            browser.api.org_id,
            json!({ "name": "own", "scopes": ["flows:read"],
        "phoneNumberIds": ["109876543210987"] }),
        )
        .await;
    let other = browser
        .api
        .new_key(
            browser.api.org_id,
            json!({ "name": "other", "scopes": ["flows:read"],
        "phoneNumberIds": ["5215550000000"] }),
        )
        .await;
    let blind = browser.api.key_with(&["keys:manage"]).await;
    for (key, status) in [(own, 200), (other, 404), (blind, 403)] {
        browser.sign_in(&key, "Luis").await;
        for page in &pages {
            browser.get(page).await.expect(status).says_nothing_of("campaña de mayo");
        }
    }
    browser.get(browser.path(&format!("flows/{}", uuid::Uuid::new_v4()))).await.expect(403);
    browser.get(browser.path("flows/none")).await.expect(404);
}

#[tokio::test]
async fn actions_are_those_the_session_may_take() {
    let mut browser = Browser::with_scopes(&["flows:read", "flows:restore"]).await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}"));
    let seen = browser.get(&path).await.expect(200);
    seen.says("Restore a version…").says_nothing_of("Publish…").says_nothing_of("Delete…");
    let reader = browser.api.key_with(&["flows:read"]).await;
    browser.sign_in(&reader, "Eva").await;
    let seen = browser.get(&path).await.expect(200);
    seen.says_nothing_of("class=\"actions\"").says("In force: version 2, published ");
    seen.says_nothing_of("backend").says_nothing_of("Restore");
    browser
        .get(format!("{path}?step=saludo&version=draft"))
        .await
        .says("Last changed: version 3, ")
        .says_nothing_of("backend");
}
