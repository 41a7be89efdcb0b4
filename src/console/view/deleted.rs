//! The flows that were deleted: when, by whom and why, and the way back.

use std::sync::Arc;

use askama::Template;
use axum::http::HeaderMap;
use serde_json::Value;

use super::listed::{ListedFlows, WalkPlace};
use super::said::{Markup, said};
use super::told::teller;
use crate::console::failure::PageResult;
use crate::console::form::AddressParameters;
use crate::console::link::query;
use crate::console::page::{PageFrame, api_query};
use crate::console::part;
use crate::console::session::Session;
use crate::console::text::plain;
use crate::console::texts::deleted::{DeletedTexts, EN, ES};
use crate::console::when::When;
use crate::registry::caller::Scope;
use crate::registry::{Deleted, FlowAnswer, ListFilter, LogEntry, RegistryError};

#[derive(Template)]
#[template(path = "deleted.html")]
struct DeletedView<'s> {
    page: PageFrame,
    t: &'static DeletedTexts,
    rows: Vec<DeletedRow>,
    numbers: &'s [String],
    sees_people: bool,
    is_first: bool,
    next: Option<String>,
    first: Option<String>,
}

struct DeletedRow {
    /// `None` once its content was erased.
    name: Option<String>,
    href: String,
    when: When,
    who: Markup,
    reason: Option<String>,
    version: i64,
    history: String,
    /// Where it is brought back, and what that is called; `None`: the session may not, or there is nothing to bring back.
    bring_back: Option<(String, String)>,
}

pub async fn show(
    session: Session,
    headers: HeaderMap,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    session.needs(Scope::FlowsRead)?;
    let t = session.texts(&ES, &EN);
    let place = WalkPlace::read(&fields)?;
    let filter = ListFilter { deleted: Deleted::Only, ..ListFilter::default() };
    let ListedFlows { flows, next } = ListedFlows::read(&session, filter, place).await?;
    let events = session.registry().history.events_of(session.caller(), &flows).await?;
    let rows = flows.iter().map(|flow| row(&session, t, flow, events.get(&flow.record.flow_id)));
    let rows = rows.collect::<Result<_, _>>()?;
    let next = next.map(|place| {
        let behind = place.parameters();
        session.links.with("deleted", &behind.each_ref().map(|(name, value)| (*name, value.as_str())))
    });
    let rows_max = session.preferences.rows.to_string();
    let as_of = session.links.as_of().unwrap_or_default();
    let asked = [("status", "deleted"), ("asOf", as_of), ("limit", &rows_max)];
    let page = PageFrame::new(&session, t.heading).below(t.flows, session.links.to("flows"));
    let cli = session.as_of.is_none().then_some("flows list --deleted");
    let view = DeletedView {
        page: match place {
            None => page.with_command(&session, cli, &api_query("bot/flows", asked)),
            // The API finds later pages by its own cursors.
            Some(_) => page,
        },
        t,
        rows,
        numbers: &session.caller().phone_number_ids,
        sees_people: session.caller().sees_people(),
        is_first: place.is_none(),
        next,
        first: place.map(|_| session.links.to("deleted")),
    };
    part::page_or_part(&headers, &view)
}

fn row(
    session: &Session,
    t: &DeletedTexts,
    flow: &Arc<FlowAnswer>,
    event: Option<&LogEntry>,
) -> Result<DeletedRow, RegistryError> {
    let record = &flow.record;
    let summary: Value = serde_json::from_slice(&flow.document.summary_json()?).unwrap_or_default();
    let is_erased = flow.document.is_erased();
    let name = summary["name"].as_str().filter(|_| !is_erased).map(str::to_owned);
    let told = event.map(|event| teller(session).told(event));
    let page = format!("flows/{}", record.flow_id);
    let number = record.version.to_string();
    // Only a flow that is deleted now can be brought back.
    let may = session.may(Scope::FlowsRestore) && session.as_of.is_none() && !is_erased;
    let restore = query(&session.links.now(&format!("{page}/restore")), [("version", number.as_str())]);
    let label = t.bring_back_flow.replace("{name}", &plain(name.as_deref().unwrap_or(t.erased)));
    Ok(DeletedRow {
        href: session.links.to(&page),
        when: session.when(record.updated_at).at_position(record.position),
        who: told.as_ref().map(|told| said(session, &told.who)).unwrap_or_default(),
        reason: told.and_then(|told| told.reason),
        version: record.version,
        history: session.links.to(&format!("{page}/history")),
        bring_back: may.then_some((restore, label)),
        name,
    })
}
