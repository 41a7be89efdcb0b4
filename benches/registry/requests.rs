//! The requests of the loads, as bytes: made before, sent many times.

use std::cell::Cell;
use std::net::SocketAddr;

use anyhow::ensure;
use serde_json::Value;

use crate::document::Body;
use crate::load::Requests;
use crate::seed::{Flow, Seeded, Tenant};

/// Requests that do not change, drawn at random.
#[derive(Debug)]
pub struct Fixed {
    pub requests: Vec<Vec<u8>>,
}

impl Requests for Fixed {
    fn write(&mut self, _connection: usize, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(&self.requests[rand::random_range(0..self.requests.len())]);
        true
    }
}

/// Which of the flows a connection changes next.
#[derive(Debug, Clone, Copy)]
pub enum Pick {
    Any,
    /// Each connection keeps to one of its own.
    Own,
}

/// Changes of flows, each to a revision that never was.
#[derive(Debug)]
pub struct Patches<'a> {
    heads: Vec<Vec<u8>>,
    pick: Pick,
    body: Body,
    revision: &'a Cell<u64>,
}

impl<'a> Patches<'a> {
    pub fn new(seeded: &Seeded, flows: &[Flow], pick: Pick, body: Body, revision: &'a Cell<u64>) -> Self {
        let heads = flows.iter().map(|flow| edit_head(&seeded.tenants[flow.tenant], flow, &body)).collect();
        Self { heads, pick, body, revision }
    }
}

impl Requests for Patches<'_> {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        let index = match self.pick {
            Pick::Any => rand::random_range(0..self.heads.len()),
            Pick::Own => connection % self.heads.len(),
        };
        out.extend_from_slice(&self.heads[index]);
        self.body.write(self.revision.replace(self.revision.get() + 1), out);
        true
    }
}

pub fn flows_path(tenant: &Tenant) -> String {
    format!("/organizations/{}/bot/flows", tenant.org_id)
}

pub fn flow_path(tenant: &Tenant, flow: &Flow) -> String {
    format!("{}/{}", flows_path(tenant), flow.id)
}

/// A whole request without a body.
pub fn get(path: &str, key: &str) -> Vec<u8> {
    head("GET", path, key, None)
}

/// A whole request with a JSON body.
pub fn send(method: &str, path: &str, key: &str, body: &[u8]) -> Vec<u8> {
    let mut request = head(method, path, key, Some(body.len()));
    request.extend_from_slice(body);
    request
}

/// What comes before the body of an edit.
pub fn edit_head(tenant: &Tenant, flow: &Flow, body: &Body) -> Vec<u8> {
    head("PATCH", &flow_path(tenant, flow), &tenant.key, Some(body.len()))
}

fn head(method: &str, path: &str, key: &str, body_length: Option<usize>) -> Vec<u8> {
    let mut head = Vec::new();
    write_head(&mut head, method, path, &format!("X-Api-Key: {key}"), body_length);
    head
}

/// The head of a request; `credential` is a header.
pub fn write_head(out: &mut Vec<u8>, method: &str, path: &str, credential: &str, body_length: Option<usize>) {
    let mut push = |text: &str| out.extend_from_slice(text.as_bytes());
    push(&format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n{credential}\r\n"));
    if let Some(length) = body_length {
        push(&format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"));
    }
    push("\r\n");
}

/// One request and its answer, outside of measurements. A body of null is none.
pub fn ask(address: SocketAddr, method: &str, path: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header("X-Api-Key", key)
        .header("Content-Type", "application/json")
        .body(body)?;
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.run(request)?;
    let text = answer.body_mut().read_to_string()?;
    ensure!(answer.status().is_success(), "{method} {path}: {} {text}", answer.status());
    Ok(serde_json::from_str(&text)?)
}
