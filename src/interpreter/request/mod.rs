//! The request of a test run (docs/flow-format.md, 7), read once and strictly.

mod expect;
mod inputs;
mod mocks;

use chrono_tz::Tz;
use serde_json::Value as Json;

pub use expect::{CallExpect, Expect, MessageExpect, TextTest, VariableExpect, WarningsExpect};
pub use inputs::Start;
pub use mocks::{ActionMock, FlowMock, HttpAnswer, HttpMock, Mocks};

use super::inbound::Inbound;
use super::moment::{Instant, Moment};
use super::value::{self, Value, from_json, object};
use crate::flow::document::Canonical;
use crate::flow::env::{self, Env};
use crate::flow::finding::Finding;
use crate::flow::json::INTEGER_MAX;
use crate::flow::report::ShapeReport;
use crate::flow::request::RequestNode;

const STEPS_DEFAULT: u32 = 500;
const STEPS_MAX: i64 = 2000;
/// A constant on purpose: equal requests give equal bytes.
const CLOCK_START: &str = "2025-01-01T12:00:00Z";

/// Which document is to run.
#[derive(Debug, Clone)]
pub enum Subject {
    Draft,
    Published,
    Version(i64),
    /// A definition that came with the request.
    Inline(Box<Canonical>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Full,
    /// Without evaluations, inputs and outputs of steps.
    Summary,
}

/// What is asked of a test run.
#[derive(Debug)]
pub struct RunRequest {
    /// A label for people; no part of the run.
    pub name: Option<String>,
    pub description: Option<String>,
    pub subject: Subject,
    /// Whether called flows are resolved to their drafts.
    pub drafts: bool,
    pub start: Start,
    pub(super) inputs: Vec<Inbound>,
    /// Start values by name, as JSON.
    pub(super) variables: Vec<(Box<str>, Json)>,
    pub(super) contact: Value,
    /// What `env` has in the run, in place of the values of the organization.
    pub env: Option<Env>,
    pub(super) mocks: Mocks,
    pub(super) clock: Instant,
    pub(super) zone: Option<Tz>,
    pub(super) seed: Box<str>,
    pub(super) locale: Option<Box<str>>,
    pub(super) steps_max: u32,
    pub(super) breakpoints: Vec<Box<str>>,
    pub(super) detail: Detail,
    pub expect: Option<Expect>,
}

const FIELDS: [&str; 20] = [
    "name",
    "description",
    "version",
    "definition",
    "drafts",
    "trigger",
    "messages",
    "inputs",
    "variables",
    "contact",
    "env",
    "mocks",
    "clock",
    "seed",
    "locale",
    "maxSteps",
    "breakpoints",
    "trace",
    "expect",
    "saveAs",
];

impl RunRequest {
    /// Reads a request body. What is wrong with it comes back as findings, all of them.
    pub fn read(body: &Json) -> Result<Self, Vec<Finding>> {
        let report = ShapeReport::default();
        let fields = RequestNode::root(body, &report).fields(&FIELDS);
        if let Some(node) = fields.get("saveAs") {
            node.report("NOT_SUPPORTED", "saving test cases is not supported yet");
        }
        let label = |name, most| fields.get(name).and_then(|node| node.text(0..=most)).map(str::to_owned);
        let clock = fields.get("clock").map(|node| node.fields(&["start", "timezone"]));
        let start = clock.as_ref().and_then(|clock| clock.get("start"));
        let request = Self {
            name: label("name", 120),
            description: label("description", 1000),
            subject: subject(fields.get("version"), fields.get("definition"), &report),
            drafts: fields.get("drafts").and_then(|node| node.boolean()).unwrap_or(false),
            start: fields.get("trigger").map_or(Start::Manual, inputs::start),
            inputs: inputs::script(fields.get("messages"), fields.get("inputs")),
            variables: fields
                .get("variables")
                .map(|node| {
                    node.open().iter().map(|(name, node)| (name.into(), node.value.clone())).collect()
                })
                .unwrap_or_default(),
            contact: contact(fields.get("contact")),
            env: fields.get("env").and_then(|node| env(&node, &report)),
            mocks: fields.get("mocks").map(Mocks::read).unwrap_or_default(),
            clock: start.map_or_else(default_clock, |node| instant(&node)),
            zone: clock.and_then(|clock| clock.get("timezone")).and_then(|node| zone(&node)),
            seed: fields.get("seed").and_then(|node| node.text(0..=64)).unwrap_or("0").into(),
            locale: fields.get("locale").and_then(|node| node.text(1..=35)).map(Box::from),
            steps_max: fields
                .get("maxSteps")
                .and_then(|node| node.integer(1..=STEPS_MAX))
                .and_then(|most| u32::try_from(most).ok())
                .unwrap_or(STEPS_DEFAULT),
            breakpoints: fields
                .get("breakpoints")
                .map(|node| node.texts(200, 1..=64).into_iter().map(Box::from).collect())
                .unwrap_or_default(),
            detail: fields
                .get("trace")
                .and_then(|node| node.one_of(&[("full", Detail::Full), ("summary", Detail::Summary)]))
                .unwrap_or(Detail::Full),
            expect: fields.get("expect").map(Expect::read),
        };
        report.unless_found(request)
    }
}

impl RunRequest {
    /// `env.*`.
    pub(super) fn env_value(&self) -> Value {
        let values = self.env.iter().flatten();
        object(values.map(|(name, value)| (name.as_str(), Value::from(value.as_str()))))
    }

