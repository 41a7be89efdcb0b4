//! What all pages have in common: signing in and out, what pages that are not shown say, and preferences.

use chrono::{TimeDelta, Utc};
use flow_registry::registry::access::operator;
use flow_registry::registry::sessions::SessionId;
use serde_json::json;

use super::{Browser, pin};
use crate::access::tokens::token;
use crate::api::sound;

#[tokio::test]
async fn signing_in_leads_to_the_flows_and_out_again() {
    let mut browser = Browser::admin().await;
    browser.api.create(sound("Onboarding")).await;
    let list = browser.get(browser.path("flows")).await.expect(200);
    list.says("<bdi>Onboarding</bdi>").says("Draft only: answers nobody").says("<bdi>Ana</bdi>");
    let kept = browser.cookies.clone();
    let out = browser.post(browser.path("session/end"), &[]).await.expect(303);
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    browser.get(out.location()).await.expect(200).says("You are signed out.");
    browser.cookies = kept;
    browser.get(browser.path("flows")).await.expect(401).says("Your session is over.");
    browser.get("/console").await.expect(303);
}

/// Who signed in and out, for whom the key acts and from where, is on record; the cookie's token is not.
#[tokio::test]
async fn signing_in_and_out_is_on_record() {
    let mut browser = Browser::stranger().await;
    let key = browser.api.key.clone();
    browser.sign_in(&key, "Ana Pérez").await;
    let token = browser.cookies.values().next().unwrap().split_once('.').unwrap().1.to_owned();
    browser.post(browser.path("session/end"), &[]).await.expect(303);
    let log = browser.api.ask("GET", browser.api.audit("?resource=organization")).send().await.expect(200);
    let entries = log.data()["data"].as_array().unwrap().clone();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["session.closed", "session.opened"]);
    let session = &entries[1]["metadata"]["session"];
    assert_eq!(entries[0]["metadata"]["sessions"], json!([session]));
    for entry in &entries {
        assert_eq!(entry["metadata"]["onBehalfOf"], "Ana Pérez", "{entry}");
    }
    let stored = "SELECT count(*) FROM event WHERE position($1::bytea IN context) > 0 OR position($1::bytea IN payload) > 0";
    let stored: i64 = sqlx::query_scalar(stored)
        .bind(token.as_bytes())
        .fetch_one(&browser.api.database.pool)
        .await
        .unwrap();
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn the_form_to_sign_in_in_every_state() {
    let mut browser = Browser::stranger().await;
    let organization = browser.api.org_id.to_string();
    let key = browser.api.key.clone();
    let other = uuid::Uuid::from_u128(5);
    let foreign = browser.api.new_key(other, json!({"name": "ajena"})).await;
    let revoked = browser.api.new_key(browser.api.org_id, json!({"name": "vieja"})).await;
    let caller = operator(browser.api.org_id, "test");
    let keys = browser.api.keys.list(&caller.caller).await.unwrap();
    let old = keys.iter().find(|key| key.name == "vieja").unwrap().id;
    browser.api.keys.revoke(caller, old).await.unwrap();
    let last = if key.ends_with('x') { 'y' } else { 'x' };
    let wrong = format!("{}{last}", &key[..key.len() - 1]);
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl";
    let cases = [
        ("wrong", 401, organization.as_str(), wrong.as_str(), "Ana"),
        ("revoked", 401, &organization, &revoked, "Ana"),
        ("other-organization", 403, &organization, &foreign, "Ana"),
        ("no-tokens", 422, &organization, token, ""),
        ("no-organization", 422, "mi organización", &key, "Ana"),
        ("no-credential", 422, &organization, " ", "Ana"),
        ("no-name", 422, &organization, &key, "  "),
    ];
    for language in ["es", "en"] {
        browser.language = language;
        pin(language, "sign-in", &browser.get("/console/session").await.expect(200));
        for (name, status, organization, credential, person) in cases {
            let fields = [("organization", organization), ("credential", credential), ("name", person)];
            let seen = browser.post("/console/session", &fields).await.expect(status);
            seen.says_nothing_of("mk_live_").says_nothing_of(token);
            assert!(browser.cookies.is_empty(), "{name}");
            if name == "wrong" {
                pin(language, "sign-in-wrong", &seen);
            }
        }
    }
    browser.api.registry.accesses.put_on_record().await;
    let log = browser.api.ask("GET", browser.api.audit("?action=access.refused")).send().await.expect(200);
    let rows = log.data()["data"][0]["metadata"]["rows"].clone();
    assert_eq!(rows, json!([{"what": "invalid_credentials", "count": 4}]), "as the API counts them");
}

