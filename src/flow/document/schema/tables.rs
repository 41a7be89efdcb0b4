//! The document, what a change of it may carry, and the same as a graph.

use super::part::{Field, ObjectType, Part};
use crate::flow::document::interrupt::INTERRUPTS;
use crate::flow::document::settings::SETTINGS;
use crate::flow::document::step::{COMMON, MATCHES, STEP_TYPES};
use crate::flow::document::trigger::{TRIGGER, TriggerType};
use crate::flow::document::variable::VARIABLES;

/// A step.
pub const STEP: Part = Part::Step { common: COMMON, types: STEP_TYPES };

const STEPS: Field =
    Field::optional("steps", Part::list(&STEP, 0, 200), "The steps; a run begins at the first.");
const VARIABLES_FIELD: Field = Field::optional("variables", VARIABLES, "The variables of the flow.");
const SETTINGS_FIELD: Field = Field::optional("settings", SETTINGS, "What holds for every step.");
const INTERRUPTS_FIELD: Field =
    Field::optional("interrupts", INTERRUPTS, "Commands that are heard while a step waits.");
const TRANSLATIONS: Field = Field::optional(
    "translations",
    // Locale, step id, path of a text inside the step.
    Part::Keyed(&Part::Keyed(&Part::Keyed(&Part::Either(&[Part::TEMPLATE, MATCHES])))),
    "Texts in other languages: by locale, id of the step, and dotted path of the text in the step.",
);

/// The document.
pub const DOCUMENT: Part = Part::Object(&ObjectType {
    name: "FlowDocument",
    docs: "A flow as its author writes it; at most 256 KiB. A member that is null counts as absent.",
    fields: DOCUMENT_FIELDS,
});

/// The members of the document.
pub const DOCUMENT_FIELDS: &[Field] = &[
    Field::required("name", Part::text(1, 120), "What the flow is called."),
    Field::optional("description", Part::text(0, 1000), "What the flow is for."),
    Field::optional(
        "phoneNumberId",
        Part::text(1, 64),
        "The number that runs the flow; any number when absent.",
    ),
    Field::optional("wabaId", Part::text(1, 64), "The WhatsApp Business account of the number."),
    Field::optional("triggerType", Part::OneOf(TriggerType::WRITTEN), "What starts the flow."),
    Field::optional("triggerConfig", TRIGGER, "What the trigger needs, by its type."),
    VARIABLES_FIELD,
    STEPS,
    SETTINGS_FIELD,
    INTERRUPTS_FIELD,
    TRANSLATIONS,
    Field::optional("meta", Part::DataObject, "Data of editors, kept and not looked at."),
    Field::optional("formatVersion", Part::Integer { least: 1, most: 1 }, "The version of the format: 1."),
];

/// What a change may carry beside the document's members.
pub const CHANGE_ONLY: &[Field] = &[
    Field::optional("enabled", Part::Boolean, "Whether the flow may be started."),
    Field::optional(
        "json",
        Part::Definition { members: DEFINITION, graph: GRAPH },
        "The definition as a whole: its members, or a graph of nodes and edges. It excludes `variables`, `steps`, \
         `settings`, `interrupts` and `translations`.",
    ),
];

/// A change: any members of the document, and what is beside it.
pub const CHANGE: Part = Part::Change { document: DOCUMENT_FIELDS, beside: CHANGE_ONLY };

/// The members that a change may replace together, as `json`.
pub const DEFINITION: &[Field] = &[VARIABLES_FIELD, STEPS, SETTINGS_FIELD, INTERRUPTS_FIELD, TRANSLATIONS];

/// The definition as nodes and edges.
pub const GRAPH: &[Field] = &[
    VARIABLES_FIELD,
    Field::required(
        "nodes",
        Part::list(&Part::Node(&NODE), 0, usize::MAX),
        "The steps, as an editor draws them.",
    ),
    Field::optional(
        "edges",
        Part::list(&Part::Edge(&EDGE), 0, 2000),
        "Where their exits lead; one without an edge leads to `$end`.",
    ),
    Field::optional("start", Part::text(0, usize::MAX), "The id of the node that a run begins at."),
    SETTINGS_FIELD,
    INTERRUPTS_FIELD,
    TRANSLATIONS,
    Field::optional("viewport", Part::Data, "The view of the editor, kept in the flow's `meta`."),
];

const NODE: ObjectType = ObjectType {
    name: "GraphNode",
    docs: "A node, which becomes a step. Other members are data of the editor, kept in the `meta` of the step where they fit.",
    fields: &[
        Field::required("id", Part::text(0, usize::MAX), "The id of the step."),
        Field::required("type", Part::StepTypeName, "The type of the step."),
        Field::optional("data", STEP, "The members of the step. `id` and `type` are those of the node."),
        Field::optional("position", Part::Data, "Where the editor draws it."),
        Field::optional("width", Part::Data, "How wide the editor draws it."),
        Field::optional("height", Part::Data, "How high the editor draws it."),
        Field::optional("selected", Part::Data, "Data of the editor."),
        Field::optional("measured", Part::Data, "Data of the editor."),
    ],
};

const EDGE: ObjectType = ObjectType {
    name: "GraphEdge",
    docs: "An edge, which sets one exit of its source. Other members are data of the editor, kept in the `meta` of the \
           source where they fit.",
    fields: &[
        Field::required("source", Part::text(0, usize::MAX), "The id of the node that the edge leaves."),
        Field::required(
            "target",
            Part::text(0, usize::MAX),
            "The id of the node that it leads to, or `$resume`.",
        ),
        Field::optional(
            "sourceHandle",
            Part::text(0, usize::MAX),
            "The exit it leaves by: `next`, which is meant when absent, `option:<id>`, `case:<i>`, `else`, `path:<id>`, \
         `status:<s>`, `outcome:<id>`, `timeout`, `retries_exhausted`, `empty` or `error`.",
        ),
        Field::optional("id", Part::Data, "Data of the editor."),
        Field::optional("type", Part::Data, "Data of the editor."),
        Field::optional("label", Part::Data, "Data of the editor."),
        Field::optional("animated", Part::Data, "Data of the editor."),
        Field::optional("targetHandle", Part::Data, "Data of the editor."),
    ],
};

/// What a member of the document is.
pub fn part_of_member(name: &str) -> Part {
    DOCUMENT_FIELDS.iter().find(|field| field.name == name).map_or(Part::Data, |field| field.part)
}
