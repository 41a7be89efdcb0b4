//! The front door: who gets a connection, what is refused before it is read, and which connections go on.
//! Clients come from 127.0.0.2 and following, as budgets are kept for each address.

use std::time::Duration;

use flow_registry::http::{Limits, TrustedProxies};
use serde_json::Value;
use tokio::time::sleep;

use super::socket::{Client, Served, problem, served};
use super::sound;

const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";

fn limits(connections: usize, of_address: usize) -> Limits {
    Limits { connections_max: connections, connections_of_address_max: of_address, ..Limits::default() }
}

/// A connection whose request is under way, and does not end.
async fn busy(served: &Served, last: u8) -> Client {
    let mut client = served.connect_from(last).await;
    client.send(&served.head("GET", &format!("/organizations/{}/audit/stream", served.api.org_id), "")).await;
    client.until("\r\n\r\n").await;
    client
}

#[tokio::test]
async fn silent_connections_make_room() {
    let served = served(limits(3, 3)).await;
    let mut silent = Vec::new();
    for last in [2, 2, 3] {
        silent.push(served.connect_from(last).await);
        sleep(Duration::from_millis(20)).await;
    }
    let mut client = served.connect_from(4).await;
    client.send(LIVE).await;
    client.until("\"ok\"}").await;
    // The one that went has waited longest, of those from the address with the most connections.
    assert_eq!(silent.remove(0).rest().await, "");
    for mut client in silent {
        client.send(LIVE).await;
        client.until("\"ok\"}").await;
    }
}

