//! What somebody with all rights on the database can do to a log, and that each of it is found: in the export by both
//! verifiers, offline, and by the live verification.

mod database;
mod edit;
mod signer;
mod sweep;

use flow_registry::evidence::{Report, TreeHead, Verdict};
use flow_registry::flow::digest::Digest;
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Selection};

use serde_json::json;

use self::database::{Database, database};
use self::edit::Edits;
use super::cases::Cases;
use super::sample::{keyring, public_keys};
use crate::registry::hand::sound;

const EVENTS: i64 = 16;
const FIRST_CHECKPOINT: i64 = 9;
const REWRITE_LAST: &str = "UPDATE event SET context = '{\"salt\":\"\"}' WHERE position = 16";

fn head(report: &Report) -> String {
    let verdict = report.to_string();
    verdict.split(':').next().unwrap().to_owned()
}

impl Cases {
    /// The database as it is now: what its export comes to, with these notes kept, and the live verification too.
    async fn add_database(&mut self, name: &str, database: &Database, kept: &[String], expected: &str) {
        let live = database.verify_live(kept).await;
        assert_eq!(head(&live), expected, "{name}, live: {live}");
        self.add(name, database.export().await, expected).kept = kept.to_vec();
    }

    /// The same, altered wherever that may show first.
    async fn add_altered_database(&mut self, name: &str, database: &Database, kept: &[String]) {
        let live = database.verify_live(kept).await;
        assert!(matches!(live.verdict, Verdict::Altered { .. }), "{name}, live: {live}");
        self.add_altered(name, database.export().await).kept = kept.to_vec();
    }
}

#[tokio::test]
async fn what_the_service_wrote_is_intact() {
    let database = database().await;
    let mut cases = Cases::default();
    cases.add_database("as written", &database, &[], "intact up to position 16").await;
    cases.add_database("against what was kept", &database, &database.notes, "intact up to position 16").await;
    database.administer("UPDATE event SET payload = NULL, context = NULL WHERE position = 3").await.unwrap();
    let erase = "UPDATE document SET bytes = NULL WHERE digest = (SELECT document_digest FROM event WHERE position = 4)";
    database.administer(erase).await.unwrap();
    cases.add_database("blanked by hand", &database, &[], "altered at position 3").await;
    database.record_what_is_absent().await;
    cases.add_database("erased on record", &database, &[], "intact up to position 17").await;
    cases.add_database("against what was kept", &database, &database.notes, "intact up to position 17").await;
    cases.check();
}

#[tokio::test]
async fn what_was_written_again_behind_its_erasure_is_not_excused() {
    let database = database().await;
    let (hand, mut cases) = (&database.hand, Cases::default());
    let flow = hand.create(sound("Efímero")).await;
    let rename = |name: &str| hand.registry.commands.update(hand.intent(), flow, json!({"name": name}), None);
    rename("Otro").await.unwrap();
    let versions = Selection::Versions { flow_id: flow, from: 1, to: 1 };
    let order = ErasureOrder::new(versions, "asked for in May");
    Erasures::new(hand.registry.store().clone()).erase(&hand.intent(), &order).await.unwrap();
    rename("Efímero").await.unwrap();
    database.sign_as_service().await;
    cases.add_database("written again", &database, &database.notes, "intact up to position 20").await;
    let blank = "UPDATE document SET bytes = NULL WHERE digest = (SELECT document_digest FROM event WHERE position = 20)";
    database.administer(blank).await.unwrap();
    cases.add_database("and blanked", &database, &database.notes, "altered at position 20").await;
    database.record_what_is_absent().await;
    cases.add_database("erased again", &database, &database.notes, "intact up to position 21").await;
    cases.check();
}

/// A tree head says more than the chain: of which version each stream ends with.
#[tokio::test]
async fn a_tree_head_that_was_kept_is_held_against_the_log() {
    let database = database().await;
    let mut cases = Cases::default();
    let kept = [database.tree_head().await];
    let (genuine, _) = TreeHead::open(&kept[0], &public_keys(1)).unwrap();
    assert_eq!(genuine.size, EVENTS);
    cases.add_database("as it was signed", &database, &kept, "intact up to position 16").await;
    for (name, head) in [
        ("other events", TreeHead { event_root: Digest::of(b"x"), ..genuine.clone() }),
        ("other streams", TreeHead { map_root: Digest::of(b"x"), ..genuine.clone() }),
        ("another chain", TreeHead { chain_hash: Digest::of(b"x"), ..genuine.clone() }),
    ] {
        let kept = [database.notes[1].clone(), head.sign(&keyring(1)).unwrap()];
        cases.add_database(name, &database, &kept, "altered at position 16").await;
    }
    database.hand.create(sound("Nueva")).await;
    database.sign_as_service().await;
    cases.add_database("and gone on from there", &database, &kept, "intact up to position 17").await;
    let longer = TreeHead { size: 18, ..genuine };
    let live = database.verify_live(&[longer.sign(&keyring(1)).unwrap()]).await;
    assert_eq!(head(&live), "altered at position 18");
    database.administer("DELETE FROM event WHERE position = 17").await.unwrap();
    database.administer(REWRITE_LAST).await.unwrap();
    database.rewrite_chain().await;
    database.cover_tracks().await;
    database.administer("DELETE FROM checkpoint WHERE position > 9").await.unwrap();
    cases.add_database("a log that was rewritten", &database, &kept, "altered at position 16").await;
    cases.check();
}

