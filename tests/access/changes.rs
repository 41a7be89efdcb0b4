//! What changes of keys leave behind: events in the organization's log, never a secret, and one history for a key
//! that many hands reach for at once.

use flow_registry::registry::RegistryError;
use flow_registry::registry::access::{CreatedKey, KeyMode, WrittenKey, operator};
use flow_registry::registry::caller::Intent;
use serde_json::{Value, json};
use sha2::Digest as _;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::desk::{Desk, desk, replica, secret};

type Changed = Result<WrittenKey, RegistryError>;

impl Desk {
    async fn change(&self, intent: Intent, key: &CreatedKey, body: Value) -> Changed {
        self.keys.change(intent, key.key.id, &body).await
    }

    /// Type, version, position, flags and payload of every event.
    async fn log(&self) -> Vec<(String, i64, i64, bool, bool, Value)> {
        let sql = "SELECT type, version, position, enabled, deleted, convert_from(payload, 'UTF8')::json \
             FROM event WHERE org_id = $1 AND stream_kind = 2 ORDER BY position";
        sqlx::query_as(sql).bind(self.org_id).fetch_all(&self.database.pool).await.unwrap()
    }

    async fn versions(&self) -> Vec<i64> {
        self.log().await.into_iter().map(|event| event.1).collect()
    }
}

#[tokio::test]
async fn every_change_is_an_event() {
    let desk = desk().await;
    let body = json!({"name": "backend", "scopes": ["flows:write", "flows:read"], "expiresAt": "2999-12-31T23:00:00Z"});
    let key = desk.make(KeyMode::Live, body).await;
    desk.change(desk.intent(), &key, json!({"name": "engine", "phoneNumberIds": ["7"]})).await.unwrap();
    desk.revoke(&key).await;
    let terms = |changed: Option<Value>, name: &str, numbers: Value| {
        let mut payload = json!({
            "name": name, "prefix": key.key.prefix, "scopes": ["flows:read", "flows:write"],
            "phoneNumberIds": numbers, "expiresAt": "2999-12-31T23:00:00.000Z",
        });
        if let Some(changed) = changed {
            payload["changed"] = changed;
        }
        payload
    };
    let event =
        |name: &str, version, deleted, payload| (name.to_owned(), version, version, false, deleted, payload);
    let changed = Some(json!(["name", "phoneNumberIds"]));
    let mut log = desk.log().await;
    // Of the hash of the secret nothing but a digest, once.
    let digest = log[0].5.as_object_mut().unwrap().remove("secretDigest").unwrap();
    let hash: Vec<u8> =
        sqlx::query_scalar("SELECT secret_hash FROM api_key").fetch_one(&desk.database.pool).await.unwrap();
    assert_eq!(digest, json!(flow_registry::flow::digest::Digest::of(&hash)));
    let expected = [
        event("api_key.created", 1, false, terms(None, "backend", json!([]))),
        event("api_key.changed", 2, false, terms(changed, "engine", json!(["7"]))),
        event("api_key.revoked", 3, true, terms(None, "engine", json!(["7"]))),
    ];
    assert_eq!(log, expected);
}

#[tokio::test]
async fn payloads_are_canonical_and_events_say_who() {
    let desk = desk().await;
    let key = desk.make(KeyMode::Live, json!({"name": "Ñandú \"1\""})).await;
    desk.revoke(&key).await;
    let sql = "SELECT e.payload, e.context, a.subject FROM event e JOIN actor a ON a.org_id = e.org_id AND a.id = e.actor \
         ORDER BY e.position";
    let events: Vec<(Vec<u8>, Vec<u8>, String)> =
        sqlx::query_as(sql).fetch_all(&desk.database.pool).await.unwrap();
    for (payload, context, actor) in events {
        for bytes in [payload, context.clone()] {
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), bytes);
        }
        let context: Value = serde_json::from_slice(&context).unwrap();
        assert_eq!(context["actor"], json!({"type": "operator", "id": "ana", "name": null}));
        assert_eq!(actor, "operator:ana");
    }
}

