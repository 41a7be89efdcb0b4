//! Clients that take no second answer: whatever goes wrong is a failure. Only where a service has more to do than the
//! machine can carry (503 `overloaded`, before anything was done) they come again, and it is counted.

use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::support::ledger::{Access, Ledger, agent};

const BETWEEN_REQUESTS: Duration = Duration::from_millis(20);

/// An organization behind the balancer, and what came of the requests about it.
pub struct Client {
    pub access: Access,
    /// The position that its feeds are read up to.
    pub enough: AtomicI64,
    pub requests: AtomicUsize,
    pub shed: AtomicUsize,
}

impl Client {
    fn is_stopped(&self) -> bool {
        self.access.stop.load(Ordering::Relaxed)
    }

    /// One request, and what it was answered with.
    fn send(&self, agent: &Agent, method: &str, path: &str, body: &str) -> Result<Value, String> {
        loop {
            thread::park_timeout(BETWEEN_REQUESTS);
            let request = ureq::http::Request::builder()
                .method(method)
                .uri(self.access.url(path))
                .header("X-Api-Key", &self.access.key)
                .header("Content-Type", "application/json");
            let told = |error: ureq::Error| format!("{method} {path}: {error}");
            let mut answer = agent.run(request.body(body.to_owned()).unwrap()).map_err(told)?;
            let text = answer.body_mut().read_to_string().map_err(told)?;
            self.requests.fetch_add(1, Ordering::Relaxed);
            match answer.status().as_u16() {
                200 | 201 => return Ok(serde_json::from_str::<Value>(&text).unwrap()["data"].take()),
                503 if text.contains("\"overloaded\"") => {
                    self.shed.fetch_add(1, Ordering::Relaxed);
                }
                status => return Err(format!("{method} {path}: {status} {text}")),
            }
        }
    }

    /// Creates a flow and changes it until told to stop.
    pub fn write(&self) -> Result<Ledger, String> {
        let agent = agent();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let created = self.send(&agent, "POST", "", r#"{"name":"a flow","steps":[]}"#)?;
        let flow = text(&created["id"]);
        let mut digests = vec![text(&created["documentDigest"])];
        while !self.is_stopped() {
            let next = digests.len() + 1;
            let body = json!({"description": format!("version {next}")}).to_string();
            let changed = self.send(&agent, "PATCH", &format!("/{flow}"), &body)?;
            assert_eq!(changed["version"], next);
            digests.push(text(&changed["documentDigest"]));
        }
        Ok(Ledger { flow, digests })
    }

    /// Reads lists, and flows by their ids, until told to stop.
    pub fn read(&self) -> Result<(), String> {
        let agent = agent();
        while !self.is_stopped() {
            let list = self.send(&agent, "GET", "?limit=10", "")?;
            for flow in list.as_array().unwrap() {
                self.send(&agent, "GET", &format!("/{}", flow["id"].as_str().unwrap()), "")?;
            }
        }
        Ok(())
    }

    /// Follows the feed, and begins again behind the last whole event where it ends. Returns the ids as they came, and
    /// how often it began.
    pub fn follow(&self) -> Result<(Vec<i64>, usize), String> {
        let agent = Agent::config_builder().timeout_recv_response(Some(Duration::from_secs(20)));
        let agent: Agent = agent.http_status_as_error(false).build().into();
        let url = self.access.url("").replace("/bot/flows", "/audit/stream");
        let (mut ids, mut begun) = (Vec::<i64>::new(), 0);
        loop {
            begun += 1;
            let last = ids.last().copied().unwrap_or(0).to_string();
            let request = agent.get(&url).header("X-Api-Key", &self.access.key).header("Last-Event-ID", last);
            let answer = request.call().map_err(|error| format!("feed: {error}"))?;
            if answer.status() != 200 {
                return Err(format!("feed: {}", answer.status()));
            }
            let mut id: Option<i64> = None;
            for line in BufReader::new(answer.into_body().into_reader()).lines().map_while(Result::ok) {
                match line.strip_prefix("id: ") {
                    Some(began) => id = Some(began.parse().unwrap()),
                    // Nothing of an event counts before the empty line behind it.
                    None if line.is_empty() => ids.extend(id.take()),
                    None => {}
                }
                if ids.last() >= Some(&self.enough.load(Ordering::Relaxed)) {
                    return Ok((ids, begun));
                }
            }
        }
    }

    /// Has the feeds end: behind a last event, which wakes them.
    pub fn end_feeds(&self) {
        let agent = agent();
        self.send(&agent, "POST", "", r#"{"name":"the last one","steps":[]}"#).unwrap();
        let log = self.access.url("").replace("/bot/flows", "/audit?limit=1");
        let mut newest = agent.get(log).header("X-Api-Key", &self.access.key).call().unwrap();
        let newest: Value = serde_json::from_str(&newest.body_mut().read_to_string().unwrap()).unwrap();
        let position = newest["data"]["data"][0]["metadata"]["position"].as_i64().unwrap();
        self.enough.store(position, Ordering::Relaxed);
        // Whoever has read that far already looks again when something comes.
        self.send(&agent, "POST", "", r#"{"name":"one more","steps":[]}"#).unwrap();
    }
}
