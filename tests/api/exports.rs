//! Exports of the audit log: what is in them, who may have them, what they leave in the log, and how they end.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flow_registry::evidence::SigningKey;
use flow_registry::flow::event::canonical_bytes;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::Executor as _;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::client::named;
use super::{Answer, Api, api, sound};

/// The rows of a table by the names of its columns.
pub fn table(csv: &[u8]) -> Vec<Value> {
    csv::Reader::from_reader(csv).deserialize::<serde_json::Map<String, Value>>().map(row).collect()
}

fn row(row: csv::Result<serde_json::Map<String, Value>>) -> Value {
    Value::Object(row.unwrap())
}

pub fn column(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned)).collect()
}

pub async fn export(api: &Api, query: &str) -> Answer {
    api.ask("GET", api.audit(&format!("/export{query}"))).send().await
}

/// A flow that was made, changed and published, by a key.
pub async fn story(api: &Api) -> String {
    let id = api.create_sound("Alta").await;
    let change = json!({"name": "Alta, \"nueva\"", "description": "Da de alta"});
    let request = api.ask("PATCH", api.flow(&id, "")).header("x-on-behalf-of", "=cmd|' /C calc'!A0");
    request.header("x-reason", "línea 1").json(&change).send().await.expect(200);
    api.ask("POST", api.flow(&id, "/publish")).json(&json!({"label": "v1"})).send().await.expect(201);
    id
}

#[tokio::test]
async fn a_file_that_its_client_would_not_take_is_not_begun() {
    let api = api().await;
    for (query, accept, status) in [
        // A format that is named was chosen, whatever a library sends unasked.
        ("?format=csv", "application/json", 200),
        ("?format=csv", "text/*", 200),
        ("?format=ndjson", "text/csv", 200),
        ("?format=ndjson", "application/x-ndjson", 200),
        ("", "text/csv", 406),
        ("", "application/json", 200),
    ] {
        let before = api.events().await;
        let answer =
            api.ask("GET", api.audit(&format!("/export{query}"))).header("accept", accept).send().await;
        match status {
            406 => drop(answer.expect_problem(406, "not_acceptable")),
            _ => drop(answer.expect(200)),
        }
        let recorded = i64::from(status == 200 && !query.is_empty());
        assert_eq!(api.events().await, before + recorded, "{query} {accept}");
    }
}

#[tokio::test]
async fn a_table_has_every_event_and_ends_with_its_own() {
    let api = api().await;
    let id = story(&api).await;
    let answer = api.ask("GET", api.audit("/export?format=csv")).header("user-agent", "curl/8").send().await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let name = answer.header("content-disposition").unwrap();
    assert!(name.starts_with(&format!("attachment; filename=\"audit-{}-20", api.org_id)), "{name}");
    assert!(name.ends_with("-5.csv\""), "{name}");
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("audit_export_csv", named(&text)) });
    let rows = table(&answer.body);
    assert_eq!(column(&rows, "position"), ["1", "2", "3", "4", "5"]);
    assert_eq!(rows[2]["onBehalfOf"], "'=cmd|' /C calc'!A0");

    let listed = api.ask("GET", api.audit("?resource=organization")).send().await.expect(200).data();
    let own = &listed["data"][0];
    assert_eq!((&own["action"], &own["resourceId"]), (&json!("audit.exported"), &json!(api.org_id)));
    assert_eq!((&own["metadata"]["format"], &own["metadata"]["filter"]), (&json!("csv"), &json!({})));
    assert_eq!((&own["metadata"]["position"], &own["userAgent"]), (&json!(5), &json!("curl/8")));
    assert_eq!(rows[4]["id"], own["id"]);
    assert_eq!(rows[1]["resourceId"], id);
}

