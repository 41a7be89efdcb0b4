//! Messages, and the transcript they make: what a person would see.

use std::sync::Arc;

use smallvec::SmallVec;

use super::shown::write_cut;
use crate::interpreter::canonical::{CanonicalPage, WriteJson};
use crate::interpreter::moment::Instant;
use crate::interpreter::value::Value;

/// A member of a message's payload.
type Member = (&'static str, Value);

/// What is sent or received at once: `kind`, `text` and the payload of that kind.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    kind: &'static str,
    text: Option<Value>,
    /// Sorted by name.
    payload: Vec<Member>,
}

impl SentMessage {
    pub fn new(kind: &'static str, text: Option<Value>) -> Self {
        Self { kind, text, payload: Vec::new() }
    }

    /// Adds a member of the payload.
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        let at = self.payload.partition_point(|(known, _)| *known < name);
        self.payload.insert(at, (name, value));
        self
    }

    pub fn kind(&self) -> &'static str {
        self.kind
    }

    pub fn text(&self) -> Option<&str> {
        self.text.as_ref().and_then(Value::as_str)
    }

    pub fn payload(&self) -> &[Member] {
        &self.payload
    }

    fn write_kind(&self, page: &mut CanonicalPage) {
        page.raw("\"kind\":\"");
        page.raw(self.kind);
        page.raw("\"");
    }

    fn write_text(&self, page: &mut CanonicalPage) {
        if let Some(text) = &self.text {
            page.raw(",\"text\":");
            write_cut(page, text);
        }
    }
}

/// Writes the members whose names come before `name`, each behind a comma. Answers the others.
fn write_before<'p>(page: &mut CanonicalPage, mut payload: &'p [Member], name: &str) -> &'p [Member] {
    while let [(known, value), rest @ ..] = payload
        && *known < name
    {
        page.raw(",\"");
        page.raw(known);
        page.raw("\":");
        write_cut(page, value);
        payload = rest;
    }
    payload
}

/// Comes behind all names.
const LAST: &str = "~";

impl WriteJson for SentMessage {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{");
        let before_kind = self.payload.partition_point(|(name, _)| *name < "kind");
        let (first, rest) = self.payload.split_at(before_kind);
        for (name, value) in first {
            page.raw("\"");
            page.raw(name);
            page.raw("\":");
            write_cut(page, value);
            page.raw(",");
        }
        self.write_kind(page);
        let rest = write_before(page, rest, "text");
        self.write_text(page);
        write_before(page, rest, LAST);
        page.raw("}");
    }
}

/// What a step sent.
#[derive(Debug, Clone, Default)]
pub struct Output {
    pub messages: SmallVec<[Arc<SentMessage>; 1]>,
    /// An upper bound for the bytes that the messages take in a trace.
    pub weight: usize,
}

impl WriteJson for Output {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"messages\":").list(&self.messages, |page, message| message.write_json(page));
        page.raw("}");
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    Bot,
    User,
    System,
}

impl Speaker {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::User => "user",
            Self::System => "system",
        }
    }
}

/// One line of the transcript.
#[derive(Debug, Clone)]
pub struct TranscriptLine<'a> {
    pub at: Instant,
    pub from: Speaker,
    pub message: Arc<SentMessage>,
    /// Absent for what started the run.
    pub step_id: Option<&'a str>,
    /// From 1.
    pub seq: u32,
}

impl WriteJson for TranscriptLine<'_> {
    /// Merges the line's own members with those of the message; no name comes before `at`.
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"at\":").instant(self.at);
        let payload = write_before(page, &self.message.payload, "from");
        page.raw(",\"from\":\"");
        page.raw(self.from.as_str());
        page.raw("\"");
        let payload = write_before(page, payload, "kind");
        page.raw(",");
        self.message.write_kind(page);
        let payload = write_before(page, payload, "seq");
        page.raw(",\"seq\":").integer(self.seq);
        let payload = write_before(page, payload, "stepId");
        page.raw(",\"stepId\":").maybe_text(self.step_id);
        let payload = write_before(page, payload, "text");
        self.message.write_text(page);
        write_before(page, payload, LAST);
        page.raw("}");
    }
}
