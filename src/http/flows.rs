//! The endpoints on flows. Each handler says what it needs by its argument, asks the registry, and answers.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::body::{FromBody as _, Nothing, Whole};
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
use super::wire;
use super::{answer, media, position};
use crate::registry::Selector;
use crate::registry::caller::Intent;

pub async fn get(
    State(app): State<App>,
    headers: HeaderMap,
    call: Read<FlowsRead, FlowId, GetQuery>,
) -> HandlerResult {
    let is_document = call.query.is_document || media::wants_document(&headers);
    if !is_document || media::check_accept_of(&headers, media::DOCUMENT).is_err() {
        media::check_accept(&headers)?;
    }
    let (call, selector) = (&call, call.query.selector);
    let flow = position::ask(&app, call, selector.position(), |reads| async move {
        let flow = reads.flows.get(&call.caller, call.id.0, selector).await?;
        // Who names a later version than a standby has is answered by the primary.
        if reads.flows.is_of_standby() && call.conditions.latest_known() > Some(flow.record.version) {
            return Err(Problem::precondition_failed(flow.current_version()));
        }
        if !call.conditions.accept(flow.record.version) {
            let mut current = flow.current_version();
            Box::pin(reads.flows.explain(&call.caller, call.id.0, call.conditions.latest(), &mut current))
                .await;
            return Err(Problem::precondition_failed(current));
        }
        Ok(flow)
    });
    let flow = flow.await?;
    let record = &flow.record;
    // Of content that was erased since, nobody is told that it is still so.
    if call.conditions.know(record.version) && !flow.document.is_erased() {
        return Ok(answer::varying_by_accept(answer::not_modified(record.version)));
    }
    let response = match selector {
        _ if is_document => answer::document(&flow),
        Selector::Version(_) | Selector::AsOf(_) => answer::version(&flow, &call.caller)?,
        Selector::Current | Selector::Draft | Selector::Published => answer::flow(StatusCode::OK, &flow)?,
    };
    Ok(answer::varying_by_accept(answer::patchable(response, UpdateBody::MEDIA_TYPES)))
}

pub async fn create(State(app): State<App>, call: Command<FlowsWrite, (), Whole>) -> HandlerResult {
    let written = app.registry.commands.create(call.intent, call.body.0).await?;
    answer::created(&app, &written, call.returned).await
}

pub async fn update(State(app): State<App>, call: Command<FlowsWrite, FlowId, UpdateBody>) -> HandlerResult {
    let (commands, echo) = (&app.registry.commands, call.body.echo);
    let written = match call.body.update {
        Update::Members(members) => commands.update(call.intent, call.id.0, members, echo).await?,
        Update::Edit(edit) => commands.edit(call.intent, call.id.0, edit, echo).await?,
    };
    let response = answer::written(&app, StatusCode::OK, &written, call.returned).await?;
    Ok(answer::patchable(response, UpdateBody::MEDIA_TYPES))
}

pub async fn publish(
    State(app): State<App>,
    call: Command<FlowsPublish, FlowId, PublishBody>,
) -> HandlerResult {
    let written = app.registry.commands.publish(call.intent, call.id.0, call.body.order).await;
    answer::written(&app, StatusCode::CREATED, &written.map_err(Problem::of_version)?, call.returned).await
}

pub async fn publish_set(
    State(app): State<App>,
    call: Command<FlowsPublish, (), PublishSetBody>,
) -> HandlerResult {
    let org_id = call.intent.caller.org_id;
    let published = app.registry.commands.publish_set(call.intent, call.body.order).await?;
    answer::published_set(&app, org_id, &published, call.returned).await
}

pub async fn unpublish(
    State(app): State<App>,
    call: Command<FlowsPublish, FlowId, UnpublishBody>,
) -> HandlerResult {
    let written = app.registry.commands.unpublish(call.intent, call.id.0).await?;
    answer::written(&app, StatusCode::CREATED, &written, call.returned).await
}

pub async fn duplicate(
    State(app): State<App>,
    call: Command<FlowsWrite, FlowId, DuplicateBody>,
) -> HandlerResult {
    let written = app.registry.commands.duplicate(call.intent, call.id.0, call.body.0).await;
    answer::created(&app, &written.map_err(Problem::of_version)?, call.returned).await
}

pub async fn delete(
    State(app): State<App>,
    call: Command<FlowsWrite, FlowId, Nothing, DeleteQuery>,
) -> HandlerResult {
    let intent = Intent { forced: call.query.force, ..call.intent };
    let written = app.registry.commands.delete(intent, call.id.0).await;
    Ok(answer::deleted(&app, &written.map_err(|error| Problem::from(error).reason_in_header())?).await)
}

/// The flows in force that call this one, by which somebody knows what leaving it out would break.
pub async fn callers(State(app): State<App>, call: Read<FlowsRead, FlowId, PageQuery>) -> HandlerResult {
    let call = &call;
    let list = cursor::List::new(call.caller.org_id, format!("callers of {}", call.id.0));
    let (after, limit) = (list.behind(&call.query)?, call.query.limit + 1);
    // A cursor names a flow, of which nobody knows how far the log had come.
    let named = if after.is_none() { Some(0) } else { None };
    let callers = position::ask(&app, call, named, |reads| async move {
        Ok(reads.flows.calling(&call.caller, call.id.0, limit, after).await?)
    });
    let callers = callers.await?;
    let page = list.page(callers, &call.query, |caller| caller.flow_id);
    Ok(answer::page(&call.uri, &page.shown(wire::calling_flow)))
}