#[tokio::test]
async fn a_table_is_filtered_as_the_list_is() {
    let api = api().await;
    story(&api).await;
    let today = chrono::Utc::now().format("%Y-%m-%d");
    let rows = async |query: &str| {
        let rows = table(&export(&api, &format!("?format=csv&{query}")).await.expect(200).body);
        column(&rows, "action")
    };
    assert_eq!(rows("action=flow.published").await, ["flow.published"]);
    assert_eq!(rows("resource=flow").await, ["flow.created", "flow.updated", "flow.published"]);
    assert_eq!(rows("actorUserId=nobody").await, [""; 0]);
    assert_eq!(rows("dateTo=2020-01-01").await, [""; 0]);
    assert_eq!(rows("dateFrom=2100-01-01").await, [""; 0]);
    let filters = format!("resource=flow&after=2&dateFrom={today}&dateTo=2100-01-01");
    assert_eq!(rows(&filters).await, ["flow.updated", "flow.published"]);
    // The exports so far, and this one.
    assert_eq!(rows("action=audit.exported").await.len(), 7);
    let last = api.ask("GET", api.audit("?limit=2")).send().await.data();
    let filter = json!({"dateFrom": today.to_string(), "dateTo": "2100-01-01", "resource": "flow"});
    let metadata = &last["data"][1]["metadata"];
    assert_eq!((&metadata["filter"], &metadata["after"]), (&filter, &json!(2)));
}

#[tokio::test]
async fn what_cannot_be_exported_leaves_no_event() {
    let api = api().await;
    story(&api).await;
    let events = api.events().await;
    for query in [
        "?format=xml",
        "?format=csv&limit=3",
        "?format=csv&dateFrom=2026-05-02&dateTo=2026-05-01",
        "?format=csv&after=-1",
        "?format=csv&after=5",
        "?format=csv&format=csv",
        "?dateFrom=yesterday",
    ] {
        export(&api, query).await.expect_problem(400, "invalid_parameter");
    }
    let tester = json!({"name": "prueba", "phoneNumberIds": ["1"], "scopes": ["audit:read"]});
    let confined = api.new_key(api.org_id, tester).await;
    let request = api.ask("GET", api.audit("/export?format=csv")).key(&confined);
    assert_eq!(table(&request.send().await.expect(200).body), [json!(null); 0]);
    assert_eq!(api.events().await, events + 2, "the key, and what it exported");
}

#[tokio::test]
async fn headers_alone_leave_no_event() {
    let api = api().await;
    story(&api).await;
    let link = export(&api, "").await.expect(200).data()["url"].as_str().unwrap().to_owned();
    let link = link.strip_prefix("https://flows.example.com").unwrap();
    let events = api.events().await;
    let head = |query: &str| api.ask("HEAD", api.audit(&format!("/export{query}"))).send();
    let csv = Some("text/csv; charset=utf-8; header=present");
    for (answer, media_type) in [
        (head("?format=csv").await, csv),
        (head("?format=ndjson").await, Some("application/x-ndjson")),
        (head("").await, Some("application/json")),
        (api.ask_openly("HEAD", link).send().await, csv),
    ] {
        let answer = answer.expect(200);
        assert_eq!((answer.header("content-type"), answer.body.len()), (media_type, 0));
    }
    head("?format=csv&after=99").await.expect(400);
    assert_eq!(api.events().await, events);
}

/// The list shows a confined key what happened to the flows of its numbers; an export is no wider.
#[tokio::test]
async fn a_confined_key_exports_what_it_may_see() {
    let api = api().await;
    let confined = json!({"name": "línea 1", "phoneNumberIds": ["1"]});
    let confined = api.new_key(api.org_id, confined).await;
    for number in ["1", "2"] {
        let mut document = sound("Uno");
        document["phoneNumberId"] = json!(number);
        api.create(document).await;
    }
    let answer = api.ask("GET", api.audit("/export?format=csv")).key(&confined).send().await.expect(200);
    assert_eq!(column(&table(&answer.body), "position"), ["3"]);
    let link = api.ask("GET", api.audit("/export")).key(&confined).send().await.expect(200).data();
    let answer = follow(&api, link["url"].as_str().unwrap()).await.expect(200);
    assert_eq!(column(&table(&answer.body), "position"), ["3"]);
}

