//! `action`: a named function of the tenant's own backend.

use serde_json::{Map, Value};

use crate::flow::document::Target;
use crate::flow::document::reader::{Node, Object};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Action {
    pub action: String,
    /// JSON whose strings are templates.
    pub args: Map<String, Value>,
    /// Gets the result's data.
    pub save_to: Option<String>,
    pub outcomes: Vec<OutcomeExit>,
    pub sample_result: Option<SampleResult>,
}

/// Where an outcome leads (edge `outcome:<id>`); one that is not listed leaves by `next`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutcomeExit {
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

impl Action {
    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            action: o.need("action", action_name),
            args: o.or_default("args", Node::json_object),
            save_to: o.optional("saveTo", Node::variable_name),
            outcomes: o.or_default("outcomes", OutcomeExit::list),
            sample_result: o.optional("sampleResult", SampleResult::read),
        }
    }
}

fn action_name(node: Node<'_>) -> String {
    node.name(
        128,
        |_, c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/'),
        "1 to 128 letters, digits, \".\", \"_\", \"-\", \":\" and \"/\"",
    )
}

impl OutcomeExit {
    pub(super) fn list(node: Node<'_>) -> Vec<Self> {
        node.list(0..=30, |outcome| {
            let o = outcome.object();
            Self { id: o.need("id", Node::exit_id), next: o.need("next", Node::target) }
        })
    }
}

impl SampleResult {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            outcome: o.optional("outcome", Node::exit_id).unwrap_or_else(|| "ok".to_owned()),
            data: o.or_default("data", |data| data.value.clone()),
        }
    }
}
