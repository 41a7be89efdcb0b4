//! One call: numbers without holes, outcomes as values, idempotency inside.

use flow_registry::store::{Append, Outcome, Store, StoreError};
use uuid::Uuid;

use super::rows::{idempotency, place, row, two_organizations, with_key};
use crate::support;

fn appended(outcome: &Outcome) -> (i64, i64) {
    let place = place(outcome);
    (place.version, place.position)
}

async fn count(store: &Store, table: &'static str) -> i64 {
    let sql = match table {
        "event" => "SELECT count(*) FROM event",
        "document" => "SELECT count(*) FROM document",
        _ => "SELECT count(*) FROM idempotency_key",
    };
    sqlx::query_scalar(sql).fetch_one(store.pool()).await.unwrap()
}

#[tokio::test]
async fn versions_count_per_stream_and_positions_per_organization() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (first, second) = two_organizations();
    let (a, b, c) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    let created = [row(first, a, 0, "a1"), row(first, b, 0, "b1"), row(second, c, 0, "c1")];
    let places: Vec<_> = store.append(&created).await.unwrap().iter().map(appended).collect();
    assert_eq!(places, [(1, 1), (1, 2), (1, 1)]);
    let changed = [row(first, b, 1, "b2"), row(second, c, 1, "c2")];
    let places: Vec<_> = store.append(&changed).await.unwrap().iter().map(appended).collect();
    assert_eq!(places, [(2, 3), (2, 2)]);
    assert_eq!(appended(&store.append(&[row(first, a, 1, "a2")]).await.unwrap()[0]), (2, 4));
}

#[tokio::test]
async fn two_rows_for_one_place_are_refused_together() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, a) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, a, 0, "a1")]).await.unwrap();
    store.append(&[row(org, a, 1, "a2"), row(org, a, 1, "a3")]).await.unwrap_err();
    assert_eq!(count(&store, "event").await, 1);
}

#[tokio::test]
async fn a_conflict_fails_its_row_alone() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, a, b) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, a, 0, "a1")]).await.unwrap();
    store.append(&[row(org, a, 1, "a2")]).await.unwrap();
    let outcomes = store.append(&[row(org, a, 1, "late"), row(org, b, 0, "b1")]).await.unwrap();
    assert_eq!(outcomes[0], Outcome::Conflict { event: 0, version: 2 });
    assert_eq!(appended(&outcomes[1]), (1, 3));
    assert_eq!(count(&store, "document").await, 3, "a row that conflicts leaves no document behind");
}

#[tokio::test]
async fn the_same_event_sent_again_is_the_same_event() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let rows = [row(Uuid::new_v4(), Uuid::new_v4(), 0, "a1")];
    let first = store.append(&rows).await.unwrap();
    assert_eq!(store.append(&rows).await.unwrap(), first);
    assert_eq!(count(&store, "event").await, 1);
}

#[tokio::test]
async fn an_idempotency_key_answers_what_it_answered_first() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let keyed = with_key(row(org, flow, 0, "a1"), "k", "create a1");
    assert_eq!(appended(&store.append(&[keyed]).await.unwrap()[0]), (1, 1));
    let again = with_key(row(org, Uuid::new_v4(), 0, "a1"), "k", "create a1");
    let other = with_key(row(org, Uuid::new_v4(), 0, "a1"), "k", "create a2");
    assert_eq!(store.append(&[again]).await.unwrap(), [Outcome::Replayed(vec![(flow, 1)])]);
    assert_eq!(store.append(&[other]).await.unwrap(), [Outcome::KeyReused]);
    let elsewhere = with_key(row(Uuid::new_v4(), flow, 0, "a1"), "k", "create a2");
    assert_eq!(
        appended(&store.append(&[elsewhere]).await.unwrap()[0]),
        (1, 1),
        "keys are an organization's own"
    );
    assert_eq!(count(&store, "event").await, 2);
}

#[tokio::test]
async fn a_row_without_event_records_its_key_only() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "a1")]).await.unwrap();
    let nothing = Append::unchanged(org, flow, 1, idempotency("k", "r"));
    assert_eq!(store.append(std::slice::from_ref(&nothing)).await.unwrap(), [Outcome::Appended(vec![])]);
    assert_eq!(store.append(&[nothing]).await.unwrap(), [Outcome::Replayed(vec![(flow, 1)])]);
    assert_eq!(count(&store, "event").await, 1);
}

#[tokio::test]
async fn equal_documents_are_stored_once() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "x"), row(org, Uuid::new_v4(), 0, "x")]).await.unwrap();
    store.append(&[row(org, flow, 1, "y"), row(org, Uuid::new_v4(), 0, "x")]).await.unwrap();
    assert_eq!(count(&store, "document").await, 2);
}

#[tokio::test]
async fn rows_out_of_order_are_refused() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (first, second) = two_organizations();
    let rows = [row(second, Uuid::new_v4(), 0, "a"), row(first, Uuid::new_v4(), 0, "a")];
    assert!(matches!(store.append(&rows).await, Err(StoreError::Corrupt { .. })));
    assert_eq!(count(&store, "event").await, 0);
}

#[tokio::test]
async fn keys_are_forgotten_after_a_day_in_batches() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    for key in ["a", "b", "c", "today"] {
        store.append(&[with_key(row(org, Uuid::new_v4(), 0, key), key, "r")]).await.unwrap();
    }
    sqlx::query(
        "UPDATE idempotency_key SET recorded_at = recorded_at - interval '26 hours' WHERE key <> 'today'",
    )
    .execute(store.pool())
    .await
    .unwrap();
    assert_eq!(store.forget_idempotency_keys(2).await.unwrap(), 2);
    assert_eq!(store.forget_idempotency_keys(2).await.unwrap(), 1);
    assert_eq!(store.forget_idempotency_keys(2).await.unwrap(), 0);
    assert_eq!(count(&store, "idempotency_key").await, 1);
}
