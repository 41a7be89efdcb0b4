//! The endpoints on a flow's past: its events, a version, the difference of two, who touched which step last.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::call::{FlowsRead, Read};
use super::path::{FlowId, FlowVersionPath};
use super::problem::{HandlerResult, Problem};
use super::query::diff::{ComparedState, DiffQuery};
use super::query::events::HistoryQuery;
use super::state::App;
use super::wire::CursorPage;
use super::{answer, cursor, media, position, wire};
use crate::registry::caller::Caller;
use crate::registry::{Compared, Comparison, HistoryPage, LogEntry, RegistryError, Selector, ServerReads};

pub async fn events(State(app): State<App>, call: Read<FlowsRead, FlowId, HistoryQuery>) -> HandlerResult {
    let call = &call;
    let HistoryQuery { filter, written, page } = &call.query;
    let list = cursor::List::new(call.caller.org_id, format!("events of {}?{written}", call.id.0));
    let wanted = HistoryPage { limit: page.limit, before: list.behind(page)? };
    // A cursor names a version of the flow, of which nobody knows how far the log had come.
    let named = if wanted.before.is_none() { Some(0) } else { None };
    let part = position::ask(&app, call, named, |reads| async move {
        Ok(reads.history.of_flow(&call.caller, call.id.0, filter, wanted).await?)
    });
    let part = part.await?;
    let end = part.next.or_else(|| part.entries.last().map(|entry| entry.version));
    let page = CursorPage::new(part.entries, end.map(|version| list.cursor(version)), part.next.is_some());
    Ok(answer::page(&call.uri, &page.shown(entry_for(&call.caller))))
}

/// How a caller is shown an event.
fn entry_for(caller: &Caller) -> fn(&LogEntry) -> Value {
    if caller.sees_people() { wire::history_entry } else { wire::history_entry_without_people }
}

pub async fn version(State(app): State<App>, call: Read<FlowsRead, FlowVersionPath, ()>) -> HandlerResult {
    let call = &call;
    let FlowVersionPath { flow_id, version } = call.id;
    let flow = position::ask(&app, call, Some(0), |reads| async move {
        Ok(reads.flows.get(&call.caller, flow_id, Selector::Version(version)).await?)
    });
    let flow = flow.await?;
    answer::version(&flow, &call.caller)
}

pub async fn diff(
    State(app): State<App>,
    headers: HeaderMap,
    call: Read<FlowsRead, FlowId, DiffQuery>,
) -> HandlerResult {
    let is_patch = media::wants(&headers, media::JSON_PATCH);
    if !is_patch {
        media::check_accept(&headers)?;
    }
    let call = &call;
    let comparison = position::ask(&app, call, Some(0), |reads| async move {
        Ok(Comparison {
            from: compared(&reads, call, "from", call.query.from).await?,
            to: compared(&reads, call, "to", call.query.to).await?,
        })
    });
    let comparison = comparison.await?;
    if is_patch {
        let patch = [(header::CONTENT_TYPE, HeaderValue::from_static(media::JSON_PATCH))];
        return Ok((patch, comparison.json_patch().to_string()).into_response());
    }
    let diff = json!({
        "from": side(&comparison.from),
        "to": side(&comparison.to),
        "changes": comparison.diff(),
    });
    Ok(wire::envelope(StatusCode::OK, &diff))
}

/// One side; where there is none, the answer names the parameter that asked for it.
async fn compared(
    reads: &ServerReads,
    call: &Read<FlowsRead, FlowId, DiffQuery>,
    name: &str,
    which: ComparedState,
) -> Result<Compared, Problem> {
    let point = which.point(call.id.0);
    reads.history.compared(&call.caller, point).await.map_err(|error| {
        let is_other = point.flow_id != call.id.0;
        match error {
            RegistryError::FlowNotFound if !is_other => error.into(),
            // Where another flow stands is not what the ETag of this path says.
            error if is_other => Problem::from(error).without_current().in_parameter(name),
            error => Problem::from(error).in_parameter(name),
        }
    })
}

fn side(compared: &Compared) -> Value {
    json!({
        "flowId": compared.answer.record.flow_id,
        "version": compared.version,
        "documentDigest": compared.answer.document.digest(),
    })
}

pub async fn blame(State(app): State<App>, call: Read<FlowsRead, FlowId, ()>) -> HandlerResult {
    let call = &call;
    let blame = position::ask(&app, call, Some(0), |reads| async move {
        Ok(reads.history.blame(&call.caller, call.id.0).await?)
    });
    let blame = blame.await?;
    let shown = entry_for(&call.caller);
    let steps: Vec<Value> = blame
        .steps
        .iter()
        .map(|step| json!({"stepId": step.id, "event": step.event.as_ref().map(shown)}))
        .collect();
    let blame = json!({"flowId": blame.flow_id, "version": blame.version, "steps": steps});
    Ok(wire::envelope(StatusCode::OK, &blame))
}
