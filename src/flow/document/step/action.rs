//! `action`: a named function of the tenant's own backend.

use serde_json::{Map, Value};

use crate::flow::document::Target;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leads, Leaves, ObjectType, Part, StepType};
use crate::flow::document::schema::rules;
use crate::flow::document::schema::{Family, Sign};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Action {
    pub action: String,
    /// JSON whose strings are templates.
    pub args: Map<String, Value>,
    /// Gets the result's data.
    pub save_to: Option<String>,
    pub outcomes: Vec<OutcomeExit>,
    pub sample_result: Option<SampleResult>,
}

/// Where an outcome leads (edge `outcome:<id>`); one that is not listed leaves by `next`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutcomeExit {
    pub id: String,
    pub next: Target,
}

/// What the sandbox answers when no mock does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SampleResult {
    pub outcome: String,
    /// Null when absent.
    pub data: Value,
}

/// Outcomes that have an exit of their own.
pub(super) const OUTCOMES: Part = Part::list(
    &Part::Object(&ObjectType {
        name: "OutcomeExit",
        docs: "Where an outcome leads.",
        fields: &[
            Field::required("id", Part::Name(&rules::EXIT_ID), "The outcome."),
            Field::required("next", Part::Target(Leads::Outcome), "Where the outcome leads."),
        ],
    }),
    0,
    30,
);

const SAMPLE: Part = Part::Object(&ObjectType {
    name: "SampleResult",
    docs: "What a test run gets when no mock answers.",
    fields: &[
        Field::optional("outcome", Part::Name(&rules::EXIT_ID), "The outcome; `ok` when absent."),
        Field::optional("data", Part::Data, "What the action answers."),
    ],
});

impl Action {
    pub(super) const TYPE: StepType = StepType {
        name: "action",
        docs: "Calls a function of your backend by its name.",
        words: ["acción", "action"],
        sign: Sign::new(Family::Acts, "M9 2l-5 7h4l-1 5 5-7h-4z"),
        example: r#"{ "type": "action", "action": "crm.find", "args": { "phone": "{{ contact.phone }}" },
            "saveTo": "customer", "outcomes": [{ "id": "not_found", "next": "$end" }],
            "sampleResult": { "outcome": "ok", "data": { "id": 7 } } }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::required("action", Part::Name(&rules::ACTION), "The name of the function.")
                .called("Acción", "Action"),
            Field::optional("args", Part::JsonObject, "Its arguments.").called("Argumentos", "Arguments"),
            Field::optional("saveTo", Part::Written, "The variable that gets the data of the result."),
            Field::optional(
                "outcomes",
                OUTCOMES,
                "Where outcomes lead; one that is not listed leaves by `next`.",
            ),
            Field::optional("sampleResult", SAMPLE, "What a test run gets when no mock answers.")
                .called("Resultado de prueba", "Sample result"),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            action: o.need("action", Cursor::name),
            args: o.or_default("args", Cursor::json_object),
            save_to: o.optional("saveTo", Cursor::name),
            outcomes: o.or_default("outcomes", OutcomeExit::list),
            sample_result: o.optional("sampleResult", SampleResult::read),
        }
    }
}

impl OutcomeExit {
    pub(super) fn list(node: Cursor<'_>) -> Vec<Self> {
        node.list(|outcome| {
            let o = outcome.object();
            Self { id: o.need("id", Cursor::name), next: o.need("next", Cursor::target) }
        })
    }
}

impl SampleResult {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            outcome: o.optional("outcome", Cursor::name).unwrap_or_else(|| "ok".to_owned()),
            data: o.or_default("data", |data| data.value.clone()),
        }
    }
}
