//! The signer: one note for each place, by every key, and none over a log that contradicts itself.

use std::fs;
use std::time::Duration;

use flow_registry::evidence::{Checkpoint, Keyring, SigningKey};
use flow_registry::registry::checkpoints::{Due, SignatureMemory, Signer};
use flow_registry::registry::{Registry, RegistryError};
use flow_registry::store::Store;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::hand::{Hand, hand, sound};
use crate::support::Scratch;

fn keyring(seeds: &[u8]) -> Keyring {
    let key = |seed: &u8| SigningKey::new("flows.example.com", &[*seed; 32]).unwrap().secret_text();
    let lines: Vec<String> = seeds.iter().map(|seed| key(seed).expose_secret().to_owned()).collect();
    Keyring::parse(&lines.join("\n")).unwrap()
}

fn signing(hand: &Hand, seeds: &[u8]) -> Registry {
    Registry::signing(hand.registry.store().clone(), Signer::new(keyring(seeds), None))
}

#[tokio::test]
async fn the_head_is_signed_once_whoever_asks() {
    let hand = hand().await;
    let org = hand.caller.org_id;
    hand.create(sound("Alta")).await;
    let (one, other) = (signing(&hand, &[1]), signing(&hand, &[1]));
    let (a, b) = tokio::join!(one.checkpoints.sign_head(org), other.checkpoints.sign_head(org));
    let (a, b) = (a.unwrap().unwrap(), b.unwrap().unwrap());
    assert_eq!(a, b);
    assert_eq!(one.checkpoints.sign_head(org).await.unwrap(), Some(a.clone()));
    let (checkpoint, _) = Checkpoint::open(&a.note, &one.checkpoints.public_keys()).unwrap();
    assert_eq!((checkpoint.organization, checkpoint.position), (org, 1));
    assert_eq!(checkpoint.time, a.signed_at);

    // Replicas without a key see what others signed, and a new key signs below the old one.
    assert_eq!(hand.registry.checkpoints.sign_head(org).await.unwrap(), Some(a.clone()));
    let rotated = signing(&hand, &[2]).checkpoints.sign_head(org).await.unwrap().unwrap();
    assert!(rotated.note.starts_with(&a.note));
    Checkpoint::open(&rotated.note, &keyring(&[2]).public_keys()).unwrap();
    hand.create(sound("Baja")).await;
    assert_eq!(hand.registry.checkpoints.sign_head(org).await.unwrap(), None);
    let both = signing(&hand, &[1, 2]).checkpoints.sign_head(org).await.unwrap().unwrap();
    assert_eq!((both.position, both.note.matches("\n— ").count()), (2, 2));
    assert_eq!(hand.registry.checkpoints.latest(&hand.caller).await.unwrap().unwrap().note, both.note);
}

#[tokio::test]
async fn a_log_without_events_can_be_signed() {
    let hand = hand().await;
    let signed = signing(&hand, &[1]).checkpoints.latest(&hand.caller).await.unwrap().unwrap();
    assert_eq!((signed.checkpoint.position, signed.head), (0, 0));
    Checkpoint::open(&signed.note, &keyring(&[1]).public_keys()).unwrap();
}