/// Not in the log, and as a hash only in the table of keys.
#[tokio::test]
async fn a_secret_is_kept_nowhere() {
    let desk = desk().await;
    let key = desk.make_any().await;
    desk.change(desk.intent(), &key, json!({"name": "engine"})).await.unwrap();
    let (_, text) = secret(&key).split_once('.').unwrap();
    let hash = hex::encode(sha2::Sha256::digest(text));
    let dump = async |table: &str| -> String {
        let sql = format!("SELECT coalesce(string_agg({table}::text, ' '), '') FROM {table}");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&desk.database.pool).await.unwrap()
    };
    let mut dumped = String::new();
    for table in ["event", "document", "idempotency_key", "log_head", "flow_view"] {
        dumped += &dump(table).await;
    }
    let keys = dump("api_key").await;
    for secret in [text, &hex::encode(text), &text[..43]] {
        assert!(!dumped.contains(secret) && !keys.contains(secret), "{secret}");
    }
    assert!(dumped.contains("api_key.changed") && !dumped.contains(&hash));
    assert!(keys.contains(&hash), "the table keeps the hash");
    let shown = format!("{key:?} {:?}", desk.verifier);
    assert!(!shown.contains(text) && !shown.contains(&hash), "{shown}");
}

/// Keys and flows of an organization are one log; the Python script recomputes its hashes.
#[tokio::test]
async fn key_events_are_part_of_the_chain() {
    let desk = desk().await;
    let (one, other) = (desk.make_any().await, desk.make_any().await);
    desk.change(desk.intent(), &one, json!({"scopes": ["flows:read"]})).await.unwrap();
    desk.revoke(&other).await;
    desk.revoke(&one).await;
    assert_eq!(desk.versions().await, [1, 1, 2, 2, 3]);
    let rows: Vec<String> = sqlx::query_scalar("SELECT row_to_json(e)::text FROM event e ORDER BY position")
        .fetch_all(&desk.database.pool)
        .await
        .unwrap();
    assert_eq!(rows.len(), 5);
    crate::evidence::check_rows(&rows.join("\n"), "");
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_no_event() {
    let desk = desk().await;
    let key = desk.make(KeyMode::Live, json!({"name": "backend", "phoneNumberIds": ["1", "2"]})).await;
    let scopes = json!([
        "keys:manage",
        "flows:read",
        "flows:write",
        "flows:publish",
        "flows:test",
        "flows:restore",
        "audit:read"
    ]);
    for body in [
        json!({}),
        json!({"name": "backend"}),
        json!({"phoneNumberIds": ["2", "1", "2"]}),
        json!({"scopes": scopes}),
    ] {
        let written = desk.change(desk.intent(), &key, body.clone()).await.unwrap();
        assert_eq!((written.key.version, written.replayed), (1, false), "{body}");
    }
    assert_eq!(desk.versions().await, [1]);
}

#[tokio::test]
async fn what_is_gone_is_not_there() {
    let desk = desk().await;
    let key = desk.make_any().await;
    let stranger = operator(Uuid::new_v4(), "eve");
    let refused = desk.keys.change(stranger.clone(), key.key.id, &json!({"name": "mine"})).await;
    assert!(matches!(refused, Err(RegistryError::KeyNotFound)));
    assert!(matches!(desk.keys.revoke(stranger.clone(), key.key.id).await, Err(RegistryError::KeyNotFound)));
    assert!(desk.keys.list(&stranger.caller).await.unwrap().is_empty());
    assert_eq!(desk.keys.list(&desk.intent().caller).await.unwrap(), std::slice::from_ref(&key.key));
    desk.revoke(&key).await;
    let gone = desk.change(desk.intent(), &key, json!({"name": "back"})).await;
    assert!(matches!(gone, Err(RegistryError::KeyNotFound)));
    assert!(matches!(desk.keys.revoke(desk.intent(), key.key.id).await, Err(RegistryError::KeyNotFound)));
    assert!(desk.keys.list(&desk.intent().caller).await.unwrap().is_empty());
    assert_eq!(desk.versions().await, [1, 2]);
}

#[tokio::test]
async fn the_same_request_is_answered_the_same() {
    let desk = desk().await;
    let key = desk.make_any().await;
    let rename = |name: &str| json!({"name": name});
    let first = desk.change(desk.intent_with_key("a", "1"), &key, rename("engine")).await.unwrap();
    let nothing = desk.change(desk.intent_with_key("b", "2"), &key, rename("engine")).await.unwrap();
    assert_eq!((first.key.version, nothing.key.version), (2, 2));
    desk.change(desk.intent(), &key, rename("other")).await.unwrap();
    let ended = desk.keys.revoke(desk.intent_with_key("c", "3"), key.key.id).await.unwrap();
    assert!(!first.replayed && !nothing.replayed && !ended.replayed);
    for (idempotency_key, request) in [("a", "1"), ("b", "2")] {
        let intent = desk.intent_with_key(idempotency_key, request);
        let again = desk.change(intent, &key, rename("engine")).await.unwrap();
        assert!(again.replayed);
        assert_eq!((again.key.name.as_str(), again.key.version), ("engine", 2));
    }
    assert!(desk.keys.revoke(desk.intent_with_key("c", "3"), key.key.id).await.unwrap().replayed);
    let reused = desk.change(desk.intent_with_key("c", "4"), &key, rename("engine")).await;
    assert!(matches!(reused, Err(RegistryError::IdempotencyKeyReused)));
    assert_eq!(desk.versions().await, [1, 2, 3, 4]);
}

/// Sixteen hands in two processes rename one key: each name is an event, none is lost, none is doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_hands_on_one_key() {
    let desk = desk().await;
    let key = desk.make_any().await;
    let (elsewhere, _) = replica(&desk.database);
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let keys = if number % 2 == 0 { desk.keys.clone() } else { elsewhere.clone() };
            let (intent, id) = (desk.intent(), key.key.id);
            tokio::spawn(async move {
                keys.change(intent, id, &json!({"name": format!("hand {number:02}")})).await.unwrap().key
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        let key = task.await.unwrap();
        answers.push((key.version, key.name));
    }
    answers.sort();
    let log = desk.log().await.into_iter().skip(1);
    let logged: Vec<_> = log.map(|event| (event.1, event.5["name"].as_str().unwrap().to_owned())).collect();
    assert_eq!(logged, answers);
    assert_eq!(desk.versions().await, (1..=17).collect::<Vec<_>>());
    let listed = desk.keys.list(&desk.intent().caller).await.unwrap();
    assert_eq!((listed[0].version, &listed[0].name), (17, &answers[15].1));
}

/// One idempotency key sent from many hands at once is one event and as many equal answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_request_sent_many_times_at_once() {
    let desk = desk().await;
    let key = desk.make_any().await;
    let (elsewhere, _) = replica(&desk.database);
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let keys = if number % 2 == 0 { desk.keys.clone() } else { elsewhere.clone() };
            let (intent, id) = (desk.intent_with_key("once", "revoke"), key.key.id);
            tokio::spawn(async move { keys.revoke(intent, id).await.unwrap().replayed })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        fresh += usize::from(!task.await.unwrap());
    }
    assert_eq!(fresh, 1);
    assert_eq!(desk.versions().await, [1, 2]);
}

#[tokio::test]
async fn the_first_key_is_made_once() {
    let desk = desk().await;
    let first = desk.keys.first_key("ana").await.unwrap().expect("nothing was recorded yet");
    assert_eq!(first.key.org_id.get_version_num(), 4);
    assert_eq!(first.key.scopes.len(), 7);
    assert_eq!(desk.verify(secret(&first)).await.expect("a good key").org_id, first.key.org_id);
    assert!(desk.keys.first_key("ana").await.unwrap().is_none());
    desk.keys.revoke(operator(first.key.org_id, "ana"), first.key.id).await.unwrap();
    assert!(desk.keys.first_key("ana").await.unwrap().is_none(), "a lost key is replaced by a command");
}
