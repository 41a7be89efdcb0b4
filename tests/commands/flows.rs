//! What single commands do: JSON as the API sends it, names that mean several, runs with expectations.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Desk, Said, assert_steady, desk};
use crate::api::sound;

impl Desk {
    fn feed(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Said::of(arguments, &child.wait_with_output().unwrap())
    }

    async fn data(&self, path: &str) -> Value {
        self.api.ask("GET", self.api.flows(path)).send().await.expect(200).data()
    }
}

#[tokio::test]
async fn json_is_what_the_api_sends() {
    let desk = desk().await;
    let id = desk.api.create_sound("Alta").await;
    let path = format!("/{id}");
    assert_eq!(desk.run(&["flows", "list", "--json"]).expect(0).json(), desk.data("").await);
    assert_eq!(desk.run(&["flows", "show", "Alta", "--json"]).expect(0).json(), desk.data(&path).await);
    let history = desk.run(&["flows", "history", "Alta", "--json"]).expect(0);
    assert_eq!(history.json(), desk.data(&format!("{path}/events")).await);
    let blame = desk.run(&["flows", "blame", "Alta", "--json"]).expect(0);
    assert_eq!(blame.json(), desk.data(&format!("{path}/blame")).await);
    let diff = desk.run(&["flows", "diff", "Alta", "1", "draft", "--json"]).expect(0);
    assert_eq!(diff.json(), desk.data(&format!("{path}/diff?from=1&to=draft")).await);
    let run = desk.run(&["flows", "test", "Alta", "--json"]).expect(0);
    assert_eq!(run.json()["status"], "completed");
    let rehearsed = desk.run(&["flows", "restore", "Alta", "1", "--dry-run", "--json"]).expect(0);
    assert_eq!(rehearsed.json()["dryRun"], true);
    let arguments = ["flows", "restore", "Alta", "1", "--live", "--yes", "--reason", "por fin", "--json"];
    assert_eq!(desk.run(&arguments).expect(0).json(), desk.data(&path).await);
}