#[tokio::test]
async fn nobody_signs_in_over_a_way_that_others_read() {
    let mut browser = Browser::stranger().await;
    browser.language = "es";
    // The address of the service is https; this request came by loopback, where https cookies work too.
    let open = axum::http::Request::get("/console/session").header("host", "localhost:8080");
    browser.send(open, String::new()).await.expect(200).says("<form class=\"stacked\"");
    let mut open = Browser::at("http://10.0.0.7:8080").await;
    open.host = "10.0.0.7:8080";
    let seen = open.get("/console/session").await.expect(200);
    seen.says("Nobody can sign in here").says_nothing_of("<form class=\"stacked\"");
    let (organization, key) = (open.api.org_id.to_string(), open.api.key.clone());
    let fields = [("organization", organization.as_str()), ("credential", &key), ("name", "Ana")];
    open.post("/console/session", &fields).await.expect(200).says("Nobody can sign in here");
    assert!(open.cookies.is_empty());
    open.host = "127.0.0.1:8080";
    let seen = open.post("/console/session", &fields).await.expect(303);
    let cookie = seen.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("console_") && cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/"),
        "{cookie}"
    );
}

#[tokio::test]
async fn signing_in_leads_back_to_own_pages_alone() {
    let mut browser = Browser::stranger().await;
    let (organization, key) = (browser.api.org_id.to_string(), browser.api.key.clone());
    let asked = browser.path("keys?done=changed");
    let other = format!("/console/{}/flows", uuid::Uuid::nil());
    let flows = browser.path("flows");
    for (back, expected) in [
        (asked.as_str(), asked.as_str()),
        ("https://evil.example/", &flows),
        ("//evil.example", &flows),
        ("/docs", &flows),
        (&other, &flows),
        ("/console/\\evil.example", &flows),
    ] {
        let fields =
            [("organization", organization.as_str()), ("credential", &key), ("name", "Ana"), ("back", back)];
        let seen = browser.post("/console/session", &fields).await.expect(303);
        assert_eq!(seen.location(), expected, "{back}");
    }
}

/// Signing in again ends the session that the browser had.
#[tokio::test]
async fn a_browser_has_one_session_of_an_organization() {
    let mut browser = Browser::admin().await;
    let former = browser.cookies.clone();
    let key = browser.api.key.clone();
    browser.sign_in(&key, "Ana").await;
    browser.get(browser.path("flows")).await.expect(200);
    let now = std::mem::replace(&mut browser.cookies, former);
    browser.get(browser.path("flows")).await.expect(401);
    browser.cookies = now;
    let open = "SELECT count(*) FROM console_session";
    let open: i64 = sqlx::query_scalar(open).fetch_one(&browser.api.database.pool).await.unwrap();
    assert_eq!(open, 1);
}

