//! The list of flows: states in words, filters, pages, moments, and whoever sees only some of them.

use serde_json::json;

use super::{Browser, pin};
use crate::api::sound;

#[tokio::test]
async fn the_list_in_both_languages() {
    let mut browser = Browser::admin().await;
    for language in ["es", "en"] {
        browser.language = language;
        pin(language, "list-none", &browser.get(browser.path("flows")).await.expect(200));
    }
    browser.api.create(json!({"name": "<script>alert(1)</script>\u{202e}", "steps": []})).await;
    let live = browser.api.create_sound("En vigor").await;
    browser.api.ask("POST", browser.api.flow(&live, "/publish")).json(&json!({})).send().await.expect(201);
    let keyword = json!({
        "name": "Con cambios", "phoneNumberId": "109876543210987", "triggerType": "KEYWORD",
        "triggerConfig": {"keywords": ["hola", "alta", "info", "precio", "ayuda"], "matchMode": "STARTS_WITH"},
        "steps": [{"id": "adios", "type": "end", "text": "¡Listo!"}],
    });
    let changed = browser.api.create(keyword).await["id"].as_str().unwrap().to_owned();
    browser.api.ask("POST", browser.api.flow(&changed, "/publish")).json(&json!({})).send().await.expect(201);
    let update = json!({"description": "otra"});
    browser.api.ask("PATCH", browser.api.flow(&changed, "")).json(&update).send().await.expect(200);
    let paused = browser.api.create_sound("En pausa").await;
    browser.api.ask("POST", browser.api.flow(&paused, "/publish")).json(&json!({})).send().await.expect(201);
    let pause = json!({"enabled": false});
    browser.api.ask("PATCH", browser.api.flow(&paused, "")).json(&pause).send().await.expect(200);
    for language in ["es", "en"] {
        browser.language = language;
        pin(language, "list", &browser.get(browser.path("flows")).await.expect(200));
        pin(language, "list-no-match", &browser.get(browser.path("flows?q=nadie")).await.expect(200));
        let past = browser.get(browser.path("flows?asOf=position:1")).await.expect(200);
        pin(language, "list-past", &past);
        past.says(if language == "es" { "Volver a ahora" } else { "Back to now" });
    }
}

#[tokio::test]
async fn an_empty_list_leads_to_the_first_flow() {
    let mut browser = Browser::admin().await;
    let list = browser.path("flows");
    let new = browser.path("flows/new");
    let empty = browser.get(&list).await.expect(200);
    empty.says(&format!("href=\"{new}\"")).says(&format!("action=\"{new}\""));
    assert_eq!(empty.hidden("from"), "example");
    let fields = [("once", empty.hidden("once")), ("from", empty.hidden("from"))];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (first, again) = (browser.post(&new, &fields).await.expect(303), browser.post(&new, &fields).await);
    assert_eq!(first.location(), again.expect(303).location(), "sent twice, made once");
    browser
        .get(&list)
        .await
        .expect(200)
        .says(&format!("href=\"{new}\""))
        .says_nothing_of("value=\"example\"");
    browser.get(format!("{list}?asOf=position:1")).await.expect(200).says_nothing_of(&new);
    let mut reader = Browser::with_scopes(&["flows:read"]).await;
    reader.get(reader.path("flows")).await.expect(200).says_nothing_of("flows/new");
}

#[tokio::test]
async fn filters_are_those_of_the_api() {
    let mut browser = Browser::admin().await;
    let one = json!({"name": "Alta de socios", "phoneNumberId": "111", "steps": []});
    browser.api.create(one).await;
    let live = browser.api.create_sound("Encuesta").await;
    browser.api.ask("POST", browser.api.flow(&live, "/publish")).json(&json!({})).send().await.expect(201);
    for (query, shown, hidden) in [
        ("q=SOCIÓS", "Alta de socios", "Encuesta"),
        ("state=published", "Encuesta", "Alta de socios"),
        ("state=draft", "Alta de socios", "Encuesta"),
        ("number=111", "Alta de socios", "Encuesta"),
        ("asOf=position:3", "Alta de socios", "Encuesta"),
    ] {
        let seen = browser.get(browser.path(&format!("flows?{query}"))).await.expect(200);
        seen.says(&format!("<bdi>{shown}</bdi>")).says_nothing_of(&format!("<bdi>{hidden}</bdi>"));
    }
    browser.get(browser.path("flows?changes=1")).await.expect(200).says("No flow meets the filter.");
    for bad in ["state=x", "at=1&before=x", "asOf=yesterday"] {
        browser.get(browser.path(&format!("flows?{bad}"))).await.expect(400);
    }
    let part = axum::http::Request::get(browser.path("flows?q=alta")).header("x-part", "list");
    let part = browser.send(part, String::new()).await.expect(200);
    assert!(part.html.starts_with("<div id=\"list\">") && part.html.ends_with("</div>"), "{}", part.html);
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let mut browser = Browser::admin().await;
    browser.api.create_all((0..60).map(|n| sound(&format!("Flujo {n:02}")))).await;
    let first = browser.get(browser.path("flows")).await.expect(200);
    assert_eq!(first.html.matches("<th scope=\"row\">").count(), 50);
    let next = first.html.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    browser.api.create_sound("Nuevo").await;
    let second = browser.get(next.replace("&amp;", "&").replace("&#38;", "&")).await.expect(200);
    assert_eq!(second.html.matches("<th scope=\"row\">").count(), 10, "{}", second.html);
    second.says("<bdi>Flujo 00</bdi>").says_nothing_of("<bdi>Nuevo</bdi>").says_nothing_of("rel=\"next\"");
    second.says("To the beginning");
    browser.post("/console/preferences", &[("rows", "25")]).await.expect(303);
    let fewer = browser.get(browser.path("flows")).await.expect(200);
    assert_eq!(fewer.html.matches("<th scope=\"row\">").count(), 25);
}

#[tokio::test]
async fn who_sees_some_numbers_sees_no_more() {
    let mut browser = Browser::stranger().await;
    for (name, number) in [("Propio", "111"), ("Ajeno", "222")] {
        browser.api.create(json!({"name": name, "phoneNumberId": number, "steps": []})).await;
    }
    let body = json!({"name": "uno", "scopes": ["flows:read"], "phoneNumberIds": ["111"]});
    let key = browser.api.new_key(browser.api.org_id, body).await;
    browser.sign_in(&key, "Luis").await;
    for query in ["", "?q=ajeno", "?number=222", "?asOf=position:3", "?state=draft"] {
        let seen = browser.get(browser.path(&format!("flows{query}"))).await.expect(200);
        seen.says("Your key sees only the flows of the numbers <bdi>111</bdi>")
            .says_nothing_of("Ajeno</bdi>");
    }
    browser.get(browser.path("flows")).await.expect(200).says("<bdi>Propio</bdi>");
}
