//! Variables and their types.

use serde_json::Value;

use super::names::names;
use super::reader::Cursor;
use super::schema::part::{Field, ObjectType, Part};
use super::schema::rules;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variable {
    pub name: String,
    pub kind: VariableType,
    /// Literal JSON that coerces to the type; null when absent.
    pub default: Value,
    pub description: Option<String>,
    pub scope: VariableScope,
    /// Whether stored traces mask the value.
    pub pii: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum VariableType {
    String,
    Number,
    Integer,
    Boolean,
    Date,
    Time,
    Datetime,
    List,
    Object,
    File,
    Location,
    #[default]
    Any,
}

/// Who may read or write a variable from outside its run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum VariableScope {
    #[default]
    Local,
    /// A caller, or the start, may set it.
    Input,
    /// It is returned to a caller.
    Output,
    Inout,
}

impl VariableScope {
    pub const fn is_input(self) -> bool {
        matches!(self, Self::Input | Self::Inout)
    }

    pub const fn is_output(self) -> bool {
        matches!(self, Self::Output | Self::Inout)
    }
}

names! {
    VariableType {
        String = "string",
        Number = "number",
        Integer = "integer",
        Boolean = "boolean",
        Date = "date",
        Time = "time",
        Datetime = "datetime",
        List = "list",
        Object = "object",
        File = "file",
        Location = "location",
        Any = "any",
    }
}

names! {
    VariableScope { Local = "local", Input = "input", Output = "output", Inout = "inout" }
}

/// The variables of a document.
pub(super) const VARIABLES: Part = Part::list(
    &Part::Object(&ObjectType {
        name: "Variable",
        docs: "A variable of the flow.",
        fields: &[
            Field::required("name", Part::Name(&rules::VARIABLE), "The name of the variable."),
            Field::required("type", Part::OneOf(VariableType::WRITTEN), "What it holds."),
            Field::optional("default", Part::Data, "What it holds when a run begins; null when absent."),
            Field::optional("description", Part::text(0, 1000), "What it is for."),
            Field::optional(
                "scope",
                Part::OneOf(VariableScope::WRITTEN),
                "Who outside the run may set or read it; `local` when absent.",
            ),
            Field::optional("pii", Part::Boolean, "Whether stored traces mask its value; false when absent."),
        ],
    }),
    0,
    100,
);

impl Variable {
    pub(super) fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let name = o.need("name", Cursor::name);
        let kind = o.need("type", |kind| kind.one_of(VariableType::NAMES));
        let default = o.or_default("default", |default| {
            if kind.coerce(default.value).is_none() {
                default.invalid(format!("does not coerce to {}", kind.as_str()));
            }
            default.value.clone()
        });
        Self {
            name,
            kind,
            default,
            description: o.optional("description", Cursor::text),
            scope: o.or_default("scope", |scope| scope.one_of(VariableScope::NAMES)),
            pii: o.or_default("pii", Cursor::boolean),
        }
    }
}
