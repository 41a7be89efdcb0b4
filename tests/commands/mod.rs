//! The commands for people, as they type them: processes of their own against a running service.

mod audit;
mod flows;
mod settings;
mod story;
mod terminal;

use std::fmt::Write as _;
use std::process::{Command, Output};

use regex::Regex;
use serde_json::{Value, json};

use crate::api::{Api, api, named};
use crate::support::{Service, program};

/// A desk with a terminal: a service, and keys to it.
pub struct Desk {
    pub api: Api,
    pub service: Service,
    /// What a support person has.
    pub key: String,
}

pub async fn desk() -> Desk {
    let api = api().await;
    let url = api.database.url();
    let arguments = move || Service::start(&["--database-url", &url, "--allow-unsafe-durability"]);
    let service = tokio::task::spawn_blocking(arguments).await.unwrap();
    let scopes = ["flows:read", "flows:test", "flows:restore", "audit:read"];
    let key = api.new_key(api.org_id, json!({"name": "soporte", "scopes": scopes})).await;
    Desk { api, service, key }
}

impl Desk {
    /// The program with the support person's settings, and lines of at most 100 characters.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.env("FLOW_REGISTRY_URL", format!("http://{}", self.service.address));
        command.env("FLOW_REGISTRY_ORG", self.api.org_id.to_string());
        command.env("FLOW_REGISTRY_KEY", &self.key).env("COLUMNS", "100");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(arguments, &self.command(arguments).output().unwrap())
    }

    /// Changes a flow over the API, as whoever owns the key.
    pub async fn change(&self, key: &str, method: &str, path: &str, body: Value) -> Value {
        let request = self.api.ask(method, self.api.flows(path)).key(key).json(&body);
        let request = request.header("x-reason", "pedido del cliente").header("x-on-behalf-of", "Ana Pérez");
        let answer = request.send().await;
        assert!(answer.status.is_success(), "{}", answer.shown());
        if answer.body.is_empty() { Value::Null } else { answer.data() }
    }
}

/// What a command said, and how it ended.
pub struct Said {
    command: String,
    pub out: String,
    pub err: String,
    pub status: i32,
}

impl Said {
    pub fn of(arguments: &[&str], output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let quoted = |argument: &&str| match argument.contains([' ', '¡']) {
            true => format!("'{argument}'"),
            false => (*argument).to_owned(),
        };
        Self {
            command: arguments.iter().map(quoted).collect::<Vec<_>>().join(" "),
            out: text(&output.stdout),
            err: text(&output.stderr),
            status: output.status.code().unwrap(),
        }
    }

    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    /// As a terminal would show it.
    pub fn shown(&self) -> String {
        let mut text = format!("$ flow-registry {}\n{}{}", self.command, self.out, self.err);
        if self.status != 0 {
            writeln!(text, "[status {}]", self.status).unwrap();
        }
        text
    }
}

/// Without what differs from run to run.
pub fn steady(text: &str) -> String {
    let minute = Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d\b").unwrap();
    let address = Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let cursor = Regex::new(r"--cursor \S+").unwrap();
    let text = minute.replace_all(text, "[minute]        ");
    let text = cursor.replace_all(&text, "--cursor [cursor]");
    named(&address.replace_all(&text, "127.0.0.1:[port]"))
}

#[track_caller]
pub fn assert_steady(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/cli"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, steady(text)) });
}
