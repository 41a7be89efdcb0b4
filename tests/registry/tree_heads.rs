//! Tree heads: remembered outside the database and never contradicted, and held against a live log.

use std::fs;

use flow_registry::evidence::{Keyring, SigningKey, TreeHead};
use flow_registry::flow::digest::Digest;
use flow_registry::registry::checkpoints::{SignatureMemory, Signer};
use flow_registry::registry::verification::{LiveVerification, Report, Verdict};
use flow_registry::registry::{Registry, RegistryError};
use sqlx::AssertSqlSafe;

use super::hand::{Hand, hand, sound};
use crate::support::Scratch;

fn keyring(seed: u8) -> Keyring {
    Keyring::of(SigningKey::new("flows.example.com", &[seed; 32]).unwrap())
}

/// A process that has just started.
fn signing(hand: &Hand, memory: SignatureMemory) -> Registry {
    Registry::signing(hand.registry.store().clone(), Signer::new(keyring(1), Some(memory)))
}

async fn note(registry: &Registry, hand: &Hand) -> Result<String, RegistryError> {
    Ok(registry.checkpoints.tree_head(hand.caller.org_id).await?.unwrap().note)
}

async fn by_hand(hand: &Hand, change: &str) {
    let change =
        format!("ALTER TABLE event DISABLE TRIGGER ALL; ALTER TABLE tree_head DISABLE TRIGGER ALL; {change}");
    sqlx::raw_sql(AssertSqlSafe(change)).execute(hand.registry.store().pool()).await.unwrap();
}

/// The version of an event is in its hash, which trees take as it stands in the row; so a version that somebody changed
/// leads to another tree of streams under the same chain.
#[tokio::test]
async fn what_was_signed_as_a_tree_head_is_not_contradicted() {
    let (hand, scratch) = (hand().await, Scratch::new());
    let process = || signing(&hand, SignatureMemory::directory(scratch.path()).unwrap());
    for name in ["Alta", "Baja"] {
        hand.create(sound(name)).await;
    }
    let signed = note(&process(), &hand).await.unwrap();
    let file = scratch.path().join(hand.caller.org_id.to_string()).join("2.tree");
    assert_eq!(fs::read_to_string(&file).unwrap(), signed);

    let alter = "DELETE FROM tree_head; UPDATE event SET version = 7 WHERE position = 1";
    by_hand(&hand, alter).await;
    let altered = process();
    let error = note(&altered, &hand).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Contradicts(why) if why.contains("position 2")), "{error}");
    assert_eq!(altered.checkpoints.refused(), 1);

    // Nor is a later place, where nothing was signed yet.
    hand.create(sound("Cambio")).await;
    let error = note(&process(), &hand).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Contradicts(why) if why.contains("position 2")), "{error}");
    assert!(!file.with_file_name("3.tree").exists());
    assert_eq!(fs::read_to_string(&file).unwrap(), signed);

    by_hand(&hand, "UPDATE event SET version = 1 WHERE position = 1").await;
    let later = note(&altered, &hand).await.unwrap();
    assert_eq!(TreeHead::unverified(&later).unwrap().size, 3);
    assert_eq!(fs::read_to_string(file.with_file_name("3.tree")).unwrap(), later);
    assert_eq!(altered.checkpoints.refused(), 0);
}

#[tokio::test]
async fn a_note_that_is_remembered_is_the_one_that_is_shown() {
    let (hand, scratch) = (hand().await, Scratch::new());
    let process = || signing(&hand, SignatureMemory::directory(scratch.path()).unwrap());
    hand.create(sound("Alta")).await;
    let signed = note(&process(), &hand).await.unwrap();
    // As after a crash between the file and the database.
    by_hand(&hand, "DELETE FROM tree_head").await;
    assert_eq!(note(&process(), &hand).await.unwrap(), signed);
    let file = scratch.path().join(hand.caller.org_id.to_string()).join("1.tree");
    fs::write(&file, "nothing").unwrap();
    by_hand(&hand, "DELETE FROM tree_head").await;
    let error = note(&process(), &hand).await.unwrap_err();
    assert!(matches!(error, RegistryError::SignaturesNotKept(_)), "{error}");
}

