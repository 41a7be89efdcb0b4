//! Stored test runs.

use bytes::Bytes;
use chrono::{Duration, SubsecRound, Utc};
use flow_registry::flow::digest::Digest;
use flow_registry::registry::caller::Idempotency;
use flow_registry::store::{NewRun, Store, StoredRun, TestRun, Writer};
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support;

fn run(org_id: Uuid, flow_id: Uuid) -> TestRun {
    TestRun {
        org_id,
        run_id: Uuid::now_v7(),
        flow_id,
        version: Some(3),
        name: Some("alta".into()),
        description: None,
        request: Bytes::from_static(b"{}"),
        callees: json!({}),
        env_position: Some(7),
        digest: Digest::of(b"trace"),
        engine: "flow-engine/1".to_owned(),
        status: "completed".into(),
        passed: None,
        executed_at: Utc::now().trunc_subsecs(6),
        duration_ms: 4,
        author: Bytes::from_static(b"{}"),
        record_digest: Some(Digest::of(b"record")),
    }
}

fn unkeyed(run: TestRun) -> NewRun {
    NewRun { run, idempotency: None }
}

fn keyed(run: TestRun, key: &Idempotency) -> NewRun {
    NewRun { run, idempotency: Some(key.clone()) }
}

/// Stores rows that wait together.
async fn store_all(writer: &Writer<NewRun>, rows: &[NewRun]) -> Vec<StoredRun> {
    try_join_all(rows.iter().map(|row| writer.append(row.clone()))).await.unwrap()
}

#[tokio::test]
async fn runs_are_read_back_by_id_and_by_flow() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let runs: Vec<TestRun> = (0..5).map(|_| run(org, flow)).collect();
    let rows: Vec<NewRun> = runs.iter().cloned().map(unkeyed).collect();
    let writer = Writer::start(&store);
    assert_eq!(store_all(&writer, &rows).await, [StoredRun::Stored; 5]);
    assert_eq!(store_all(&writer, &rows).await, [StoredRun::Stored; 5], "again changes nothing");
    assert_eq!(store.run(org, runs[2].run_id).await.unwrap().as_ref(), Some(&runs[2]));
    assert_eq!(store.run(Uuid::new_v4(), runs[2].run_id).await.unwrap(), None);
    let newest = store.runs(org, flow, 2, None).await.unwrap();
    assert_eq!(newest, [runs[4].clone(), runs[3].clone()]);
    let before = Some(newest[1].run_id);
    assert_eq!(store.runs(org, flow, 9, before).await.unwrap().len(), 3);
}

#[tokio::test]
async fn one_key_stores_one_run() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let key = Idempotency { key: "k".into(), request: Digest::of(b"r") };
    let writer = Writer::start(&store);
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (writer, key, run) = (writer.clone(), key.clone(), run(org, flow));
        tasks.spawn(async move {
            let run_id = run.run_id;
            match writer.append(keyed(run, &key)).await.unwrap() {
                StoredRun::Stored => run_id,
                StoredRun::Replayed(id) => id,
                StoredRun::KeyReused => panic!("the request is the same"),
            }
        });
    }
    let ids = tasks.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    let other = Idempotency { request: Digest::of(b"other"), ..key.clone() };
    let stored = store.runs(org, flow, 9, None).await.unwrap();
    assert_eq!(stored.len(), 1);
    let rows = [
        keyed(run(org, flow), &other),
        unkeyed(run(org, flow)),
        keyed(stored[0].clone(), &key),
        keyed(run(org, flow), &key),
    ];
    let replayed = StoredRun::Replayed(stored[0].run_id);
    let outcomes = [StoredRun::KeyReused, StoredRun::Stored, StoredRun::Stored, replayed];
    assert_eq!(store_all(&writer, &rows).await, outcomes, "each row has its own");
    assert_eq!(store.runs(org, flow, 9, None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn runs_are_forgotten_after_thirty_days() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    let old = TestRun { executed_at: Utc::now() - Duration::days(31), ..run(org, flow) };
    store_all(&Writer::start(&store), &[unkeyed(old), unkeyed(run(org, flow))]).await;
    assert_eq!(store.forget_runs(100).await.unwrap(), 1);
    assert_eq!(store.runs(org, flow, 9, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn runs_that_wait_share_a_transaction() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let writer = Writer::start(&store);
    let mut tasks = JoinSet::new();
    for _ in 0..300 {
        let (writer, row) = (writer.clone(), unkeyed(run(Uuid::new_v4(), Uuid::new_v4())));
        tasks.spawn(async move { writer.append(row).await.unwrap() });
    }
    assert!(tasks.join_all().await.iter().all(|outcome| *outcome == StoredRun::Stored));
    let (runs, transactions): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT xmin::text) FROM test_run")
            .fetch_one(store.pool())
            .await
            .unwrap();
    assert_eq!(runs, 300);
    assert!(transactions < 100, "{transactions} transactions for 300 runs that waited together");
}
