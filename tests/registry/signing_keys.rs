//! The life of signing keys: named in a log just before they first sign it, and when they no longer do.

use chrono::{DateTime, TimeDelta, Utc};
use flow_registry::evidence::{Checkpoint, Keyring, SigningKey, Validity};
use flow_registry::registry::Registry;
use flow_registry::registry::checkpoints::Signer;
use flow_registry::registry::clock::ClockFault;
use flow_registry::registry::{LogMoment, Selector};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::hand::{Hand, hand, sound};

fn key(seed: u8) -> SigningKey {
    SigningKey::new("flows.example.com", &[seed; 32]).unwrap()
}

/// The lines of a secret key that is valid from yesterday on.
fn signing(seed: u8) -> String {
    let validity = Validity { from: Some(yesterday()), until: None };
    format!("{}{}\n", validity.lines(), key(seed).secret_text().expose_secret())
}

fn retired(seed: u8, until: DateTime<Utc>) -> String {
    key(seed).public_key().valid(Validity { from: Some(yesterday()), until: Some(until) }).published()
}

fn yesterday() -> DateTime<Utc> {
    Utc::now() - TimeDelta::days(1)
}

fn registry(hand: &Hand, lines: &str) -> Registry {
    Registry::signing(hand.registry.store().clone(), Signer::new(Keyring::parse(lines).unwrap(), None))
}

/// Types and keys of all events of signing keys.
async fn told(hand: &Hand) -> Vec<(i64, String, Value)> {
    let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
        "SELECT position, type, payload FROM event WHERE type LIKE 'signing_key.%' ORDER BY position",
    )
    .fetch_all(hand.registry.store().pool())
    .await
    .unwrap();
    let read = |payload: Vec<u8>| serde_json::from_slice::<Value>(&payload).unwrap();
    rows.into_iter().map(|(position, kind, payload)| (position, kind, read(payload)["key"].clone())).collect()
}

fn said(position: i64, kind: &str, seed: u8) -> (i64, String, Value) {
    (position, format!("signing_key.{kind}"), json!(key(seed).public_key().to_string()))
}

#[tokio::test]
async fn each_key_is_named_before_it_signs_a_log() {
    let hand = hand().await;
    let org = hand.caller.org_id;
    let first = registry(&hand, &signing(1));
    // An organization without a log has nobody to be told.
    assert_eq!(first.checkpoints.sign_head(org).await.unwrap().unwrap().position, 0);
    hand.create(sound("Alta")).await;
    let replicas = [registry(&hand, &signing(1)), registry(&hand, &signing(1))];
    let (one, other) =
        tokio::join!(replicas[0].checkpoints.sign_head(org), replicas[1].checkpoints.sign_head(org));
    assert_eq!((one.unwrap().unwrap().position, other.unwrap().unwrap().position), (2, 2));
    assert_eq!(told(&hand).await, [said(2, "created", 1)]);

    hand.create(sound("Baja")).await;
    let both = registry(&hand, &(signing(1) + &signing(2)));
    let signed = both.checkpoints.sign_head(org).await.unwrap().unwrap();
    assert_eq!((signed.position, signed.note.matches("\n— ").count()), (4, 2));
    hand.create(sound("Cambio")).await;
    assert_eq!(both.checkpoints.sign_head(org).await.unwrap().unwrap().position, 5);

    let rotated = registry(&hand, &(signing(2) + &retired(1, Utc::now())));
    let signed = rotated.checkpoints.sign_head(org).await.unwrap().unwrap();
    assert_eq!((signed.position, signed.note.matches("\n— ").count()), (6, 1));
    Checkpoint::open(&signed.note, &[key(2).public_key()]).unwrap();
    let all = [said(2, "created", 1), said(4, "rotated", 2), said(6, "retired", 1)];
    assert_eq!(told(&hand).await, all);
    // A checkpoint that somebody deleted says nothing twice.
    let pool = hand.registry.store().pool();
    sqlx::raw_sql("ALTER TABLE checkpoint DISABLE TRIGGER ALL; DELETE FROM checkpoint")
        .execute(pool)
        .await
        .unwrap();
    assert_eq!(rotated.checkpoints.sign_head(org).await.unwrap().unwrap().position, 6);
    assert_eq!(told(&hand).await, all);
}

#[tokio::test]
async fn a_key_signs_only_while_it_is_valid() {
    let hand = hand().await;
    let org = hand.caller.org_id;
    hand.create(sound("Alta")).await;
    let until = |until| Validity { from: Some(yesterday()), until: Some(until) };
    let later = Validity { from: Some(Utc::now() + TimeDelta::hours(1)), until: None };
    for validity in [until(yesterday() + TimeDelta::hours(1)), later] {
        let lines = format!("{}{}\n", validity.lines(), key(1).secret_text().expose_secret());
        assert_eq!(registry(&hand, &lines).checkpoints.sign_head(org).await.unwrap(), None, "{lines}");
    }
    // One of a release that knew no validity signs, and is not named.
    let old = key(1).secret_text().expose_secret().to_owned();
    assert_eq!(registry(&hand, &old).checkpoints.sign_head(org).await.unwrap().unwrap().position, 1);
    assert_eq!(told(&hand).await, []);
}

/// A clock that was ahead once leaves times that are still to come: signatures are not older than what they are over,
/// and whoever asks for now is shown what is.
#[tokio::test]
async fn a_clock_that_was_ahead_is_told_and_borne() {
    let hand = hand().await;
    let (org, clock) = (hand.caller.org_id, &hand.registry.clock);
    let flow = hand.create(sound("Alta")).await;
    assert_eq!(clock.look().await.unwrap(), ClockFault::default());
    let signer = registry(&hand, key(1).secret_text().expose_secret());
    sqlx::raw_sql(
        "ALTER TABLE event DISABLE TRIGGER ALL; UPDATE event SET recorded_at = recorded_at + interval '2 years'; \
         UPDATE log_head SET recorded_at = recorded_at + interval '2 years'",
    )
    .execute(hand.registry.store().pool())
    .await
    .unwrap();
    let replica = registry(&hand, key(1).secret_text().expose_secret());
    replica.commands.update(hand.intent(), flow, json!({"name": "Baja"}), None).await.unwrap();
    let fault = clock.look().await.unwrap();
    assert!(fault.behind_log.is_some_and(|by| by.num_days() > 700) && fault.ahead.is_none(), "{fault:?}");
    assert_eq!(clock.fault(), fault);
    let signed = signer.checkpoints.sign_head(org).await.unwrap().unwrap();
    let (checkpoint, _) = Checkpoint::open(&signed.note, &[key(1).public_key()]).unwrap();
    assert!(checkpoint.time > Utc::now() + TimeDelta::days(700), "{checkpoint:?}");
    for moment in [LogMoment::NOW, LogMoment::Before(Utc::now() + TimeDelta::seconds(1))] {
        let then = replica.reads.get(&hand.caller, flow, Selector::AsOf(moment)).await.unwrap();
        assert_eq!(then.record.version, 2, "{moment:?}");
        assert_eq!(replica.reads.position_at(&hand.caller, moment).await.unwrap(), 2);
    }
    let before = LogMoment::Before(yesterday());
    assert_eq!(replica.reads.position_at(&hand.caller, before).await.unwrap(), 0);
}
