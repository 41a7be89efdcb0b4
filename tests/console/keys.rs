//! Keys and sessions: made, changed and revoked as the API does it, and people signed out.

use serde_json::json;

use super::{Browser, pin};

fn id_of(browser: &Browser, html: &str, name: &str) -> String {
    let row = html.split("<tr>").find(|row| row.contains(&format!("<bdi>{name}</bdi>"))).unwrap();
    let edit = row.split("/keys/").nth(1).unwrap();
    assert!(html.contains(&browser.path("keys/new")));
    edit.split('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_made_shown_once_changed_and_revoked() {
    let mut browser = Browser::admin().await;
    let form = browser.get(browser.path("keys/new")).await.expect(200);
    let once = form.hidden("once");
    let fields = [
        ("once", once.as_str()),
        ("name", "Guardia"),
        ("role", "support"),
        ("numbers", "111, 222"),
        ("expiry", "90"),
        ("reason", "para la guardia"),
    ];
    let made = browser.post(browser.path("keys/new"), &fields).await.expect(200);
    let secret = made.html.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(secret.starts_with("mk_live_"));
    let again = browser.post(browser.path("keys/new"), &fields).await.expect(409);
    again.says("its secret was shown once").says_nothing_of("mk_live_");
    let listed = browser.get(browser.path("keys")).await.expect(200);
    listed.says(">Support</td>").says("<bdi>111</bdi>, <bdi>222</bdi>").says_nothing_of(&secret);
    let id = id_of(&browser, &listed.html, "Guardia");

    let edit = browser.get(browser.path(&format!("keys/{id}/edit"))).await.expect(200);
    let once = edit.hidden("once");
    let fields =
        [("once", once.as_str()), ("name", "Guardia 2"), ("scope", "flows:read"), ("reason", "menos")];
    let bad = browser.post(browser.path(&format!("keys/{id}/edit")), &fields[..3]).await.expect(422);
    bad.says("Write why, in 3 to 500 characters.").says("value=\"Guardia 2\"");
    let done = browser.post(browser.path(&format!("keys/{id}/edit")), &fields).await.expect(303);
    browser.get(done.location()).await.expect(200).says("The key is changed.").says("<bdi>Guardia 2</bdi>");

    let form = browser.get(browser.path(&format!("keys/{id}/revoke"))).await.expect(200);
    let once = form.hidden("once");
    let wrong = [("once", once.as_str()), ("confirmed", "Guardia"), ("reason", "ya no hace falta")];
    browser
        .post(browser.path(&format!("keys/{id}/revoke")), &wrong)
        .await
        .expect(422)
        .says("not the name of the key");
    let right = [("once", once.as_str()), ("confirmed", "Guardia 2"), ("reason", "ya no hace falta")];
    let done = browser.post(browser.path(&format!("keys/{id}/revoke")), &right).await.expect(303);
    browser
        .get(done.location())
        .await
        .expect(200)
        .says("The key is revoked")
        .says_nothing_of("Guardia 2</bdi>");
    browser.get(browser.path(&format!("keys/{id}/edit"))).await.expect(404).says("There is no such key");
    let log = browser.api.ask("GET", browser.api.audit("?resource=api_key")).send().await.expect(200).data();
    let told = &log["data"][0];
    assert_eq!(
        (&told["action"], &told["metadata"]["reason"]),
        (&json!("api_key.revoked"), &json!("ya no hace falta"))
    );
    assert_eq!(told["metadata"]["onBehalfOf"], "Ana");
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let mut browser = Browser::with_scopes(&["flows:read", "keys:manage"]).await;
    let form = browser.get(browser.path("keys/new")).await.expect(200);
    form.says("value=\"flows:read\"").says_nothing_of("value=\"flows:write\"");
    let once = form.hidden("once");
    let fields = [("once", once.as_str()), ("name", "Más"), ("role", "admin"), ("reason", "porque sí")];
    browser.post(browser.path("keys/new"), &fields).await.expect(403).says("Your key does not allow");
    let fields = [
        ("once", once.as_str()),
        ("name", "M"),
        ("role", ""),
        ("scope", "flows:read"),
        ("reason", "porque sí"),
    ];
    browser.post(browser.path("keys/new"), &fields).await.expect(422).says("must have 2 to 80 characters");
}

#[tokio::test]
async fn people_are_signed_out() {
    let mut browser = Browser::admin().await;
    let key = browser.api.key_with(&["flows:read"]).await;
    let own = std::mem::take(&mut browser.cookies);
    browser.sign_in(&key, "Luis").await;
    let luis = std::mem::replace(&mut browser.cookies, own);
    // Noted off the path of requests, sooner or later.
    sqlx::query("UPDATE api_key SET last_used_at = now()").execute(&browser.api.database.pool).await.unwrap();
    for language in ["es", "en"] {
        browser.language = language;
        let seen = browser.get(browser.path("keys")).await.expect(200);
        pin(language, "keys", &seen);
    }
    let seen = browser.get(browser.path("keys")).await.expect(200);
    let row = seen.html.split("<tr>").find(|row| row.contains("<bdi>Luis</bdi>")).unwrap();
    let end = row.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let done = browser.post(&end, &[]).await.expect(303);
    browser.get(done.location()).await.expect(200).says("Signed out.").says_nothing_of("<bdi>Luis</bdi>");
    browser.post(&end, &[]).await.expect(303);
    let own = std::mem::replace(&mut browser.cookies, luis);
    browser.get(browser.path("flows")).await.expect(401);
    browser.cookies = own;
    let log =
        browser.api.ask("GET", browser.api.audit("?action=session.closed")).send().await.expect(200).data();
    assert_eq!(log["data"].as_array().unwrap().len(), 1, "what is over is closed no second time");
}

/// Somebody who may do less corrects a name: the key keeps what was not theirs to give.
#[tokio::test]
async fn who_renames_a_key_takes_nothing_from_it() {
    let mut browser = Browser::stranger().await;
    let org_id = browser.api.org_id;
    let strong = json!({"name": "fuerte", "scopes": ["flows:read", "flows:write", "audit:erase"], "phoneNumberIds": []});
    browser.api.new_key(org_id, strong).await;
    let clerk = json!({"name": "gestor", "scopes": ["flows:read", "keys:manage"], "phoneNumberIds": ["111"]});
    let clerk = browser.api.new_key(org_id, clerk).await;
    browser.sign_in(&clerk, "Luis").await;
    let listed = browser.get(browser.path("keys")).await.expect(200);
    let id = id_of(&browser, &listed.html, "fuerte");
    let path = browser.path(&format!("keys/{id}/edit"));
    let form = browser.get(&path).await.expect(200);
    form.says("not yours to give or take: changing, creating or deleting flows, erasing content");
    let once = form.hidden("once");
    let fields =
        [("once", once.as_str()), ("name", "Fuerte"), ("scope", "flows:read"), ("reason", "mayúscula")];
    browser.post(&path, &fields).await.expect(303);
    let key: (String, Vec<String>, Vec<String>) =
        sqlx::query_as("SELECT name, scopes, phone_number_ids FROM api_key WHERE id = $1::uuid")
            .bind(&id)
            .fetch_one(&browser.api.database.pool)
            .await
            .unwrap();
    assert_eq!(key.0, "Fuerte");
    assert_eq!(key.1.len(), 3, "{key:?}");
    assert!(key.2.is_empty(), "{key:?}");
    let once = browser.get(browser.path("keys/new")).await.expect(200).hidden("once");
    for expiry in ["9o", "70000", "-1"] {
        let fields = [
            ("once", once.as_str()),
            ("name", "Sin fin"),
            ("scope", "flows:read"),
            ("expiry", expiry),
            ("reason", "prueba"),
        ];
        browser.post(browser.path("keys/new"), &fields).await.expect(400);
    }
}
