//! Keys and checkpoints of the program as its users run it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use flow_registry::evidence::{Checkpoint, TreeHead, parse_public_keys};
use flow_registry::flow::digest::Digest;
use flow_registry::registry::Registry;
use flow_registry::registry::caller::{Caller, Intent};
use flow_registry::registry::checkpoints::Signer;
use rustix::process::Signal;
use serde_json::json;
use uuid::Uuid;

use super::sample::{Log, keyring, public_keys};
use crate::registry::hand::{hand, sound};
use crate::support::{Scratch, Service, database, run};

#[test]
fn signing_keys_are_made_shown_and_guarded() {
    let scratch = Scratch::new();
    let file = scratch.path().join("key");
    let key = file.to_str().unwrap();
    let order = |arguments: &[&str]| run(&[&["signing-key"], arguments].concat());
    let created = order(&["create", key, "--name", "flows.example.com"]);
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let public = String::from_utf8(created.stdout).unwrap();
    assert!(public.starts_with("flows.example.com+") && public.ends_with('\n'), "{public}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let show = || String::from_utf8(order(&["show", key]).stdout).unwrap();
    let shown = show();
    assert!(shown.starts_with("# valid-from 20") && shown.ends_with(&public), "{shown}");

    let again = order(&["create", key]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("not overwritten"));
    assert_eq!(show(), shown);
    let added = order(&["add", key, "--name", "flows.example.com"]);
    let added = String::from_utf8(added.stdout).unwrap();
    assert_eq!(show(), format!("{shown}{added}"));
    let id = public.split('+').nth(1).unwrap();
    for (arguments, says) in [
        (&["retire", key, "00000000"][..], "no secret key 00000000"),
        (&["retire", key, id, "--since", "2020-01-01T00:00:00Z"], "ends before it begins"),
    ] {
        let refused = order(arguments);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(says), "{said}");
    }
    assert!(order(&["retire", key, id, "--since", "2100-01-01T00:00:00Z"]).status.success());
    let keys = parse_public_keys(&show()).unwrap();
    assert!(
        keys[0].to_string() + "\n" == added[added.find("flows").unwrap()..],
        "those that sign come first: {keys:?}"
    );
    assert_eq!(keys[1].validity.until.unwrap().to_rfc3339(), "2100-01-01T00:00:00+00:00");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(
        !order(&["create", scratch.path().join("x").to_str().unwrap(), "--name", "a b"]).status.success()
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = run(&["serve", "--signing-key-file", key]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("0640") && said.contains("chmod 600"), "{said}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing half made is left");
}

#[test]
fn a_new_installation_signs_and_a_stop_leaves_nothing_unsigned() {
    let data = Scratch::new();
    let (directory, kept) = (data.path().join("data"), data.path().join("kept"));
    let arguments = ["--data-dir", directory.to_str().unwrap(), "--checkpoint-dir", kept.to_str().unwrap()];
    let mut service = Service::start(&arguments);
    let key = directory.join("signing-key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o7777, 0o600);
    service.signal(Signal::TERM);
    assert!(service.ended().success(), "{}", service.log());
    let organization = fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    let note = fs::read_to_string(organization.join("2.checkpoint")).unwrap();
    let keys = String::from_utf8(run(&["signing-key", "show", key.to_str().unwrap()]).stdout).unwrap();
    let keys = parse_public_keys(&keys).unwrap();
    let (checkpoint, _) = Checkpoint::open(&note, &keys).unwrap();
    assert_eq!(checkpoint.position, 2, "behind the event that names the key");
    assert!(keys[0].name().ends_with("/flow-registry"), "{}", keys[0]);

    // A key that is gone is not made anew.
    fs::rename(&key, directory.join("moved")).unwrap();
    let refused = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", directory.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("signing-key is missing"), "{said}");
    assert!(!key.exists());
}

#[tokio::test]
async fn a_replica_without_a_key_says_so() {
    let database = database().await;
    let url = database.url();
    let unsafe_too = ["--database-url", &url, "--allow-unsafe-durability"];
    let service = Service::start(&unsafe_too);
    assert_eq!(service.log().matches("are not signed here").count(), 1, "{}", service.log());
    let refused = run(&[
        &["serve", "--listen", "127.0.0.1:0"],
        &unsafe_too[..],
        &["--checkpoint-dir", "/tmp"],
    ]
    .concat());
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("SIGNING_KEY_FILE"));
}

/// The exit status and what was printed.
fn verify(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["audit", "verify"], arguments].concat());
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

