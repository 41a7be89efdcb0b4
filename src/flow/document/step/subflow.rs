//! `flow`: run another flow.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::action::Outcome;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubFlow {
    pub flow_id: Uuid,
    pub version: FlowVersion,
    pub mode: CallMode,
    /// By the callee's variable name: JSON whose strings are templates.
    pub inputs: BTreeMap<String, Value>,
    pub outputs: Vec<Output>,
    /// By the outcome of the callee's end.
    pub outcomes: Vec<Outcome>,
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
pub struct Output {
    pub from: String,
    pub to: String,
}
