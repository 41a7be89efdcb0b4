//! What only shows on a connection: time, truncation, size, hanging up, and the end of the service.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use flow_registry::http::{Limits, Patience};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::socket::{LONG, problem, served};
use super::{serve, sound};

const SHORT: Duration = Duration::from_millis(300);

fn impatient(idle: Duration, head: Duration, stall: Duration) -> Limits {
    Limits { patience: Patience { idle, head, stall }, ..Limits::default() }
}

#[tokio::test]
async fn heads_that_do_not_end_are_cut() {
    let served = served(impatient(LONG, SHORT, LONG)).await;
    let mut client = served.connect().await;
    client.send("GET /health/live HTTP/1.1\r\nho").await;
    let since = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(since.elapsed() < LONG / 2);
    // The clock of the first head starts when the connection is accepted, that of a later one with its first byte.
    assert_eq!(served.connect().await.rest().await, "");
    let mut client = served.connect().await;
    for _ in 0..2 {
        client.send("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await;
        client.until("\"ok\"}").await;
        sleep(SHORT * 2).await;
    }
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let served = served(impatient(SHORT, LONG, LONG)).await;
    let mut client = served.connect().await;
    client.send("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(client.rest().await.ends_with("Z\"}"));
}

#[tokio::test]
async fn stalled_bodies_are_cut() {
    let served = served(impatient(LONG, LONG, SHORT)).await;
    let mut client = served.connect().await;
    client.send(&served.create("content-length: 100\r\n")).await;
    client.send("{\"name\": ").await;
    client.rest().await;
    assert_eq!(served.api.events().await, 1);
}

const LARGE: usize = 32 << 20;

/// A client that was given the whole of an answer larger than a connection holds, and has read none of it.
async fn unread_answer(limits: Limits) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let router = Router::new().route("/", get(async || vec![b'x'; LARGE]));
    serve(listener, router, limits, CancellationToken::new());
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    client
}

#[tokio::test]
async fn clients_that_leave_an_answer_unread_are_cut() {
    let mut client = unread_answer(impatient(LONG, LONG, SHORT)).await;
    let refused = async {
        while client.write_all(b"x").await.is_ok() {
            sleep(SHORT).await;
        }
    };
    timeout(LONG / 2, refused).await.expect("closed");
}

/// Reading an answer is not idling, however long it takes.
#[tokio::test]
async fn clients_that_read_slowly_are_not_cut() {
    let mut client = unread_answer(impatient(SHORT, LONG, SHORT * 2)).await;
    let mut buffer = vec![0; LARGE];
    let mut bytes = 0;
    while bytes < LARGE {
        sleep(SHORT / 3).await;
        bytes += client.read_exact(&mut buffer[..1 << 20]).await.unwrap();
    }
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let served = served(Limits::default()).await;
    let mut client = served.connect().await;
    for _ in 0..3 {
        let body = sound("Uno").to_string();
        client.send(&served.create(&format!("content-length: {}\r\n", body.len()))).await;
        client.send(&body).await;
        assert!(client.until("Z\"}").await.starts_with("HTTP/1.1 201 Created\r\n"));
    }
}

#[tokio::test]
async fn truncated_bodies_are_refused() {
    let served = served(Limits::default()).await;
    let begun = ["transfer-encoding: chunked\r\n", "content-length: 100\r\n"];
    for (headers, sent) in begun.into_iter().zip(["10\r\n{\"name\": \"Uno\"", "{\"name\": \"Uno\"}"]) {
        let mut client = served.connect().await;
        client.send(&served.create(headers)).await;
        client.send(sent).await;
        client.stream.shutdown().await.unwrap();
        assert_eq!(problem(&client.rest().await, 400)["code"], "invalid_json");
    }
    let mut client = served.connect().await;
    client.send(&served.create("transfer-encoding: chunked\r\n")).await;
    client.send("xyz\r\n{\"name\": \"Uno\"}\r\n0\r\n\r\n").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(problem(&client.rest().await, 400)["code"], "invalid_json");
    assert_eq!(served.api.events().await, 1);
}

