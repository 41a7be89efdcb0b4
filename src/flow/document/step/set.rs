//! `set`: write variables.

use serde_json::Value;

use crate::flow::document::names::names;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leaves, ObjectType, Part, StepType};
use crate::flow::document::schema::{Family, Sign};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Set {
    /// In order; each sees what the ones before it wrote.
    pub assign: Vec<Assignment>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assignment {
    pub variable: String,
    pub op: Op,
    /// JSON whose strings are templates. Always present to `set` and `append`, never to `unset`;
    /// absent, `increment` adds one.
    pub value: Option<Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Op {
    #[default]
    Set,
    /// To a list; null counts as an empty one.
    Append,
    /// By `value`, or by one; null counts as zero.
    Increment,
    /// Back to the default.
    Unset,
}

names! {
    Op { Set = "set", Append = "append", Increment = "increment", Unset = "unset" }
}

const ASSIGNMENT: Part = Part::Object(&ObjectType {
    name: "Assignment",
    docs: "A change of one variable.",
    fields: &[
        Field::required("variable", Part::Written, "The variable that is written."),
        Field::optional("op", Part::OneOf(Op::WRITTEN), "What is done with the variable; `set` when absent.")
            .called("Operación", "Operation"),
        Field::optional("value", Part::NullableJson, "The value; `increment` adds one when it is absent."),
    ],
});

impl Set {
    pub(super) const TYPE: StepType = StepType {
        name: "set",
        docs: "Writes variables.",
        words: ["variables", "variables"],
        sign: Sign::new(Family::Acts, "M3 6h10M3 10h10"),
        example: r#"{ "type": "set", "assign": [
            { "variable": "city", "value": "{{ contact.attributes.city }}" },
            { "variable": "visits", "op": "increment" } ] }"#,
        leaves: Leaves::Next,
        fields: &[Field::required(
            "assign",
            Part::list(&ASSIGNMENT, 1, 50),
            "What is written, in order; each assignment sees what the ones before it wrote.",
        )
        .called("Asignaciones", "Assignments")],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        Self { assign: o.need("assign", |assign| assign.list(Assignment::read)) }
    }
}

impl Assignment {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let variable = o.need("variable", Cursor::name);
        let op = o.or_default("op", |op| op.one_of(Op::NAMES));
        let value = o.optional("value", Cursor::json);
        match op {
            Op::Set | Op::Append if value.is_none() => o.missing("value", "is missing"),
            Op::Unset if value.as_ref().is_some_and(|value| !value.is_null()) => {
                o.at("value", |value| value.invalid("excludes the op \"unset\""));
            }
            _ => {}
        }
        Self {
            variable,
            op,
            value: value.filter(|value| matches!(op, Op::Set | Op::Append) || !value.is_null()),
        }
    }
}