/// Rows go on showing it until a rebuild, which is no alteration.
#[tokio::test]
async fn what_was_erased_and_is_still_shown_is_no_alteration() {
    let database = database().await;
    database.administer("UPDATE event SET payload = NULL, context = NULL").await.unwrap();
    database.administer("UPDATE document SET bytes = NULL").await.unwrap();
    assert_eq!(head(&database.verify_live(&[]).await), "altered at position 1");
    database.record_what_is_absent().await;
    assert_eq!(head(&database.verify_live(&[]).await), "intact up to position 17");
    database.administer("UPDATE flow_view SET enabled = NOT enabled WHERE version = 9").await.unwrap();
    assert_eq!(head(&database.verify_live(&[]).await), "altered at position 11");
}

/// An event of a later release is chained like any other, and what it led to is not known here.
#[tokio::test]
async fn what_this_release_does_not_know_is_not_proven() {
    let database = database().await;
    database
        .administer("UPDATE event SET type = 'flow.renamed' WHERE position = 16; DELETE FROM checkpoint")
        .await
        .unwrap();
    database.rewrite_chain().await;
    let head_of_now = "UPDATE log_head SET chain_hash = (SELECT chain_hash FROM event WHERE position = 16)";
    database.administer(head_of_now).await.unwrap();
    database.sign_as_service().await;
    let live = database.verify_live(&[]).await;
    assert_eq!(head(&live), "end not proven at position 16");
    assert!(live.to_string().contains("knows no events of the type flow.renamed"), "{live}");
}

#[tokio::test]
async fn two_hundred_edits_of_a_byte_are_found() {
    let database = database().await;
    let (mut cases, mut edits, mut done) = (Cases::default(), Edits::new(), 0);
    while done < 200 {
        let edit = edits.next(EVENTS);
        if let Ok(1) = database.administer(&edit).await {
            cases.add_altered_database(&edit, &database, &[]).await;
            database.undo().await;
            done += 1;
        }
    }
    cases.check();
    assert_eq!(head(&database.verify_live(&[]).await), "intact up to position 16");
}

#[tokio::test]
async fn every_cut_is_found_by_a_later_checkpoint() {
    let database = database().await;
    let mut cases = Cases::default();
    for end in 0..EVENTS {
        let cut = format!("DELETE FROM event WHERE position > {end}");
        database.administer(&cut).await.unwrap();
        let altered = format!("altered at position {}", end + 1);
        let live = database.verify_live(&[]).await;
        assert_eq!(head(&live), altered, "head and checkpoints left as they were, live: {live}");
        database.cover_tracks().await;
        // A log that ends where a checkpoint was made cannot be told from one that had gone no further.
        let unseen = match end {
            FIRST_CHECKPOINT => format!("intact up to position {end}"),
            _ => format!("end not proven at position {end}"),
        };
        cases.add_database(&cut, &database, &[], &unseen).await;
        let later = &database.notes[1..];
        assert_eq!(head(&database.verify_live(later).await), altered, "{cut}: the log has no more than that");
        // An export may be from before.
        let unproven = format!("end not proven at position {end}");
        cases.add(format!("{cut}, against a later one"), database.export().await, &unproven).kept =
            later.to_vec();
        database.undo().await;
    }
    cases.check();
}

#[tokio::test]
async fn holes_and_swapped_rows_are_found() {
    let database = database().await;
    let mut cases = Cases::default();
    for position in 1..EVENTS {
        let altered = format!("altered at position {position}");
        let hole = format!("DELETE FROM event WHERE position = {position}");
        database.administer(&hole).await.unwrap();
        cases.add_database(&hole, &database, &[], &altered).await;
        let closed = format!("{hole}, and closed");
        let close = format!(
            "UPDATE event SET position = -position WHERE position > {position}; \
             UPDATE event SET position = -position - 1 WHERE position < 0"
        );
        database
            .administer("ALTER TABLE event DROP CONSTRAINT IF EXISTS event_position_check")
            .await
            .unwrap();
        database.administer(&close).await.unwrap();
        cases.add_database(&closed, &database, &[], &altered).await;
        database.undo().await;

        let other = position % 5 + position + 1;
        let swap = format!(
            "UPDATE event SET position = -1 WHERE position = {position}; \
             UPDATE event SET position = {position} WHERE position = {other}; \
             UPDATE event SET position = {other} WHERE position = -1"
        );
        if other <= EVENTS {
            database.administer(&swap).await.unwrap();
            cases.add_database(&swap, &database, &[], &altered).await;
            database.undo().await;
        }
    }
    cases.check();
}

