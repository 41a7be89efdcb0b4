//! What the commands need to be told, and what they say when it is wrong. A key is never printed.

use std::io::Write as _;
use std::net::TcpListener;

use super::{assert_steady, desk};
use crate::support::program;

#[tokio::test]
async fn settings_that_cannot_work_are_refused_with_what_to_do() {
    let desk = desk().await;
    let mut text = String::new();
    for (variable, value, status) in [
        ("FLOW_REGISTRY_KEY", "", 2),
        ("FLOW_REGISTRY_KEY", "mk_live_hunter2", 2),
        ("FLOW_REGISTRY_KEY", "mk live hunter2", 2),
        ("FLOW_REGISTRY_ORG", "", 2),
        ("FLOW_REGISTRY_ORG", "acme", 2),
        ("FLOW_REGISTRY_ORG", "00000000-0000-7000-8000-000000000000", 2),
        ("FLOW_REGISTRY_URL", "localhost:8080", 2),
        ("FLOW_REGISTRY_URL", "http://ana:hunter2@localhost:8080", 2),
        ("FLOW_REGISTRY_URL", "http://127.0.0.1:1", 5),
    ] {
        let mut command = desk.command(&["flows", "list"]);
        let said = super::Said::of(&["flows", "list"], &command.env(variable, value).output().unwrap());
        let said = said.expect(status);
        assert!(said.out.is_empty());
        text += &said.shown();
    }
    let url_as_typed = "http://ana:hunter2@localhost:8080";
    assert!(!text.replace(url_as_typed, "").contains("hunter2"), "{text}");
    assert_steady("settings", &text);
}

#[test]
fn help_tells_no_secret() {
    let output =
        program(&["flows", "list", "--help"]).env("FLOW_REGISTRY_KEY", "mk_live_hunter2").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("FLOW_REGISTRY_KEY") && !help.contains("hunter2"), "{help}");
    let help = String::from_utf8(program(&["flows", "--help"]).output().unwrap().stdout).unwrap();
    assert!(help.contains("Exit status:"), "{help}");
}

/// Answers each connection with one of these, then closes it; what it was sent is told at the end.
pub fn answering(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let answer = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let request = read_request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            request
        };
        answers.into_iter().map(answer).collect()
    });
    (url, serving)
}

/// Up to the end of the body.
fn read_request(stream: &mut std::net::TcpStream) -> String {
    use std::io::Read as _;
    let mut request = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).unwrap();
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        assert!(read > 0, "cut: {text}");
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_and_happens_once() {
    let desk = desk().await;
    let unavailable = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    // An answer that never comes, one to wait for, and the third is good.
    let flow = r#"{"data":{"id":"00000000-0000-7000-8000-000000000000","name":"x","status":"draft","enabled":true,
        "inForce":false,"hasUnpublishedChanges":false,"version":3,"updatedAt":"","updatedBy":{"id":"x"}}}"#;
    let good =
        format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{flow}", flow.len());
    let (url, serving) = answering(vec![String::new(), unavailable.to_owned(), good]);
    let id = "00000000-0000-7000-8000-000000000000";
    let mut command = desk.command(&["flows", "restore", id, "1", "--yes", "--reason", "volver", "--json"]);
    let output = command.env("FLOW_REGISTRY_URL", url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let requests = serving.join().unwrap();
    let keys: Vec<_> = requests
        .iter()
        .map(|request| {
            request.lines().find(|line| line.to_lowercase().starts_with("idempotency-key:")).unwrap()
        })
        .collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn answers_of_others_are_not_taken_for_ours() {
    let desk = desk().await;
    let mut text = String::new();
    let html = "<html>\u{1b}[2J</html>";
    for (answer, status) in [
        (format!("HTTP/1.1 502 Bad Gateway\r\ncontent-length: {}\r\n\r\n{html}", html.len()), 5),
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{html}", html.len()), 5),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n"
                .to_owned(),
            2,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":[".to_owned(), 5),
    ] {
        let (url, serving) = answering(vec![answer]);
        let mut command = desk.command(&["flows", "list"]);
        let output = command.env("FLOW_REGISTRY_URL", url).output().unwrap();
        text += &super::Said::of(&["flows", "list"], &output).expect(status).shown();
        serving.join().unwrap();
    }
    assert_steady("answers_of_others", &text);
}
