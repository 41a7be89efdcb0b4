//! Good and bad exports, each given to both verifiers: ours and the Python one, which shares no code.

use std::borrow::Cow;

use flow_registry::evidence::{BundleWriter, Keyring, SigningKey, Validity};
use flow_registry::flow::digest::Digest;

use super::cases::Cases;
use super::erased::erased_on_record;
use super::sample::{Log, keyring, public_keys};

/// The lines of an export, each with its newline.
fn lines(export: &[u8]) -> Vec<&[u8]> {
    export.split_inclusive(|&byte| byte == b'\n').collect()
}

fn line_of_event(lines: &[&[u8]], position: i64) -> usize {
    let start = format!("{{\"position\":{position},");
    lines.iter().position(|line| line.starts_with(start.as_bytes())).unwrap()
}

#[test]
fn what_was_signed_is_intact() {
    let log = Log::new(1);
    let mut cases = Cases::default();
    cases.add("whole", log.export(), "intact up to position 12");
    cases.add("from the middle on", log.export_part(3, |_| true), "intact from position 4 to 12");
    let flows_only = log.export_part(0, |event| event.event_type.starts_with("flow."));
    cases.add("filtered", flows_only, "intact up to position 12");
    cases.check_says("filtered", "intact up to position 12; 3 of 12 events are shown by their hash alone");
    let kept = vec![log.checkpoint(7).sign(&keyring(1)).unwrap()];
    cases.add("with a checkpoint that was kept", log.export(), "intact up to position 12").kept =
        kept.clone();
    cases
        .add("one from where the part begins", log.export_part(7, |_| true), "intact from position 8 to 12")
        .kept = kept;

    let erased = erased_on_record(&log);
    cases.add("erased on record", erased.export(), "intact up to position 13");
    let kept = vec![log.checkpoints[&12].clone()];
    cases.add("erased on record after that", erased.export(), "intact up to position 13").kept = kept;

    let rotating = "flows.example.com";
    let (old, new) =
        (SigningKey::new(rotating, &[1; 32]).unwrap(), SigningKey::new(rotating, &[2; 32]).unwrap());
    let secrets = [&old, &new].map(|key| secrecy::ExposeSecret::expose_secret(&key.secret_text()).to_owned());
    let mut rotated = log.clone();
    rotated.sign(12, &Keyring::parse(&secrets.join("\n")).unwrap());
    cases.add("two keys, the old one known", rotated.export(), "intact up to position 12");
    cases.add("two keys, the new one known", rotated.export(), "intact up to position 12").keys =
        public_keys(2);
    cases.check();
}

/// What is no export is none, and nothing is said of a log.
#[test]
fn what_is_no_export_is_told_apart() {
    let export = Log::new(1).export();
    let mut cases = Cases::default();
    let no_export = "not an export of a log";
    for text in
        ["{\"code\":\"missing_credentials\"}", "{\"code\":\"missing_credentials\"}\n", "\n", "<html>", "[]\n"]
    {
        cases.add(text, text.as_bytes().to_vec(), no_export);
    }
    let other = String::from_utf8(export.clone()).unwrap().replacen("evidence/1", "evidence/2", 1);
    cases.add("another format", other.into_bytes(), no_export);
    cases.add("cut in the first line", export[..20].to_vec(), "end not proven at position 0");
    cases.check();
}

/// A key that was retired, or that leaked, proves nothing from then on.
#[test]
fn a_signature_counts_while_its_key_is_valid() {
    let log = Log::new(1);
    let at = |minutes: i64| log.checkpoint(12).time + chrono::TimeDelta::minutes(minutes);
    let key = |from, until| vec![public_keys(1).remove(0).valid(Validity { from, until })];
    let mut cases = Cases::default();
    let (intact, unproven) = ("intact up to position 12", "end not proven at position 12");
    for (name, from, until, expected) in [
        ("valid", Some(at(-60)), Some(at(60)), intact),
        ("valid to the instant", Some(at(0)), None, intact),
        ("not yet", Some(at(1)), None, unproven),
        ("no longer", None, Some(at(0)), unproven),
    ] {
        cases.add(name, log.export(), expected).keys = key(from, until);
    }
    cases.check();
}