/// Another replica may have signed further, of a log that has grown since this one looked at it.
#[tokio::test]
async fn a_tree_head_beyond_the_end_is_compared_when_the_log_gets_there() {
    let (hand, scratch) = (hand().await, Scratch::new());
    let memory = || SignatureMemory::directory(scratch.path()).unwrap();
    hand.create(sound("Alta")).await;
    let first = note(&signing(&hand, memory()), &hand).await.unwrap();
    let beyond = TreeHead { size: 3, ..TreeHead::unverified(&first).unwrap() };
    memory().keep_tree(1, &beyond, &beyond.sign(&keyring(1)).unwrap()).unwrap();
    hand.create(sound("Baja")).await;
    let second = note(&signing(&hand, memory()), &hand).await.unwrap();
    assert_eq!(TreeHead::unverified(&second).unwrap().size, 2);
    hand.create(sound("Cambio")).await;
    let error = note(&signing(&hand, memory()), &hand).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Contradicts(why) if why.contains("position 3")), "{error}");
}

#[tokio::test]
async fn beside_a_key_only_the_last_tree_head_is_kept() {
    let (hand, scratch) = (hand().await, Scratch::new());
    let key = scratch.path().join("signing-key");
    for name in ["Alta", "Baja"] {
        hand.create(sound(name)).await;
        note(&signing(&hand, SignatureMemory::beside(&key).unwrap()), &hand).await.unwrap();
    }
    let directory = scratch.path().join("signing-key.signed").join(hand.caller.org_id.to_string());
    let files = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(files.collect::<Vec<_>>(), ["reached"]);
    let names = fs::read_dir(directory.join("reached")).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["1-2", "tree-1-2"]);
}

async fn verified(hand: &Hand) -> Report {
    let keys = keyring(1).public_keys();
    let mut live = LiveVerification::begin(hand.registry.store(), keys, Vec::new()).await.unwrap();
    live.log(hand.caller.org_id, |_| ()).await.unwrap()
}

/// Puts a tree head into the database in place of those that are there.
async fn replace(hand: &Hand, position: i64, note: &str) {
    by_hand(hand, "DELETE FROM tree_head").await;
    sqlx::query("INSERT INTO tree_head (org_id, position, note, signed_at) VALUES ($1, $2, $3, now())")
        .bind(hand.caller.org_id)
        .bind(position)
        .bind(note)
        .execute(hand.registry.store().pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_live_log_is_held_against_its_tree_heads() {
    let (hand, scratch) = (hand().await, Scratch::new());
    for name in ["Alta", "Baja", "Cambio"] {
        hand.create(sound(name)).await;
        note(&signing(&hand, SignatureMemory::directory(scratch.path()).unwrap()), &hand).await.unwrap();
    }
    let report = verified(&hand).await;
    assert_eq!((report.verdict, report.counts.tree_heads), (Verdict::Intact { up_to: 3 }, 3));

    let file = scratch.path().join(hand.caller.org_id.to_string()).join("2.tree");
    let head = TreeHead::unverified(&fs::read_to_string(&file).unwrap()).unwrap();
    let other = Digest::of(b"another");
    let at_two = |head: &TreeHead, seed: u8| (2, head.sign(&keyring(seed)).unwrap());
    let sound_by_a_stranger = at_two(&head, 2);
    replace(&hand, sound_by_a_stranger.0, &sound_by_a_stranger.1).await;
    assert_eq!(verified(&hand).await.verdict, Verdict::Intact { up_to: 3 });

    let forged = head.sign(&keyring(1)).unwrap().replace("flows.example.com ", "flows.example.org ");
    let broken = head.sign(&keyring(1)).unwrap().replace(&head.size.to_string(), "2 ");
    for (what, (place, note), position) in [
        ("root of the events", at_two(&TreeHead { event_root: other, ..head.clone() }, 1), 2),
        ("root of the streams", at_two(&TreeHead { map_root: other, ..head.clone() }, 1), 2),
        ("root of the streams", at_two(&TreeHead { map_root: other, ..head.clone() }, 2), 2),
        ("chain hash", at_two(&TreeHead { chain_hash: other, ..head.clone() }, 1), 2),
        ("another place", at_two(&TreeHead { size: 1, ..head.clone() }, 1), 2),
        ("its tree head: ", (2, broken), 2),
        ("had reached position 9", (9, TreeHead { size: 9, ..head.clone() }.sign(&keyring(1)).unwrap()), 4),
    ] {
        replace(&hand, place, &note).await;
        let verdict = verified(&hand).await.verdict;
        let Verdict::Altered { position: found, what: said } = &verdict else {
            panic!("{what}: {verdict:?}")
        };
        assert!(*found == position && said.contains(what), "{what}: {verdict:?}");
    }
    // A signature under the name of nobody who is known proves nothing, and nothing is wrong with the roots.
    replace(&hand, 2, &forged).await;
    assert_eq!(verified(&hand).await.verdict, Verdict::Intact { up_to: 3 });
}
