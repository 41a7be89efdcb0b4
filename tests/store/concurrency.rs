//! Many writers: no deadlock, no hole, nothing twice.

use std::collections::BTreeSet;
use std::time::Duration;

use flow_registry::store::{Outcome, Store};
use sqlx::Row as _;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::rows::{row, with_key};
use crate::support;

#[tokio::test]
async fn batches_with_the_same_documents_in_opposite_order_do_not_deadlock() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    let mut tasks = JoinSet::new();
    for writer in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for round in 0..10 {
                let mut texts: Vec<_> = (0..8).map(|n| format!("document {round} {n}")).collect();
                if writer % 2 == 1 {
                    texts.reverse();
                }
                let rows: Vec<_> = texts.iter().map(|text| row(org, Uuid::new_v4(), 0, text)).collect();
                for outcome in store.append(&rows).await.unwrap() {
                    assert!(matches!(outcome, Outcome::Appended(_)));
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let (events, last): (i64, i64) =
        sqlx::query_as("SELECT count(*), max(position) FROM event").fetch_one(store.pool()).await.unwrap();
    assert_eq!((events, last), (640, 640), "positions have no holes");
}

#[tokio::test]
async fn one_version_is_won_by_one_writer() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let mut tasks = JoinSet::new();
    for writer in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            store.append(&[row(org, flow, 0, &format!("w{writer}"))]).await.unwrap()[0].clone()
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Appended(_))).count(), 1);
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == Outcome::Conflict { event: 0, version: 1 }).count(),
        15
    );
}

#[tokio::test]
async fn one_key_sent_at_once_appends_once() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            let flow = Uuid::new_v4();
            match store.append(&[with_key(row(org, flow, 0, "a"), "k", "r")]).await.unwrap().remove(0) {
                Outcome::Appended(_) => flow,
                Outcome::Replayed(ref answer) if answer[0].1 == 1 => answer[0].0,
                other => panic!("{other:?}"),
            }
        });
    }
    let flows: BTreeSet<Uuid> = tasks.join_all().await.into_iter().collect();
    assert_eq!(flows.len(), 1, "all are answered with the one flow");
}

/// Whatever moment somebody stops waiting at: a connection that is left inside a transaction would swallow what others write.
#[tokio::test]
async fn a_transaction_that_nobody_waits_for_is_ended() {
    let database = support::database().await;
    let options = database.connect_options.clone();
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let store = Store::new(pool.clone());
    for wait_us in (0..3000).step_by(50) {
        let holding = store.hold(Uuid::new_v4());
        let _ = tokio::time::timeout(Duration::from_micros(wait_us), holding).await;
        let is_inside = sqlx::raw_sql("SELECT now() < statement_timestamp()").fetch_one(&pool).await.unwrap();
        assert!(!is_inside.get::<bool, _>(0), "after {wait_us} µs");
    }
}

#[tokio::test]
async fn a_schema_that_is_up_to_date_is_only_read() {
    let database = support::database().await;
    let options = database.connect_options.clone().options([("default_transaction_read_only", "on")]);
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    flow_registry::store::migrate(&pool).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 20").execute(&database.pool).await.unwrap();
    assert!(flow_registry::store::migrate(&pool).await.is_err(), "it is behind");
    let refused = flow_registry::store::verify_schema(&pool).await.unwrap_err();
    assert!(refused.to_string().contains("run `flow-registry migrate`"), "{refused}");
}

#[tokio::test]
async fn migrations_may_run_from_several_replicas_at_once() {
    let database = support::database().await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let pool = database.pool.clone();
        tasks.spawn(async move { flow_registry::store::migrate(&pool).await });
    }
    for done in tasks.join_all().await {
        done.unwrap();
    }
}
