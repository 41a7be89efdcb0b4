//! Appends by one who knows where the logs end: one plain statement, or else the call.

use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::EventType;
use flow_registry::store::{
    Append, Appended, FlowRow, Heads, NewEvent, Outcome, Projection, Store, StoreError,
};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::rows::{decided, now, row, two_organizations, with_key};
use crate::support::{self, TestDatabase};

fn place(outcome: &Outcome) -> Appended {
    match outcome {
        Outcome::Appended(place) => *place,
        other => panic!("expected an event, got {other:?}"),
    }
}

/// Two logs with a flow each, and a writer that has written to both.
struct Two {
    store: Store,
    heads: Heads,
    first: Uuid,
    second: Uuid,
    a: Uuid,
    b: Uuid,
    _database: TestDatabase,
}

async fn two_logs() -> Two {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let mut heads = Heads::default();
    let (first, second) = two_organizations();
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    store.append_after(&mut heads, &[row(first, a, 0, "a1"), row(second, b, 0, "b1")]).await.unwrap();
    Two { store, heads, first, second, a, b, _database: database }
}

/// From here on whatever goes by the call fails.
async fn take_the_call_away(store: &Store) {
    sqlx::query("DROP FUNCTION append_events").execute(store.pool()).await.unwrap();
}

/// Events whose stored hashes are not what their columns say.
async fn wrong_hashes(store: &Store) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM event e LEFT JOIN event p ON p.org_id = e.org_id AND p.position = e.position - 1 \
         WHERE e.payload_digest <> sha256(e.payload) OR e.context_digest <> sha256(e.context) \
         OR e.event_hash <> event_hash_1(e.org_id, e.stream_kind, e.stream_id, e.event_id, e.version, e.position, \
           e.recorded_at, e.schema_version, e.document_digest, e.enabled, e.deleted, e.published_version, \
           e.published_by_version, e.payload_digest, e.context_digest, e.type) \
         OR e.chain_hash <> sha256(p.chain_hash || e.event_hash) OR e.recorded_at <= p.recorded_at",
    )
    .fetch_one(store.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_log_whose_end_is_known_needs_no_call() {
    let Two { store, mut heads, first, second, a, b, _database } = two_logs().await;
    take_the_call_away(&store).await;
    for version in 1..4 {
        let text = format!("v{}", version + 1);
        let rows: Vec<Append> = vec![
            with_key(row(first, a, version, &text), &format!("k{version}"), "r"),
            row(first, Uuid::new_v4(), 0, &text),
            decided(&store, row(second, b, version, &text)).await,
        ];
        let outcomes = store.append_after(&mut heads, &rows).await.unwrap();
        let places: Vec<_> =
            outcomes.iter().map(|outcome| (place(outcome).version, place(outcome).position)).collect();
        assert_eq!(places, [(version + 1, 2 * version), (1, 2 * version + 1), (version + 1, version + 1)]);
        let (record, bytes) = now(&store, first, a).await.unwrap();
        assert_eq!((record.version, record.updated_at), (version + 1, place(&outcomes[0]).recorded_at));
        assert_eq!(bytes.unwrap(), text);
    }
    assert_eq!(wrong_hashes(&store).await, 0);
    let read = store.read_for_command(first, a, None, "k3").await.unwrap();
    assert_eq!(read.answered.map(|answered| (answered.stream_id, answered.version)), Some((a, 4)));
}

#[tokio::test]
async fn what_does_not_fit_goes_by_the_call_alone() {
    let Two { store, mut heads, first, second, a, b, _database } = two_logs().await;
    let known = row(first, a, 1, "a2");
    let outcomes = store.append_after(&mut heads, &[known.clone(), row(second, b, 1, "b2")]).await.unwrap();
    // Somebody else moves one of the logs; the first row comes again, as after a lost answer.
    store.append(&[row(first, Uuid::new_v4(), 0, "c1")]).await.unwrap();
    let again = store.append_after(&mut heads, &[known, row(second, b, 2, "b3")]).await.unwrap();
    assert_eq!(place(&again[0]), place(&outcomes[0]), "the same event is the same event");
    assert_eq!(place(&again[1]).position, 3);
    // One that comes too late does not keep the other from its place.
    let late = [row(first, Uuid::new_v4(), 0, "d1"), row(second, b, 2, "late")];
    let outcomes = store.append_after(&mut heads, &late).await.unwrap();
    assert_eq!((place(&outcomes[0]).position, outcomes[1]), (4, Outcome::Conflict { version: 3 }));
    // The same where nobody else has written: the statement fails as a whole, and leaves nothing.
    let mut heads = Heads::default();
    let late = [row(first, Uuid::new_v4(), 0, "e1"), row(second, b, 2, "late")];
    let outcomes = store.append_after(&mut heads, &late).await.unwrap();
    assert_eq!((place(&outcomes[0]).position, outcomes[1]), (5, Outcome::Conflict { version: 3 }));
    assert_eq!(wrong_hashes(&store).await, 0);
}

/// What a flow goes through, as rows: each event that changes another part of its view.
fn life(org: Uuid, flow: Uuid) -> Vec<Append> {
    type Turn = (EventType, &'static str, fn(&mut NewEvent, &mut FlowRow));
    let publish = |event: &mut NewEvent, view: &mut FlowRow, pinned: i64, by: i64, text: &str| {
        (event.published_version, event.published_by_version) = (Some(pinned), Some(by));
        view.published_digest = Some(Digest::of(text.as_bytes()));
        view.published_phone_number_id = Some(format!("number of {text}"));
        view.published_search = Some(text.to_owned());
    };
    let turns: [Turn; 6] = [
        (EventType::FlowDuplicated, "a", |_, view| view.duplicated_from = Some((Uuid::nil(), 7))),
        (EventType::FlowPublished, "a", |event, _| event.document_bytes = None),
        (EventType::FlowUpdated, "b", |_, _| {}),
        (EventType::FlowUpdated, "b", |event, _| event.enabled = false),
        (EventType::FlowDeleted, "b", |event, _| event.deleted = true),
        (EventType::FlowRestored, "a", |_, view| view.restored_from = Some(1)),
    ];
    let rows = turns.into_iter().zip(0..).map(|((event_type, text, change), expected)| {
        let mut row = row(org, flow, expected, text);
        let Projection::Flow(view) = &mut row.projection else { unreachable!("a row of a flow") };
        let event = row.event.as_mut().expect("rows bring events");
        event.event_type = event_type;
        if (1..4).contains(&expected) {
            publish(event, view, 2, 2, "a");
        }
        change(event, view);
        row
    });
    rows.collect()
}

/// The view of a flow without the ids and times that differ, and which of its times are the same.
async fn view(store: &Store, flow: Uuid) -> Value {
    let columns = "to_jsonb(v) - 'org_id' - 'flow_id' - 'position' - 'created_at' - 'updated_at' - 'published_at' || \
         jsonb_build_object('published_at', (SELECT e.version FROM event e WHERE e.stream_id = v.flow_id \
           AND e.recorded_at = v.published_at), 'created_at', (SELECT e.version FROM event e \
           WHERE e.stream_id = v.flow_id AND e.recorded_at = v.created_at), 'updated_at', (SELECT e.version FROM event e \
           WHERE e.stream_id = v.flow_id AND e.recorded_at = v.updated_at))";
    let sql = format!("SELECT {columns} FROM flow_view v WHERE v.flow_id = $1");
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(flow).fetch_one(store.pool()).await.unwrap()
}

#[tokio::test]
async fn the_view_is_what_the_call_makes_of_it() {
    let Two { store, mut heads, first, second, _database, .. } = two_logs().await;
    let (called, chained) = (Uuid::new_v4(), Uuid::new_v4());
    for (by_call, by_statement) in life(first, called).into_iter().zip(life(second, chained)) {
        let expected = by_call.expected;
        let (by_call, by_statement) = match expected {
            0 => (by_call, by_statement),
            _ => (decided(&store, by_call).await, decided(&store, by_statement).await),
        };
        store.append(&[by_call]).await.unwrap();
        store.append_after(&mut heads, &[by_statement]).await.unwrap();
        let after = view(&store, chained).await;
        assert_eq!(after, view(&store, called).await, "after version {}", expected + 1);
        assert_eq!(after["version"], expected + 1);
    }
    assert_eq!(wrong_hashes(&store).await, 0);
}

/// Only an event that brings the bytes can store them, whichever of several names the document first.
#[tokio::test]
async fn a_document_is_stored_by_the_event_that_brings_it() {
    let Two { store, mut heads, first, a, _database, .. } = two_logs().await;
    sqlx::query("UPDATE document SET bytes = NULL").execute(store.pool()).await.unwrap();
    take_the_call_away(&store).await;
    let mut names = row(first, a, 1, "a1");
    names.event.as_mut().unwrap().document_bytes = None;
    let new = Uuid::new_v4();
    let rows = [names, row(first, new, 0, "a1"), row(first, Uuid::new_v4(), 0, "a1")];
    store.append_after(&mut heads, &rows).await.unwrap();
    assert_eq!(now(&store, first, new).await.unwrap().1.as_deref(), Some(&b"a1"[..]));
}

/// Whoever decides may have seen the flow long ago: what no event changed is proven with its version.
#[tokio::test]
async fn a_flow_that_was_altered_takes_nothing_that_was_decided_before() {
    let Two { store, mut heads, first, _database, .. } = two_logs().await;
    let alterations = [
        "flow_view SET document_digest = sha256('b')",
        "flow_view SET enabled = NOT enabled",
        "flow_view SET deleted = NOT deleted",
        "flow_view SET published_version = 1",
        "flow_view SET published_by_version = 1",
        "flow_view SET published_digest = sha256('b')",
        "document SET bytes = NULL",
    ];
    for alter in alterations {
        let flow = Uuid::new_v4();
        store.append_after(&mut heads, &[row(first, flow, 0, alter)]).await.unwrap();
        let before = decided(&store, row(first, flow, 1, "next")).await;
        let what = match alter.split_once(' ') {
            Some(("document", _)) => format!("UPDATE {alter} WHERE digest = sha256($1::text::bytea)"),
            _ => format!("UPDATE {alter} WHERE document_digest = sha256($1::text::bytea)"),
        };
        let altered = sqlx::query(AssertSqlSafe(what)).bind(alter).execute(store.pool()).await.unwrap();
        assert_eq!(altered.rows_affected(), 1, "{alter}");
        let refused = store.append_after(&mut heads, std::slice::from_ref(&before)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Statement(_)), "{alter}: {refused}");
        let refused = store.append(&[before]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Statement(_)), "{alter}: {refused}");
        // Of the version alone nothing else is known: it does stand there.
        let after = store.append(&[row(first, flow, 1, "next")]).await.unwrap();
        assert_eq!(place(&after[0]).version, 2, "{alter}");
    }
}

