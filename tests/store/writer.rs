//! The writer: appends that wait go together, an error in one harms no other, and what was accepted is appended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flow_registry::store::{Form, Outcome, Row, Store, StoreError, Writer};
use futures_util::future::join_all;
use sqlx::PgConnection;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::rows::{row, with_key};
use crate::support;

#[tokio::test]
async fn appends_that_wait_share_a_transaction() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let writer = Writer::start(&store);
    let orgs = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    let mut tasks = JoinSet::new();
    for n in 0..300 {
        let writer = writer.clone();
        let org = orgs[n % 3];
        tasks.spawn(
            async move { writer.append(row(org, Uuid::new_v4(), 0, &format!("d{n}"))).await.unwrap() },
        );
    }
    for outcome in tasks.join_all().await {
        assert!(matches!(outcome, Outcome::Appended(_)));
    }
    let (events, transactions): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT xmin::text) FROM event")
            .fetch_one(store.pool())
            .await
            .unwrap();
    assert_eq!(events, 300);
    assert!(transactions < 100, "{transactions} transactions for 300 appends that waited together");
}

#[tokio::test]
async fn rows_of_one_stream_or_key_wait_for_each_other_in_order() {
    let database = support::database().await;
    let writer = Writer::start(&Store::new(database.pool.clone()));
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let text = |expected: i64| format!("v{}", expected + 1);
    let versions = (0..50).map(|expected| writer.append(row(org, flow, expected, &text(expected))));
    for (outcome, version) in join_all(versions).await.into_iter().zip(1..) {
        match outcome.unwrap() {
            Outcome::Appended(places) => {
                assert_eq!((places[0].version, places[0].position), (version, version));
            }
            other => panic!("version {version}: {other:?}"),
        }
    }
    let keyed = (0..50).map(|_| writer.append(with_key(row(org, Uuid::new_v4(), 0, "a"), "k", "r")));
    let outcomes: Vec<_> = join_all(keyed).await.into_iter().map(Result::unwrap).collect();
    let is_appended = |outcome: &&Outcome| matches!(outcome, Outcome::Appended(_));
    assert_eq!(outcomes.iter().filter(is_appended).count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn a_row_that_is_stopped_harms_no_other() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let writer = Writer::start(&store);
    let (org, broken) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, broken, 0, "a")]).await.unwrap();
    sqlx::query("DELETE FROM flow_view").execute(store.pool()).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..40 {
        let writer = writer.clone();
        let (flow, expected) = if n == 20 { (broken, 1) } else { (Uuid::new_v4(), 0) };
        tasks.spawn(async move { (n, writer.append(row(org, flow, expected, &format!("d{n}"))).await) });
    }
    for (n, outcome) in tasks.join_all().await {
        match outcome {
            Ok(Outcome::Appended(_)) => assert_ne!(n, 20),
            Ok(Outcome::StateDiffers { event: 0 }) => assert_eq!(n, 20),
            other => panic!("row {n}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_nothing() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let writer = Writer::start(&store);
    let org = Uuid::new_v4();
    for n in 0..20 {
        let text = format!("d{n}");
        let append = writer.append(row(org, Uuid::new_v4(), 0, &text));
        tokio::select! {
            biased;
            outcome = append => drop(outcome.unwrap()),
            () = std::future::ready(()) => {}
        }
    }
    // The last one is waited for: the writer takes rows in the order in which they came.
    writer.append(row(org, Uuid::new_v4(), 0, "last")).await.unwrap();
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM event").fetch_one(store.pool()).await.unwrap();
    assert_eq!(events, 21);
}

#[tokio::test]
async fn a_stalled_database_is_answered_with_overloaded_before_memory_runs_out() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let writer = Writer::start(&store);
    let org = Uuid::new_v4();
    store.append(&[row(org, Uuid::new_v4(), 0, "a")]).await.unwrap();
    let mut stall = store.pool().begin().await.unwrap();
    sqlx::query("SELECT 1 FROM log_head FOR UPDATE").execute(&mut *stall).await.unwrap();

    let large = "x".repeat(256 * 1024);
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let (writer, text) = (writer.clone(), format!("{large}{n}"));
        tasks.spawn(async move { writer.append(row(org, Uuid::new_v4(), 0, &text)).await });
    }
    match tasks.join_next().await.unwrap().unwrap() {
        Err(StoreError::Overloaded) => {}
        other => panic!("answered while the database stalls: {other:?}"),
    }
    stall.rollback().await.unwrap();
    let (mut appended, mut overloaded) = (0, 1);
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(Outcome::Appended(_)) => appended += 1,
            Err(StoreError::Overloaded) => overloaded += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(appended >= 100 && overloaded >= 50, "{appended} appended, {overloaded} refused");
}

