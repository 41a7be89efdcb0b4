//! Comparisons: every state of the page, in both languages, and where its links lead.

use flow_registry::registry::access::operator;
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Selection};
use serde_json::{Value, json};

use super::{Browser, pin};
use crate::api::sound;

fn message(id: &str, text: &str) -> Value {
    json!({"id": id, "type": "message", "text": text})
}

/// A flow with a version for each document.
async fn flow(browser: &Browser, documents: &[Value]) -> String {
    let flow = browser.api.create(documents[0].clone()).await;
    let id = flow["id"].as_str().unwrap().to_owned();
    for document in &documents[1..] {
        browser.api.ask("PATCH", browser.api.flow(&id, "")).json(document).send().await.expect(200);
    }
    id
}

async fn publish(browser: &Browser, id: &str) {
    browser.api.ask("POST", browser.api.flow(id, "/publish")).send().await.expect(201);
}

/// Pins the page in both languages.
async fn pin_both(browser: &mut Browser, name: &str, path: &str) {
    for language in ["es", "en"] {
        browser.language = language;
        pin(language, name, &browser.get(browser.path(path)).await.expect(200));
    }
}

fn rich(changed: bool) -> Value {
    let pick = |old: Value, new: Value| if changed { new } else { old };
    let menu = json!({"id": "menu", "type": "choice", "text": pick(json!("¿Qué plan quieres hoy?"), json!("¿Qué plan quieres mañana?")),
        "options": [{"id": "pro", "title": "Pro", "next": pick(json!("pago"), json!("fin"))},
            {"id": "basico", "title": pick(json!("Básico"), json!("Básico (gratis)")), "next": "fin"}],
        "timeout": {"after": pick(json!("PT1H"), json!("PT2H"))}});
    let pago = message("pago", "Paga aquí: https://pagos.example/");
    let fin = json!({"id": "fin", "type": "end", "text": "¡Hasta pronto!"});
    let steps = match changed {
        false => json!([message("hola", "Hola"), menu, pago, fin]),
        true => json!([menu, message("nuevo", "<b>Nuevo</b>\u{202e}"), fin, message("hola", "Hola")]),
    };
    json!({"name": pick(json!("Planes"), json!("Planes 2026")), "steps": steps,
        "triggerType": "KEYWORD", "triggerConfig": {"keywords": pick(json!(["planes"]), json!(["planes", "precio"]))},
        "variables": pick(json!([{"name": "edad", "type": "integer"}]), json!([{"name": "edad", "type": "number"}])),
        "settings": {"locale": "es", "timezone": pick(json!("UTC"), json!("America/Mexico_City"))},
        "translations": {"en": {"hola": {"text": pick(json!("Hello"), json!("Hi"))}}}})
}

#[tokio::test]
async fn every_kind_of_change_is_shown() {
    let mut browser = Browser::admin().await;
    let id = flow(&browser, &[rich(false)]).await;
    publish(&browser, &id).await;
    browser.api.ask("PATCH", browser.api.flow(&id, "")).json(&rich(true)).send().await.expect(200);
    pin_both(&mut browser, "compare", &format!("flows/{id}/compare")).await;
    let page = browser.get(browser.path(&format!("flows/{id}/compare"))).await;
    page.says("<del><span class=\"unseen\">removed: </span><bdi>hoy</bdi></del>");
    page.says_nothing_of("<b>Nuevo").says("U+202E");
}

#[tokio::test]
async fn without_changes_the_page_says_so() {
    let mut browser = Browser::admin().await;
    let end = |x: i64| json!({"name": "a", "meta": {"x": x}, "steps": [{"id": "a", "type": "end", "meta": {"x": x}}]});
    let id = flow(&browser, &[end(1), end(2)]).await;
    let compare = |query: &str| format!("flows/{id}/compare{query}");
    pin_both(&mut browser, "compare-only-layout", &compare("?base=1&head=2")).await;
    pin_both(&mut browser, "compare-equal", &compare("?base=2&head=draft")).await;
    let get = async |browser: &mut Browser, query: &str| {
        browser.get(browser.path(&compare(query))).await.expect(200)
    };
    get(&mut browser, "?base=published&head=draft").await.says("The flow is not published");
    get(&mut browser, "?base=1&head=9").await.says("The flow has no version 9.");
    get(&mut browser, &format!("?base=1&head={}:draft", uuid::Uuid::new_v4()))
        .await
        .says("There is no other flow");
    let single = browser.api.create_sound("solo").await;
    let page = browser.get(browser.path(&format!("flows/{single}/compare"))).await.expect(200);
    page.says("There is one version so far");
    for bad in ["?base=latest", "?head=0", "?base=version&baseNumber=x", "?base=x:1"] {
        browser.get(browser.path(&compare(bad))).await.expect(400);
    }
}

#[tokio::test]
async fn an_erased_side_is_told() {
    let mut browser = Browser::admin().await;
    let id = flow(&browser, &[sound("a"), json!({"name": "b"})]).await;
    let selection = Selection::Versions { flow_id: id.parse().unwrap(), from: 1, to: 1 };
    let order = ErasureOrder::new(selection, "art. 17, asked for on 3 May");
    let erasures = Erasures::new(browser.api.registry.store().clone());
    erasures.erase(&operator(browser.api.org_id, "dpo"), &order).await.unwrap();
    browser.api.registry.forget_reads();
    pin_both(&mut browser, "compare-erased", &format!("flows/{id}/compare?base=1&head=2")).await;
}