#[tokio::test]
async fn a_view_that_lags_lets_nothing_be_written() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let mut heads = Heads::default();
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    for version in 0..2 {
        store.append_after(&mut heads, &[row(org, flow, version, "a")]).await.unwrap();
    }
    for break_it in ["UPDATE flow_view SET version = 1", "DELETE FROM flow_view"] {
        sqlx::query(break_it).execute(store.pool()).await.unwrap();
        let rows = [row(org, flow, 2, "b"), row(org, Uuid::new_v4(), 0, "c")];
        let refused = store.append_after(&mut heads, &rows).await.unwrap_err();
        assert!(matches!(refused, StoreError::Statement(_)), "{refused}");
        let events: i64 =
            sqlx::query_scalar("SELECT count(*) FROM event").fetch_one(store.pool()).await.unwrap();
        assert_eq!(events, 2, "{break_it}");
    }
}

#[tokio::test]
async fn a_clock_that_is_not_the_databases_gives_no_times() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let mut heads = Heads::default();
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append_after(&mut heads, &[row(org, flow, 0, "a")]).await.unwrap();
    sqlx::query("UPDATE log_head SET recorded_at = recorded_at + interval '1 hour'")
        .execute(store.pool())
        .await
        .unwrap();
    let behind = store.append_after(&mut heads, &[row(org, flow, 1, "b")]).await.unwrap();
    assert_eq!(place(&behind[0]).position, 2, "the time goes on from where the log stands");
    take_the_call_away(&store).await;
    store.append_after(&mut heads, &[row(org, flow, 2, "c")]).await.unwrap_err();
}
