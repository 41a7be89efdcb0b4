//! The log for those who check it: as a file that is whole or not there, and live, each event once.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::settings::answering;
use super::{Said, assert_steady, desk};
use crate::support::{Scratch, program};

fn chunked(status: &str, chunks: &[&str]) -> String {
    let chunks: String = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunks}")
}

#[tokio::test]
async fn an_export_is_whole_or_not_there() {
    let desk = desk().await;
    let scratch = Scratch::new();
    let file = scratch.path().join("log.ndjson");
    let mut arguments =
        vec!["audit", "export", "--action", "flow.created", "--output", file.to_str().unwrap()];
    let export = |arguments: &[&str], answer: String, status: i32| {
        let (url, serving) = answering(vec![answer]);
        let output = desk.command(arguments).env("FLOW_REGISTRY_URL", url).output().unwrap();
        let said = Said::of(arguments, &output).expect(status);
        assert!(said.out.is_empty(), "{}", said.shown());
        (said.err, serving.join().unwrap().remove(0))
    };
    let (said, request) = export(&arguments, chunked("200 OK", &["all ", "of it\n", ""]), 0);
    let path = format!("/organizations/{}/audit/export", desk.api.org_id);
    assert!(request.starts_with(&format!("GET {path}?format=ndjson&action=flow.created ")), "{request}");
    assert!(said.is_empty(), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "all of it\n");
    // An earlier export is not replaced unasked; the service is not even asked.
    let refused = desk.run(&arguments).expect(2);
    assert!(refused.err.contains("is there already: --force replaces it"), "{}", refused.err);
    arguments.push("--force");
    // A service that dies in the middle leaves what was there before, and nothing else.
    let (said, _) = export(&arguments, chunked("200 OK", &["half of it"]), 5);
    assert!(said.contains("the export was cut"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "all of it\n");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    let nowhere = desk.run(&["audit", "export", "--output", "/no/such/directory/log"]).expect(2);
    assert!(nowhere.err.contains("/no/such/directory/log"), "{}", nowhere.err);
    let reversed = ["audit", "export", "--from", "2026-05-02", "--to", "2026-05-01"];
    let reversed = desk.run(&reversed).expect(2).err;
    assert!(reversed.contains("--to: must not be before --from\n"), "{reversed}");
    for unknown in [["--action", "flow.publish"], ["--resource", "flows"]] {
        let said = desk.run(&[&["audit", "export"], &unknown[..]].concat()).expect(2).err;
        assert!(said.contains("possible values") && said.contains("flow"), "{said}");
    }
    let said = desk.run(&["flows", "history", "Alta", "--type", "published"]).expect(2).err;
    assert!(said.contains("flow.published") && !said.contains("api_key"), "{said}");
}

#[tokio::test]
async fn the_log_of_a_service_is_taken_home_and_verified() {
    let desk = desk().await;
    desk.api.create_sound("Alta").await;
    let rows = desk.run(&["audit", "export", "--format", "csv", "--action", "flow.created"]).expect(0).out;
    assert!(rows.contains("flow.created") && !rows.contains("api_key.created"), "{rows}");
    let scratch = Scratch::new();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let (export, signing) = (path("log.ndjson"), path("signing"));
    desk.run(&["audit", "export", "--output", &export]).expect(0);
    let key = desk.run(&["signing-key", "create", &signing, "--name", "elsewhere"]).expect(0).out;
    // Nobody signs here, so the end is nobody's word.
    let key = key.split_whitespace().find(|word| word.starts_with("elsewhere+")).unwrap();
    let offline = desk.run(&["audit", "verify", &export, "--key", key]).expect(3);
    let live = desk.run(&["audit", "verify", "--over-http", "--key", key]).expect(3);
    let org_id = desk.api.org_id.to_string();
    assert!(offline.out.contains(&org_id), "{}", offline.shown());
    assert!(live.out.contains(&org_id), "{}", live.shown());
    desk.run(&["audit", "verify", "--over-http"]).expect(2);
}

#[test]
fn public_keys_are_no_secret() {
    let scratch = Scratch::new();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let order = |arguments: &[&str]| {
        let output = program(arguments).output().unwrap();
        Said::of(arguments, &output)
    };
    let (secret, public) = (path("secret"), path("public"));
    let key = order(&["signing-key", "create", &secret, "--name", "a.example"]).expect(0).out;
    fs::write(&public, format!("# kept for old checkpoints\n{key}")).unwrap();
    fs::set_permissions(&public, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(order(&["signing-key", "show", &public]).expect(0).out, key);
    fs::write(&public, key.replace("a.example+", "b.example+")).unwrap();
    let damaged = order(&["signing-key", "show", &public]).expect(1).err;
    assert!(damaged.contains("is not a public key") && !damaged.contains("secret"), "{damaged}");
    // A file with a secret is as closed as ever.
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let open = order(&["signing-key", "show", &secret]).expect(1).err;
    assert!(open.contains("chmod 600"), "{open}");
}

#[tokio::test]
async fn the_log_is_followed() {
    let desk = desk().await;
    let mut tail = desk.command(&["audit", "tail", "--after", "2"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);
    let id = desk.api.create_sound("Alta").await;
    let edit = json!({"description": "con\u{1b}[2J"});
    desk.change(&desk.api.key, "PATCH", &format!("/{id}"), edit).await;
    desk.change(&desk.api.key, "POST", &format!("/{id}/publish"), json!({"label": "mayo"})).await;
    desk.change(&desk.api.key, "PATCH", &format!("/{id}"), json!({"enabled": false})).await;
    desk.change(&desk.api.key, "DELETE", &format!("/{id}"), json!({})).await;
    desk.change(&desk.api.key, "POST", &format!("/{id}/restore"), json!({"version": 2, "mode": "live"}))
        .await;
    desk.api.key_with(&["flows:read", "audit:read"]).await;
    desk.run(&["audit", "export", "--action", "flow.deleted", "--after", "3"]).expect(0);
    let text: Vec<String> = lines.by_ref().take(8).collect();
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
