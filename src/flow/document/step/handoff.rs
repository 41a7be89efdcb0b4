//! `handoff`: hands the conversation to people. The run is over.

use crate::flow::channel::{QUEUE_CHARS_MAX, TEXT_CHARS_MAX};
use crate::flow::document::Template;
use crate::flow::document::names::names;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leaves, Length, Part, StepType};

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

impl Handoff {
    pub(super) const TYPE: StepType = StepType {
        name: "handoff",
        docs: "Hands the conversation to people.",
        example: r#"{ "type": "handoff", "queue": "ventas", "text": "Te paso con una persona.",
            "note": "Pregunta por un pedido.", "priority": "high" }"#,
        leaves: Leaves::End,
        fields: &[
            Field::optional(
                "queue",
                Part::Template(Length::of(1, QUEUE_CHARS_MAX)),
                "The queue that takes over.",
            ),
            Field::optional("text", Part::shown(TEXT_CHARS_MAX), "What is sent before.").translated(),
            Field::optional("note", Part::TEMPLATE, "A note for whoever takes over. It is not sent."),
            Field::optional(
                "priority",
                Part::OneOf(Priority::WRITTEN),
                "How urgent it is; `normal` when absent.",
            ),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            queue: o.optional("queue", Cursor::text),
            text: o.optional("text", Cursor::text),
            note: o.optional("note", Cursor::text),
            priority: o.or_default("priority", |priority| priority.one_of(Priority::NAMES)),
        }
    }
}
