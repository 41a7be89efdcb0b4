//! Clients that write under a ledger: each keeps what was acknowledged and repeats what was not, under the same
//! idempotency key. Afterwards nothing may be lost, nothing doubled.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

/// Where the service is at the moment, and how to be let in.
pub struct Access {
    pub address: RwLock<String>,
    pub organization: String,
    pub key: String,
    pub stop: AtomicBool,
    pub tally: Tally,
}

/// What came of requests that were not acknowledged at once.
#[derive(Default)]
pub struct Tally {
    pub refused: AtomicUsize,
    /// Nobody said what became of them, or that nobody knows.
    pub in_doubt: AtomicUsize,
}

/// A flow as its one writer knows it: the digest acknowledged for each version.
pub struct Ledger {
    pub flow: String,
    pub digests: Vec<String>,
}

impl Access {
    pub fn new(address: impl ToString, organization: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            address: RwLock::new(address.to_string()),
            organization: organization.into(),
            key: key.into(),
            stop: AtomicBool::new(false),
            tally: Tally::default(),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/organizations/{}/bot/flows{path}", self.address.read().unwrap(), self.organization)
    }

    /// Repeats the request until it is acknowledged; `None` when told to stop while it is not.
    pub fn insist(&self, agent: &Agent, method: &str, path: &str, key: &str, body: &Value) -> Option<Value> {
        loop {
            let request = ureq::http::Request::builder()
                .method(method)
                .uri(self.url(path))
                .header("X-Api-Key", &self.key)
                .header("Idempotency-Key", key)
                .header("Content-Type", "application/json")
                .body(body.to_string())
                .unwrap();
            let mut is_refused = false;
            if let Ok(mut answer) = agent.run(request) {
                let status = answer.status().as_u16();
                let text = answer.body_mut().read_to_string();
                match (status, text) {
                    (200 | 201, Ok(text)) => {
                        return Some(serde_json::from_str::<Value>(&text).unwrap()["data"].take());
                    }
                    (500.., Ok(text)) => is_refused = !text.contains("outcome_unknown"),
                    (200 | 201 | 500.., _) => {}
                    (status, text) => panic!("{method} {path}: {status} {text:?}"),
                }
            }
            let count = if is_refused { &self.tally.refused } else { &self.tally.in_doubt };
            count.fetch_add(1, Ordering::Relaxed);
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
    }
}

pub fn agent() -> Agent {
    let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(20)));
    config.http_status_as_error(false).build().into()
}

/// So many writers, each of a flow of its own, and where they say when each change was acknowledged. Each ends with its ledger
/// when it is told to stop.
pub fn start_writers(access: &Arc<Access>, count: usize) -> (Vec<JoinHandle<Ledger>>, Receiver<Instant>) {
    let (tell, acknowledged) = channel();
    let start = |client| {
        let (access, tell) = (Arc::clone(access), tell.clone());
        thread::spawn(move || write(&access, client, &tell))
    };
    ((0..count).map(start).collect(), acknowledged)
}

/// Creates a flow and changes it until told to stop. Says when each change was acknowledged.
fn write(access: &Access, client: usize, acknowledged: &Sender<Instant>) -> Ledger {
    let agent = agent();
    let body = json!({"name": format!("client {client}"), "steps": []});
    let created = access
        .insist(&agent, "POST", "", &format!("create {client}"), &body)
        .expect("the first is waited for");
    let flow = created["id"].as_str().unwrap().to_owned();
    let mut digests = vec![created["documentDigest"].as_str().unwrap().to_owned()];
    while !access.stop.load(Ordering::Relaxed) {
        let next = digests.len() + 1;
        let key = format!("client {client} version {next}");
        let Some(data) =
            access.insist(&agent, "PATCH", &format!("/{flow}"), &key, &json!({"description": key}))
        else {
            break;
        };
        assert_eq!(data["version"], next, "acknowledged as another version");
        digests.push(data["documentDigest"].as_str().unwrap().to_owned());
        acknowledged.send(Instant::now()).unwrap();
    }
    Ledger { flow, digests }
}

/// Waits for changes that are acknowledged, and says when.
pub fn wait_for(acknowledged: &Receiver<Instant>, count: usize) -> Vec<Instant> {
    let next = || acknowledged.recv_timeout(Duration::from_secs(30)).expect("writes go on");
    (0..count).map(|_| next()).collect()
}

impl Access {
    pub fn read(&self, agent: &Agent, path: &str) -> Value {
        let mut answer = agent.get(self.url(path)).header("X-Api-Key", &self.key).call().unwrap();
        serde_json::from_str::<Value>(&answer.body_mut().read_to_string().unwrap()).unwrap()["data"].take()
    }

    /// Every acknowledged change is in the log, once.
    pub fn hold_against(&self, agent: &Agent, ledgers: &[Ledger]) {
        for ledger in ledgers {
            let version =
                self.read(agent, &format!("/{}", ledger.flow))["version"].as_u64().unwrap() as usize;
            // The last request may have been carried out without an answer.
            let acknowledged = ledger.digests.len();
            assert!(version == acknowledged || version == acknowledged + 1, "lost or doubled");
            for (index, digest) in ledger.digests.iter().enumerate() {
                let then = self.read(agent, &format!("/{}?version={}", ledger.flow, index + 1));
                assert_eq!(then["documentDigest"].as_str(), Some(digest.as_str()));
            }
        }
    }
}
