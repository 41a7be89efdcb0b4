//! `action`: a named function of the tenant's own backend.

use serde_json::{Map, Value};

use crate::flow::document::Target;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Action {
    pub action: String,
    /// JSON whose strings are templates.
    pub args: Map<String, Value>,
    /// Gets the result's data.
    pub save_to: Option<String>,
    pub outcomes: Vec<Outcome>,
    pub sample_result: Option<SampleResult>,
}

/// Where an outcome leads (edge `outcome:<id>`); one that is not listed leaves by `next`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
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
