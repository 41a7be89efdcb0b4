//! `goto`: leads on and does nothing else.

use crate::flow::document::reader::Object;
use crate::flow::document::schema::part::{Field, Leads, Leaves, Part, StepType};
use crate::flow::document::schema::{Family, Sign};

/// It has no members but those that all steps have, of which it requires `next`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Goto;

impl Goto {
    pub(super) const TYPE: StepType = StepType {
        name: "goto",
        docs: "Jumps to another step.",
        words: ["salto", "jump"],
        sign: Sign::new(Family::Decides, "M3 13v-5h9M9 5l3 3-3 3"),
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