#[tokio::test]
async fn sides_are_chosen_swapped_and_walked() {
    let mut browser = Browser::admin().await;
    let id = flow(&browser, &[sound("a"), json!({"name": "b"}), json!({"name": "c"})]).await;
    let other = browser.api.create_sound("otro").await;
    let compare = |query: &str| format!("flows/{id}/compare{query}");
    let page = browser.get(browser.path(&compare("?base=1&head=2"))).await.expect(200);
    page.says("compare?base=2&#38;head=1")
        .says("compare?base=2&#38;head=3")
        .says("compare.json?base=1&#38;head=2");
    // As the form sends it.
    let form = "?base=version&baseNumber=1&baseFlow=&head=draft&headNumber=&headFlow=";
    browser.get(browser.path(&compare(form))).await.expect(200).says("Version 1 → Draft (version 3)");
    let between =
        browser.get(browser.path(&compare(&format!("?base=draft&head={other}:1")))).await.expect(200);
    between.says("of “<bdi>otro</bdi>”");
    // Behind the events of key and session the flow is created at 3 and changed at 4 and 5.
    let past = browser.get(browser.path(&compare("?base=1&head=draft&asOf=position%3A4"))).await.expect(200);
    past.says("<bdi>b</bdi>").says_nothing_of("<bdi>c</bdi>");
    let patch =
        browser.get(browser.path(&format!("flows/{id}/compare.json?base=1&head=draft"))).await.expect(200);
    assert_eq!(patch.header("content-type"), Some("application/json-patch+json"));
    assert!(patch.header("content-disposition").unwrap().starts_with("attachment; filename=\""));
    let operations: Value = serde_json::from_str(&patch.html).unwrap();
    assert_eq!(operations, json!([{"op": "replace", "path": "/name", "value": "c"}]));
}

#[tokio::test]
async fn on_a_page_of_the_past_every_flow_is_as_it_was() {
    let mut browser = Browser::admin().await;
    let id = flow(&browser, &[sound("a"), json!({"name": "b"})]).await;
    let other = browser.api.create_sound("otro").await;
    let position = browser.position(&other, 1).await;
    for (flow, name) in [(&id, "después"), (&other, "luego")] {
        browser.patch(flow, json!({ "name": name })).await;
    }
    publish(&browser, &other).await;
    let late = browser.api.create_sound("tarde").await;
    let ask = async |browser: &mut Browser, page: &str, head: &str, status: u16| {
        let query = format!("flows/{id}/{page}?base=1&head={head}&asOf=position%3A{position}");
        browser.get(browser.path(&query)).await.expect(status)
    };
    ask(&mut browser, "compare", "2", 200).await.says("<bdi>b</bdi>");
    for (head, notice) in [
        ("3".to_owned(), "The flow has no version 3."),
        (format!("{other}:2"), "The flow has no version 2."),
        (format!("{other}:published"), "The flow is not published"),
        (format!("{late}:draft"), "There is no other flow"),
    ] {
        let seen = ask(&mut browser, "compare", &head, 200).await;
        seen.says(notice).says_nothing_of("después").says_nothing_of("luego").says_nothing_of("tarde");
    }
    let draft = ask(&mut browser, "compare", &format!("{other}:draft"), 200).await;
    draft.says("<bdi>otro</bdi>").says_nothing_of("luego");
    ask(&mut browser, "compare.json", "3", 404).await;
    let patch = ask(&mut browser, "compare.json", &format!("{other}:draft"), 200).await;
    patch.says("otro").says_nothing_of("luego");
}

#[tokio::test]
async fn of_many_changes_two_hundred_are_shown_at_a_time() {
    let mut browser = Browser::admin().await;
    let steps = |prefix: &str| (0..130).map(|n| message(&format!("{prefix}{n}"), "x")).collect::<Vec<_>>();
    let id = flow(&browser, &[json!({"name": "a", "steps": steps("a")}), json!({"steps": steps("b")})]).await;
    let compare = |query: &str| format!("flows/{id}/compare?base=1&head=2{query}");
    let first = browser.get(browser.path(&compare(""))).await.expect(200);
    first.says("Changes 1 to 200 of 260").says("id=\"c200\"").says_nothing_of("id=\"c201\"");
    let second = browser.get(browser.path(&compare("&part=2"))).await.expect(200);
    second.says("Changes 201 to 260 of 260").says("id=\"c260\"").says_nothing_of("id=\"c200\"");
}

#[tokio::test]
async fn of_other_organizations_and_numbers_nothing_is_compared() {
    let mut browser = Browser::admin().await;
    let document = json!({"name": "Secreto", "phoneNumberId": "1", "steps": []});
    let id = flow(&browser, &[document, json!({"name": "Secreto 2"})]).await;
    let own = browser.api.create(json!({"name": "propio", "phoneNumberId": "2", "steps": []})).await;
    let own = own["id"].as_str().unwrap().to_owned();
    let key = json!({"name": "confined", "scopes": ["flows:read"], "phoneNumberIds": ["2"]});
    let key = browser.api.new_key(browser.api.org_id, key).await;
    browser.sign_in(&key, "Eva").await;
    browser
        .get(browser.path(&format!("flows/{id}/compare?base=1&head=2")))
        .await
        .expect(404)
        .says_nothing_of("Secreto");
    let page =
        browser.get(browser.path(&format!("flows/{own}/compare?base=1&head={id}:1"))).await.expect(200);
    page.says("There is no other flow").says_nothing_of("Secreto");
    browser.get(browser.path(&format!("flows/{own}/compare.json?base=1&head={id}:1"))).await.expect(404);
}
