//! Who is believed, and for how long after that has ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use flow_registry::flow::event::ActorKind;
use flow_registry::registry::access::{AccessError, Credential, CredentialVerifier, KeyMode};
use flow_registry::registry::caller::{Scope, Scopes};
use flow_registry::store::Store;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::desk::{desk, replica, secret, verify, with_checksum};

#[tokio::test]
async fn a_key_is_the_caller_it_was_made_for() {
    let desk = desk().await;
    let body =
        json!({"name": "backend", "scopes": ["flows:read", "audit:read"], "phoneNumberIds": ["2", "1"]});
    let key = desk.make(KeyMode::Live, body).await;
    let caller = desk.verify(secret(&key)).await.expect("a good key");
    assert_eq!(caller.org_id, desk.org_id);
    assert_eq!(caller.actor.kind, ActorKind::ApiKey);
    assert_eq!((caller.actor.id, caller.actor.name), (key.key.id.to_string(), Some("backend".to_owned())));
    assert_eq!(caller.key_prefix.as_deref(), Some(&secret(&key)[..18]));
    assert_eq!(caller.scopes, [Scope::FlowsRead, Scope::AuditRead].into_iter().collect());
    assert_eq!(*caller.phone_number_ids, ["1".to_owned(), "2".to_owned()]);
}

/// The prefix says whose key it might be; only the secret proves it.
#[tokio::test]
async fn a_secret_proves_its_own_prefix_only() {
    let desk = desk().await;
    let (mine, other) = (desk.make_any().await, desk.make_any().await);
    let (mine, other) = (secret(&mine), secret(&other));
    let swapped = with_checksum(&format!("{}.{}", &mine[..18], &other[19..62]));
    assert!(desk.verify(mine).await.is_some());
    assert!(desk.verify(&swapped).await.is_none());
    let never_made = with_checksum(&format!("mk_live_0000000000.{}", "0".repeat(43)));
    assert!(desk.verify(&never_made).await.is_none());
}

#[tokio::test]
async fn a_typo_costs_no_query() {
    let desk = desk().await;
    let key = desk.make_any().await;
    desk.database.pool.close().await;
    let typo = secret(&key).replace("mk_live_", "mk_test_");
    assert!(desk.verify(&typo).await.is_none(), "refused without the database");
    assert!(desk.verify("eyJhbGciOiJub25lIn0.e30.").await.is_none());
}

/// Whoever holds a test key can rewrite its text and make the checksum fit.
#[tokio::test]
async fn a_test_key_cannot_be_passed_off_as_a_live_one() {
    let desk = desk().await;
    let key = desk.make(KeyMode::Test, json!({"name": "tests"})).await;
    let text = secret(&key);
    let expected: Scopes = [Scope::FlowsRead, Scope::FlowsTest].into_iter().collect();
    assert_eq!(desk.verify(text).await.expect("a good key").scopes, expected);
    let rewritten = with_checksum(&text[..text.len() - 6].replace("mk_test_", "mk_live_"));
    assert!(desk.verify(&rewritten).await.is_none());
    // Not even a row that says more gives it more.
    sqlx::query("UPDATE api_key SET scopes = '{flows:read,flows:write,keys:manage}'")
        .execute(&desk.database.pool)
        .await
        .unwrap();
    let (_, elsewhere) = replica(&desk.database);
    assert_eq!(verify(&elsewhere, text).await.unwrap().scopes, [Scope::FlowsRead].into_iter().collect());
}

