//! The endpoints on flows. Each handler says what it needs by its argument, asks the registry, and answers.

use axum::extract::State;
use axum::http::StatusCode;

use super::answer;
use super::body::{Nothing, Whole};
use super::call::{Command, FlowsPublish, FlowsRead, FlowsWrite, Read};
use super::cursor;
use super::orders::{
    DeleteQuery, DuplicateBody, PublishBody, PublishSetBody, UnpublishBody, Update, UpdateBody,
};
use super::path::FlowId;
use super::problem::{HandlerResult, Problem};
use super::query::flows::GetQuery;
use super::query::page::PageQuery;
use super::state::App;
use super::wire::{self, View};
use crate::registry::Selector;
use crate::registry::caller::Intent;

pub async fn get(State(app): State<App>, call: Read<FlowsRead, FlowId, GetQuery>) -> HandlerResult {
    let flow = app.registry.reads.get(&call.caller, call.id.0, call.query.selector).await?;
    let record = &flow.record;
    if !call.conditions.accept(record.version) {
        return Err(Problem::precondition_failed(flow.current_version()));
    }
    if call.conditions.know(record.version) {
        return Ok(answer::not_modified(record.version));
    }
    match call.query.selector {
        Selector::Version(_) | Selector::AsOf(_) => answer::version(&flow, &call.caller),
        Selector::Current | Selector::Draft | Selector::Published => answer::flow(StatusCode::OK, &flow),
    }
}

pub async fn create(State(app): State<App>, call: Command<FlowsWrite, (), Whole>) -> HandlerResult {
    answer::created(&app.registry.commands.create(call.intent, call.body.0).await?)
}

pub async fn update(State(app): State<App>, call: Command<FlowsWrite, FlowId, UpdateBody>) -> HandlerResult {
    let (commands, echo) = (&app.registry.commands, call.body.echo);
    let written = match call.body.update {
        Update::Members(members) => commands.update(call.intent, call.id.0, members, echo).await?,
        Update::Edit(edit) => commands.edit(call.intent, call.id.0, edit, echo).await?,
    };
    answer::written(StatusCode::OK, &written)
}

pub async fn publish(
    State(app): State<App>,
    call: Command<FlowsPublish, FlowId, PublishBody>,
) -> HandlerResult {
    let written = app.registry.commands.publish(call.intent, call.id.0, call.body.order).await;
    answer::written(StatusCode::CREATED, &written.map_err(Problem::of_version)?)
}

pub async fn publish_set(
    State(app): State<App>,
    call: Command<FlowsPublish, (), PublishSetBody>,
) -> HandlerResult {
    let published = app.registry.commands.publish_set(call.intent, call.body.order).await?;
    let mut response = answer::flows(StatusCode::CREATED, &published.flows, View::Whole)?;
    answer::mark_replay(&mut response, published.replayed);
    Ok(response)
}

pub async fn unpublish(
    State(app): State<App>,
    call: Command<FlowsPublish, FlowId, UnpublishBody>,
) -> HandlerResult {
    answer::written(StatusCode::CREATED, &app.registry.commands.unpublish(call.intent, call.id.0).await?)
}

pub async fn duplicate(
    State(app): State<App>,
    call: Command<FlowsWrite, FlowId, DuplicateBody>,
) -> HandlerResult {
    let written = app.registry.commands.duplicate(call.intent, call.id.0, call.body.0).await;
    answer::created(&written.map_err(Problem::of_version)?)
}

pub async fn delete(
    State(app): State<App>,
    call: Command<FlowsWrite, FlowId, Nothing, DeleteQuery>,
) -> HandlerResult {
    let intent = Intent { forced: call.query.force, ..call.intent };
    let written = app.registry.commands.delete(intent, call.id.0).await;
    Ok(answer::deleted(&written.map_err(|error| Problem::from(error).reason_in_header())?))
}

/// The flows in force that call this one, by which somebody knows what leaving it out would break.
pub async fn callers(State(app): State<App>, call: Read<FlowsRead, FlowId, PageQuery>) -> HandlerResult {
    let list = cursor::List::new(call.caller.org_id, format!("callers of {}", call.id.0));
    let (after, limit) = (list.behind(&call.query)?, call.query.limit + 1);
    let callers = app.registry.reads.calling(&call.caller, call.id.0, limit, after).await?;
    let page = list.page(callers, &call.query, |caller| caller.flow_id);
    Ok(answer::page(&call.uri, &page.shown(wire::calling_flow)))
}
