//! `docs/evidence.md`: the example is verified by both verifiers, and each digest in it is computed again.

use std::fs;

use flow_registry::evidence::{Checkpoint, parse_public_keys, verify};
use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::EventType;
use serde_json::Value;

use super::page::{self, Block};
use crate::evidence::python;
use crate::support::{Scratch, run};

const PAGE: &str = "evidence.md";

fn block(language: &str, kind: &str) -> Block {
    let mut found =
        page::blocks(PAGE).into_iter().filter(|block| block.language == language && block.kind == kind);
    found.next().unwrap_or_else(|| panic!("no {language} {kind}"))
}

/// What is stated of an event of the export; at position 0, of where the file begins.
fn stated(member: &str, position: u64) -> Digest {
    let export = block("ndjson", "export").text;
    let lines = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_position = |line: &Value| match position {
        0 => line.get("format").is_some(),
        position => line["position"] == position,
    };
    let line = lines.into_iter().find(of_position).expect("a line of this position");
    serde_json::from_value(line[member].clone()).unwrap()
}

#[test]
fn the_example_is_verified_as_shown() {
    let (export, key) = (block("ndjson", "export"), block("text", "key"));
    let keys = parse_public_keys(&key.text).unwrap();
    let report = verify(export.text.as_bytes(), &keys, &[]).unwrap();
    let verdict = block("text", "verdict").text;
    assert_eq!(report.to_string(), verdict.trim_end());

    let note = block("text", "note").text;
    let (checkpoint, _) = Checkpoint::open(&note, &keys).unwrap();
    assert_eq!((checkpoint.position, checkpoint.chain_hash), (3, stated("chainHash", 3)));
    assert!(
        export.text.contains(&serde_json::to_string(&note).unwrap()),
        "the note is not one of the export"
    );

    let scratch = Scratch::new();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    for (name, text) in [("export", &export.text), ("keys", &key.text), ("kept", &note)] {
        fs::write(path(name), text).unwrap();
    }
    let (export, keys, kept) = (path("export"), path("keys"), path("kept"));
    let by_program = run(&["audit", "verify", &export, "--key", &keys, "--checkpoint", &kept]);
    let told = String::from_utf8(by_program.stdout).unwrap();
    assert!(by_program.status.success() && told.contains(verdict.trim_end()), "{told}");
    let by_page = python(&["verify_export.py", &export, "--key", &keys, "--checkpoint", &kept], b"");
    let told = String::from_utf8(by_page.stdout).unwrap();
    assert!(told.starts_with(&verdict) && told.contains("newest signed head: position 3 at 2026-"), "{told}");
}

/// Who gets the verifier compares it with the digest that is published, and it stays one that can be read.
#[test]
fn the_verifier_is_printed_and_its_digest_is_told() {
    let printed = run(&["audit", "verifier"]);
    assert!(printed.status.success());
    let text = include_str!("../../scripts/verify_export.py");
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);
    let digest = Digest::of(text.as_bytes()).to_string();
    assert_eq!(block("text", "verifier").text.trim_end(), digest.strip_prefix("sha256:").unwrap());
    assert!(text.lines().count() <= 250 && text.lines().all(|line| line.chars().count() <= 120));
    let (_, writes) = text.split_once("WRITES = ").unwrap();
    let writes: Vec<&str> = writes.lines().next().unwrap().split('"').skip(1).step_by(2).collect();
    let types = EventType::ALL.iter().filter(|event| event.writes_document()).map(|event| event.as_str());
    assert_eq!(writes, types.collect::<Vec<_>>(), "of the events that write a document");
}

/// Each line is a value in hexadecimal, or a text in quotes, and what it is.
fn bytes(block: &Block) -> Vec<u8> {
    let values = block.text.lines().map(|line| match line.strip_prefix('"') {
        Some(text) => text.split_once('"').unwrap().0.as_bytes().to_vec(),
        None => hex::decode(line.split(' ').next().unwrap()).unwrap(),
    });
    values.collect::<Vec<_>>().concat()
}

#[test]
fn every_digest_is_that_of_the_bytes_shown() {
    let blocks: Vec<Block> =
        page::blocks(PAGE).into_iter().filter(|block| block.language == "bytes").collect();
    assert_eq!(blocks.len(), 3);
    for block in &blocks {
        let (member, position) = (block.attribute("of").unwrap(), block.attribute("position").unwrap());
        let stated = stated(member, position.parse().unwrap());
        assert_eq!(Digest::of(&bytes(block)), stated, "{}", block.place);
        let begins: String = stated.to_string().chars().take("sha256:".len() + 8).collect();
        assert!(page::read(PAGE).contains(&format!("`{begins}…`")), "{begins} is not said");
    }
}
