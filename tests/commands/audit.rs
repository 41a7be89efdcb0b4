//! The log for those who check it: live, each event once.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::settings::answering;
use super::{Said, assert_steady, desk};

fn chunked(status: &str, chunks: &[&str]) -> String {
    let chunks: String = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunks}")
}

#[tokio::test]
async fn the_log_is_followed() {
    let desk = desk().await;
    let mut tail = desk.command(&["audit", "tail", "--after", "2"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);
    let id = desk.api.create_sound("Alta").await;
    let edit = json!({"description": "con\u{1b}[2J"});
    desk.change(&desk.api.key, "PATCH", &format!("/{id}"), edit).await;
    desk.change(&desk.api.key, "DELETE", &format!("/{id}"), json!({})).await;
    let text: Vec<String> = lines.by_ref().take(3).collect();
    assert_steady("tail", &text.join("\n"));
    tail.kill().unwrap();
    tail.wait().unwrap();
    assert_eq!(lines.next(), None, "each event once");

    let mut tail =
        desk.command(&["audit", "tail", "--after", "0", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);
    let positions: Vec<i64> = lines
        .take(5)
        .map(|line| serde_json::from_str::<Value>(&line).unwrap()["metadata"]["position"].as_i64().unwrap())
        .collect();
    tail.kill().unwrap();
    tail.wait().unwrap();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn after_a_break_the_log_is_followed_where_it_was_left() {
    let desk = desk().await;
    let event = |position: i64| {
        let data = json!({"action": "flow.deleted", "resourceId": "x", "metadata": {
            "version": 1, "type": "flow.deleted", "position": position, "at": "2026-05-01T03:42:18.123456Z",
        }});
        format!("id: {position}\nevent: flow.deleted\ndata: {data}\n\n")
    };
    let refused = r#"{"status": 401, "title": "Invalid credentials", "detail": "The key was revoked."}"#;
    let (url, serving) = answering(vec![
        // The place to come back to is told before anything happens; the connection ends within an event.
        chunked("200 OK", &["retry: 1000\nid: 4\n\n", &event(5)[..20]]),
        chunked("200 OK", &[&event(5), ": alive\n\n", &event(6)]),
        String::new(),
        String::new(),
        String::new(),
        chunked("200 OK", &[&event(7)]),
        chunked("401 Unauthorized", &[refused, ""]),
    ]);
    let arguments = ["audit", "tail"];
    let output = desk.command(&arguments).env("FLOW_REGISTRY_URL", url).output().unwrap();
    let said = Said::of(&arguments, &output).expect(2);
    assert_steady("tail_after_breaks", &said.shown());
    let requests = serving.join().unwrap();
    let seen = requests.iter().map(|request| {
        let line = request
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("last-event-id: ").map(str::to_owned));
        line.unwrap_or_default()
    });
    assert_eq!(seen.collect::<Vec<_>>(), ["", "4", "6", "6", "6", "6", "7"]);
}
