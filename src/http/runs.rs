//! The endpoints on test runs: run a version in the sandbox, list what was run, read a run again.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::answer;
use super::body::{self, FromBody};
use super::call::{Command, FlowsRead, FlowsTest, Read};
use super::cursor;
use super::path::{FlowId, RunId};
use super::problem::Problem;
use super::query::page::PageQuery;
use super::state::App;
use super::wire;

/// A request may carry a definition, mocks and two hundred inputs.
const BYTES_MAX: usize = 1024 * 1024;

/// A request to run, or no body: everything in it is optional.
#[derive(Debug)]
pub struct RunBody(Value);

impl FromBody for RunBody {
    const BYTES_MAX: usize = BYTES_MAX;

    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        body.map_or_else(|| Ok(serde_json::Map::new()), body::object).map(Value::Object).map(Self)
    }
}

pub async fn run(
    State(app): State<App>,
    mut call: Command<FlowsTest, FlowId, RunBody>,
) -> Result<Response, Problem> {
    call.waits_in_line();
    let run = app.registry.runs.run(call.intent, call.id.0, call.body.0).await;
    let run = run.map_err(Problem::of_version)?;
    let mut response = wire::enveloped(StatusCode::CREATED, &wire::run(&run));
    answer::mark_replay(&mut response, run.replayed);
    Ok(response)
}

pub async fn list(
    State(app): State<App>,
    call: Read<FlowsRead, FlowId, PageQuery>,
) -> Result<Response, Problem> {
    let list = cursor::List::new(call.caller.org_id, format!("test-runs of {}", call.id.0));
    let (before, limit) = (list.behind(&call.query)?, call.query.limit + 1);
    let runs = app.registry.runs.list(&call.caller, call.id.0, limit, before).await?;
    let page = list.page(runs, &call.query, |run| run.run_id);
    Ok(answer::page(&call.uri, &page.shown(wire::listed_run)))
}

pub async fn read(State(app): State<App>, call: Read<FlowsRead, RunId, ()>) -> Result<Response, Problem> {
    let answer = app.registry.runs.read(&call.caller, call.id.0).await?;
    Ok(wire::enveloped(StatusCode::OK, &wire::stored_run(&answer)))
}
