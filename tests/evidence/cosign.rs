//! Witnesses: who cosigns a checkpoint elsewhere, and what both verifiers make of it.

use std::fs;
use std::process::Output;

use flow_registry::evidence::WitnessKey;

use super::python;
use super::sample::{Log, keyring, public_keys};
use crate::support::{Scratch, run};

struct Witness {
    scratch: Scratch,
    key: WitnessKey,
}

impl Witness {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new();
        let file = scratch.path().join("witness");
        let file = file.to_str().unwrap();
        assert!(run(&["signing-key", "create", file, "--name", name]).status.success());
        let shown = run(&["audit", "cosign", "--witness-key", file, "--show-key"]);
        let key = String::from_utf8(shown.stdout).unwrap().trim().parse().unwrap();
        Self { scratch, key }
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let file = self.scratch.path().join(name);
        fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn cosign(&self, export: &[u8], more: &[&str]) -> Output {
        let (export, key) = (self.file("export", export), public_keys(1)[0].to_string());
        let file = self.scratch.path().join("witness");
        let order = ["audit", "cosign", &export, "--witness-key", file.to_str().unwrap(), "--key", &key];
        run(&[&order, more].concat())
    }

    /// What both verifiers say of an export, with a checkpoint that was kept, where this witness must have cosigned.
    #[track_caller]
    fn verified(&self, export: &[u8], kept: &str) -> Option<i32> {
        let (export, kept) = (self.file("export", export), self.file("kept", kept.as_bytes()));
        let (key, witness) = (public_keys(1)[0].to_string(), self.key.to_string());
        let given = [export.as_str(), "--key", &key, "--checkpoint", &kept, "--witness", &witness];
        let ours = run(&[&["audit", "verify"], &given[..]].concat());
        let theirs = python(&[&["verify_export.py"], &given[..]].concat(), b"");
        let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(ours.status.code(), theirs.status.code(), "{} / {}", said(&ours), said(&theirs));
        ours.status.code()
    }
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_witness_cosigns_what_it_verified_and_verifiers_hold_it_to_that() {
    let (witness, other) = (Witness::new("witness.example.com"), Witness::new("witness.example.com"));
    let log = Log::new(1);
    let note = &log.checkpoints[&12];
    let cosigned = text(witness.cosign(&log.export(), &[]));
    assert!(cosigned.starts_with(note.as_str()) && witness.key.cosigned(&cosigned).unwrap().is_some());
    assert_eq!(witness.verified(&log.export(), &cosigned), Some(0));
    assert_eq!(witness.verified(&log.export(), note), Some(2), "nobody cosigned this one");
    assert_eq!(other.verified(&log.export(), &cosigned), Some(2), "not this witness, whatever its name");
    let both = text(other.cosign(&log.export(), &[]));
    let both = format!("{cosigned}{}", both.strip_prefix(note.as_str()).unwrap());
    assert_eq!(
        (witness.verified(&log.export(), &both), other.verified(&log.export(), &both)),
        (Some(0), Some(0))
    );

    // Over another note.
    let line = cosigned.strip_prefix(note.as_str()).unwrap();
    let moved = format!("{}{line}", log.checkpoints[&5]);
    assert_eq!(witness.verified(&log.export(), &moved), Some(2));
    // An altered log is altered, whoever cosigned its checkpoint.
    let mut altered = Log::new(1);
    altered.at(3).event_type = "flow.published".into();
    altered.chain_from(3);
    altered.sign(12, &keyring(1));
    assert_eq!(witness.verified(&altered.export(), &cosigned), Some(1));

    let refused =
        witness.cosign(&altered.export(), &["--checkpoint", &witness.file("last", cosigned.as_bytes())]);
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0), "a witness contradicts nothing");
    let again = witness.cosign(&log.export(), &["--checkpoint", &witness.file("last", cosigned.as_bytes())]);
    assert!(text(again).starts_with(note.as_str()));
    let foreign = witness.cosign(&log.export(), &["--checkpoint", &witness.file("last", note.as_bytes())]);
    assert_eq!(foreign.status.code(), Some(2), "what it has not cosigned is not where it left off");
}
