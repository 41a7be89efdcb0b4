//! `branch`: goes the way of the first case that holds.

use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leads, Leaves, ObjectType, Part, StepType};
use crate::flow::document::schema::{Family, Sign};
use crate::flow::document::{Expression, Target};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch {
    pub cases: Vec<Case>,
    /// The member `else`.
    pub otherwise: Target,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    pub when: Expression,
    pub next: Target,
    pub label: Option<String>,
}

const CASE: Part = Part::Object(&ObjectType {
    name: "BranchCase",
    docs: "A condition, and where it leads.",
    fields: &[
        Field::required("when", Part::Expression, "The condition."),
        Field::required("next", Part::Target(Leads::Case), "Where the case leads."),
        Field::optional("label", Part::text(0, 120), "A label for people."),
    ],
});

impl Branch {
    pub(super) const TYPE: StepType = StepType {
        name: "branch",
        docs: "Goes one of several ways, by conditions.",
        words: ["condición", "condition"],
        sign: Sign::new(Family::Decides, "M8 2v4l-5 7M8 6l5 7"),
        example: r#"{ "type": "branch", "else": "$end", "cases": [
            { "when": "contact.language == 'en'", "next": "$next", "label": "English" } ] }"#,
        leaves: Leaves::OwnExits,
        fields: &[
            Field::required(
                "cases",
                Part::list(&CASE, 1, 30),
                "The cases, in the order in which they are tried.",
            )
            .called("Casos", "Cases"),
            Field::optional("else", Part::Target(Leads::Else), "Where the step leads when no case holds.")
                .called("Si nada se cumple", "Otherwise"),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        if o.has("next") {
            o.at("next", |next| {
                next.report("UNKNOWN_FIELD", "is not a member of a branch, which has \"else\"")
            });
        }
        Self {
            cases: o.need("cases", |cases| cases.list(Case::read)),
            otherwise: o.or_default("else", Cursor::target),
        }
    }
}

impl Case {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            when: o.need("when", Cursor::text),
            next: o.need("next", Cursor::target),
            label: o.optional("label", Cursor::text),
        }
    }
}
