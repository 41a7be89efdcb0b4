//! Appends to logs whose ends are known and to others, by the statement and by the function for one organization: all
//! lead to the same rows and the same outcomes.

use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::{EventType, State};
use flow_registry::flow::reference::{Reference, ReferenceKind};
use flow_registry::store::{Append, FlowChange, InForceChange, Outcome, Store, WriterMemory};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::rows::{change, decided, now, place, row, two_organizations, with_key, wrong_hashes};
use crate::support::{self, TestDatabase};

/// Two logs with a flow each, and a writer that has written to both.
pub(super) struct Two {
    pub(super) store: Store,
    pub(super) memory: WriterMemory,
    pub(super) first: Uuid,
    second: Uuid,
    pub(super) a: Uuid,
    b: Uuid,
    pub(super) _database: TestDatabase,
}

pub(super) async fn two_logs(mut memory: WriterMemory) -> Two {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    store.make_append_function().await.unwrap();
    let (first, second) = two_organizations();
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    store.append_with(&mut memory, &[row(first, a, 0, "a1"), row(second, b, 0, "b1")]).await.unwrap();
    Two { store, memory, first, second, a, b, _database: database }
}

pub(super) fn memories() -> [WriterMemory; 2] {
    [WriterMemory::default(), WriterMemory::for_distributed()]
}

#[tokio::test]
async fn logs_whose_ends_are_known_go_on_behind_them() {
    for memory in memories() {
        let Two { store, mut memory, first, second, a, b, _database } = two_logs(memory).await;
        for version in 1..4 {
            let text = format!("v{}", version + 1);
            let rows: Vec<Append> = vec![
                with_key(row(first, a, version, &text), &format!("k{version}"), "r"),
                row(first, Uuid::new_v4(), 0, &text),
                decided(&store, row(second, b, version, &text)).await,
            ];
            let outcomes = store.append_with(&mut memory, &rows).await.unwrap();
            let places: Vec<_> = outcomes.iter().map(place).map(|it| (it.version, it.position)).collect();
            assert_eq!(
                places,
                [(version + 1, 2 * version), (1, 2 * version + 1), (version + 1, version + 1)]
            );
            let (record, bytes) = now(&store, first, a).await.unwrap();
            assert_eq!((record.version, record.updated_at), (version + 1, place(&outcomes[0]).recorded_at));
            assert_eq!(bytes.unwrap(), text);
        }
        assert_eq!(wrong_hashes(&store).await, 0);
        let read = store.read_for_command(first, a, None, "k3").await.unwrap();
        assert_eq!(read.answered.map(|answered| answered.answer), Some(vec![(a, 4)]));
    }
}

#[tokio::test]
async fn logs_that_others_moved_are_written_under_the_lock() {
    for memory in memories() {
        let Two { store, mut memory, first, second, a, b, _database } = two_logs(memory).await;
        let known = row(first, a, 1, "a2");
        let outcomes =
            store.append_with(&mut memory, &[known.clone(), row(second, b, 1, "b2")]).await.unwrap();
        // Somebody else moves one of the logs; the first row comes again, as after a lost answer.
        store.append(&[row(first, Uuid::new_v4(), 0, "c1")]).await.unwrap();
        let again = store.append_with(&mut memory, &[known, row(second, b, 2, "b3")]).await.unwrap();
        assert_eq!(place(&again[0]), place(&outcomes[0]), "the same event is the same event");
        assert_eq!(place(&again[1]).position, 3);
        // A row that comes too late does not keep another of its log from its place.
        let late = [row(first, Uuid::new_v4(), 0, "d1"), row(second, b, 2, "late")];
        let outcomes = store.append_with(&mut memory, &late).await.unwrap();
        assert_eq!(place(&outcomes[0]).position, 4);
        assert_eq!(outcomes[1], Outcome::Conflict { event: 0, version: 3 });
        let mut late = vec![row(second, Uuid::new_v4(), 0, "e1"), row(second, b, 2, "late")];
        late.sort_by_key(|append| append.events[0].stream_id);
        let outcomes = store.append_with(&mut memory, &late).await.unwrap();
        assert!(outcomes.contains(&Outcome::Conflict { event: 0, version: 3 }), "{outcomes:?}");
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Outcome::Appended(_))), "{outcomes:?}");
        assert_eq!(wrong_hashes(&store).await, 0);
    }
}

