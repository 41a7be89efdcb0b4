//! `end`: the run is over.

use crate::flow::channel::TEXT_CHARS_MAX;
use crate::flow::document::Template;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leaves, Part, StepType};
use crate::flow::document::schema::rules;
use crate::flow::document::schema::{Family, Sign};

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

impl End {
    pub(super) const TYPE: StepType = StepType {
        name: "end",
        docs: "Ends the flow, with an outcome.",
        words: ["fin", "end"],
        sign: Sign::new(Family::Ends, "M4 4h8v8h-8z"),
        example: r#"{ "type": "end", "outcome": "booked", "text": "¡Hasta pronto!" }"#,
        leaves: Leaves::End,
        fields: &[
            Field::optional(
                "outcome",
                Part::Name(&rules::OUTCOME),
                "How the run went, for its caller and for statistics; `completed` when absent.",
            ),
            Field::optional("text", Part::shown(TEXT_CHARS_MAX), "A farewell.").translated(),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            outcome: o.optional("outcome", Cursor::name).unwrap_or_else(|| Self::default().outcome),
            text: o.optional("text", Cursor::text),
        }
    }
}
