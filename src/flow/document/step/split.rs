//! `split`: draws one of several paths by weight.

use crate::flow::document::Target;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leads, Leaves, ObjectType, Part, StepType};
use crate::flow::document::schema::rules;
use crate::flow::document::schema::{Family, Sign};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    pub paths: Vec<SplitPath>,
    /// Gets the id of the path drawn.
    pub save_to: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitPath {
    pub id: String,
    /// 1–1000.
    pub weight: u32,
    /// The step's own `next` when absent.
    pub next: Option<Target>,
}

const PATH: Part = Part::Object(&ObjectType {
    name: "SplitPath",
    docs: "A path, and how likely it is.",
    fields: &[
        Field::required("id", Part::Name(&rules::EXIT_ID), "The id of the path, unique within the step."),
        Field::required(
            "weight",
            Part::Integer { least: 1, most: 1000 },
            "How likely the path is, against the others.",
        )
        .called("Peso", "Weight"),
        Field::optional(
            "next",
            Part::Target(Leads::Path),
            "Where the path leads; the step's `next` when absent.",
        ),
    ],
});

impl Split {
    pub(super) const TYPE: StepType = StepType {
        name: "split",
        docs: "Goes one of several ways, by chance.",
        words: ["reparto", "split"],
        sign: Sign::new(Family::Decides, "M8 14v-5l-5-6M8 9l5-6M8 9v-7"),
        example: r#"{ "type": "split", "paths": [
            { "id": "a", "weight": 9 }, { "id": "b", "weight": 1, "next": "$end" } ] }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::required("paths", Part::list(&PATH, 2, 10), "The paths.").called("Caminos", "Paths"),
            Field::optional("saveTo", Part::Written, "The variable that gets the id of the path drawn."),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            paths: o.need("paths", |paths| paths.list(SplitPath::read)),
            save_to: o.optional("saveTo", Cursor::name),
        }
    }
}

impl SplitPath {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            id: o.need("id", Cursor::name),
            weight: o.need("weight", Cursor::small),
            next: o.optional("next", Cursor::target),
        }
    }
}
