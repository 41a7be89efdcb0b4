//! On a terminal: colours, its width, questions; and what a terminal must never get.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

use super::{Desk, desk};
use crate::api::sound;

/// Runs the command on a terminal; types `answer` when it asks. What the terminal showed, and the status.
fn on_terminal(command: &mut Command, answer: &str) -> (String, i32) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
    let terminal = || Stdio::from(File::options().read(true).write(true).open(&name).unwrap());
    command.env("TERM", "xterm-256color").stdin(terminal()).stdout(terminal()).stderr(terminal());
    let mut child = command.spawn().unwrap();
    // Our own copies of the terminal are closed, or its end would never come.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut controller = File::from(controller);
    let (mut shown, mut is_answered) = (Vec::new(), false);
    let mut chunk = [0; 4096];
    // Reading fails when the last writer is gone.
    while let Ok(read @ 1..) = controller.read(&mut chunk) {
        shown.extend_from_slice(&chunk[..read]);
        if !is_answered && shown.ends_with(b"[y/N] ") {
            controller.write_all(format!("{answer}\n").as_bytes()).unwrap();
            is_answered = true;
        }
    }
    let status = child.wait().unwrap().code().unwrap();
    (String::from_utf8(shown).unwrap(), status)
}

impl Desk {
    async fn version(&self, id: &str) -> i64 {
        self.api.ask("GET", self.api.flow(id, "")).send().await.expect(200).data()["version"]
            .as_i64()
            .unwrap()
    }
}

#[tokio::test]
async fn a_restore_is_shown_and_asked_for() {
    let desk = desk().await;
    let id = desk.api.create_sound("Alta").await;
    desk.change(&desk.api.key, "PATCH", &format!("/{id}"), json!({"description": "otra"})).await;
    let arguments = ["flows", "restore", "Alta", "1", "--reason", "volver"];
    let (shown, status) = on_terminal(&mut desk.command(&arguments), "n");
    assert!(
        status == 1 && shown.contains("would come back as version 3") && shown.contains("otra"),
        "{shown}"
    );
    assert_eq!(desk.version(&id).await, 2);
    let (shown, status) = on_terminal(&mut desk.command(&arguments), "y");
    assert!(status == 0 && shown.contains("Alta is at version 3"), "{shown}");
    assert_eq!(desk.version(&id).await, 3);
    // Nothing to do is not asked about.
    let (shown, status) = on_terminal(&mut desk.command(&arguments), "y");
    assert!(status == 0 && shown.contains("already as version 1 was") && !shown.contains("[y/N]"), "{shown}");
}

#[tokio::test]
async fn colours_are_for_terminals_that_want_them() {
    let desk = desk().await;
    desk.api.create_sound("Alta").await;
    let arguments = ["flows", "list"];
    let (shown, _) = on_terminal(&mut desk.command(&arguments), "");
    assert!(shown.contains("\u{1b}["), "{shown}");
    let (shown, _) = on_terminal(desk.command(&arguments).env("NO_COLOR", "1"), "");
    assert!(shown.contains("Alta") && !shown.contains('\u{1b}'), "{shown:?}");
    assert!(!desk.run(&arguments).expect(0).out.contains('\u{1b}'));
}

#[tokio::test]
async fn stored_text_never_steers_a_terminal() {
    let desk = desk().await;
    let nasty = "\u{1b}]0;título\u{7}\u{9b}2J\u{202e}fin\r";
    let id = desk.api.create_sound("Alta").await;
    // Of what steers a terminal a name may hold no more than this.
    let edit = json!({
        "name": "Alta \u{202e}fin", "description": nasty,
        "steps": [{"id": "a", "type": "message", "text": nasty, "name": nasty}, sound("")["steps"][0]],
        "triggerConfig": {"libre": nasty},
    });
    let path = format!("/{id}");
    desk.change(&desk.api.key, "PATCH", &path, edit).await;
    for arguments in [
        &["flows", "list"][..],
        &["flows", "show", &id],
        &["flows", "diff", &id, "1", "2"],
        &["flows", "test", &id],
        &["flows", "history", &id],
        &["flows", "restore", &id, "1", "--dry-run"],
        &["flows", "show", &id, "--json"],
        &["flows", "diff", &id, "1", "2", "--patch"],
    ] {
        let (shown, status) = on_terminal(desk.command(arguments).env("NO_COLOR", "1"), "");
        assert_eq!(status, 0, "{shown}");
        let bad = |c: &char| (c.is_control() && !"\r\n".contains(*c)) || *c == '\u{202e}';
        assert_eq!(shown.chars().find(bad), None, "{arguments:?}: {shown:?}");
        assert!(!shown.replace("\r\n", "").contains('\r'), "{arguments:?}: {shown:?}");
    }
}

#[tokio::test]
async fn tables_fit_the_terminal() {
    let desk = desk().await;
    for name in ["Alta de clientes nuevos en la tienda de la avenida", "Citas"] {
        let id = desk.api.create_sound(name).await;
        let path = format!("/{id}/publish");
        desk.change(&desk.api.key, "POST", &path, json!({})).await;
        desk.change(&desk.api.key, "PATCH", &format!("/{id}"), json!({"description": "cambio"})).await;
    }
    let id = desk.run(&["flows", "list", "Alta", "--json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let mut text = String::new();
    for columns in ["80", "100", "160"] {
        for arguments in [&["flows", "list"][..], &["flows", "history", &id]] {
            let output = desk.command(arguments).env("COLUMNS", columns).output().unwrap();
            let said = super::Said::of(arguments, &output).expect(0);
            let widest = said.out.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns.parse().unwrap(), "{widest} of {columns}:\n{}", said.out);
            text += &format!("{columns} columns\n{}\n", said.shown());
        }
    }
    super::assert_steady("widths", &text);
}

#[tokio::test]
async fn a_reader_that_has_enough_is_no_error() {
    let desk = desk().await;
    for number in 0..300 {
        desk.api.create_sound(&format!("Flujo {number} {}", "x".repeat(100))).await;
    }
    let mut child = desk
        .command(&["flows", "list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}
