//! The flows in force that call a flow or hand a conversation over to it, as they are told of.

use uuid::Uuid;

use crate::flow::document::{CallMode, FlowVersion};

/// A flow in force, and its steps that lead to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallingFlow {
    pub flow_id: Uuid,
    /// The name it is in force by.
    pub name: String,
    pub published_version: Option<i64>,
    /// Empty where the document was erased.
    pub calls: Vec<CallingStep>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallingStep {
    pub step_id: String,
    pub mode: CallMode,
    pub version: FlowVersion,
}

/// Some of the flows that call one, as a refusal names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallingFlows {
    pub named: Vec<CallingFlow>,
    /// There are others: too many to be named, or of numbers that the credential is not for.
    pub has_more: bool,
}