/// A session is over when its key is, at once; when nobody used it for an hour; and when its time has come.
#[tokio::test]
async fn sessions_end() {
    let mut browser = Browser::admin().await;
    let pool = browser.api.database.pool.clone();
    for (column, back) in [("seen_at", "61 minutes"), ("expires_at", "12 hours 1 minute")] {
        let key = browser.api.key.clone();
        browser.sign_in(&key, "Ana").await;
        browser.get(browser.path("flows")).await.expect(200);
        let age = format!("UPDATE console_session SET {column} = {column} - interval '{back}'");
        sqlx::query(sqlx::AssertSqlSafe(age)).execute(&pool).await.unwrap();
        browser.get(browser.path("flows")).await.expect(401).says("Your session is over.");
    }
    let old = browser.api.registry.store().forget_sessions(10).await.unwrap();
    assert_eq!(old, 1, "what is idle is deleted");
    let key = browser.api.new_key(browser.api.org_id, json!({"name": "de Luis"})).await;
    browser.sign_in(&key, "Luis").await;
    let by = operator(browser.api.org_id, "test");
    let keys = browser.api.keys.list(&by.caller).await.unwrap();
    let luis = keys.iter().find(|key| key.name == "de Luis").unwrap().id;
    let narrowed = json!({"scopes": ["flows:read"]});
    browser.get(browser.path("keys")).await.expect(200);
    browser.api.keys.change(by.clone(), luis, &narrowed).await.unwrap();
    browser.get(browser.path("flows")).await.expect(200);
    browser.get(browser.path("keys")).await.expect(403);
    browser.api.keys.revoke(by, luis).await.unwrap();
    browser.get(browser.path("flows")).await.expect(401).says("Your session is over.");
}