/// A coding that does not end with `chunked` leaves open where the body ends: the HTTP library refuses it (RFC 9112, 6.3).
#[tokio::test]
async fn bodies_in_other_transfer_codings_are_refused() {
    let served = served(Limits::default()).await;
    for (codings, status) in [
        ("gzip, chunked", 501),
        ("chunked, chunked", 501),
        ("gzip\r\ntransfer-encoding: chunked", 501),
        ("gzip", 400),
        ("identity", 400),
    ] {
        let mut client = served.connect().await;
        client.send(&served.create(&format!("transfer-encoding: {codings}\r\n"))).await;
        client.send("2\r\n{}\r\n0\r\n\r\n").await;
        let answer = client.rest().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{codings}: {answer}");
        if status == 501 {
            assert_eq!(problem(&answer, 501)["code"], "not_implemented");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        }
    }
    let mut client = served.connect().await;
    client.send(&served.create("transfer-encoding: Chunked\r\nconnection: close\r\n")).await;
    let body = sound("Uno").to_string();
    client.send(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 201 "));
}

/// The sender sees why, although it never got to send everything.
#[tokio::test]
async fn large_bodies_are_refused_while_they_are_sent() {
    let served = served(Limits::default()).await;
    let body = format!("{{\"name\": \"{}\"}}", "x".repeat(3 << 20));
    let declared = format!("content-length: {}\r\n", body.len());
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for (headers, body) in [(declared.as_str(), body.as_str()), ("transfer-encoding: chunked\r\n", &chunked)]
    {
        let mut client = served.connect().await;
        client.send(&served.create(headers)).await;
        client.send(body).await;
        assert_eq!(problem(&client.rest().await, 413)["code"], "body_too_large");
    }
}

#[tokio::test]
async fn the_body_is_asked_for_only_when_it_is_wanted() {
    let served = served(Limits::default()).await;
    let body = sound("Uno").to_string();
    let headers = format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len());
    let mut client = served.connect().await;
    client.send(&served.create(&headers)).await;
    client.until("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send(&body).await;
    assert!(client.until("Z\"}").await.starts_with("HTTP/1.1 201 Created\r\n"));

    let mut client = served.connect().await;
    client.send(&served.create(&headers).replace(&served.api.key, "mk_live_x.y")).await;
    assert_eq!(problem(&client.rest().await, 401)["code"], "invalid_credentials");
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let served = served(Limits::default()).await;
    let many: String = (0..150).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(34 << 10));
    for headers in [many, long] {
        let mut client = served.connect().await;
        client.send(&served.head("GET", "/health/live", &format!("connection: close\r\n{headers}"))).await;
        assert_eq!(problem(&client.rest().await, 431)["code"], "headers_too_large");
    }
    // Beyond what is even read the answer has no body.
    let mut client = served.connect().await;
    client.send(&served.head("GET", "/health/live", &format!("x: {}\r\n", "y".repeat(80 << 10)))).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 431 "));
}

/// A command is carried out although nobody waits for its answer any more.
#[tokio::test]
async fn hanging_up_does_not_stop_a_command() {
    let served = served(Limits::default()).await;
    let mut blocker = served.api.database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM log_head FOR UPDATE").fetch_all(&mut *blocker).await.unwrap();
    let body = sound("Uno").to_string();
    let mut client = served.connect().await;
    client.send(&served.create(&format!("content-length: {}\r\n", body.len()))).await;
    client.send(&body).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let is_so = async |sql: &'static str, count: i64| {
        let counted =
            async || sqlx::query_scalar::<_, i64>(sql).fetch_one(&served.api.database.pool).await.unwrap();
        timeout(LONG, async {
            while counted().await != count {
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .is_ok()
    };
    assert!(is_so(waiting, 1).await);
    drop(client);
    sleep(SHORT).await;
    blocker.rollback().await.unwrap();
    assert!(is_so("SELECT count(*) FROM event WHERE type = 'flow.created'", 1).await);
}

#[tokio::test]
async fn at_the_end_requests_under_way_are_answered() {
    let served = served(Limits::default()).await;
    let body = sound("Uno").to_string();
    let (idle, mut busy) = (served.connect().await, served.connect().await);
    busy.send(&served.create(&format!("content-length: {}\r\n", body.len()))).await;
    busy.send(&body[..10]).await;
    sleep(SHORT).await;
    served.shutdown.cancel();
    assert_eq!(idle.rest().await, "");
    sleep(SHORT).await;
    assert!(TcpStream::connect(served.address).await.is_err());
    assert!(!served.serving.is_finished());
    busy.send(&body[10..]).await;
    let answer = busy.rest().await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    timeout(LONG, served.serving).await.unwrap().unwrap();
}

/// The peer of a connection is recorded with what came over it.
#[tokio::test]
async fn an_event_knows_where_it_came_from() {
    let served = served(Limits::default()).await;
    let body = json!({"name": "Uno"}).to_string();
    let mut client = served.connect().await;
    let headers = format!("user-agent: curl/8\r\nx-on-behalf-of: ana\r\ncontent-length: {}\r\n", body.len());
    client.send(&served.create(&headers)).await;
    client.send(&body).await;
    client.until("Z\"}").await;
    let context: Vec<u8> = sqlx::query_scalar("SELECT context FROM event WHERE type = 'flow.created'")
        .fetch_one(&served.api.database.pool)
        .await
        .unwrap();
    let context: Value = serde_json::from_slice(&context).unwrap();
    assert_eq!(context["address"], "127.0.0.1");
    assert_eq!(context["userAgent"], "curl/8");
    assert_eq!(context["onBehalfOf"], "ana");
}
