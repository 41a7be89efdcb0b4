//! What is answered when there is more to do than can be done: by then it must not have waited for long.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Postgres, Transaction};
use tokio::time::{Instant, sleep};

use super::{Api, Request, api};

/// What is begun at once while nothing is known of how long it takes.
const BEGUN: usize = 128;
/// Whole lists beside them.
const LISTS: usize = 8;
/// How long a read may take, and what a busy machine adds.
const READ_MAX: Duration = Duration::from_secs(9);

/// No flow is read while it lasts.
async fn stall(api: &Api) -> Transaction<'static, Postgres> {
    let mut stall = api.database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE flow_view IN ACCESS EXCLUSIVE MODE").execute(&mut *stall).await.unwrap();
    stall
}

/// With a database that does not answer reads end in seconds, what is too much is refused soon, the health is told,
/// and as soon as the database answers all is as before.
#[tokio::test]
async fn a_stalled_database_bounds_reads_and_sheds_the_rest() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let (one, all) = (api.flow(&id, ""), api.flows(""));
    let stall = stall(&api).await;

    let since = Instant::now();
    let paths = (0..LISTS + BEGUN - 3).map(|n| if n < LISTS { &all } else { &one });
    let waiting = tokio::spawn(join_all(paths.map(|path| api.ask("GET", path).send()).collect::<Vec<_>>()));
    // What only reads is bounded too where its method is POST.
    let posted = [
        api.ask("POST", api.flow(&id, "/validate")),
        api.ask("POST", api.flow(&id, "/merge")).json(&json!({"base": 1, "document": {"name": "Uno"}})),
        api.ask("POST", api.flow(&id, "/test-run")),
    ];
    let posted = tokio::spawn(join_all(posted.map(Request::send)));
    sleep(Duration::from_millis(500)).await;
    let shed = Instant::now();
    let answer = api.ask("GET", &one).send().await.expect_problem(503, "overloaded");
    assert!(shed.elapsed() < Duration::from_secs(1), "{:?}", shed.elapsed());
    assert_eq!(answer.header("retry-after"), Some("1"));
    api.ask("GET", "/health/live").send().await.expect(200);

    for answer in waiting.await.unwrap().into_iter().chain(posted.await.unwrap()) {
        answer.expect_problem(503, "storage_unavailable");
    }
    assert!(since.elapsed() < READ_MAX, "{:?}", since.elapsed());
    stall.rollback().await.unwrap();
    api.ask("GET", &one).send().await.expect(200);
    api.ask("GET", &all).send().await.expect(200);
}

/// Whole lists may take long; however many are asked for, they leave room for what is short.
#[tokio::test]
async fn whole_lists_take_no_place_from_the_rest() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let (one, all) = (api.flow(&id, ""), api.flows(""));
    let stall = stall(&api).await;

    let waiting = tokio::spawn(join_all((0..LISTS).map(|_| api.ask("GET", &all).send()).collect::<Vec<_>>()));
    sleep(Duration::from_millis(500)).await;
    let refused = (0..2 * BEGUN).map(|_| api.ask("GET", &all).send()).collect::<Vec<_>>();
    for answer in join_all(refused).await {
        answer.expect_problem(503, "overloaded");
    }
    api.ask("GET", &one).send().await.expect_problem(503, "storage_unavailable");
    for answer in waiting.await.unwrap() {
        answer.expect_problem(503, "storage_unavailable");
    }
    stall.rollback().await.unwrap();
    api.ask("GET", &all).send().await.expect(200);
}
