//! `handoff` and `end`: the run is over.

use crate::flow::document::Template;
use crate::flow::document::names::names;
use crate::flow::document::reader::{Node, Object};

/// Hands the conversation to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handoff {
    pub queue: Option<Template>,
    pub text: Option<Template>,
    /// For whoever takes over; not sent.
    pub note: Option<Template>,
    pub priority: Priority,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

names! {
    Priority { Low = "low", Normal = "normal", High = "high" }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Literal; `completed` unless the author says otherwise.
    pub outcome: String,
    /// A farewell.
    pub text: Option<Template>,
}

impl Default for End {
    fn default() -> Self {
        Self { outcome: "completed".to_owned(), text: None }
    }
}

impl Handoff {
    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            queue: o.optional("queue", |queue| queue.text(1..=64)),
            text: o.optional("text", Node::template),
            note: o.optional("note", Node::template),
            priority: o.or_default("priority", |priority| priority.one_of(Priority::NAMES)),
        }
    }
}

impl End {
    pub(super) fn read(o: &Object<'_>) -> Self {
        let allowed = |_, c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let outcome = o.optional("outcome", |outcome| {
            outcome.name(64, allowed, "1 to 64 lower-case letters, digits and \"_\"")
        });
        Self {
            outcome: outcome.unwrap_or_else(|| Self::default().outcome),
            text: o.optional("text", Node::template),
        }
    }
}
