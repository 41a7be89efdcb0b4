//! A service on a private Postgres of its own, with its first key.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use ureq::Agent;

use crate::support::Service;

/// A service on a private Postgres, and its first key.
pub struct Installation {
    pub service: Service,
    pub data_dir: PathBuf,
    organization: String,
    key: String,
}

impl Installation {
    pub fn new(data_dir: &Path) -> Self {
        let service = Service::start(&["--data-dir", data_dir.to_str().unwrap()]);
        let printed = service.printed();
        let said = |name: &str| {
            let line = printed.lines().find_map(|line| line.strip_prefix(name)).expect("a first key");
            line.trim().to_owned()
        };
        let (organization, key) = (said("organization"), said("key"));
        Self { service, data_dir: data_dir.to_owned(), organization, key }
    }

    /// A service that comes after, on the same data or a copy.
    pub fn next(mut self, data_dir: &Path) -> Self {
        self.stop();
        self.next_after_stop(data_dir)
    }

    pub fn next_after_stop(self, data_dir: &Path) -> Self {
        let service = Service::start(&["--data-dir", data_dir.to_str().unwrap()]);
        assert_eq!(service.printed(), "", "it is no new installation");
        Self { service, data_dir: data_dir.to_owned(), ..self }
    }

    pub fn stop(&mut self) {
        self.service.signal(Signal::TERM);
        assert!(self.service.ended().success(), "{}", self.service.log());
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/organizations/{}{path}", self.service.address, self.organization)
    }

    pub fn get(&self, path: &str) -> Value {
        let answer = ureq::get(self.url(path)).header("X-Api-Key", &self.key).call();
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        answer.as_object_mut().unwrap().remove("timestamp");
        answer
    }

    /// The id of the new flow.
    pub fn create(&self, name: &str) -> String {
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(30))).build();
        let answer = Agent::from(agent).post(self.url("/bot/flows")).header("X-Api-Key", &self.key);
        let body = json!({"name": name, "steps": []}).to_string();
        let answer = answer.header("Content-Type", "application/json").send(body);
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        let flow: Value = serde_json::from_str(&text).unwrap();
        flow["data"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn connect(&self) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass();
        let options = options.socket(self.data_dir.join("socket")).username("flow_registry");
        options.database("flow_registry").connect().await.unwrap()
    }

    /// Where the programs of its Postgres are.
    pub fn programs(&self) -> PathBuf {
        let called = fs::read_to_string(self.data_dir.join("postgres/postmaster.opts")).unwrap();
        Path::new(called.split_whitespace().next().unwrap()).parent().unwrap().to_owned()
    }
}
