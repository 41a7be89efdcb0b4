//! `set`: write variables.

use serde_json::Value;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Set {
    /// In order; each sees what the ones before it wrote.
    pub assign: Vec<Assignment>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assignment {
    pub variable: String,
    pub op: Op,
    /// JSON whose strings are templates. Absent: null to `set`, one to `increment`.
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
