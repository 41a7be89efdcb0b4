//! What reaches a run from outside: messages of the person, events, and silence.

use super::value::{self, Value, object};
use crate::flow::document::MediaKind;

/// One input of the script (docs/flow-format.md, 7.1).
#[derive(Debug, Clone)]
pub struct Inbound {
    pub content: InboundContent,
    /// From the moment the run began waiting.
    pub after_ms: u64,
    pub intent: Option<Box<str>>,
    pub entities: Value,
    /// As the request wrote it, without `after`: what traces and `any` show.
    pub json: Value,
}

#[derive(Debug, Clone)]
pub enum InboundContent {
    Text(Box<str>),
    /// A reply to a menu that is shown, with the option's title once that is known.
    Option {
        id: Box<str>,
        title: Option<Box<str>>,
    },
    /// `{kind, url, mediaId, mimeType, filename, size, caption}`.
    Media(MediaKind, Value),
    /// `{latitude, longitude, name, address}`.
    Location(Value),
    Contact(Value),
    Form(Value),
    Event {
        event: Box<str>,
        payload: Value,
    },
    /// Silence until the pending wait expires.
    Timeout,
}

impl Inbound {
    pub fn of_text(text: &str) -> Self {
        Self {
            content: InboundContent::Text(text.into()),
            after_ms: 0,
            intent: None,
            entities: Value::UNDEFINED,
            json: object([("type", Value::from("text")), ("text", Value::from(text))]),
        }
    }

    pub fn of_place(place: Value) -> Self {
        Self { content: InboundContent::Location(place), ..Self::of_text("") }
    }

    /// The text a person would read: an option counts as its title, or as its id when it was not shown.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            InboundContent::Text(text) => Some(text),
            InboundContent::Option { id, title } => Some(title.as_deref().unwrap_or(id)),
            _ => None,
        }
    }

    /// Whether it is a message of the person, rather than an event or silence.
    pub fn is_message(&self) -> bool {
        !matches!(self.content, InboundContent::Event { .. } | InboundContent::Timeout)
    }

    /// `input.*`, once it has been consumed.
    pub fn namespace(&self, at: Value) -> Value {
        let kind = value::member(&self.json, "type");
        let payload = match &self.content {
            InboundContent::Option { id, .. } => Value::from(&**id),
            InboundContent::Event { payload, .. } => payload.clone(),
            InboundContent::Media(_, value)
            | InboundContent::Location(value)
            | InboundContent::Contact(value)
            | InboundContent::Form(value) => value.clone(),
            _ => Value::UNDEFINED,
        };
        object([
            ("type", kind),
            ("text", self.text().map(Value::from).unwrap_or_default()),
            ("payload", payload),
            ("intent", self.intent.as_deref().map(Value::from).unwrap_or_default()),
            ("entities", self.entities.clone()),
            ("at", at),
        ])
    }
}