#[test]
fn an_end_that_nobody_signed_is_not_proven() {
    let mut log = Log::new(1);
    let mut cases = Cases::default();
    cases.add("a foreign key", log.export(), "end not proven at position 12").keys = public_keys(9);
    log.checkpoints.remove(&12);
    cases.add("events after the last checkpoint", log.export(), "end not proven at position 12");
    log.sign(12, &keyring(9));
    cases.add("a new key that is not known", log.export(), "end not proven at position 12");
    log.checkpoints.clear();
    cases.add("no checkpoint", log.export(), "end not proven at position 12");
    log.events.clear();
    cases.add("nothing at all", log.export(), "end not proven at position 0");
    cases.add("an empty file", Vec::new(), "end not proven at position 0");
    cases.check();
}

/// What lies before a part is not proven by it, and neither is a part in which nothing is.
#[test]
fn a_part_vouches_for_itself_alone() {
    let log = Log::new(1);
    let mut cases = Cases::default();
    let unproven = "end not proven at position 12";
    let kept = vec![log.checkpoint(7).sign(&keyring(1)).unwrap(), log.checkpoints[&12].clone()];
    cases.add("a checkpoint from before the part", log.export_part(9, |_| true), unproven).kept = kept;
    let start = log.events[11].chain_hash;
    let mut nothing = BundleWriter::new(Vec::new(), log.organization, 12, start).unwrap();
    nothing.checkpoint(&log.checkpoints[&12]).unwrap();
    cases.add("a part without events", nothing.finish().unwrap(), unproven);
    let omitted = log.export_part(10, |_| false);
    let name = "a part of which only the hashes are there";
    cases.add(name, omitted, "intact from position 11 to 12");
    cases.check_says(name, "intact from position 11 to 12; 2 of 2 events are shown by their hash alone");
    let mut edited = log.clone();
    edited.at(11).version = 77;
    cases.add("an edit within a part", edited.export_part(9, |_| true), "altered at position 11");
    cases.check();
}

#[test]
fn lines_cannot_be_removed_repeated_or_moved() {
    let export = Log::new(1).export();
    let lines = lines(&export);
    let mut cases = Cases::default();
    for index in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(index);
        cases.add_bad(format!("line {index} removed"), removed.concat());
        let mut repeated = lines.clone();
        repeated.insert(index, lines[index]);
        cases.add_bad(format!("line {index} repeated"), repeated.concat());
        let mut cut = lines.clone();
        cut[index] = &cut[index][cut[index].len() / 2..];
        cases.add_bad(format!("line {index} without its first half"), cut.concat());
        if index > 0 {
            let mut swapped = lines.clone();
            swapped.swap(index - 1, index);
            cases.add_bad(format!("lines {} and {index} swapped", index - 1), swapped.concat());
        }
    }
    let at = line_of_event(&lines, 7);
    let without_event = [&lines[..at], &lines[at + 1..]].concat().concat();
    cases.add("event 7 removed", without_event, "altered at position 7");
    let other = Log::new(2).export();
    let spliced = self::lines(&other)[at];
    cases.add(
        "an event of another log",
        [&lines[..at], &[spliced], &lines[at + 1..]].concat().concat(),
        "altered at position 7",
    );
    cases.check();
}

#[test]
fn a_cut_is_found() {
    let log = Log::new(1);
    let export = log.export();
    let mut cases = Cases::default();
    for length in (0..export.len()).step_by(211) {
        cases.add_bad(format!("cut after {length} bytes"), export[..length].to_vec());
    }
    // Somebody cuts the log itself, at the end, and exports what is left.
    let mut cut = log.clone();
    cut.events.truncate(8);
    cases.add("the end deleted", cut.export(), "end not proven at position 8");
    let kept = vec![log.checkpoints[&12].clone()];
    let name = "with a later checkpoint kept";
    cases.add(name, cut.export(), "end not proven at position 8").kept = kept.clone();
    cases.check_says(name, "the export ends before the kept checkpoint at position 12");
    cut.sign(8, &keyring(1));
    cases.add("and signed", cut.export(), "end not proven at position 8").kept = kept.clone();
    cut.at(7).payload = Some(Cow::Borrowed(b"{}"));
    cases.add("and its events contradict", cut.export(), "altered at position 7").kept = kept;
    let mut hole = log;
    hole.events.remove(5);
    cases.add("an event deleted", hole.export(), "altered at position 6");
    cases.check();
}

