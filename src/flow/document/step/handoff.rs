//! `handoff`: hands the conversation to people. The run is over.

use crate::flow::channel::{QUEUE_CHARS_MAX, TEXT_CHARS_MAX};
use crate::flow::document::Template;
use crate::flow::document::names::names;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leaves, Length, Part, StepType};
use crate::flow::document::schema::{Family, Sign};

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
        docs: "Gives the conversation to people.",
        words: ["traspaso", "handoff"],
        sign: Sign::new(Family::People, "M2 8h9M8 4l4 4-4 4M14 3v10"),
        example: r#"{ "type": "handoff", "queue": "ventas", "text": "Te paso con una persona.",
            "note": "Pregunta por un pedido.", "priority": "high" }"#,
        leaves: Leaves::End,
        fields: &[
            Field::optional(
                "queue",
                Part::Template(Length::of(1, QUEUE_CHARS_MAX)),
                "The queue that takes over.",
            )
            .called("Cola", "Queue"),
            Field::optional("text", Part::shown(TEXT_CHARS_MAX), "What is sent before.").translated(),
            Field::optional("note", Part::TEMPLATE, "A note for whoever takes over. It is not sent.")
                .called("Nota para quien atiende", "Note for whoever takes over"),
            Field::optional(
                "priority",
                Part::OneOf(Priority::WRITTEN),
                "How urgent it is; `normal` when absent.",
            )
            .called("Prioridad", "Priority"),
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
