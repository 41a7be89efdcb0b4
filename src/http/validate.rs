//! Validation on demand: what is wrong or doubtful in a document or in a flow's draft.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::body::{Nothing, Whole};
use super::call::{Command, FlowsRead};
use super::path::FlowId;
use super::problem::Problem;
use super::state::App;
use super::wire;
use super::within::in_time;
use crate::flow::finding::Finding;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    valid: bool,
    error_count: usize,
    warning_count: usize,
    findings: Vec<Finding>,
}

pub async fn document(
    State(app): State<App>,
    call: Command<FlowsRead, (), Whole>,
) -> Result<Response, Problem> {
    Ok(verdict(in_time(app.registry.validation.document(&call.intent.caller, call.body.0)).await??))
}

pub async fn flow(
    State(app): State<App>,
    call: Command<FlowsRead, FlowId, Nothing>,
) -> Result<Response, Problem> {
    Ok(verdict(in_time(app.registry.validation.flow(&call.intent.caller, call.id.0)).await??))
}

fn verdict(findings: Vec<Finding>) -> Response {
    let error_count = findings.iter().filter(|finding| finding.is_error()).count();
    let warning_count = findings.len() - error_count;
    wire::envelope(StatusCode::OK, &Verdict { valid: error_count == 0, error_count, warning_count, findings })
}