#[test]
fn a_file_is_verified_with_nothing_but_keys() {
    let scratch = Scratch::new();
    let file = |name: &str, content: &[u8]| {
        let path = scratch.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let log = Log::new(1);
    let export = log.export();
    let part = file("part", &log.export_part(9, |_| true));
    let early = file("early", log.checkpoints[&5].as_bytes());
    let (whole, cut) = (file("whole", &export), file("cut", &export[..export.len() - 9]));
    let mut shorter = log.clone();
    shorter.events.truncate(9);
    let shorter = file("shorter", &shorter.export());
    let tree = TreeHead { map_root: Digest::of(b"x"), ..log.tree_head(12) };
    let (tree, empty) = (file("tree", tree.sign(&keyring(1)).unwrap().as_bytes()), file("empty", b""));
    let key = public_keys(1)[0].to_string();
    let keys = file("keys", format!("# the service's\n{key}\n").as_bytes());
    let (kept, foreign) = (file("kept", log.checkpoints[&12].as_bytes()), public_keys(9)[0].to_string());

    assert_eq!(
        verify(&[&whole, "--key", &keys, "--checkpoint", &kept]),
        (
            Some(0),
            format!(
                "the log of 00000000-0000-0000-0000-000000000001: intact up to position 12\n  \
                 proven up to position 12 by a checkpoint of 2026-05-01T03:54:30Z ({key})\n  \
                 events: 12, documents: 6, checkpoints: 2\n"
            )
        )
    );
    for (arguments, status, says) in [
        (&[&*whole, "--key", &foreign][..], 3, "of them by unknown keys: 2"),
        (&[&cut, "--key", &key], 3, "end not proven at position 12: the file is cut"),
        (&[&part, "--key", &key], 0, "intact from position 10 to 12"),
        (&[&part, "--key", &key], 0, "of what lies before position 10 nothing is said"),
        (
            &[&part, "--key", &key, "--json"],
            0,
            r#""upTo":12,"organization":"00000000-0000-0000-0000-000000000001","after":9"#,
        ),
        (&[&part, "--key", &key, "--checkpoint", &early], 3, "is over position 5"),
        (&[&shorter, "--key", &key], 3, "end not proven at position 9"),
        (
            &[&shorter, "--key", &key, "--checkpoint", &kept],
            3,
            "ends before the kept checkpoint at position 12",
        ),
        (
            &[&whole, "--key", &key, "--checkpoint", &early, "--checkpoint", &tree],
            1,
            "altered at position 12",
        ),
        (&[&keys, "--key", &key, "--json"], 2, "is not an export of a log"),
        (&[&whole, "--key", &key, "--checkpoint", &kept, "--witness", ""], 2, "--witness"),
        (&[&whole, "--key", &key, "--checkpoint", &kept, "--witness", &empty], 2, "there is no key in it"),
        (&[&whole, "--key", &empty], 2, "there is no key in it"),
        (&[&whole, "--key", &key, "--checkpoint", &empty], 2, "not a checkpoint"),
        (&[&whole], 2, "--key"),
        (&[&whole, "--key", "nonsense"], 2, "nonsense"),
        (&[&whole, "--key", &key, "--checkpoint", &whole], 2, "not a checkpoint"),
        (&[&whole, "--key", &foreign, "--checkpoint", &kept], 2, "none of the known keys"),
        (&["/no/such/file", "--key", &key], 2, "/no/such/file"),
        (&[&whole, "--org", "00000000-0000-0000-0000-000000000001"], 2, "--org"),
    ] {
        let (found, printed) = verify(arguments);
        assert_eq!((found, printed.contains(says)), (Some(status), true), "{arguments:?}\n{printed}");
    }
}

#[tokio::test]
async fn a_database_is_verified_as_it_runs() {
    let (hand, scratch) = (hand().await, Scratch::new());
    let (url, store) = (hand.url(), hand.registry.store().clone());
    let orgs = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for org_id in orgs {
        let intent = || Intent { caller: Caller { org_id, ..hand.caller.clone() }, ..hand.intent() };
        let flow = hand.registry.commands.create(intent(), sound("Alta")).await.unwrap().flow.record.flow_id;
        for name in ["Baja", "Cambio"] {
            hand.registry.commands.update(intent(), flow, json!({"name": name}), None).await.unwrap();
        }
    }
    let verify = |more: &[&str]| verify(&[&["--database-url", &url], more].concat());
    let key = public_keys(1)[0].to_string();
    let (status, printed) = verify(&["--key", &key]);
    assert_eq!((status, printed.matches("end not proven at position 3").count()), (Some(3), 2), "{printed}");

    let registry = Registry::signing(store, Signer::new(keyring(1), None));
    let kept = scratch.path().join("kept");
    for org in orgs {
        let signed = registry.checkpoints.sign_head(org).await.unwrap().unwrap();
        fs::write(&kept, signed.note).unwrap();
    }
    let kept = kept.to_str().unwrap();
    let (status, printed) = verify(&["--key", &key, "--checkpoint", kept]);
    assert_eq!((status, printed.matches("intact up to position 3").count()), (Some(0), 2), "{printed}");

    let alter = "ALTER TABLE event DISABLE TRIGGER ALL; UPDATE event SET deleted = true WHERE position = 2 AND org_id = ";
    let alter = format!("{alter}'{}'", orgs[0]);
    sqlx::raw_sql(sqlx::AssertSqlSafe(alter)).execute(hand.registry.store().pool()).await.unwrap();
    let (status, printed) = verify(&["--key", &key, "--json"]);
    let reports: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<_> = reports.iter().map(|report| report["verdict"].as_str().unwrap()).collect();
    assert_eq!((status, verdicts), (Some(1), vec!["altered", "intact"]), "{printed}");
    assert_eq!((&reports[0]["position"], &reports[1]["upTo"]), (&2.into(), &3.into()));
    let second = orgs[1].to_string();
    assert_eq!(verify(&["--key", &key, "--org", &second]).0, Some(0));
    assert_eq!(verify(&["--key", &key, "--org", &Uuid::from_u128(3).to_string()]).0, Some(2));
    // The checkpoint that was kept last is of the second.
    assert_eq!(verify(&["--key", &key, "--org", &second, "--checkpoint", kept]).0, Some(0));
    let (status, printed) = verify(&["--key", &key, "--org", &orgs[0].to_string(), "--checkpoint", kept]);
    assert!(status == Some(2) && printed.contains(&second), "{printed}");
}

#[tokio::test]
async fn where_nothing_is_nothing_is_proven() {
    let database = database().await;
    let url = database.url();
    let key = public_keys(1)[0].to_string();
    let verify = || verify(&["--database-url", &url, "--key", &key]);
    let (status, printed) = verify();
    assert_eq!((status, printed.contains("nothing to verify")), (Some(3), true), "{printed}");
    // Whatever is left of an organization tells that it was there.
    for trace in [
        "INSERT INTO document VALUES (gen_random_uuid(), sha256('x'), 'x')",
        "INSERT INTO export_secret VALUES (gen_random_uuid(), 'x')",
        "INSERT INTO test_run SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, NULL, NULL, 'x', \
         '{}', 'x', 'x', 'x', NULL, now(), 0, 'x'",
        "INSERT INTO api_key SELECT gen_random_uuid(), gen_random_uuid(), 1, 'mk_live_0000000000', 'x', 'planted', \
         '{}', '{}', now()",
    ] {
        sqlx::raw_sql(trace).execute(&database.pool).await.unwrap();
    }
    let (status, printed) = verify();
    assert_eq!(status, Some(1), "{printed}");
    assert_eq!(printed.matches("end not proven at position 0").count(), 3, "{printed}");
    assert_eq!(printed.matches("has a row, and no event led to it").count(), 1, "{printed}");
}
