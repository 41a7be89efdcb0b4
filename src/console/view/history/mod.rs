//! The history of a flow: what changed for customers as headlines, edits folded between them, what each changed, and the
//! ways to compare and to restore.

mod asked;
mod opened;
mod rows;

use askama::Template;
use axum::http::HeaderMap;
use chrono::{SecondsFormat, TimeDelta};

use self::asked::{AskedHistory, kinds};
use self::opened::OpenedChanges;
use self::rows::{HistoryRowView, rows};
use super::flow::head::{FlowHead, FlowView};
use super::of_flow::OfFlow;
use super::told::teller;
use crate::console::failure::PageResult;
use crate::console::form::AddressParameters;
use crate::console::page::{PageFrame, api_query};
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::events::listed;
use crate::console::texts::history_page::{EN, ES, HistoryPageTexts};
use crate::flow::event::EventType;
use crate::outline::DisplayLanguage;
use crate::outline::words::pick;
use crate::registry::{HistoryFilter, HistoryPage, HistoryPart};

/// Events of a page.
const EVENTS: i64 = 100;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryView {
    page: PageFrame,
    head: FlowHead,
    t: &'static HistoryPageTexts,
    asked: AskedHistory,
    kinds: Vec<(&'static str, &'static str)>,
    sees_people: bool,
    days_in: String,
    rows: Vec<HistoryRowView>,
    /// Whether there is more than one event in all.
    is_only_one: bool,
    action: String,
    compare: String,
    as_of: Option<String>,
    clear: String,
    next: Option<String>,
    first: Option<String>,
}

pub async fn show(
    session: Session,
    headers: HeaderMap,
    OfFlow(flow_id): OfFlow,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    let asked = AskedHistory::read(&fields)?;
    let head = FlowHead::load(&session, flow_id, FlowView::History).await?;
    let sees_people = session.caller().sees_people();
    let filter = asked.filter(session.preferences.zone, sees_people)?;
    // What came after the moment of the page is not on it.
    let end = head.state.record.version + 1;
    let before = asked.before.map_or(end, |before| before.min(end));
    let wanted = HistoryPage { limit: EVENTS, before: Some(before) };
    let history = &session.registry().history;
    let HistoryPart { entries, next } = history.of_flow(session.caller(), flow_id, &filter, wanted).await?;
    let told = teller(&session).rows(&entries);
    let opened = match told.iter().find(|row| asked.open.is_some_and(|version| row.has(version))) {
        Some(row) => {
            let version = asked.open.unwrap_or_default();
            Some((version, OpenedChanges::load(&session, flow_id, version, row.headline).await?))
        }
        None => None,
    };
    let t = session.texts(&ES, &EN);
    let path = format!("flows/{flow_id}/history");
    let at = |before: Option<i64>| {
        let before = before.map(|version| version.to_string()).unwrap_or_default();
        let behind = [("before", before.as_str())];
        session.links.with(&path, &[&asked.parameters()[..], &behind].concat())
    };
    let next = next.map(|version| at(Some(version)));
    let first = asked.before.map(|_| at(None));
    let view = HistoryView {
        page: page(&session, &head, t, &asked, &filter),
        rows: rows(&session, &head, &asked, told, opened),
        is_only_one: head.state.record.version == 1,
        kinds: kinds().map(|name| (name, kind_words(t, name, session.language()))).collect(),
        sees_people,
        days_in: t.days_in.replace("{zone}", session.preferences.zone.name()),
        action: session.links.now(&path),
        compare: session.links.now(&format!("flows/{flow_id}/compare")),
        as_of: session.links.as_of().map(str::to_owned),
        clear: session.links.to(&path),
        next,
        first,
        t,
        head,
        asked,
    };
    part::page_or_part(&headers, &view)
}

fn page(
    session: &Session,
    head: &FlowHead,
    t: &HistoryPageTexts,
    asked: &AskedHistory,
    filter: &HistoryFilter,
) -> PageFrame {
    let page = PageFrame::new(session, t.heading)
        .below(head.t.flows, session.links.to("flows"))
        .of(head.name(), head.href.clone());
    // The API has no histories of then, nor of one step or person or of all that went live, and finds later pages by its own cursors.
    let HistoryFilter { step, person, put_in_force, .. } = filter;
    let is_narrower = step.is_some() || person.is_some() || *put_in_force;
    if session.as_of.is_some() || is_narrower || asked.before.is_some() {
        return page;
    }
    let id = head.state.record.flow_id;
    let instant = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (kind, from) = (filter.event_type.as_deref().unwrap_or_default(), filter.from.map(instant));
    // The API counts the millisecond that is named.
    let to = filter.until.map(|until| instant(until - TimeDelta::milliseconds(1)));
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    let asked = [("type", kind), ("from", &from), ("to", &to)];
    let options = asked.iter().filter(|(_, value)| !value.is_empty());
    let options: String = options.map(|(name, value)| format!(" --{name} {value}")).collect();
    let cli = format!("flows history {id}{options} --limit 100");
    let api = api_query(&format!("bot/flows/{id}/events"), asked.into_iter().chain([("limit", "100")]));
    page.with_command(session, Some(&cli), &api)
}

fn kind_words(t: &HistoryPageTexts, name: &'static str, language: DisplayLanguage) -> &'static str {
    match EventType::parse(name) {
        Some(event) => listed(event).map_or(name, |words| pick(words, language)),
        None => t.put_in_force,
    }
}