/// Opens a link as a browser would: without a credential.
pub async fn follow(api: &Api, url: &str) -> Answer {
    let path = url.strip_prefix("https://flows.example.com").unwrap();
    api.ask_openly("GET", path).header("user-agent", "browser").send().await
}

#[tokio::test]
async fn a_link_leads_to_the_table_in_the_name_of_its_maker() {
    let api = api().await;
    story(&api).await;
    let events = api.events().await;
    let request = api.ask("GET", api.audit("/export?action=flow.updated&after=1"));
    let request = request.header("x-on-behalf-of", "ana@example.com").header("x-reason", "revisión");
    let link = request.send().await.expect(200).data();
    assert_eq!(api.events().await, events, "a link is no export yet");
    let left = link["expiresAt"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        - chrono::Utc::now();
    assert!((590..=600).contains(&left.num_seconds()), "{left}");
    for used in 1..=2 {
        let answer = follow(&api, link["url"].as_str().unwrap()).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(column(&table(&answer.body), "action"), ["flow.updated"]);
        assert_eq!(api.events().await, events + used);
    }
    let own = api.ask("GET", api.audit("?limit=1")).send().await.data();
    let (own, metadata) = (&own["data"][0], &own["data"][0]["metadata"]);
    assert_eq!((&own["userAgent"], &metadata["byLink"]), (&json!("browser"), &json!(true)));
    assert_eq!(
        (&metadata["actor"]["type"], &metadata["actor"]["name"]),
        (&json!("api_key"), &json!("backend"))
    );
    assert_eq!(
        (&metadata["onBehalfOf"], &metadata["reason"]),
        (&json!("ana@example.com"), &json!("revisión"))
    );
    assert_eq!((&metadata["filter"], &metadata["after"]), (&json!({"action": "flow.updated"}), &json!(1)));
}

#[tokio::test]
async fn a_link_opens_nothing_else() {
    let api = api().await;
    let auditor = json!({"name": "auditora", "scopes": ["audit:read", "keys:manage"]});
    let made = api.keys.create(
        flow_registry::registry::access::operator(api.org_id, "test"),
        flow_registry::registry::access::KeyMode::Live,
        &auditor,
    );
    let made = made.await.unwrap();
    let key = secrecy::ExposeSecret::expose_secret(&made.secret).to_owned();
    let link = api.ask("GET", api.audit("/export")).key(&key).send().await.expect(200).data();
    let url = link["url"].as_str().unwrap().to_owned();
    let events = api.events().await;
    let refused = async |url: &str| {
        let answer = follow(&api, url).await.expect_problem(401, "invalid_credentials");
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    // In another organization, which has a secret of its own.
    let other = Uuid::new_v4();
    let foreign = api.new_key(other, json!({"name": "ajena"})).await;
    let theirs = format!("/organizations/{other}/audit/export");
    api.ask_openly("GET", &theirs).key(&foreign).send().await.expect(200);
    let moved = url.replace(&api.org_id.to_string(), &other.to_string());
    assert_eq!(refused(&moved).await, "The link is not valid.");
    let nowhere = url.replace(&api.org_id.to_string(), &Uuid::new_v4().to_string());
    assert_eq!(refused(&nowhere).await, "The link is not valid.");
    let (ticket, signature) = url.rsplit_once('/').unwrap().1.split_once('.').unwrap();
    let mut said: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(ticket).unwrap()).unwrap();
    said["asked"] = json!("after=0&action=flow.created");
    let tampered = URL_SAFE_NO_PAD.encode(canonical_bytes(&said));
    assert_eq!(refused(&url.replace(ticket, &tampered)).await, "The link is not valid.");
    assert_eq!(refused(&url[..url.len() - 1]).await, "The link is not valid.");
    assert_eq!(refused(&format!("{url}.{signature}")).await, "The link is not valid.");
    follow(&api, &format!("{url}?action=flow.created")).await.expect_problem(400, "invalid_parameter");

    said["expiresAt"] = json!(chrono::Utc::now().timestamp_millis() - 1);
    let late = url.replace(&format!("{ticket}.{signature}"), &signed(&api, &said).await);
    assert!(refused(&late).await.starts_with("The link is no longer valid."));
    // By somebody who has the database, and with it the salt; and one that lasts as no link does.
    said["expiresAt"] = json!(chrono::Utc::now().timestamp_millis() + 60_000);
    let with = |ticket_said: String| url.replace(&format!("{ticket}.{signature}"), &ticket_said);
    let salt = salt(&api).await;
    assert_eq!(refused(&with(signed_with(&api, &said, &salt))).await, "The link is not valid.");
    follow(&api, &with(signed(&api, &said).await)).await.expect(200);
    said["expiresAt"] = json!(chrono::Utc::now().timestamp_millis() + 3_600_000);
    assert_eq!(refused(&with(signed(&api, &said).await)).await, "The link is not valid.");
    let path = format!("/organizations/{}/api-keys/{}", api.org_id, made.key.id);
    follow(&api, &url).await.expect(200);
    api.ask("DELETE", path).send().await.expect(204);
    assert!(refused(&url).await.starts_with("The link is no longer valid."), "its key is revoked");
    assert_eq!(api.events().await, events + 4, "the other's key, two exports, the end of the key");
}

async fn salt(api: &Api) -> Vec<u8> {
    let salt = sqlx::query_scalar("SELECT secret FROM export_secret WHERE org_id = $1").bind(api.org_id);
    salt.fetch_one(&api.database.pool).await.unwrap()
}

/// A ticket with a signature of the organization.
async fn signed(api: &Api, said: &Value) -> String {
    let salt = salt(api).await;
    let key = SigningKey::new("flows.example.com", &[1; 32]).unwrap();
    let purpose = [b"flow-registry/export-link-key/1", &api.org_id.as_bytes()[..], &salt].concat();
    signed_with(api, said, key.derived(&purpose).expose_secret())
}

fn signed_with(api: &Api, said: &Value, secret: &[u8]) -> String {
    let ticket = canonical_bytes(said);
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(secret).unwrap();
    mac.update(&[b"flow-registry/export-link/1", &api.org_id.as_bytes()[..], &ticket].concat());
    format!("{}.{}", URL_SAFE_NO_PAD.encode(&ticket), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Many events of keys, without a request for each.
pub async fn fill(api: &Api, events: usize) {
    join_all((0..events).map(|_| api.new_key(api.org_id, json!({"name": "relleno"})))).await;
}

/// The body of an answer that is not read yet.
pub async fn begun(api: &Api, path: &str) -> Body {
    let request = Request::builder().uri(path).header("x-api-key", &api.key).body(Body::empty()).unwrap();
    let answer = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body()
}

/// What cannot be read is met when the client gets there, and the file then has no proper end.
#[tokio::test]
async fn a_file_that_could_not_be_read_to_its_end_is_cut() {
    let api = api().await;
    fill(&api, 1100).await;
    for format in ["csv", "ndjson"] {
        let mut body = begun(&api, &api.audit(&format!("/export?format={format}"))).await;
        body.frame().await.unwrap().unwrap();
        api.database.pool.execute("ALTER TABLE event RENAME TO event_away").await.unwrap();
        let rest = body.collect().await;
        api.database.pool.execute("ALTER TABLE event_away RENAME TO event").await.unwrap();
        assert!(rest.is_err(), "{format}");
    }
}

/// Exports at once by several replicas are events one after the other.
#[tokio::test]
async fn exports_at_once_are_all_recorded() {
    let api = api().await;
    let other = super::state_over(api.database.store().await);
    let other = flow_registry::http::router(other);
    let one = |n: usize| {
        let request = api.ask("GET", api.audit("/export?format=csv&action=audit.exported"));
        if n.is_multiple_of(2) { request.send() } else { request.to(other.clone()).send() }
    };
    let answers = join_all((0..12).map(one)).await;
    let mut seen: Vec<usize> =
        answers.into_iter().map(|answer| table(&answer.expect(200).body).len()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=12).collect::<Vec<_>>());
}