/// What is remembered of a key does not outlive it.
#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let desk = desk().await;
    let expires_at = Utc::now() + Duration::from_secs(3);
    let key = desk.make(KeyMode::Live, json!({"name": "short", "expiresAt": expires_at.to_rfc3339()})).await;
    let expires_at = key.key.expires_at.unwrap();
    assert!(desk.verify(secret(&key)).await.is_some());
    while desk.verify(secret(&key)).await.is_some() {
        assert!(Utc::now() < expires_at + Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(Utc::now() >= expires_at);
}

#[tokio::test]
async fn a_revoked_key_is_refused_here_at_once_and_elsewhere_within_five_seconds() {
    let desk = desk().await;
    let (_, elsewhere) = replica(&desk.database);
    let key = desk.make_any().await;
    assert!(desk.verify(secret(&key)).await.is_some());
    assert!(verify(&elsewhere, secret(&key)).await.is_some());
    desk.revoke(&key).await;
    let revoked = Instant::now();
    assert!(desk.verify(secret(&key)).await.is_none());
    while verify(&elsewhere, secret(&key)).await.is_some() {
        assert!(revoked.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_change_of_scopes_holds_here_at_once() {
    let desk = desk().await;
    let key = desk.make_any().await;
    assert_eq!(desk.verify(secret(&key)).await.unwrap().scopes, Scopes::all());
    let body = json!({"scopes": ["flows:read"]});
    desk.keys.change(desk.intent(), key.key.id, &body).await.unwrap();
    let scopes: Scopes = [Scope::FlowsRead].into_iter().collect();
    assert_eq!(desk.verify(secret(&key)).await.unwrap().scopes, scopes);
}

/// What is remembered answers; what is unknown is remembered too.
#[tokio::test]
async fn look_ups_are_remembered() {
    let desk = desk().await;
    let key = desk.make_any().await;
    let unknown = with_checksum(&format!("mk_live_0000000000.{}", "0".repeat(43)));
    let verifier = Arc::new(desk.verifier.clone());
    let text = secret(&key).to_owned();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let (verifier, text) =
                (Arc::clone(&verifier), if number % 2 == 0 { &text } else { &unknown }.clone());
            tokio::spawn(async move { verify(&verifier, &text).await.is_some() })
        })
        .collect();
    let mut believed = 0;
    for task in tasks {
        believed += usize::from(task.await.unwrap());
    }
    assert_eq!(believed, 100);
    desk.database.pool.close().await;
    assert!(desk.verify(&text).await.is_some(), "remembered without the database");
    assert!(desk.verify(&unknown).await.is_none());
}

/// Requests with one key wait for one look-up, and all of them are told when it fails.
#[tokio::test]
async fn a_look_up_that_fails_is_not_remembered() {
    let desk = desk().await;
    let key = desk.make_any().await;
    let rename = async |statement: &'static str| {
        sqlx::query(statement).execute(&desk.database.pool).await.unwrap();
    };
    rename("ALTER TABLE api_key RENAME TO hidden").await;
    let verifier = CredentialVerifier { api_keys: desk.verifier.clone(), tokens: None };
    let credential = Credential::ApiKey(secret(&key).into());
    let answers = join_all((0..20).map(|_| verifier.verify(&credential, None))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(AccessError::Store(_)))), "{answers:?}");
    rename("ALTER TABLE hidden RENAME TO api_key").await;
    assert!(desk.verify(secret(&key)).await.is_some());
}

#[tokio::test]
async fn the_time_of_last_use_is_noted_once_a_minute() {
    let desk = desk().await;
    let (key, pool) = (desk.make_any().await, &desk.database.pool);
    let (id, store) = (key.key.id, Store::new(pool.clone()));
    assert_eq!(last_used(pool, id).await, None);
    assert!(desk.verify(secret(&key)).await.is_some());
    let give_up = Instant::now() + Duration::from_secs(10);
    let first = loop {
        match last_used(pool, id).await {
            Some(noted) => break noted,
            None => assert!(Instant::now() < give_up, "the use was not noted"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    // Another replica, which has noted nothing itself, leaves a fresh note alone.
    store.note_key_used(desk.org_id, id).await.unwrap();
    assert_eq!(last_used(pool, id).await, Some(first));
    sqlx::query("UPDATE api_key SET last_used_at = now() - interval '61 seconds'")
        .execute(pool)
        .await
        .unwrap();
    store.note_key_used(desk.org_id, id).await.unwrap();
    assert!(last_used(pool, id).await > Some(first));
    assert_eq!(
        desk.keys.list(&desk.intent().caller).await.unwrap()[0].last_used_at,
        last_used(pool, id).await
    );
}

async fn last_used(pool: &PgPool, key_id: Uuid) -> Option<DateTime<Utc>> {
    let sql = "SELECT last_used_at FROM api_key WHERE id = $1";
    sqlx::query_scalar(sql).bind(key_id).fetch_one(pool).await.unwrap()
}