#[tokio::test]
async fn an_address_has_a_budget() {
    let served = served(limits(9, 1)).await;
    let _first = busy(&served, 2).await;
    let mut second = served.connect_from(2).await;
    second.send(&served.head("GET", &served.api.flows(""), "")).await;
    assert_eq!(problem(&second.rest().await, 503)["code"], "overloaded");
    let mut other = served.connect_from(3).await;
    other.send(&served.head("GET", &served.api.flows(""), "")).await;
    assert!(other.until("\r\n").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn trusted_proxies_have_no_budget_and_name_the_client() {
    let trusted_proxies = TrustedProxies::new(vec!["127.0.0.2/32".parse().unwrap()]);
    let served = served(Limits { trusted_proxies, ..limits(9, 1) }).await;
    let _first = busy(&served, 2).await;
    let body = sound("Uno").to_string();
    for (last, recorded) in [(2, "198.51.100.7"), (3, "127.0.0.3")] {
        let mut client = served.connect_from(last).await;
        let length = body.len();
        let headers = format!("x-forwarded-for: 10.9.9.9, 198.51.100.7\r\ncontent-length: {length}\r\n");
        client.send(&served.create(&headers)).await;
        client.send(&body).await;
        assert!(client.until("Z\"}").await.starts_with("HTTP/1.1 201 "));
        let newest = "SELECT context FROM event ORDER BY position DESC LIMIT 1";
        let context: Vec<u8> = sqlx::query_scalar(newest).fetch_one(&served.api.database.pool).await.unwrap();
        let context: Value = serde_json::from_slice(&context).unwrap();
        assert_eq!(context["address"], recorded);
    }
}

#[tokio::test]
async fn without_room_health_is_answered_and_all_else_is_told() {
    let served = served(limits(1, 1)).await;
    let _busy = busy(&served, 2).await;
    let mut client = served.connect_from(3).await;
    client.send(&served.head("GET", &served.api.flows(""), "")).await;
    let answer = client.rest().await;
    assert_eq!(problem(&answer, 503)["code"], "overloaded");
    assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    for path in ["/health", "/health/live", "/health/ready"] {
        let mut client = served.connect_from(3).await;
        client.send(&LIVE.replace("/health/live", path)).await;
        assert!(client.rest().await.starts_with("HTTP/1.1 200 "));
    }
}

#[tokio::test]
async fn heads_that_could_be_read_in_two_ways_are_refused() {
    let served = served(Limits::default()).await;
    let heads = [
        "GET /health/live HTTP/1.1\nhost: x\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nhost: x\n\r\n",
        "GET /health/live HTTP/1.1\r\nhost: x\r\n\n",
        "GET /health/live HTTP/1.1\nhost: x\n\n",
        "GET /health/live HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n",
        "GET /health/live HTTP/1.1\r\n\r\n",
    ];
    for head in heads {
        let mut client = served.connect().await;
        client.send(head).await;
        let answer = client.rest().await;
        assert_eq!(problem(&answer, 400)["code"], "malformed_head", "{head:?}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

/// Whatever is sent in one piece: each head is looked at, also behind a body.
#[tokio::test]
async fn requests_in_one_piece_are_told_apart() {
    let served = served(Limits::default()).await;
    let body = sound("Uno").to_string();
    let sized = served.create(&format!("content-length: {}\r\n", body.len())) + &body;
    let (first, second) = body.split_at(10);
    let chunks = format!("{:x}\r\n{first}\r\n{:x};x=y\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let chunked = served.create("transfer-encoding: chunked\r\n") + &chunks;
    let bare = LIVE.replace("x\r\n", "x\n");
    for request in [sized, chunked, LIVE.to_owned()] {
        let mut client = served.connect().await;
        client.send(&[&request, LIVE, &request, &bare].concat()).await;
        let answers = client.rest().await;
        let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        let status = if request == LIVE { "200" } else { "201" };
        assert_eq!(statuses, [status, "200", status, "400"], "{answers}");
        assert!(answers.contains("malformed_head"), "{answers}");
    }
}

/// A small body is read away; of a large or slow one the answer says that it is the last.
#[tokio::test]
async fn a_refusal_says_whether_the_connection_goes_on() {
    let served = served(Limits::default()).await;
    let refused = |headers: &str| served.create(headers).replace(&served.api.key, "mk_live_x.y");
    let body = sound("Uno").to_string();
    let mut client = served.connect().await;
    for _ in 0..3 {
        let head = refused(&format!("content-length: {}\r\n", body.len()));
        client.send(&(head + &body)).await;
        let head = client.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 401 ") && !head.contains("connection: close"), "{head}");
        client.until("credentials\"}").await;
    }
    for (headers, sent) in [
        ("content-length: 400000\r\n", "{"),
        ("content-length: 400\r\n", "{"),
        ("transfer-encoding: chunked\r\n", "1\r\n{\r\n"),
        ("expect: 100-continue\r\ncontent-length: 10\r\n", ""),
    ] {
        let mut client = served.connect().await;
        client.send(&refused(headers)).await;
        client.send(sent).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{headers}: {answer}");
    }
}

/// Guessing costs nobody but who guesses: keys in use still work from there, and other addresses are not told to wait.
#[tokio::test]
async fn who_keeps_guessing_is_told_to_wait() {
    let served = served(Limits::default()).await;
    let ask = async |last: u8, key: &str| {
        let mut client = served.connect_from(last).await;
        let head = served.head("GET", &served.api.flows(""), "connection: close\r\n");
        client.send(&head.replace(&served.api.key, key)).await;
        client.rest().await
    };
    assert!(ask(2, &served.api.key).await.starts_with("HTTP/1.1 200 "));
    for n in 0..61 {
        let answer = ask(2, &format!("mk_live_{n:010}.{}", "0".repeat(43))).await;
        assert_eq!(problem(&answer, 401)["code"], "invalid_credentials", "{n}");
    }
    let answer = ask(2, "mk_live_another000.x").await;
    assert_eq!(problem(&answer, 429)["code"], "rate_limited");
    assert!(answer.contains("\r\nretry-after: "), "{answer}");
    assert!(ask(2, &served.api.key).await.starts_with("HTTP/1.1 200 "));
    assert!(ask(3, "mk_live_another000.x").await.starts_with("HTTP/1.1 401 "));
}