    /// Whether some expectation looks into the body that this step sends.
    pub(super) fn expects_body_of(&self, step_id: &str) -> bool {
        let calls = self.expect.iter().flat_map(|expect| &expect.calls);
        calls.filter(|call| call.body_contains.is_some()).any(|call| call.step_id == step_id)
    }
}

fn subject(
    version: Option<RequestNode<'_>>,
    definition: Option<RequestNode<'_>>,
    report: &ShapeReport,
) -> Subject {
    match (version, definition) {
        (Some(version), Some(_)) => {
            version.invalid("excludes definition");
            Subject::Draft
        }
        (None, Some(definition)) => match Canonical::create(definition.value.clone()) {
            Ok(canonical) => Subject::Inline(Box::new(canonical)),
            Err(findings) => {
                for mut finding in findings {
                    finding.pointer.insert_str(0, &definition.pointer);
                    report.add(finding);
                }
                Subject::Draft
            }
        },
        (Some(version), None) if version.value.is_string() => match version.value.as_str() {
            Some("draft") => Subject::Draft,
            Some("published") => Subject::Published,
            _ => {
                version.invalid("must be draft, published or the number of a version");
                Subject::Draft
            }
        },
        (Some(version), None) => version.integer(1..=INTEGER_MAX).map_or(Subject::Draft, Subject::Version),
        (None, None) => Subject::Draft,
    }
}

fn default_clock() -> Instant {
    Moment::parse(CLOCK_START).and_then(|moment| moment.instant(Tz::UTC)).expect("the constant is an instant")
}

fn instant(node: &RequestNode<'_>) -> Instant {
    let moment = node.text(1..=40).and_then(Moment::parse);
    let instant = match moment {
        Some(moment @ Moment::Instant(_)) => moment.instant(Tz::UTC),
        _ => None,
    };
    instant.filter(|instant| (Instant::MIN..=Instant::MAX).contains(instant)).unwrap_or_else(|| {
        node.invalid("must be an instant such as 2025-01-01T12:00:00Z");
        default_clock()
    })
}

fn zone(node: &RequestNode<'_>) -> Option<Tz> {
    let zone = node.text(1..=64)?.parse().ok();
    if zone.is_none() {
        node.invalid("must be an IANA time zone such as America/Mexico_City");
    }
    zone
}

fn env(node: &RequestNode<'_>, report: &ShapeReport) -> Option<Env> {
    match env::read(node.value, &node.pointer) {
        Ok(env) => Some(env),
        Err(findings) => {
            findings.into_iter().for_each(|finding| report.add(finding));
            None
        }
    }
}

/// The sandbox contact, with what the request says of it.
fn contact(node: Option<RequestNode<'_>>) -> Value {
    const NAMES: [&str; 6] = ["id", "name", "phone", "language", "tags", "attributes"];
    let fields = node.map(|node| node.fields(&NAMES));
    let given = |name: &str| fields.as_ref().and_then(|fields| fields.get(name));
    let text = |name: &str, default: Option<&str>| {
        given(name).map_or_else(
            || default.map(Value::from).unwrap_or_default(),
            |node| node.text(0..=256).map(Value::from).unwrap_or_default(),
        )
    };
    let tags = given("tags").map(|node| node.texts(1000, 1..=64)).unwrap_or_default();
    let attributes = given("attributes").map(|node| {
        let attributes = node.open();
        object(attributes.iter().map(|(name, node)| (name, from_json(node.value))))
    });
    object([
        ("id", text("id", Some("sandbox"))),
        ("name", text("name", Some("Test"))),
        ("phone", text("phone", Some("+10000000000"))),
        ("language", text("language", None)),
        ("tags", value::list(tags.into_iter().map(Value::from).collect())),
        ("attributes", attributes.unwrap_or_else(|| object::<&str>([]))),
    ])
}