#[tokio::test]
async fn what_was_altered_is_not_signed() {
    for alteration in [
        "UPDATE log_head SET chain_hash = sha256('x')",
        "DELETE FROM event WHERE position = 2",
        "UPDATE event SET chain_hash = sha256('x') WHERE position = 2",
        "UPDATE event SET chain_hash = sha256('x') WHERE position = 2; UPDATE log_head SET chain_hash = sha256('x')",
        // Cut back, head and all.
        "DELETE FROM event WHERE position = 2; UPDATE log_head SET (position, chain_hash) = \
         (SELECT position, chain_hash FROM event WHERE position = 1)",
    ] {
        let hand = hand().await;
        let registry = signing(&hand, &[1]);
        for name in ["Alta", "Baja"] {
            hand.create(sound(name)).await;
        }
        registry.checkpoints.sign_head(hand.caller.org_id).await.unwrap().unwrap();
        let store: &Store = hand.registry.store();
        let alteration = format!("ALTER TABLE event DISABLE TRIGGER ALL; {alteration}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(alteration)).execute(store.pool()).await.unwrap();
        let error = registry.checkpoints.sign_head(hand.caller.org_id).await.unwrap_err().to_string();
        assert!(error.starts_with("the log contradicts "), "{error}");
    }
}

/// Whoever rewrites what was signed and goes on from there gets no signature over it.
#[tokio::test]
async fn what_follows_a_rewritten_event_is_not_signed() {
    for alteration in [
        "UPDATE event SET chain_hash = sha256('x') WHERE position = 1",
        "DELETE FROM event WHERE position = 1",
        "UPDATE checkpoint SET note = replace(note, '\n1\n', '\n2\n')",
    ] {
        let hand = hand().await;
        let registry = signing(&hand, &[1]);
        hand.create(sound("Alta")).await;
        registry.checkpoints.sign_head(hand.caller.org_id).await.unwrap().unwrap();
        let pool = hand.registry.store().pool();
        let alteration = format!(
            "ALTER TABLE event DISABLE TRIGGER ALL; ALTER TABLE checkpoint DISABLE TRIGGER ALL; {alteration}"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(alteration.clone())).execute(pool).await.unwrap();
        hand.create(sound("Baja")).await;
        let at_once = Due { events: 1, older_than: Duration::ZERO };
        for _ in 0..2 {
            // One log that is altered holds up no other.
            registry.checkpoints.sign_what_is_due(None, at_once).await.unwrap();
        }
        let latest = registry.store().latest_checkpoint(hand.caller.org_id).await.unwrap().unwrap();
        assert_eq!(latest.position, 1, "{alteration}");
        let error = registry.checkpoints.latest(&hand.caller).await.unwrap_err();
        assert!(matches!(error, RegistryError::Contradicts(_)), "{alteration}: {error}");
    }
}

#[tokio::test]
async fn what_is_due_is_signed_and_kept_as_files() {
    let hand = hand().await;
    let org = hand.caller.org_id;
    hand.create(sound("Alta")).await;
    let scratch = Scratch::new();
    let kept = scratch.path().join("kept").join("here");
    let memory = SignatureMemory::directory(&kept).unwrap();
    let registry = Registry::signing(hand.registry.store().clone(), Signer::new(keyring(&[1]), Some(memory)));
    assert!(!registry.checkpoints.sign_what_is_due(None, Due::NORMALLY).await.unwrap());
    hand.create(sound("Baja")).await;
    // The last one was just made.
    assert!(!registry.checkpoints.sign_what_is_due(None, Due::NORMALLY).await.unwrap());
    let directory = kept.join(org.to_string());
    let files = || {
        let names = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(files(), ["1.checkpoint", "reached"]);
    let note = fs::read_to_string(directory.join("1.checkpoint")).unwrap();
    assert_eq!(hand.registry.store().latest_checkpoint(org).await.unwrap().unwrap().note, note);
    assert_eq!(hand.registry.store().latest_checkpoint(Uuid::new_v4()).await.unwrap(), None);

    registry.checkpoints.sign_head(org).await.unwrap();
    // What cannot be put in its place is not signed, and leaves nothing behind.
    hand.create(sound("Cambio")).await;
    fs::create_dir(directory.join("3.checkpoint")).unwrap();
    let error = registry.checkpoints.sign_head(org).await.unwrap_err();
    assert!(matches!(error, RegistryError::SignaturesNotKept(_)), "{error}");
    assert_eq!(registry.store().latest_checkpoint(org).await.unwrap().unwrap().position, 2);
    assert_eq!(files(), ["1.checkpoint", "2.checkpoint", "3.checkpoint", "reached"]);
    fs::remove_dir(directory.join("3.checkpoint")).unwrap();
    assert_eq!(registry.checkpoints.sign_head(org).await.unwrap().unwrap().position, 3);
    let reached = fs::read_dir(directory.join("reached")).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(reached.collect::<Vec<_>>(), ["1-3"]);

    fs::write(scratch.path().join("file"), "").unwrap();
    SignatureMemory::directory(&scratch.path().join("file")).unwrap_err();
}
