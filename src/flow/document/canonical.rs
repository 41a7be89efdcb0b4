//! The canonical document: one value, one sequence of bytes (RFC 8785), one digest.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::order;
use super::reader::Cursor;
use super::schema::DOCUMENT;
use super::settle::{SettlePlace, assign_step_ids, settle};
use super::trigger::{Trigger, TriggerTypes};
use super::whole::{DOCUMENT_BYTES_MAX, Document};
use crate::flow::digest::Digest;
use crate::flow::finding::Finding;
use crate::flow::pointer::Path;
use crate::flow::report::ShapeReport;
use crate::flow::text::name_fault;
use crate::flow::{canonical_json, json};

/// A sound document in all its forms. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Canonical {
    /// What is stored and hashed.
    pub bytes: Bytes,
    pub digest: Digest,
    /// All top-level members with their defaults; nested parts as the author sent them, but for step ids.
    pub value: Arc<Value>,
    pub document: Arc<Document>,
}

/// What a flow is found by: what it is called, which number it is for, and what it starts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    pub name: String,
    pub description: Option<String>,
    pub phone_number_id: Option<String>,
    pub trigger_types: TriggerTypes,
}

/// Stored bytes are no canonical document.
#[derive(Debug, thiserror::Error)]
#[error("not a flow document: {0}")]
pub struct Corrupt(String);

impl Corrupt {
    pub(super) fn new(error: &impl ToString) -> Self {
        Self(error.to_string())
    }
}

impl Canonical {
    /// Makes a document of what a client sent to create a flow, or says what is wrong with it.
    ///
    /// Members that are null count as absent, except where null is a value of its own: an assignment's and
    /// an attribute's `value`. What the author keeps by value (`meta`, defaults, bodies, arguments, samples,
    /// free keys of `triggerConfig`) keeps the nulls inside it. The name is trimmed.
    pub fn create(mut body: Value) -> Result<Self, Vec<Finding>> {
        let settling = ShapeReport::default();
        prepare(&mut body);
        settle(&mut body, DOCUMENT, SettlePlace::new(Path::at(""), &settling));
        match body {
            Value::Object(members) => Self::from_settled(members, settling.into_findings()),
            other => {
                let report = ShapeReport::default();
                Cursor::new(&other, DOCUMENT, Path::at(""), &report).wrong_type("an object");
                Err(report.into_findings())
            }
        }
    }

    /// Reads stored bytes.
    pub fn read(bytes: Bytes) -> Result<Self, Corrupt> {
        let value = json::parse(&bytes).map_err(|error| Corrupt::new(&error))?;
        let report = ShapeReport::default();
        let document = Document::read(&Cursor::new(&value, DOCUMENT, Path::at(""), &report).object());
        match report.into_findings().first() {
            Some(finding) => Err(Corrupt(format!("{} {}", finding.pointer, finding.message))),
            None => Ok(Self {
                digest: Digest::of(&bytes),
                bytes,
                value: Arc::new(value),
                document: Arc::new(document),
            }),
        }
    }

    /// Completes settled members with defaults and reads them. What settling found is told with the rest.
    fn from_settled(members: Map<String, Value>, findings: Vec<Finding>) -> Result<Self, Vec<Finding>> {
        let mut complete = defaults();
        complete.extend(members);
        let value = Value::Object(complete);
        let bytes = canonical_json::to_vec(&value);
        Self::judge(value, bytes, findings)
    }

    /// Reads a settled value, complete, whose canonical bytes are known.
    pub(super) fn judge(
        value: Value,
        bytes: Vec<u8>,
        mut findings: Vec<Finding>,
    ) -> Result<Self, Vec<Finding>> {
        let report = ShapeReport::default();
        let root = Cursor::new(&value, DOCUMENT, Path::at(""), &report);
        let document = Document::read(&root.object());
        check_size(&root, &bytes);
        findings.extend(report.into_findings());
        if !findings.is_empty() {
            order::sort(&mut findings, &value, DOCUMENT);
            return Err(findings);
        }
        Ok(Self {
            digest: Digest::of(&bytes),
            // Without room to grow: they are kept for long.
            bytes: bytes.into_boxed_slice().into(),
            value: Arc::new(value),
            document: Arc::new(document),
        })
    }

    pub fn name(&self) -> &str {
        &self.document.name
    }

    pub fn phone_number_id(&self) -> Option<&str> {
        self.document.phone_number_id.as_deref()
    }

    pub fn labels(&self) -> Labels {
        let Document { name, description, phone_number_id, .. } = &*self.document;
        Labels {
            name: name.clone(),
            description: description.clone(),
            phone_number_id: phone_number_id.clone(),
            trigger_types: TriggerTypes::of_members(
                self.value.get("triggerType"),
                self.value.get("triggerConfig"),
            ),
        }
    }
}

/// Puts findings about a document in its order, and keeps as many as are told.
pub fn sort_findings(findings: &mut Vec<Finding>, flow: &Canonical) {
    order::sort(findings, &flow.value, DOCUMENT);
}

/// What must be done before settling: the name is trimmed and every step has an id to be reported under.
pub(super) fn prepare(body: &mut Value) {
    if let Some(name) = body.get_mut("name").filter(|name| name.is_string()) {
        *name = Value::from(name.as_str().unwrap_or_default().trim());
    }
    if let Some(steps) = body.get_mut("steps") {
        assign_step_ids(steps);
    }
}

/// Whether a whole document is larger than it may be.
pub(super) fn check_size(root: &Cursor<'_>, bytes: &[u8]) {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        root.limit(format!("must have at most {DOCUMENT_BYTES_MAX} bytes, has {}", bytes.len()));
    }
}

/// What a document says of which nothing is said but the name, in canonical JSON.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("description", "null"),
    ("phoneNumberId", "null"),
    ("wabaId", "null"),
    ("triggerType", "\"MANUAL\""),
    ("triggerConfig", "{}"),
    ("variables", "[]"),
    ("steps", "[]"),
    ("settings", "{}"),
    ("interrupts", "[]"),
    ("translations", "{}"),
    ("meta", "{}"),
    ("formatVersion", "1"),
];

/// The default of a member; the name has none.
pub(super) fn default_of(name: &str) -> Value {
    let found = DEFAULTS.iter().find(|&&(known, _)| known == name);
    found.map(|&(_, text)| serde_json::from_str(text).expect("written as JSON")).unwrap_or_default()
}

fn defaults() -> Map<String, Value> {
    DEFAULTS.iter().map(|&(name, _)| (name.to_owned(), default_of(name))).collect()
}

/// A name that a request sets is one that people can read.
pub fn check_name(name: &str) -> Result<(), Vec<Finding>> {
    name_fault(name).map_or(Ok(()), |fault| Err(vec![Finding::error("INVALID_VALUE", "/name", fault)]))
}

/// The trigger of a stored document, read from its members `triggerType` and `triggerConfig` alone.
pub fn stored_trigger(members: &Value) -> Trigger {
    let report = ShapeReport::default();
    Trigger::read(&Cursor::new(members, DOCUMENT, Path::at(""), &report).object())
}
