//! The endpoints on test runs: run a version in the sandbox, list what was run, read a run again.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::body::{self, FromBody};
use super::call::{Command, FlowsRead, FlowsTest, Read};
use super::cursor;
use super::headers;
use super::parameters::RunsQuery;
use super::path::{FlowId, RunId};
use super::problem::Problem;
use super::state::App;
use super::wire::{self, RunPage};

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
    call: Command<FlowsTest, FlowId, RunBody>,
) -> Result<Response, Problem> {
    let answer = app.registry.runs.run(call.intent, call.id.0, call.body.0).await;
    let answer = answer.map_err(Problem::of_version)?;
    let mut response = wire::enveloped(StatusCode::CREATED, &wire::run(&answer));
    if answer.replayed {
        response.headers_mut().insert(headers::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

pub async fn list(
    State(app): State<App>,
    call: Read<FlowsRead, FlowId, RunsQuery>,
) -> Result<Response, Problem> {
    let list = cursor::List::new(call.caller.org_id, format!("test-runs of {}", call.id.0));
    let before = call.query.cursor.as_deref().map(|cursor| list.id(cursor)).transpose()?;
    let limit = call.query.limit;
    let mut runs = app.registry.runs.list(&call.caller, call.id.0, limit + 1, before).await?;
    let size = usize::try_from(limit).expect("limits are small and positive");
    let has_next_page = runs.len() > size;
    runs.truncate(size);
    let end_cursor = runs.last().map(|run| list.cursor_behind(run.run_id));
    Ok(wire::envelope(StatusCode::OK, &RunPage::new(&runs, end_cursor, has_next_page)))
}

pub async fn read(State(app): State<App>, call: Read<FlowsRead, RunId, ()>) -> Result<Response, Problem> {
    let answer = app.registry.runs.read(&call.caller, call.id.0).await?;
    Ok(wire::enveloped(StatusCode::OK, &wire::stored_run(&answer)))
}
