//! The endpoints on the steps of a draft: each changes one step and leaves the others as they are.

use axum::extract::State;
use axum::http::StatusCode;

use super::answer;
use super::body::{FromBody as _, Nothing};
use super::call::{Command, FlowsWrite};
use super::orders::{NewStepBody, StepBody};
use super::path::{FlowId, FlowStep};
use super::problem::HandlerResult;
use super::state::App;
use crate::flow::document::Edit;

pub async fn add(State(app): State<App>, call: Command<FlowsWrite, FlowId, NewStepBody>) -> HandlerResult {
    let written = app.registry.commands.edit(call.intent, call.id.0, call.body.edit, None).await?;
    answer::written(&app, StatusCode::CREATED, &written, call.returned).await
}

pub async fn change(State(app): State<App>, call: Command<FlowsWrite, FlowStep, StepBody>) -> HandlerResult {
    let edit = Edit::ChangeStep { id: call.id.step_id, members: call.body.0 };
    let written = app.registry.commands.edit(call.intent, call.id.flow_id, edit, None).await?;
    let response = answer::written(&app, StatusCode::OK, &written, call.returned).await?;
    Ok(answer::patchable(response, StepBody::MEDIA_TYPES))
}

pub async fn remove(State(app): State<App>, call: Command<FlowsWrite, FlowStep, Nothing>) -> HandlerResult {
    let edit = Edit::RemoveStep { id: call.id.step_id };
    let written = app.registry.commands.edit(call.intent, call.id.flow_id, edit, None).await?;
    answer::written(&app, StatusCode::OK, &written, call.returned).await
}
