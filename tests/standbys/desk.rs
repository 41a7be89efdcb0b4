//! A service over a primary and a standby, and a client of it.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::support::ledger::agent;
use crate::support::pair::Node;
use crate::support::{Scratch, Service, run};

const ORGANIZATION: &str = "2adbb455-7ee0-4957-8002-0567bc42bad2";
const OTHER: &str = "3bdbb455-7ee0-4957-8002-0567bc42bad3";
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Desk {
    // First, as it goes down first.
    pub service: Service,
    pub standby: Node,
    pub primary: Node,
    pub key: String,
    agent: Agent,
    _scratch: Scratch,
}

/// What came of a request that was let in.
pub struct Answered {
    pub data: Value,
    /// Where a page of flows ends.
    pub page: Value,
    pub position: Option<i64>,
}

pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Makes a key of an organization.
fn key(url: &str, organization: &str) -> String {
    let order = ["keys", "create", "--new-organization", "--org", organization, "--name", "test"];
    let made = run(&[&order[..], &["--database-url", url]].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn arguments<'a>(primary: &'a str, standby: &'a str) -> [&'a str; 4] {
    ["--database-url", primary, "--read-database-urls", standby]
}

impl Desk {
    pub async fn open() -> Self {
        let scratch = Scratch::new();
        let mut primary = Node::new(&scratch.path().join("a")).await;
        primary.start(&[]);
        let mut standby = primary.standby(&scratch.path().join("b"), "b");
        standby.start(&[]);
        let key = key(&primary.url(), ORGANIZATION);
        let service = Service::start(&arguments(&primary.url(), &standby.url()));
        Self { service, standby, primary, key, agent: agent(), _scratch: scratch }
    }

    /// The command line of the service of this desk, to start another one beside it.
    pub fn arguments(&self) -> Vec<&'static str> {
        arguments(self.primary.url().leak(), self.standby.url().leak()).to_vec()
    }

    pub fn other_organization(&self) -> String {
        key(&self.primary.url(), OTHER)
    }

    /// Asks a service about flows. Returns the status, and the answer.
    pub fn ask(
        &self,
        service: &Service,
        method: &str,
        path: &str,
        key: &str,
        least: Option<i64>,
    ) -> (u16, Answered) {
        self.request(service, method, &format!("/bot/flows{path}"), key, least, None)
    }

    fn request(
        &self,
        service: &Service,
        method: &str,
        path: &str,
        key: &str,
        least: Option<i64>,
        body: Option<Value>,
    ) -> (u16, Answered) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}/organizations/{ORGANIZATION}{path}", service.address))
            .header("X-Api-Key", key)
            .header("Content-Type", "application/json");
        let request = match least {
            Some(position) => request.header("X-Min-Position", position),
            None => request,
        };
        let request = request.body(body.map(|body| body.to_string()).unwrap_or_default()).unwrap();
        let mut answer = self.agent.run(request).unwrap();
        let position = answer.headers().get("x-position").map(|told| told.to_str().unwrap().parse().unwrap());
        let text = answer.body_mut().read_to_string().unwrap();
        let mut body: Value = serde_json::from_str(&text).unwrap();
        let (data, page) = (body["data"].take(), body["pageInfo"].take());
        (answer.status().as_u16(), Answered { data, page, position })
    }

    /// Reads of flows under a tag, from whoever has come to a position. Returns the status, and the tag of the answer.
    pub fn read_again(&self, path: &str, least: Option<i64>, known: &str) -> (u16, String) {
        let url = format!("http://{}/organizations/{ORGANIZATION}/bot/flows{path}", self.service.address);
        let request = self.agent.get(url).header("X-Api-Key", &self.key).header("If-None-Match", known);
        let request = match least {
            Some(position) => request.header("X-Min-Position", position),
            None => request,
        };
        let answer = request.call().unwrap();
        (answer.status().as_u16(), answer.headers()["etag"].to_str().unwrap().to_owned())
    }

    /// Sends a request about flows that is carried out.
    pub fn send(
        &self,
        service: &Service,
        method: &str,
        path: &str,
        least: Option<i64>,
        body: Option<Value>,
    ) -> Answered {
        let (status, answered) =
            self.request(service, method, &format!("/bot/flows{path}"), &self.key, least, body);
        assert!((200..300).contains(&status), "{method} {path}: {status}");
        answered
    }

    /// The path of a new flow.
    pub fn create(&self, name: &str) -> String {
        let body = json!({"name": name, "steps": []});
        let created = self.send(&self.service, "POST", "", None, Some(body));
        format!("/{}", created.data["id"].as_str().unwrap())
    }

    /// The organization's log.
    pub fn audit(&self, least: Option<i64>) -> Vec<Value> {
        let (status, answered) = self.request(&self.service, "GET", "/audit", &self.key, least, None);
        assert_eq!(status, 200);
        answered.data["data"].as_array().unwrap().clone()
    }

    /// An export of the log, whole.
    pub fn export(&self, format: &str) -> String {
        let url = format!(
            "http://{}/organizations/{ORGANIZATION}/audit/export?format={format}",
            self.service.address
        );
        let mut answer = self.agent.get(url).header("X-Api-Key", &self.key).call().unwrap();
        assert_eq!(answer.status(), 200);
        answer.body_mut().read_to_string().unwrap()
    }

    /// Verifies all logs by the command, and returns its exit status.
    pub fn verify(&self) -> Option<i32> {
        let verified = run(&[&["audit", "verify"], &self.arguments()[..]].concat());
        println!("{}", String::from_utf8_lossy(&verified.stdout));
        verified.status.code()
    }

    /// Where the log stands.
    pub fn position(&self) -> i64 {
        self.primary.asks("SELECT max(position) FROM log_head").unwrap().parse().unwrap()
    }

    fn number(&self, service: &Service, metric: &str) -> f64 {
        let metrics = service.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {metric} in {metrics}")).parse().unwrap()
    }

    /// How many reads were answered by whom.
    pub fn answered(&self, service: &Service, by: &str) -> usize {
        self.number(service, &format!("positioned_reads_total{{by=\"{by}\"}}")) as usize
    }

    pub fn lag(&self, service: &Service) -> f64 {
        self.number(service, &format!("database_standby_lag_seconds{{server=\"{}\"}}", self.standby.name()))
    }

    /// By its readiness and its metrics.
    pub fn reads_from_standby(&self, service: &Service) -> bool {
        let answer = ureq::get(format!("http://{}/health/ready", service.metrics_address)).call().unwrap();
        let health: Value = serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap();
        let standby = &health["data"]["database"]["standbys"][0];
        let is_used = standby["server"] == self.standby.name() && standby["trouble"].is_null();
        is_used && self.number(service, "database_standbys_near") == 1.0
    }
}
