//! Every kind of alteration at every event, one at a time: found by the live verification, by ours offline and by the
//! Python one. What is put back is intact again for all three.

use std::collections::BTreeMap;

use super::database::{Database, database};
use super::{Cases, EVENTS};

/// Edits of the row of an event, `P` standing for its position. Some hit nothing at some events.
const EDITS: [&str; 32] = [
    "stream_id = overlay(stream_id::text placing 'f' from 1)::uuid",
    "stream_id = event_id",
    "stream_kind = stream_kind % 3 + 1",
    "version = version + 1",
    "event_id = overlay(event_id::text placing 'f' from 1)::uuid",
    "event_id = stream_id",
    "type = 'flow.vanished'",
    "type = CASE type WHEN 'flow.updated' THEN 'flow.published' ELSE 'flow.updated' END",
    "schema_version = schema_version + 1",
    "recorded_at = recorded_at + interval '1 microsecond'",
    "recorded_at = recorded_at - interval '1 day'",
    "payload = payload || ' '",
    "payload = '{}'",
    "payload = convert_to('{\"x\":' || convert_from(payload, 'UTF8') || '}', 'UTF8')",
    "payload = NULL",
    "payload = '{}', payload_digest = sha256('{}')",
    "payload_digest = set_byte(payload_digest, 0, 255 - get_byte(payload_digest, 0))",
    "payload = NULL, payload_digest = sha256('')",
    "context = context || ' '",
    "context = '{\"salt\":\"\"}'",
    "context = NULL",
    "context = '{}', context_digest = sha256('{}')",
    "context_digest = set_byte(context_digest, 31, 255 - get_byte(context_digest, 31))",
    "payload = context, context = payload",
    "payload = NULL, context = NULL",
    "document_digest = NULL",
    "document_digest = (SELECT digest FROM document WHERE digest <> document_digest ORDER BY digest LIMIT 1)",
    "enabled = NOT enabled",
    "deleted = NOT deleted",
    "published_version = coalesce(published_version + 1, 1), published_by_version = coalesce(published_by_version, 1)",
    "event_hash = set_byte(event_hash, 16, 255 - get_byte(event_hash, 16))",
    "chain_hash = sha256(chain_hash)",
];
/// And of the document that it names.
const OF_DOCUMENT: [&str; 4] = [
    "UPDATE document SET bytes = bytes || ' '",
    "UPDATE document SET bytes = '{}'",
    "UPDATE document SET bytes = NULL",
    "DELETE FROM document",
];
/// Those after which every digest and hash is computed anew, and the end signed with the service's own key.
const SIGNED_ANEW: [&str; 5] = [
    "payload = '{\"x\":0}'",
    "context = NULL, context_digest = sha256('')",
    "payload = NULL",
    "recorded_at = recorded_at - interval '1 microsecond'",
    "event_id = stream_id",
];

/// How often each kind of alteration altered something.
type Altered = BTreeMap<&'static str, usize>;

/// Some of the events, so that the sweep is shared by the threads of the tests.
async fn sweep(positions: impl Iterator<Item = i64>) -> Altered {
    let (database, mut cases, mut altered) = (database().await, Cases::default(), Altered::new());
    for position in positions {
        let rows = EDITS.map(|edit| (edit, format!("UPDATE event SET {edit} WHERE position = {position}")));
        let of_document = OF_DOCUMENT.map(|edit| {
            let named = format!("SELECT document_digest FROM event WHERE position = {position}");
            (edit, format!("{edit} WHERE digest = ({named})"))
        });
        for (edit, alteration) in rows.iter().chain(&of_document) {
            // A constraint may refuse it, and there may be nothing to alter.
            if database.administer(alteration).await.is_ok() && database.is_altered().await {
                cases.add_altered_database(alteration, &database, &[]).await;
                *altered.entry(edit).or_default() += 1;
            }
            database.put_back(&["event", "document"]).await;
        }
        *altered.entry("signed anew").or_default() += signed_anew(&database, &mut cases, position).await;
        let name = format!("put back after {position}");
        let intact = format!("intact up to position {EVENTS}");
        cases.add_database(&name, &database, &database.notes, &intact).await;
    }
    cases.check();
    altered
}

async fn signed_anew(database: &Database, cases: &mut Cases, position: i64) -> usize {
    let mut altered = 0;
    for edit in SIGNED_ANEW {
        let edit = format!("UPDATE event SET {edit} WHERE position = {position}");
        assert_eq!(database.administer(&edit).await.unwrap(), 1, "{edit}");
        database.rewrite_chain().await;
        let head = format!(
            "UPDATE log_head SET chain_hash = (SELECT chain_hash FROM event WHERE position = {EVENTS})"
        );
        database.administer(&head).await.unwrap();
        database.administer("DELETE FROM checkpoint").await.unwrap();
        database.sign_with_the_stolen_key().await;
        let name = format!("{edit}, signed anew");
        cases.add_altered_database(&name, database, &database.notes).await;
        altered += 1;
        database.put_back(&["event", "document", "checkpoint", "log_head"]).await;
    }
    altered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_alteration_at_every_event_is_found() {
    let (early, late) = tokio::join!(
        tokio::spawn(async { sweep(1..=EVENTS / 2).await }),
        tokio::spawn(async { sweep(EVENTS / 2 + 1..=EVENTS).await }),
    );
    let mut altered = early.unwrap();
    for (edit, times) in late.unwrap() {
        *altered.entry(edit).or_default() += times;
    }
    let never = EDITS.iter().chain(&OF_DOCUMENT).filter(|edit| !altered.contains_key(*edit));
    assert_eq!(never.collect::<Vec<_>>(), [&""; 0], "what altered nothing at any event");
    let altered: usize = altered.values().sum();
    println!("{altered} alterations, each found by three verifiers");
    assert!(altered >= 500, "{altered}");
}
