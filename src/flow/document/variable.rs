//! Variables and their types.

use serde_json::Value;

use super::names::names;
use super::reader::Node;

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

impl Variable {
    pub(super) fn read(node: Node<'_>) -> Self {
        let o = node.object();
        let name = o.need("name", Node::variable_name);
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
            description: o.optional("description", |text| text.text(0..=1000)),
            scope: o.or_default("scope", |scope| scope.one_of(VariableScope::NAMES)),
            pii: o.or_default("pii", Node::boolean),
        }
    }
}
