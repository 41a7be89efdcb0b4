//! A flow in force that calls another one, with the steps that do.

use serde_json::{Value, json};

use crate::flow::document::{CallMode, FlowVersion};
use crate::registry::{CallingFlow, CallingStep};

pub fn calling_flow(calling: &CallingFlow) -> Value {
    json!({
        "flowId": calling.flow_id,
        "name": calling.name,
        "publishedVersion": calling.published_version,
        "steps": calling.calls.iter().map(step).collect::<Vec<_>>(),
    })
}

fn step(call: &CallingStep) -> Value {
    let mode = match call.mode {
        CallMode::Call => "call",
        CallMode::Transfer => "transfer",
    };
    let version = match call.version {
        FlowVersion::Published => json!("published"),
        FlowVersion::Number(number) => json!(number),
    };
    json!({"stepId": call.step_id, "mode": mode, "version": version})
}