#[tokio::test]
async fn a_rewritten_chain_is_found_by_an_older_checkpoint() {
    let database = database().await;
    let mut cases = Cases::default();
    let first = &database.notes[..1];
    for position in 1..=EVENTS {
        let edit = format!("UPDATE event SET context = '{{\"salt\":\"\"}}' WHERE position = {position}");
        database.administer(&edit).await.unwrap();
        database.rewrite_chain().await;
        let name = format!("{edit}, chained anew");
        let at = if position <= FIRST_CHECKPOINT { FIRST_CHECKPOINT } else { EVENTS };
        let altered = format!("altered at position {at}");
        database
            .administer("UPDATE log_head SET chain_hash = (SELECT chain_hash FROM event WHERE position = 16)")
            .await
            .unwrap();
        cases.add_database(&name, &database, &[], &altered).await;

        database.administer("DELETE FROM checkpoint").await.unwrap();
        database.cover_tracks().await;
        let unseen = "end not proven at position 16";
        cases.add_database(&name, &database, &[], unseen).await;
        cases.add_database(&name, &database, &database.notes, &altered).await;
        // An older checkpoint tells of what came before it.
        let old = if position <= FIRST_CHECKPOINT { &altered } else { unseen };
        cases.add_database(&name, &database, first, old).await;
        database.sign_as_somebody_else().await;
        cases.add_database(&name, &database, &[], unseen).await;
        database.undo().await;
    }
    cases.check();
}

/// What the chain cannot tell, because it was appended so, and what readers see beside the log.
#[tokio::test]
async fn the_database_is_held_against_more_than_the_chain() {
    let database = database().await;
    for (alteration, expected) in [
        ("UPDATE flow_view SET enabled = NOT enabled WHERE version = 9", "altered at position 11"),
        ("UPDATE flow_view SET document_digest = sha256('x') WHERE version = 9", "altered at position 11"),
        ("DELETE FROM flow_view WHERE version = 9", "altered at position 11"),
        // What bots get, who may see it, and how it is found.
        ("UPDATE flow_view SET published_digest = sha256('x') WHERE version = 9", "altered at position 11"),
        ("UPDATE flow_view SET phone_number_id = '7' WHERE version = 9", "altered at position 11"),
        ("UPDATE flow_view SET published_phone_number_id = '7' WHERE version = 9", "altered at position 11"),
        (
            "UPDATE flow_search SET text = 'x' WHERE NOT in_force \
               AND flow_id = (SELECT flow_id FROM flow_view WHERE version = 9)",
            "altered at position 11",
        ),
        ("UPDATE api_key SET scopes = '{keys:manage}'", "altered at position 12"),
        ("UPDATE api_key SET revoked_at = NULL", "altered at position 12"),
        ("DELETE FROM api_key", "altered at position 12"),
        (
            "INSERT INTO api_key SELECT org_id, gen_random_uuid(), 1, 'mk_live_0000000000', secret_hash, 'planted', \
             '{keys:manage}', '{}', now(), NULL, NULL, NULL FROM api_key",
            "altered at position 16",
        ),
        // Not hashed, and what the log is filtered by.
        ("UPDATE event SET actor = gen_random_uuid() WHERE position = 5", "altered at position 5"),
        (
            "UPDATE event SET actor = gen_random_uuid(), context = NULL WHERE position = 5",
            "altered at position 5",
        ),
        ("UPDATE log_head SET position = 15", "altered at position 17"),
        ("DELETE FROM log_head", "altered at position 17"),
        ("UPDATE checkpoint SET position = 10 WHERE position = 9", "altered at position 10"),
        ("UPDATE checkpoint SET note = 'x' WHERE position = 9", "altered at position 9"),
    ] {
        database.administer(alteration).await.unwrap();
        let live = database.verify_live(&[]).await;
        assert_eq!(head(&live), expected, "{alteration}: {live}");
        database.undo().await;
    }
    // A state that no event led to, chained and signed as if one had.
    database
        .administer("UPDATE event SET published_version = 1 WHERE position = 16; DELETE FROM checkpoint")
        .await
        .unwrap();
    database.rewrite_chain().await;
    database.cover_tracks().await;
    let live = database.verify_live(&[]).await.to_string();
    assert!(live.contains("version 2 is not what the log up to it leads to"), "{live}");
}