/// What a flow goes through, as rows: each event that changes another part of its views.
fn life(org: Uuid, flow: Uuid) -> Vec<Append> {
    type Turn = (EventType, &'static str, fn(&mut State, &mut FlowChange));
    fn in_force(text: &str, keyword: &str) -> InForceChange {
        let references = vec![Reference { kind: ReferenceKind::Keyword, value: keyword.to_owned() }];
        InForceChange::Put { search: text.to_owned(), references }
    }
    let turns: [Turn; 8] = [
        (EventType::FlowDuplicated, "a", |_, view| {
            view.marks.duplicated_from = Some(Box::new((Uuid::nil(), 7)))
        }),
        (EventType::FlowPublished, "a", |_, view| view.in_force = Some(in_force("a", "hola"))),
        (EventType::FlowUpdated, "b", |_, _| {}),
        (EventType::FlowUpdated, "b", |state, view| {
            state.enabled = false;
            view.in_force = Some(InForceChange::Kept);
        }),
        (EventType::FlowPublished, "b", |_, view| {
            view.in_force = Some(in_force("b", "adios"));
        }),
        (EventType::FlowUpdated, "c", |_, view| view.search = None),
        (EventType::FlowDeleted, "c", |state, view| {
            state.deleted = true;
            view.in_force = Some(InForceChange::Ended);
        }),
        (EventType::FlowRestored, "a", |_, view| view.marks.restored_from = Some(1)),
    ];
    let rows = turns.into_iter().zip(0..).map(|((event_type, text, alter), expected)| {
        let mut row = row(org, flow, expected, text);
        let published = match expected {
            1..4 => Some((2, "a")),
            4..6 => Some((5, "b")),
            _ => None,
        };
        let mut state = row.events[0].state;
        let view = change(&mut row);
        if let Some((by, text)) = published {
            (state.published_version, state.published_by_version) = (Some(by), Some(by));
            view.published_document = Some(Digest::of(text.as_bytes()));
            view.published_phone_number_id = Some(format!("number of {text}"));
        }
        alter(&mut state, view);
        (row.events[0].event_type, row.events[0].state) = (event_type, state);
        row
    });
    rows.collect()
}

/// The views of a flow without the ids and times that differ, and which of its times are the same.
async fn views(store: &Store, flow: Uuid) -> Value {
    let columns = "to_jsonb(v) - 'org_id' - 'flow_id' - 'position' - 'created_at' - 'updated_at' - 'published_at' || \
         jsonb_build_object('published_at', (SELECT e.version FROM event e WHERE e.stream_id = v.flow_id \
           AND e.recorded_at = v.published_at), 'created_at', (SELECT e.version FROM event e \
           WHERE e.stream_id = v.flow_id AND e.recorded_at = v.created_at), 'updated_at', (SELECT e.version FROM event e \
           WHERE e.stream_id = v.flow_id AND e.recorded_at = v.updated_at), \
         'texts', (SELECT jsonb_object_agg(s.in_force, s.text) FROM flow_search s WHERE s.flow_id = v.flow_id), \
         'references', (SELECT jsonb_agg(jsonb_build_array(r.kind, r.value, r.since_version)) FROM flow_reference r \
           WHERE r.flow_id = v.flow_id), \
         'in force since', (SELECT e.version FROM event e JOIN log_head h ON h.org_id = e.org_id \
           AND h.in_force_position = e.position WHERE e.stream_id = v.flow_id))";
    let sql = format!("SELECT {columns} FROM flow_view v WHERE v.flow_id = $1");
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(flow).fetch_one(store.pool()).await.unwrap()
}

#[tokio::test]
async fn each_way_leads_to_the_same_views() {
    let Two { store, mut memory, first, second, _database, .. } = two_logs(WriterMemory::default()).await;
    let third = Uuid::new_v4();
    let mut distributed = WriterMemory::for_distributed();
    let flows = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    let lives = [life(first, flows[0]), life(second, flows[1]), life(third, flows[2])];
    let mut story = Vec::new();
    for turn in 0..lives[0].len() {
        let mut rows: Vec<Append> = lives.iter().map(|life| life[turn].clone()).collect();
        if turn > 0 {
            for row in &mut rows {
                *row = decided(&store, row.clone()).await;
            }
        }
        let [known, locked, function] = <[Append; 3]>::try_from(rows).unwrap();
        store.append_with(&mut memory, &[known]).await.unwrap();
        // Who remembers nothing of a log, and finds it moved, locks its head.
        store.append_with(&mut contested(&store, second).await, &[locked]).await.unwrap();
        store.append_with(&mut distributed, &[function]).await.unwrap();
        let after = views(&store, flows[0]).await;
        assert_eq!(after, views(&store, flows[1]).await, "under the lock, after version {}", turn + 1);
        assert_eq!(after, views(&store, flows[2]).await, "by the function, after version {}", turn + 1);
        assert_eq!(after["version"], turn + 1);
        story.push(serde_json::json!([after["texts"], after["references"], after["in force since"]]));
    }
    assert_eq!(
        serde_json::to_value(story).unwrap(),
        serde_json::json!([
            [{"false": "a"}, null, null],
            [{"false": "a", "true": "a"}, [[1, "hola", 2]], 2],
            [{"false": "b", "true": "a"}, [[1, "hola", 2]], 2],
            [{"false": "b", "true": "a"}, [[1, "hola", 2]], 4],
            [{"false": "b", "true": "b"}, [[1, "adios", 5]], 5],
            [{"false": "b", "true": "b"}, [[1, "adios", 5]], 5],
            [{"false": "c"}, null, 7],
            [{"false": "a"}, null, 7]
        ])
    );
    assert_eq!(wrong_hashes(&store).await, 0);
}

/// A writer that remembers another end of the log than it has.
async fn contested(store: &Store, org: Uuid) -> WriterMemory {
    let mut memory = WriterMemory::default();
    store.append_with(&mut memory, &[row(org, Uuid::new_v4(), 0, "mine")]).await.unwrap();
    store.append(&[row(org, Uuid::new_v4(), 0, "another's")]).await.unwrap();
    memory
}

/// Only an event that brings the bytes can store them, whichever of several names the document first.
#[tokio::test]
async fn a_document_is_stored_by_the_event_that_brings_it() {
    for memory in memories() {
        let Two { store, mut memory, first, a, _database, .. } = two_logs(memory).await;
        sqlx::query("UPDATE document SET bytes = NULL").execute(store.pool()).await.unwrap();
        let mut names = row(first, a, 1, "a1");
        names.events[0].document_bytes = None;
        let new = Uuid::new_v4();
        let rows = [names, row(first, new, 0, "a1"), row(first, Uuid::new_v4(), 0, "a1")];
        store.append_with(&mut memory, &rows).await.unwrap();
        assert_eq!(now(&store, first, new).await.unwrap().1.as_deref(), Some(&b"a1"[..]));
    }
}

/// Whoever decides may have seen the flow long ago: its whole state is proven, also what no event changed.
#[tokio::test]
async fn a_flow_that_was_altered_takes_nothing_that_was_decided_before() {
    for memory in memories() {
        let Two { store, mut memory, first, _database, .. } = two_logs(memory).await;
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
            store.append_with(&mut memory, &[row(first, flow, 0, alter)]).await.unwrap();
            let before = decided(&store, row(first, flow, 1, "next")).await;
            let what = match alter.split_once(' ') {
                Some(("document", _)) => format!("UPDATE {alter} WHERE digest = sha256($1::text::bytea)"),
                _ => format!("UPDATE {alter} WHERE document_digest = sha256($1::text::bytea)"),
            };
            let altered = sqlx::query(AssertSqlSafe(what)).bind(alter).execute(store.pool()).await.unwrap();
            assert_eq!(altered.rows_affected(), 1, "{alter}");
            let refused = [Outcome::StateDiffers { event: 0 }];
            assert_eq!(store.append_with(&mut memory, std::slice::from_ref(&before)).await.unwrap(), refused);
            assert_eq!(store.append(&[before]).await.unwrap(), refused, "{alter}");
            // Of the version alone nothing else is known: it is what it was.
            let after = store.append(&[row(first, flow, 1, "next")]).await.unwrap();
            assert_eq!(place(&after[0]).version, 2, "{alter}");
        }
    }
}