#[tokio::test]
async fn a_log_that_somebody_holds_stops_no_other() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let writer = Writer::start(&store);
    let [held, other] = [Uuid::new_v4(), Uuid::new_v4()];
    store.append(&[row(held, Uuid::new_v4(), 0, "a")]).await.unwrap();
    let mut holder = store.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM log_head WHERE org_id = $1 FOR UPDATE")
        .bind(held)
        .execute(&mut *holder)
        .await
        .unwrap();
    let rows = [held, held, other].map(|org| writer.append(row(org, Uuid::new_v4(), 0, "b")));
    let outcomes = join_all(rows).await;
    assert!(matches!(outcomes[0], Err(StoreError::Unavailable(_) | StoreError::Overloaded)), "{outcomes:?}");
    assert!(matches!(outcomes[1], Err(StoreError::Unavailable(_) | StoreError::Overloaded)), "{outcomes:?}");
    assert!(matches!(outcomes[2], Ok(Outcome::Appended(_))), "{outcomes:?}");
    holder.rollback().await.unwrap();
    writer.append(row(held, Uuid::new_v4(), 0, "c")).await.unwrap();
}

/// A row whose calls end as they are told to: by the number of the call and of its rows.
struct Scripted {
    calls: Arc<AtomicUsize>,
    end: fn(usize, usize) -> Result<Vec<()>, StoreError>,
}

impl Row for Scripted {
    type Outcome = ();
    type Claim = ();
    type Memory = ();
    const WRITER: &'static str = "scripted";

    fn memory(_: Form) {}

    fn size(&self) -> usize {
        1
    }

    fn order(&self) -> (Uuid, Uuid) {
        (Uuid::nil(), Uuid::nil())
    }

    fn claims(&self) -> impl Iterator<Item = ()> {
        std::iter::empty()
    }

    async fn write(_: &mut PgConnection, (): &mut (), rows: &[Self]) -> Result<Vec<()>, StoreError> {
        (rows[0].end)(rows[0].calls.fetch_add(1, Ordering::Relaxed), rows.len())
    }
}

async fn scripted(end: fn(usize, usize) -> Result<Vec<()>, StoreError>) -> Vec<Result<(), StoreError>> {
    let database = support::database().await;
    let writer = Writer::start(&Store::new(database.pool.clone()));
    let calls = Arc::new(AtomicUsize::new(0));
    let rows = (0..2).map(|_| writer.append(Scripted { calls: Arc::clone(&calls), end }));
    let together = join_all(rows).await;
    let after = writer.append(Scripted { calls, end }).await;
    together.into_iter().chain([after]).collect()
}

#[tokio::test]
async fn what_may_have_happened_is_never_told_as_undone() {
    let outcomes = scripted(|call, _| match call {
        0 => Err(StoreError::OutcomeUnknown("the connection broke".to_owned())),
        _ => Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
    })
    .await;
    let [first, second, after] = &outcomes[..] else { unreachable!() };
    assert!(matches!(first, Err(StoreError::OutcomeUnknown(_))), "{first:?}");
    assert!(matches!(second, Err(StoreError::OutcomeUnknown(_))), "{second:?}");
    assert!(matches!(after, Err(StoreError::Unavailable(_))), "nothing was begun: {after:?}");
}

#[tokio::test]
async fn a_row_that_breaks_the_writer_breaks_no_other() {
    let outcomes = scripted(|call, rows| match call {
        0 | 2 => panic!("on purpose"),
        _ => Ok(vec![(); rows]),
    })
    .await;
    let [first, second, after] = &outcomes[..] else { unreachable!() };
    assert!(first.is_ok() && after.is_ok());
    assert!(matches!(second, Err(StoreError::Corrupt { .. })), "{second:?}");
}
