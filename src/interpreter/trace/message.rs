//! Messages, and the transcript they make: what a person would see.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use smallvec::{SmallVec, smallvec};

use super::shown::Cut;
use crate::interpreter::moment::Instant;
use crate::interpreter::value::Value;

/// What is sent or received at once: `kind`, `text` and the payload of that kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Sorted by name. Most messages are a kind and a text.
    fields: SmallVec<[(&'static str, Value); 2]>,
}

impl Message {
    pub fn new(kind: &'static str, text: Option<Value>) -> Self {
        let mut fields = smallvec![("kind", Value::from(kind))];
        fields.extend(text.map(|text| ("text", text)));
        Self { fields }
    }

    /// Adds a member of the payload.
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        let at = self.fields.partition_point(|(known, _)| *known < name);
        self.fields.insert(at, (name, value));
        self
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub fn kind(&self) -> &str {
        self.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn text(&self) -> Option<&str> {
        self.get("text").and_then(Value::as_str)
    }

    pub fn fields(&self) -> &[(&'static str, Value)] {
        &self.fields
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.iter().map(|(name, value)| (name, Cut(value))))
    }
}

/// What a step sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Output {
    pub messages: Vec<Arc<Message>>,
    /// An upper bound for the bytes that the messages take in a trace.
    #[serde(skip)]
    pub weight: usize,
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
pub struct Line<'a> {
    pub at: Instant,
    pub from: Speaker,
    pub message: Arc<Message>,
    /// Absent for what started the run.
    pub step_id: Option<&'a str>,
    /// From 1.
    pub seq: u32,
}

impl Serialize for Line<'_> {
    /// Merges the line's own members with those of the message; both are sorted.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        let mut fields = self.message.fields().iter().peekable();
        for own in ["at", "from", "seq", "stepId"] {
            while let Some((name, value)) = fields.next_if(|(name, _)| *name < own) {
                map.serialize_entry(name, &Cut(value))?;
            }
            match own {
                "at" => map.serialize_entry(own, &self.at)?,
                "from" => map.serialize_entry(own, self.from.as_str())?,
                "seq" => map.serialize_entry(own, &self.seq)?,
                _ => map.serialize_entry(own, &self.step_id)?,
            }
        }
        for (name, value) in fields {
            map.serialize_entry(name, &Cut(value))?;
        }
        map.end()
    }
}
