//! `goto`: leads on and does nothing else.

use crate::flow::document::reader::Object;
use crate::flow::document::schema::part::{Field, Leads, Leaves, Part, StepType};

/// It has no members but those that all steps have, of which it requires `next`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Goto;

impl Goto {
    pub(super) const TYPE: StepType = StepType {
        name: "goto",
        docs: "Leads to another step and does nothing else.",
        example: r#"{ "type": "goto", "next": "$end" }"#,
        leaves: Leaves::Next,
        fields: &[Field::required("next", Part::Target(Leads::Next), "Where the run goes on.")],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        if !o.has("next") {
            o.missing("next", "is missing");
        }
        Self
    }
}