#[tokio::test]
async fn failures_are_pages() {
    let mut browser = Browser::with_scopes(&["flows:read"]).await;
    let outside = browser.get("/consoles").await.expect(404);
    assert_eq!(outside.header("content-type"), Some("application/problem+json"));
    for language in ["es", "en"] {
        browser.language = language;
        pin(language, "not-found", &browser.get(browser.path("nothing")).await.expect(404));
        pin(language, "lacks-scope", &browser.get(browser.path("keys")).await.expect(403));
        pin(language, "bad-request", &browser.get(browser.path("flows?state=x")).await.expect(400));
        let strange = browser.get("/console/not-an-id/flows").await.expect(404);
        strange.says(if language == "es" { "Aquí no hay nada" } else { "There is nothing here" });
    }
    browser.post(browser.path("flows"), &[]).await.expect(405);
    browser.api.registry.accesses.put_on_record().await;
    let log = browser.api.ask("GET", browser.api.audit("?action=access.refused")).send().await.expect(200);
    let row = log.data()["data"][0]["metadata"]["rows"][0].clone();
    assert_eq!((&row["what"], &row["count"]), (&json!("insufficient_scope"), &json!(2)));
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_a_page_that_comes_back() {
    let mut browser = Browser::admin().await;
    browser.api.database.pool.close().await;
    let seen = browser.get(browser.path("flows")).await.expect(503);
    seen.says("The database does not answer")
        .says("data-retry=\"2\"")
        .says("http-equiv=\"refresh\" content=\"2\"");
    assert_eq!(seen.header("retry-after"), Some("2"));
    let seen = browser.post(browser.path("session/end"), &[]).await.expect(503);
    seen.says_nothing_of("data-retry=");
}

#[tokio::test]
async fn preferences_are_kept_in_cookies() {
    let mut browser = Browser::admin().await;
    let back = browser.path("flows");
    let chosen = [
        ("back", back.as_str()),
        ("language", "es"),
        ("theme", "dark"),
        ("tz", "America/Mexico_City"),
        ("keys", "off"),
    ];
    let seen = browser.post("/console/preferences", &chosen).await.expect(303);
    assert_eq!(seen.location(), back);
    let list = browser.get(&back).await.expect(200);
    list.says("<html lang=\"es\" data-theme=\"dark\" data-keys=\"off\">").says("America/Mexico_City (UTC−6)");
    for bad in [
        ("language", "fr"),
        ("theme", "pink"),
        ("tz", "Mars/Olympus"),
        ("keys", "\r\nSet-Cookie: a=b"),
        ("rows", "7"),
    ] {
        browser.post("/console/preferences", &[bad]).await.expect(400);
    }
    let away =
        browser.post("/console/preferences", &[("back", "https://evil.example"), ("keys", "on")]).await;
    assert_eq!(away.expect(303).location(), "/console");
}

#[tokio::test]
async fn two_organizations_in_one_browser() {
    let mut browser = Browser::admin().await;
    let other = uuid::Uuid::from_u128(0x0192_f0c1_2d3e_7f4a_8b5c_6d7e_8f9a_0b1c);
    let key = browser.api.new_key(other, json!({"name": "otra"})).await;
    let (organization, path) = (other.to_string(), format!("/console/{other}/flows"));
    let fields = [("organization", organization.as_str()), ("credential", &key), ("name", "Ana")];
    assert_eq!(browser.post("/console/session", &fields).await.expect(303).location(), path);
    assert_eq!(browser.cookies.len(), 2);
    browser.get(browser.path("flows")).await.expect(200).says(&format!("href=\"{path}\""));
    browser.get(&path).await.expect(200).says(&format!("href=\"{}\"", browser.path("flows")));
    browser.post(format!("/console/{other}/session/end"), &[]).await.expect(303);
    browser.get(browser.path("flows")).await.expect(200).says_nothing_of(&organization);
    browser.get(&path).await.expect(403);
}

#[tokio::test]
async fn a_token_signs_in_whom_it_names() {
    let mut browser = Browser::with_tokens().await;
    let org_id = browser.api.org_id;
    let organization = org_id.to_string();
    browser.get("/console/session").await.expect(200).says("Key or token");
    let expired = token(org_id, -300, "flows:read");
    let fields = [("organization", organization.as_str()), ("credential", &expired), ("name", "")];
    browser.post("/console/session", &fields).await.expect(401).says("That key is not valid");
    let good = token(org_id, 300, "openid flows:read");
    let fields = [("organization", organization.as_str()), ("credential", &good), ("name", "")];
    browser.post("/console/session", &fields).await.expect(303);
    browser
        .get(browser.path("flows"))
        .await
        .expect(200)
        .says("Signed in as <strong><bdi>Ana</bdi></strong></p>");
    browser.get(browser.path("keys")).await.expect(403);
    let log =
        browser.api.ask("GET", browser.api.audit("?action=session.opened")).send().await.expect(200).data();
    let told = &log["data"][0]["metadata"];
    assert_eq!((&told["actor"]["id"], &told["onBehalfOf"]), (&json!("user-7"), &json!(null)));
}

/// A token of an issuer ends its session when it ends itself, and says who somebody is.
#[tokio::test]
async fn a_session_of_a_token_ends_with_it() {
    let browser = Browser::stranger().await;
    let (org_id, ends_at) = (browser.api.org_id, Utc::now() + TimeDelta::minutes(10));
    let mut intent = operator(org_id, "x");
    intent.caller.actor = flow_registry::flow::event::Actor {
        kind: flow_registry::flow::event::ActorKind::User,
        id: "ana-17".to_owned(),
        name: Some("Ana Pérez".to_owned()),
    };
    let verified = flow_registry::registry::access::VerifiedCredential {
        caller: intent.caller.clone(),
        ends_at: Some(ends_at),
    };
    let sessions = &browser.api.registry.sessions;
    let lasts = std::time::Duration::from_secs(12 * 3600);
    let opened = sessions.open(intent, verified, lasts).await.unwrap();
    assert_eq!(opened.expires_at.timestamp_micros(), ends_at.timestamp_micros());
    let open = sessions.find(org_id, SessionId::of(&opened.token)).await.unwrap().unwrap();
    assert_eq!(
        (open.name.as_deref(), open.on_behalf_of(), open.caller.actor.id.as_str()),
        (Some("Ana Pérez"), None, "ana-17")
    );
    assert!(sessions.find(uuid::Uuid::nil(), SessionId::of(&opened.token)).await.unwrap().is_none());
}
