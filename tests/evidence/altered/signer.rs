//! That the signer never contradicts itself: whoever rewrites the log, and deletes the checkpoints beside it, gets no
//! signature over it, from the service that signed, after a restart, or from a replica; until somebody accepts that log.

use std::fs;
use std::path::{Path, PathBuf};

use flow_registry::evidence::Checkpoint;
use flow_registry::registry::checkpoints::{Due, SignatureMemory, Signer};
use flow_registry::registry::{Registry, RegistryError};
use secrecy::ExposeSecret;
use serde_json::json;

use super::database::{Database, database};
use super::head;
use crate::evidence::cases::Cases;
use crate::evidence::sample::{keyring, public_keys};
use crate::registry::hand::sound;
use crate::support::{Scratch, Service, run};

const REWRITE: &str = "UPDATE event SET context = '{\"salt\":\"\"}' WHERE position = 3";
const REWRITTEN_HEAD: &str =
    "UPDATE log_head SET chain_hash = (SELECT chain_hash FROM event ORDER BY position DESC LIMIT 1)";

/// What an administrator makes of the log; afterwards it agrees with itself, and the database knows of no other.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Attack {
    Rewritten,
    Cut,
    /// As after an older backup: to the earlier checkpoint, which is in it too.
    PutBack,
}

const ATTACKS: [Attack; 3] = [Attack::Rewritten, Attack::Cut, Attack::PutBack];

impl Database {
    async fn attack(&self, attack: Attack) {
        match attack {
            Attack::Rewritten => {
                self.administer(REWRITE).await.unwrap();
                self.rewrite_chain().await;
                self.administer(REWRITTEN_HEAD).await.unwrap();
                self.administer("DELETE FROM checkpoint").await.unwrap();
            }
            Attack::Cut => {
                self.administer("DELETE FROM event WHERE position > 13; DELETE FROM checkpoint")
                    .await
                    .unwrap();
                self.cover_tracks().await;
            }
            Attack::PutBack => {
                self.administer("DELETE FROM event WHERE position > 9").await.unwrap();
                self.cover_tracks().await;
            }
        }
    }

    /// A service that has just been started.
    fn started(&self, memory: SignatureMemory) -> Registry {
        Registry::signing(self.hand.registry.store().clone(), Signer::new(keyring(1), Some(memory)))
    }
}

/// Both places where it is remembered what was signed.
fn places(scratch: &Path) -> [SignatureMemory; 2] {
    let key = scratch.join("signing-key");
    [SignatureMemory::directory(&scratch.join("kept")).unwrap(), SignatureMemory::beside(&key).unwrap()]
}

fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    files.sort();
    files
}

#[track_caller]
fn assert_contradiction<T: std::fmt::Debug>(signed: Result<T, RegistryError>, attack: Attack) {
    assert!(matches!(signed, Err(RegistryError::Contradicts(_))), "{attack:?}: {signed:?}");
}

#[tokio::test]
async fn a_forged_log_gets_no_signature() {
    let database = database().await;
    let scratch = Scratch::new();
    for memory in places(scratch.path()) {
        let before = database.started(memory.clone());
        before.checkpoints.sign_head(database.org).await.unwrap().unwrap();
        let kept = files(scratch.path());
        for attack in ATTACKS {
            database.attack(attack).await;
            let now = || sqlx::query_as::<_, (i64,)>("SELECT position FROM checkpoint");
            let rows = now().fetch_all(&database.hand.registry.store().pool().clone()).await.unwrap();
            for registry in [&before, &database.started(memory.clone())] {
                let checkpoints = &registry.checkpoints;
                assert_eq!(checkpoints.refused(), 0);
                checkpoints.hold_against_memory().await.unwrap();
                assert_eq!(checkpoints.refused(), 1, "{attack:?}");
                assert_contradiction(checkpoints.latest(&database.hand.caller).await, attack);
                checkpoints.sign_what_is_due(None, Due::AT_ONCE).await.unwrap();
            }
            // Whoever goes on from there gets none either.
            database.hand.create(sound("Nueva")).await;
            assert_contradiction(before.checkpoints.sign_head(database.org).await, attack);
            let after = now().fetch_all(&database.hand.registry.store().pool().clone()).await.unwrap();
            assert_eq!(after, rows, "{attack:?}: nothing was signed");
            assert_eq!(files(scratch.path()), kept, "{attack:?}: what was signed stays as it was");
            database.undo().await;
            before.checkpoints.sign_head(database.org).await.unwrap().unwrap();
            assert_eq!(before.checkpoints.refused(), 0);
        }
    }
}