#[tokio::test]
async fn lists_are_filtered_as_the_api_filters() {
    let desk = desk().await;
    let flow =
        |name: &str, number| json!({"name": name, "phoneNumberId": number, "steps": sound("")["steps"]});
    let one = desk.api.create(flow("Uno", "1")).await;
    desk.api.create(flow("Dos", "2")).await;
    let gone = desk.api.create(flow("Tres", "1")).await;
    let publish = |id: &Value| format!("/{}/publish", id.as_str().unwrap());
    desk.change(&desk.api.key, "POST", &publish(&one["id"]), json!({})).await;
    desk.change(&desk.api.key, "DELETE", &format!("/{}", gone["id"].as_str().unwrap()), json!({})).await;
    let names = |arguments: &[&str]| -> Vec<String> {
        let said = desk.run(&[&["flows", "list", "--json"], arguments].concat()).expect(0);
        said.json().as_array().unwrap().iter().map(|flow| flow["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), ["Uno", "Dos"]);
    assert_eq!(names(&["dos"]), ["Dos"]);
    assert_eq!(names(&["--phone-number-id", "1"]), ["Uno"]);
    assert_eq!(names(&["--status", "draft"]), ["Dos"]);
    assert_eq!(names(&["--in-force"]), ["Uno"]);
    assert_eq!(names(&["--deleted"]), ["Tres"]);
    assert_eq!(names(&["--all"]), ["Tres", "Uno", "Dos"]);
    // Two keys, then the three flows.
    assert_eq!(names(&["--as-of", "position:4"]), ["Dos", "Uno"]);
    assert_eq!(desk.run(&["flows", "list", "nadie"]).expect(0).err, "No flows.\n");
}

#[tokio::test]
async fn a_name_means_one_flow() {
    let desk = desk().await;
    desk.api.create(json!({"name": "Alta", "description": "Citas"})).await;
    desk.api.create_sound("Alta nueva").await;
    desk.api.create_sound("Citas").await;
    desk.run(&["flows", "show", "Alta"]).expect(0);
    desk.run(&["flows", "show", "citas"]).expect(0);
    desk.api.create_sound("Citas (copia)").await;
    desk.run(&["flows", "show", "CÍTAS"]).expect(0);
    let mut text = desk.run(&["flows", "show", "ta"]).expect(2).shown();
    text += &desk.run(&["flows", "show", "baja\u{1b}[2J"]).expect(4).shown();
    let unknown = "00000000-0000-7000-8000-000000000000";
    text += &desk.run(&["flows", "show", unknown]).expect(4).shown();
    text += &desk.run(&["flows", "show", "Alta", "--version", "2"]).expect(4).shown();
    text += &desk.run(&["flows", "diff", "Alta"]).expect(1).shown();
    text += &desk.run(&["flows", "show", "Alta", "--version", "latest"]).expect(2).shown();
    text += &desk.run(&["flows", "test", "Citas", "--version", "published"]).expect(1).shown();
    assert_steady("names", &text);
}

#[tokio::test]
async fn a_deleted_flow_is_not_taken_for_another() {
    let desk = desk().await;
    let id = desk.api.create_sound("Alta").await;
    desk.api.create_sound("Alta nueva").await;
    desk.change(&desk.api.key, "PATCH", &format!("/{id}"), json!({"description": "Citas"})).await;
    desk.change(&desk.api.key, "DELETE", &format!("/{id}"), json!({})).await;
    let mut text = String::new();
    for arguments in [
        &["show", "alta"][..],
        &["history", "alta"],
        &["blame", "alta"],
        &["diff", "alta", "1", "draft"],
        &["test", "alta", "--version", "1"],
        &["restore", "alta", "1", "--dry-run"],
        &["test", &id, "--version", "1"],
    ] {
        text += &desk.run(&[&["flows"], arguments].concat()).expect(0).shown();
    }
    text += &desk.run(&["flows", "test", "alta"]).expect(4).shown();
    text += &desk.run(&["flows", "show", "alta", "--version", "1"]).expect(0).shown();
    assert_steady("deleted", &text);
    let none = desk.run(&["flows", "history", "alta", "--actor", "nobody"]).expect(0);
    assert_eq!(none.err, "No such events of Alta.\n");
    desk.run(&["flows", "list", "--all", "--deleted"]).expect(2);
}

#[tokio::test]
async fn a_restore_that_changes_nothing_says_so() {
    let desk = desk().await;
    let id = desk.api.create_sound("Alta").await;
    let events = desk.api.events().await;
    let restore =
        |flow: &str| desk.run(&["flows", "restore", flow, "1", "--yes", "--reason", "por fin"]).expect(0).out;
    let said = "Alta is already as version 1 was: nothing was changed or recorded. Nothing is in force.\n";
    assert_eq!((restore("Alta").as_str(), restore(&id).as_str()), (said, said));
    let rehearsed = desk.run(&["flows", "restore", "Alta", "1", "--dry-run"]).expect(0).out;
    assert!(rehearsed.contains("there is nothing to restore or record"), "{rehearsed}");
    assert_eq!(desk.api.events().await, events);
}

#[tokio::test]
async fn runs_tell_by_their_status_whether_they_are_good() {
    let desk = desk().await;
    let steps = json!([
        {"id": "menu", "type": "choice", "text": "¿Qué plan?", "footer": "Elige uno", "saveTo": "plan",
         "options": [{"id": "basico", "title": "Básico"}, {"id": "pro", "title": "Pro", "next": "precio"}]},
        {"id": "enlace", "type": "message", "text": "Lee esto", "cta": {"label": "Abrir", "url": "https://a.example"}},
        {"id": "foto", "type": "message", "media": {"kind": "image", "url": "https://a.example/a.png"}},
        {"id": "persona", "type": "handoff", "queue": "ventas", "note": "plan {{ plan }}"},
        {"id": "precio", "type": "http", "url": "https://api.example.com/precio"},
    ]);
    let variables = json!([{"name": "plan", "type": "string"}]);
    desk.api.create(json!({"name": "Planes", "variables": variables, "steps": steps})).await;
    let mut text = desk.run(&["flows", "test", "Planes"]).expect(0).shown();
    text += &desk.run(&["flows", "test", "Planes", "--message", "básico"]).expect(0).shown();
    text +=
        &desk.run(&["flows", "test", "Planes", "--message", "otro", "--message", "pro"]).expect(1).shown();
    let expecting = |expect: Value| json!({"messages": ["pro"], "expect": expect}).to_string();
    let from_stdin = ["flows", "test", "Planes", "--file", "-"];
    text += &desk
        .feed(&from_stdin, &expecting(json!({"status": "failed", "errorCode": "MOCK_MISSING"})))
        .expect(0)
        .shown();
    text += &desk.feed(&from_stdin, &expecting(json!({"messages": ["plan"]}))).expect(1).shown();
    text += &desk.feed(&from_stdin, &expecting(json!({"variables": {"plan": "basico"}}))).expect(1).shown();
    text += &desk.feed(&from_stdin, "{\"messages\": [").expect(2).shown();
    text += &desk.feed(&from_stdin, "{\"mesages\": [], \"seed\": 1}").expect(2).shown();
    assert_steady("test", &text);
}

#[tokio::test]
async fn what_has_errors_does_not_go_live() {
    let desk = desk().await;
    let broken = json!({"name": "Roto", "steps": [{"id": "a", "type": "goto", "next": "b"}]});
    let flow = desk.api.create(broken).await;
    let path = format!("/{}", flow["id"].as_str().unwrap());
    desk.change(&desk.api.key, "PATCH", &path, sound("Roto")).await;
    let mut text = desk.run(&["flows", "restore", "Roto", "1", "--live", "--dry-run"]).expect(1).shown();
    let arguments = ["flows", "restore", "Roto", "1", "--live", "--yes", "--reason", "probar"];
    text += &desk.run(&arguments).expect(1).shown();
    assert_steady("restore_refused", &text);
    let published = ["flows", "restore", "Roto", "published", "--yes", "--reason", "descartar"];
    desk.run(&published).expect(1);
    assert_eq!(desk.data(&path).await["version"], 2, "nothing was changed");
}
