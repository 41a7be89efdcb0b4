//! The rows of a history as its table has them.

use super::asked::AskedHistory;
use super::opened::OpenedChanges;
use crate::console::headlines::{HistoryRow, ToldEvent};
use crate::console::link::query;
use crate::console::session::Session;
use crate::console::view::flow::head::FlowHead;
use crate::console::view::said::{Markup, said};
use crate::console::when::When;
use crate::registry::caller::Scope;

pub struct HistoryRowView {
    pub class: &'static str,
    /// The version that the row leads to.
    pub version: i64,
    pub position: i64,
    pub from: Option<When>,
    pub to: When,
    pub who: Markup,
    /// The history of what this person did.
    pub of_person: Option<String>,
    pub what: Markup,
    pub reason: Option<String>,
    pub is_current: bool,
    pub is_published: bool,
    pub show: String,
    /// `None`: the session may not.
    pub restore: Option<String>,
    /// One of a headline; more where edits were folded.
    pub events: Vec<EventView>,
    /// Whether one of several is opened.
    pub is_open: bool,
}

/// One event of a row, with what it opens.
pub struct EventView {
    pub version: i64,
    pub at: When,
    pub what: Markup,
    pub reason: Option<String>,
    /// The page with its changes opened.
    pub open: String,
    pub opened: Option<OpenedChanges>,
}

/// The rows, with what one event of them opened.
pub fn rows(
    session: &Session,
    head: &FlowHead,
    asked: &AskedHistory,
    told: Vec<HistoryRow>,
    mut opened: Option<(i64, OpenedChanges)>,
) -> Vec<HistoryRowView> {
    let record = &head.state.record;
    let page = format!("flows/{}", record.flow_id);
    let published = record.published.as_ref().map(|published| published.version);
    let row = |row: HistoryRow| {
        let newest = row.newest();
        let (version, number) = (newest.version, newest.version.to_string());
        let is_folded = row.events.len() > 1;
        let restore = query(&session.links.now(&format!("{page}/restore")), [("version", number.as_str())]);
        let of_person = newest
            .person
            .as_ref()
            .map(|person| session.links.with(&format!("{page}/history"), &[("person", person)]));
        HistoryRowView {
            class: row.headline.map_or("edits", |headline| headline.class()),
            version,
            position: newest.position,
            from: is_folded.then(|| session.when(row.oldest().at)),
            to: session.when(newest.at).at_position(newest.position),
            who: said(session, &row.who),
            of_person,
            what: said(session, &row.what),
            reason: newest.reason.clone().filter(|_| !is_folded),
            is_current: row.has(record.version),
            is_published: published.is_some_and(|published| row.has(published)),
            show: session.links.with(&page, &[("version", &number)]),
            restore: session.may(Scope::FlowsRestore).then_some(restore),
            is_open: asked.open.is_some_and(|open| row.has(open)),
            events: row
                .events
                .iter()
                .map(|event| self::event(session, &page, asked, event, &mut opened))
                .collect(),
        }
    };
    told.into_iter().map(row).collect()
}

fn event(
    session: &Session,
    page: &str,
    asked: &AskedHistory,
    event: &ToldEvent,
    opened: &mut Option<(i64, OpenedChanges)>,
) -> EventView {
    let (number, before) = (event.version.to_string(), asked.before.map(|version| version.to_string()));
    let place = [("before", before.as_deref().unwrap_or_default()), ("open", &number)];
    let open = session.links.with(&format!("{page}/history"), &[&asked.parameters()[..], &place].concat());
    EventView {
        version: event.version,
        at: session.when(event.at).at_position(event.position),
        what: said(session, &event.what),
        reason: event.reason.clone(),
        open: format!("{open}#v{number}"),
        opened: opened.take_if(|(version, _)| *version == event.version).map(|(_, opened)| opened),
    }
}