#[tokio::test]
async fn a_view_that_lags_stops_its_own_row_only() {
    for mut memory in memories() {
        let database = support::database().await;
        let store = Store::new(database.pool.clone());
        store.make_append_function().await.unwrap();
        let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
        for version in 0..2 {
            store.append_with(&mut memory, &[row(org, flow, version, "a")]).await.unwrap();
        }
        for (number, break_it) in (0_i64..).zip([
            "UPDATE flow_view SET version = 1 WHERE flow_id = $1",
            "UPDATE flow_view SET version = 7 WHERE flow_id = $1",
            "DELETE FROM flow_view WHERE flow_id = $1",
        ]) {
            sqlx::query(break_it).bind(flow).execute(store.pool()).await.unwrap();
            let rows = [with_key(row(org, flow, 2, "b"), "k", "r"), row(org, Uuid::new_v4(), 0, "c")];
            let outcomes = store.append_with(&mut memory, &rows).await.unwrap();
            assert_eq!(outcomes[0], Outcome::StateDiffers { event: 0 }, "{break_it}");
            assert_eq!(place(&outcomes[1]).position, 3 + number, "{break_it}");
        }
        let keys: i64 =
            sqlx::query_scalar("SELECT count(*) FROM idempotency_key").fetch_one(store.pool()).await.unwrap();
        assert_eq!(keys, 0, "a row that is stopped answers no key");
    }
}

#[tokio::test]
async fn a_clock_that_is_not_the_databases_gives_no_times() {
    for mut memory in memories() {
        let database = support::database().await;
        let store = Store::new(database.pool.clone());
        store.make_append_function().await.unwrap();
        let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
        let far = "UPDATE log_head SET recorded_at = recorded_at + interval '1 hour'";
        store.append_with(&mut memory, &[row(org, flow, 0, "a")]).await.unwrap();
        sqlx::query(far).execute(store.pool()).await.unwrap();
        // The writer's own memory is not that far ahead: its times agree with the database's clock.
        let known = store.append_with(&mut memory, &[row(org, flow, 1, "b")]).await.unwrap();
        sqlx::query(far).execute(store.pool()).await.unwrap();
        let read = store.append(&[row(org, flow, 2, "c")]).await.unwrap();
        let ahead = place(&read[0]).recorded_at - place(&known[0]).recorded_at;
        assert!(ahead.num_minutes() > 59, "times go on from where the log ends: {ahead}");
    }
}
