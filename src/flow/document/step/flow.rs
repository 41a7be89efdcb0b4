//! `flow`: run another flow.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::action::{OUTCOMES, OutcomeExit};
use crate::flow::document::names::names;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leaves, ObjectType, Part, StepType};
use crate::flow::document::schema::rules;
use crate::flow::document::schema::{Family, Sign};
use crate::flow::json::INTEGER_MAX;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubFlow {
    pub flow_id: Uuid,
    pub version: FlowVersion,
    pub mode: CallMode,
    /// By the callee's variable name: JSON whose strings are templates.
    pub inputs: BTreeMap<String, Value>,
    pub outputs: Vec<OutputMapping>,
    /// By the outcome of the callee's end.
    pub outcomes: Vec<OutcomeExit>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum FlowVersion {
    #[default]
    Published,
    Number(i64),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CallMode {
    /// Come back when the other flow ends.
    #[default]
    Call,
    /// The other flow takes the conversation over.
    Transfer,
}

/// A variable of the callee, and the one of the caller that receives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputMapping {
    pub from: String,
    pub to: String,
}

names! {
    CallMode { Call = "call", Transfer = "transfer" }
}

const OUTPUT: Part = Part::Object(&ObjectType {
    name: "FlowOutput",
    docs: "A variable that is copied when the other flow has ended.",
    fields: &[
        Field::required("from", Part::Name(&rules::VARIABLE), "A variable of the called flow.")
            .called("De", "From"),
        Field::required("to", Part::Written, "The variable of this flow that receives it.").called("A", "To"),
    ],
});

impl SubFlow {
    pub(super) const TYPE: StepType = StepType {
        name: "flow",
        docs: "Runs another flow and comes back, or hands over to it.",
        words: ["otro flujo", "other flow"],
        sign: Sign::new(Family::Acts, "M2 3h5v4h-5zM9 9h5v4h-5zM7 5h4v4"),
        example: r#"{ "type": "flow", "flowId": "01973c0e-6c1b-7d3e-9a54-2f8a0b6d1e77", "version": "published",
            "inputs": { "name": "{{ contact.name }}" }, "outputs": [{ "from": "date", "to": "appointment" }],
            "outcomes": [{ "id": "cancelled", "next": "$end" }] }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::required("flowId", Part::FlowId, "The id of the other flow."),
            Field::optional(
                "version",
                Part::Either(&[Part::OneOf(&["published"]), Part::Integer { least: 1, most: INTEGER_MAX }]),
                "The version that is run; the published one when absent.",
            )
            .called("Versión", "Version"),
            Field::optional(
                "mode",
                Part::OneOf(CallMode::WRITTEN),
                "Whether this flow goes on when the other one ends; `call` when absent.",
            )
            .called("Modo", "Mode"),
            Field::optional(
                "inputs",
                Part::JsonObject,
                "Values of the other flow's input variables, by their names.",
            )
            .called("Entradas", "Inputs"),
            Field::optional(
                "outputs",
                Part::list(&OUTPUT, 0, 100),
                "What this flow receives when the other one ends.",
            )
            .called("Salidas", "Outputs"),
            Field::optional(
                "outcomes",
                OUTCOMES,
                "Where outcomes of the other flow lead; others leave by `next`.",
            ),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            flow_id: o.need("flowId", flow_id),
            version: o.or_default("version", FlowVersion::read),
            mode: o.or_default("mode", |mode| mode.one_of(CallMode::NAMES)),
            inputs: o.or_default("inputs", |inputs| inputs.json_object().into_iter().collect()),
            outputs: o.or_default("outputs", |outputs| outputs.list(OutputMapping::read)),
            outcomes: o.or_default("outcomes", OutcomeExit::list),
        }
    }
}

fn flow_id(node: Cursor<'_>) -> Uuid {
    let Some(text) = node.str() else { return Uuid::nil() };
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
    id.unwrap_or_else(|| {
        node.invalid("must be the id of a flow: a UUID in 8-4-4-4-12 form");
        Uuid::nil()
    })
}

impl FlowVersion {
    fn read(node: Cursor<'_>) -> Self {
        if node.value.as_str() == Some("published") {
            return Self::Published;
        }
        if !node.value.is_number() {
            node.invalid("must be \"published\" or the number of a version");
            return Self::default();
        }
        Self::Number(node.integer())
    }
}

impl OutputMapping {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self { from: o.need("from", Cursor::name), to: o.need("to", Cursor::name) }
    }
}
