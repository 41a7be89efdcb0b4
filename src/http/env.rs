//! The endpoints on the values of an organization.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::body::FromBody;
use super::call::{Command, FlowsPublish, FlowsRead, Read};
use super::path::EnvPath;
use super::problem::{Code, Problem};
use super::state::App;
use super::{answer, etag, position, wire};
use crate::flow::env::{self, Env};
use crate::registry::EnvAnswer;

/// All values by name.
#[derive(Debug)]
pub struct EnvBody(Env);

impl FromBody for EnvBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let empty = || Problem::new(Code::InvalidJson, "The body is empty: a JSON object is needed.");
        env::read(&body.ok_or_else(empty)?, "").map(Self).map_err(Problem::validation)
    }
}

pub async fn get(State(app): State<App>, call: Read<FlowsRead, EnvPath, ()>) -> Result<Response, Problem> {
    let found = app.registry.env.get(&call.caller).await?;
    if !call.conditions.accept(found.position) {
        return Err(Problem::env_precondition_failed(found.position));
    }
    if call.conditions.know(found.position) {
        return Ok(answer::not_modified(found.position));
    }
    Ok(answered(&found))
}

pub async fn put(
    State(app): State<App>,
    call: Command<FlowsPublish, EnvPath, EnvBody>,
) -> Result<Response, Problem> {
    let org_id = call.intent.caller.org_id;
    let written = app.registry.env.put(call.intent, call.body.0).await?;
    let mut response = answered(&written);
    answer::mark_replay(&mut response, written.replayed);
    position::tell(&app, org_id, None, &mut response).await;
    Ok(response)
}

fn answered(found: &EnvAnswer) -> Response {
    let mut response = wire::envelope(StatusCode::OK, &found.values);
    response.headers_mut().insert(header::ETAG, etag::of(found.position));
    response
}
