//! Variables and their types.

use serde_json::Value;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variable {
    pub name: String,
    pub kind: VariableType,
    /// Literal JSON that coerces to the type; null when absent.
    pub default: Value,
    pub description: Option<String>,
    pub scope: Scope,
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
pub enum Scope {
    #[default]
    Local,
    /// A caller, or the start, may set it.
    Input,
    /// It is returned to a caller.
    Output,
    Inout,
}

impl Scope {
    pub const fn is_input(self) -> bool {
        matches!(self, Self::Input | Self::Inout)
    }

    pub const fn is_output(self) -> bool {
        matches!(self, Self::Output | Self::Inout)
    }
}
