//! `flow`: run another flow.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::action::OutcomeExit;
use crate::flow::document::names::names;
use crate::flow::document::reader::{Node, Object};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubFlow {
    pub flow_id: Uuid,
    pub version: FlowVersion,
    pub mode: CallMode,
    /// By the callee's variable name: JSON whose strings are templates.
    pub inputs: BTreeMap<String, Value>,
    pub outputs: Vec<OutputMapping>,
    /// By the outcome of the callee's end.
    pub outcomes: Vec<OutcomeExit>,
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
pub struct OutputMapping {
    pub from: String,
    pub to: String,
}

names! {
    CallMode { Call = "call", Transfer = "transfer" }
}

impl SubFlow {
    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            flow_id: o.need("flowId", flow_id),
            version: o.or_default("version", FlowVersion::read),
            mode: o.or_default("mode", |mode| mode.one_of(CallMode::NAMES)),
            inputs: o.or_default("inputs", |inputs| inputs.json_object().into_iter().collect()),
            outputs: o.or_default("outputs", |outputs| outputs.list(0..=100, OutputMapping::read)),
            outcomes: o.or_default("outcomes", OutcomeExit::list),
        }
    }
}

fn flow_id(node: Node<'_>) -> Uuid {
    let Some(text) = node.str() else { return Uuid::nil() };
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
    id.unwrap_or_else(|| {
        node.invalid("must be the id of a flow: a UUID in 8-4-4-4-12 form");
        Uuid::nil()
    })
}

impl FlowVersion {
    fn read(node: Node<'_>) -> Self {
        if node.value.as_str() == Some("published") {
            return Self::Published;
        }
        if !node.value.is_number() {
            node.invalid("must be \"published\" or the number of a version");
            return Self::default();
        }
        Self::Number(node.integer(1..=crate::flow::json::INTEGER_MAX))
    }
}

impl OutputMapping {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self { from: o.need("from", Node::variable_name), to: o.need("to", Node::variable_name) }
    }
}
