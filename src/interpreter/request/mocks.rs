//! Mocks: what stands in for the world outside the sandbox (docs/flow-format.md, 7.2).

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::flow::document::Method;
use crate::flow::request::{Fields, RequestNode};
use crate::interpreter::value::{Value, from_json};

const MOCKS_MAX: usize = 200;
const HOSTS_MAX: usize = 50;
const STATUSES: std::ops::RangeInclusive<i64> = 100..=599;

#[derive(Debug, Default)]
pub struct Mocks {
    pub http: Vec<HttpMock>,
    pub actions: Vec<ActionMock>,
    pub flows: Vec<FlowMock>,
    /// The hosts that each secret may go to, where its allow-list is given.
    pub secret_hosts: BTreeMap<String, Vec<Box<str>>>,
}

/// Answers requests that fit every member given.
#[derive(Debug)]
pub struct HttpMock {
    pub step_id: Option<Box<str>>,
    pub method: Option<Method>,
    /// `*` stands for any run of characters.
    pub url: Option<Box<str>>,
    pub body_contains: Option<Box<str>>,
    /// How often it answers; without it, always.
    pub times: Option<u32>,
    pub answer: HttpAnswer,
}

#[derive(Debug, Clone)]
pub enum HttpAnswer {
    Respond { status: u16, headers: BTreeMap<String, String>, body: Value, delay_ms: u64 },
    Timeout,
    Network,
}

#[derive(Debug)]
pub struct ActionMock {
    pub action: Option<Box<str>>,
    pub step_id: Option<Box<str>>,
    /// Members that the arguments must have, with these values.
    pub args: Value,
    pub times: Option<u32>,
    pub outcome: Box<str>,
    pub data: Value,
}

#[derive(Debug)]
pub struct FlowMock {
    pub flow_id: Uuid,
    pub outcome: Box<str>,
    pub outputs: Value,
}

impl Mocks {
    pub fn read(node: RequestNode<'_>) -> Self {
        let fields = node.fields(&["http", "actions", "flows", "secrets"]);
        let secrets = fields.get("secrets").map(RequestNode::open);
        let secrets = secrets.iter().flat_map(Fields::iter);
        let secret_hosts = secrets.filter_map(|(name, secret)| Some((name.to_owned(), hosts(&secret)?)));
        let list = |name: &str| fields.get(name).map(|node| node.items(MOCKS_MAX)).unwrap_or_default();
        Self {
            http: list("http").into_iter().map(http).collect(),
            actions: list("actions").into_iter().map(action).collect(),
            flows: list("flows").into_iter().filter_map(flow).collect(),
            secret_hosts: secret_hosts.collect(),
        }
    }
}

/// The hosts of a secret's allow-list. A value is accepted for what it says; no run ever sees one.
fn hosts(secret: &RequestNode<'_>) -> Option<Vec<Box<str>>> {
    if secret.value.is_string() {
        secret.text(0..=4096);
        return None;
    }
    let hosts = secret.clone().fields(&["hosts"]).need("hosts")?;
    Some(hosts.texts(HOSTS_MAX, 1..=253).into_iter().map(Box::from).collect())
}

fn boxed(fields: &Fields<'_>, name: &str, most: usize) -> Option<Box<str>> {
    fields.get(name).and_then(|node| node.text(0..=most)).map(Box::from)
}

fn times(fields: &Fields<'_>) -> Option<u32> {
    let times = fields.get("times").and_then(|node| node.integer(1..=100_000))?;
    u32::try_from(times).ok()
}

fn http(node: RequestNode<'_>) -> HttpMock {
    let fields = node.fields(&["stepId", "method", "url", "bodyContains", "times", "respond", "fail"]);
    if let (Some(_), Some(fail)) = (fields.get("respond"), fields.get("fail")) {
        fail.invalid("excludes respond");
    }
    let fails = [("timeout", HttpAnswer::Timeout), ("network", HttpAnswer::Network)];
    let fail = fields.get("fail").and_then(|node| {
        let index = node.one_of(&[(fails[0].0, 0), (fails[1].0, 1)])?;
        Some(fails[index].1.clone())
    });
    let answer = match fail {
        Some(fail) => fail,
        None if fields.get("fail").is_some() => HttpAnswer::Network,
        None => fields.need("respond").map_or(HttpAnswer::Network, respond),
    };
    HttpMock {
        step_id: boxed(&fields, "stepId", 64),
        method: fields.get("method").and_then(|node| node.one_of(Method::NAMES)),
        url: boxed(&fields, "url", 4000),
        body_contains: boxed(&fields, "bodyContains", 4000),
        times: times(&fields),
        answer,
    }
}

fn respond(node: RequestNode<'_>) -> HttpAnswer {
    let fields = node.fields(&["status", "headers", "body", "delay"]);
    let status = fields.get("status").and_then(|node| node.integer(STATUSES)).unwrap_or(200);
    let headers = fields.get("headers").map(|node| node.open());
    let headers = headers.iter().flat_map(|headers| headers.iter());
    HttpAnswer::Respond {
        status: u16::try_from(status).unwrap_or(200),
        headers: headers
            .filter_map(|(name, node)| Some((name.to_ascii_lowercase(), node.text(0..=4096)?.to_owned())))
            .collect(),
        body: from_json(fields.json("body")),
        delay_ms: fields.get("delay").and_then(|node| node.duration_ms()).unwrap_or(0),
    }
}

fn action(node: RequestNode<'_>) -> ActionMock {
    let fields = node.fields(&["action", "stepId", "args", "times", "result"]);
    if fields.get("action").is_none() && fields.get("stepId").is_none() {
        fields.node().report("MISSING_FIELD", "needs action or stepId");
    }
    let result = fields.need("result").map(|node| node.fields(&["outcome", "data"]));
    let outcome = result.as_ref().and_then(|result| result.get("outcome")).and_then(|node| node.text(1..=64));
    ActionMock {
        action: boxed(&fields, "action", 128),
        step_id: boxed(&fields, "stepId", 64),
        args: fields.get("args").map(|node| from_json(node.open().node().value)).unwrap_or_default(),
        times: times(&fields),
        outcome: outcome.unwrap_or("ok").into(),
        data: result.map(|result| from_json(result.json("data"))).unwrap_or_default(),
    }
}

fn flow(node: RequestNode<'_>) -> Option<FlowMock> {
    let fields = node.fields(&["flowId", "outcome", "outputs"]);
    let id = fields.need("flowId")?;
    let flow_id = id.text(1..=64).and_then(|text| text.parse().ok());
    if flow_id.is_none() {
        id.invalid("must be the id of a flow");
    }
    let outcome = fields.get("outcome").and_then(|node| node.text(1..=64));
    Some(FlowMock {
        flow_id: flow_id?,
        outcome: outcome.unwrap_or("completed").into(),
        outputs: fields.get("outputs").map(|node| from_json(node.open().node().value)).unwrap_or_default(),
    })
}