/// An event whose hash is another, under columns of the chain that still say what was signed.
#[tokio::test]
async fn what_the_database_says_of_its_chain_is_not_believed() {
    let database = database().await;
    let scratch = Scratch::new();
    let [memory, _] = places(scratch.path());
    let registry = database.started(memory);
    registry.checkpoints.sign_head(database.org).await.unwrap().unwrap();
    database.hand.create(sound("Nueva")).await;
    database.hand.create(sound("Otra")).await;
    let swap = "UPDATE event SET event_hash = sha256('x') WHERE position = 17";
    database.administer(swap).await.unwrap();
    assert_contradiction(registry.checkpoints.sign_head(database.org).await, Attack::Rewritten);
}

#[tokio::test]
async fn a_replica_reads_what_another_has_signed() {
    let database = database().await;
    let scratch = Scratch::new();
    let [memory, _] = places(scratch.path());
    let (one, other) = (database.started(memory.clone()), database.started(memory));
    one.checkpoints.sign_head(database.org).await.unwrap().unwrap();
    database.hand.create(sound("Nueva")).await;
    let by_other = other.checkpoints.sign_head(database.org).await.unwrap().unwrap();
    assert_eq!(by_other.position, 17);
    // The first has seen 16; in the database nothing beyond it is left.
    database.administer("DELETE FROM event WHERE position = 17").await.unwrap();
    database.cover_tracks().await;
    assert_contradiction(one.checkpoints.sign_head(database.org).await, Attack::Cut);
    // The place that was signed, with another event.
    database.hand.create(sound("Falsa")).await;
    for registry in [&one, &other] {
        assert_contradiction(registry.checkpoints.sign_head(database.org).await, Attack::Rewritten);
    }
}

/// Checkpoints written by a release that did not look at them count; who shares a directory takes turns.
#[tokio::test]
async fn a_directory_of_checkpoints_counts_and_is_shared() {
    let database = database().await;
    let scratch = Scratch::new();
    let directory = scratch.path().join("kept").join(database.org.to_string());
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("16.checkpoint"), &database.notes[1]).unwrap();
    let [memory, beside] = places(scratch.path());
    database.attack(Attack::Cut).await;
    let registry = database.started(memory.clone());
    assert_contradiction(registry.checkpoints.sign_head(database.org).await, Attack::Cut);
    // What was remembered beside the key is not forgotten by a directory that is new.
    database.undo().await;
    database.started(beside).checkpoints.sign_head(database.org).await.unwrap().unwrap();
    database.attack(Attack::Cut).await;
    let new = SignatureMemory::directory(&scratch.path().join("new")).unwrap();
    let new = new.after_that_beside(&scratch.path().join("signing-key"));
    assert_contradiction(database.started(new).checkpoints.sign_head(database.org).await, Attack::Cut);

    database.undo().await;
    let replicas: Vec<_> = (0..4).map(|_| database.started(memory.clone())).collect();
    for round in 0..8 {
        database.hand.create(sound(&format!("Flow {round}"))).await;
        let signing = replicas.iter().map(|replica| replica.checkpoints.sign_head(database.org));
        for signed in futures_util::future::join_all(signing).await {
            assert_eq!(signed.unwrap().unwrap().position, 17 + round);
        }
    }
}