#[test]
fn every_flipped_bit_is_found() {
    let export = Log::new(1).export();
    let mut cases = Cases::default();
    // A step that is prime to all lengths reaches every member of every kind of line.
    for (count, index) in (0..export.len()).step_by(29).enumerate() {
        let mut flipped = export.clone();
        flipped[index] ^= 1 << (count % 8);
        let around = String::from_utf8_lossy(&export[index.saturating_sub(20)..=index]).into_owned();
        cases.add_bad(format!("bit {} of byte {index} behind {around}", count % 8), flipped);
    }
    cases.check();
}

#[test]
fn edits_of_columns_are_found_at_their_event() {
    let mut cases = Cases::default();
    let mut edit = |name: &str, edit: &dyn Fn(&mut Log)| {
        let mut log = Log::new(1);
        edit(&mut log);
        cases.add(name, log.export(), "altered at position 4");
    };
    edit("position", &|log| log.at(4).position = 44);
    edit("time", &|log| log.at(4).recorded_at_us += 1);
    edit("a time beyond all calendars", &|log| log.at(4).recorded_at_us = i64::MAX);
    edit("type", &|log| log.at(4).event_type = "flow.vanished".into());
    edit("stream kind", &|log| log.at(4).stream_kind = 2);
    edit("no stream kind", &|log| log.at(4).stream_kind = 77);
    edit("version", &|log| log.at(4).version = -1);
    edit("schema version", &|log| log.at(4).schema_version = i16::MIN);
    edit("no document", &|log| log.at(4).state.document = None);
    edit("flags", &|log| log.at(4).state.deleted = true);
    edit("published version", &|log| log.at(4).state.published_version = None);
    edit("an absent version written as 0", &|log| {
        log.at(4).state.published_version = None;
        log.chain_from(4);
        log.at(4).state.published_version = Some(0);
    });
    edit("payload", &|log| log.at(4).payload = Some(Cow::Borrowed(b"{}")));
    edit("a payload that is no JSON", &|log| log.at(4).payload = Some(Cow::Borrowed(b"{\"a\":\xff}")));
    edit("payload with its digest", &|log| {
        log.at(4).payload = Some(Cow::Borrowed(b"{}"));
        log.at(4).payload_digest = Digest::of(b"{}");
    });
    edit("context", &|log| log.at(4).context = Some(Cow::Borrowed(b"{ }")));
    edit("event hash", &|log| log.at(4).event_hash.0[7] ^= 1);
    edit("chain hash", &|log| log.at(4).chain_hash.0[31] ^= 128);
    edit("content of the document", &|log| {
        let document = log.at(4).state.document.unwrap();
        log.documents.insert(document, Some(b"{}".to_vec()));
    });
    edit("document deleted", &|log| {
        let document = log.at(4).state.document.unwrap();
        log.documents.remove(&document);
    });
    cases.check();
}

#[test]
fn a_rewritten_chain_does_not_pass_for_the_signed_one() {
    let log = Log::new(1);
    let mut rewritten = log.clone();
    rewritten.at(7).payload = Some(Cow::Borrowed(b"{}"));
    rewritten.chain_from(7);
    let mut cases = Cases::default();
    cases.add("with the checkpoint left in", rewritten.export(), "altered at position 12");
    rewritten.checkpoints.remove(&12);
    cases.add("without it", rewritten.export(), "end not proven at position 12");
    cases.add("against one that was kept", rewritten.export(), "altered at position 12").kept =
        vec![log.checkpoints[&12].clone()];
    rewritten.sign(12, &keyring(9));
    cases.add("signed by a foreign key", rewritten.export(), "end not proven at position 12");
    let stolen_name = rewritten.checkpoints[&12].split("\n— ").next().unwrap().to_owned();
    let genuine = log.checkpoints[&12].split("\n— ").nth(1).unwrap();
    rewritten.checkpoints.insert(12, format!("{stolen_name}\n— {genuine}"));
    cases.add("with the signature of the old end", rewritten.export(), "altered at position 12");

    let of_another_log = Log::new(2).checkpoints[&12].clone();
    let mut spliced = log.clone();
    spliced.checkpoints.insert(12, of_another_log.clone());
    cases.add("the checkpoint of another log", spliced.export(), "altered at position 12");
    cases.add("another log altogether", log.export(), "altered at position 0").kept = vec![of_another_log];
    let mut early = log.clone();
    early.checkpoints.insert(11, log.checkpoints[&12].clone());
    cases.add("a checkpoint in the wrong place", early.export(), "altered at position 11");
    cases.check();
}