/// Another log was lost in a machine, and a backup came back: whoever runs the service says so, on record.
#[tokio::test]
async fn a_log_that_was_put_back_is_accepted_on_record() {
    let database = database().await;
    let scratch = Scratch::new();
    let (key, kept) = (scratch.path().join("key"), scratch.path().join("kept"));
    write_key(&key);
    let memory = SignatureMemory::directory(&kept).unwrap();
    let registry = database.started(memory);
    registry.checkpoints.sign_head(database.org).await.unwrap().unwrap();
    let (url, org) = (database.hand.url(), database.org.to_string());
    let accept = |position: &str, reason: &str| {
        let settings =
            ["--signing-key-file", key.to_str().unwrap(), "--checkpoint-dir", kept.to_str().unwrap()];
        let order = ["audit", "accept-log", "--org", &org, "--position", position, "--reason", reason];
        let database = ["--database-url", &url, "--allow-unsafe-durability"];
        let output = run(&[&order[..], &settings, &database].concat());
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), said)
    };
    let refused = accept("16", "nothing is wrong");
    assert!(refused.0 == Some(1) && refused.1.contains("the log extends what was signed"), "{refused:?}");
    database.attack(Attack::PutBack).await;
    database.hand.create(sound("Después")).await;
    assert_contradiction(registry.checkpoints.sign_head(database.org).await, Attack::PutBack);
    for (position, reason, says) in
        [("9", " ", "--reason"), ("-1", "a", "--position"), ("99", "a", "ends at position 10")]
    {
        let refused = accept(position, reason);
        assert!(
            matches!(refused.0, Some(1 | 2)) && refused.1.contains(says),
            "{position} {reason}: {refused:?}"
        );
    }
    let accepted = accept("9", "disk lost, backup of Monday");
    assert!(accepted.0 == Some(0) && accepted.1.contains("event at position 11"), "{accepted:?}");

    let (event, payload): (String, Vec<u8>) =
        sqlx::query_as("SELECT type, payload FROM event WHERE position = 11")
            .fetch_one(database.hand.registry.store().pool())
            .await
            .unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let open = |note: &str| Checkpoint::open(note, &public_keys(1)).unwrap().0;
    let (nine, sixteen) = (open(&database.notes[0]), open(&database.notes[1]));
    let place = |at: &Checkpoint| json!({"chainHash": at.chain_hash, "position": at.position});
    let expected = json!({"accepted": place(&nine), "series": 2, "signed": place(&sixteen)});
    assert_eq!((event.as_str(), payload), ("log.accepted", expected));
    let in_series = kept.join(&org).join("series-2");
    assert_eq!(open(&fs::read_to_string(in_series.join("11.checkpoint")).unwrap()).position, 11);

    // The service that refused goes on by itself, and the series with it.
    for position in 12..=16 {
        database.hand.create(sound("Otra")).await;
        let signed = registry.checkpoints.sign_head(database.org).await.unwrap().unwrap();
        assert_eq!(
            open(&fs::read_to_string(in_series.join(format!("{position}.checkpoint"))).unwrap()),
            open(&signed.note)
        );
    }
    assert_eq!(fs::read_to_string(kept.join(&org).join("16.checkpoint")).unwrap(), database.notes[1]);
    assert_eq!(accept("9", "again").0, Some(1));

    // Who kept what was lost is told so, and of the event; who kept what came back, or the new, is not.
    let mut cases = Cases::default();
    cases.add_database("nothing kept", &database, &[], "intact up to position 16").await;
    cases.add_database("what came back", &database, &database.notes[..1], "intact up to position 16").await;
    cases.add_database("what was lost", &database, &database.notes[1..], "altered at position 16").await;
    let says = "the event log.accepted at position 11 says";
    assert!(database.verify_live(&database.notes).await.to_string().contains(says));
    cases.check_says("what was lost", says);
    cases.check();
}

/// The service says so by itself, soon after it starts.
#[tokio::test]
async fn a_service_that_starts_on_a_forged_log_is_loud() {
    let database = database().await;
    let scratch = Scratch::new();
    let key = scratch.path().join("key");
    write_key(&key);
    database
        .started(SignatureMemory::beside(&key).unwrap())
        .checkpoints
        .sign_head(database.org)
        .await
        .unwrap();
    database.attack(Attack::PutBack).await;
    assert_eq!(
        head(&database.verify_live(&[]).await),
        "intact up to position 9",
        "nothing kept tells nothing"
    );
    let url = database.hand.url();
    let service = Service::start(&[
        "--database-url",
        &url,
        "--allow-unsafe-durability",
        "--signing-key-file",
        key.to_str().unwrap(),
    ]);
    let ready = || {
        let answer = ureq::get(format!("http://{}/health/ready", service.address)).call().unwrap();
        answer.into_body().read_to_string().unwrap()
    };
    for _ in 0..200 {
        // Lines of the log are written a moment later.
        let told = service.log().matches("a log is not signed from here on").count();
        if ready().contains(r#""code":"log_contradicts_checkpoint""#) && told > 0 {
            assert_eq!(told, 1, "{}", service.log());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{}\n{}", ready(), service.log());
}

/// The key that the tests sign with.
fn write_key(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let key = flow_registry::evidence::SigningKey::new("flows.example.com", &[1; 32]).unwrap();
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(path).unwrap();
    std::io::Write::write_all(&mut file, key.secret_text().expose_secret().as_bytes()).unwrap();
}
