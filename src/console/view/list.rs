//! The list of flows: which there are, what each is up to, and who changed it last.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::http::HeaderMap;
use serde_json::Value;

use super::listed::{ListedFlows, WalkPlace};
use super::said::{Markup, said};
use super::told::teller;
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::{AddressParameters, FormFields};
use crate::console::page::{PageFrame, api_query};
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::change;
use crate::console::texts::list::{EN, ES, ListTexts};
use crate::console::when::When;
use crate::flow::document::stored_trigger;
use crate::flow::text;
use crate::outline::trigger::trigger;
use crate::registry::caller::Scope;
use crate::registry::{FlowAnswer, ListFilter, LogEntry, RegistryError, Status};

const SEARCH_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "list.html")]
struct ListView<'s> {
    page: PageFrame,
    t: &'static ListTexts,
    rows: Vec<Row>,
    asked: Wanted,
    numbers: &'s [String],
    action: String,
    as_of: Option<&'s str>,
    clear: String,
    next: Option<String>,
    first: Option<String>,
    curl: Option<String>,
    create: Option<CreateLink>,
}

/// What of the list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    search: String,
    state: String,
    number: String,
    unpublished_changes: bool,
    place: Option<WalkPlace>,
}

/// The way to a new flow, for whoever may make one; there is none in the past.
struct CreateLink {
    href: String,
    words: &'static str,
    /// What the button says that makes the example.
    example: &'static str,
    once: String,
}

impl CreateLink {
    fn of(session: &Session) -> Option<Self> {
        let may = session.as_of.is_none() && session.may(Scope::FlowsWrite);
        let t = session.texts(&change::ES, &change::EN);
        may.then(|| Self {
            href: session.links.now("flows/new"),
            words: t.create_title,
            example: t.example,
            once: session.once(),
        })
    }
}

/// A flow in the list.
struct Row {
    href: String,
    name: String,
    is_erased: bool,
    state: String,
    /// A class for the sign beside the words.
    sign: &'static str,
    number: Option<String>,
    trigger: Markup,
    changed: When,
    by: Markup,
    errors: usize,
    errors_text: String,
    warnings: usize,
    warnings_text: String,
}

impl Wanted {
    fn read(fields: &FormFields) -> Result<Self, PageFailure> {
        let search = fields.get("q").trim();
        if search.chars().count() > SEARCH_CHARS_MAX {
            return Err(PageFailure::BadRequest("q"));
        }
        let state = fields.get("state");
        if !matches!(state, "" | "draft" | "published") {
            return Err(PageFailure::BadRequest("state"));
        }
        Ok(Self {
            search: search.to_owned(),
            state: state.to_owned(),
            number: fields.get("number").trim().to_owned(),
            unpublished_changes: fields.get("changes") == "1",
            place: WalkPlace::read(fields)?,
        })
    }

    fn filter(&self) -> ListFilter {
        ListFilter {
            search: Some(text::fold(&self.search)).filter(|folded| !folded.is_empty()),
            published: match self.state.as_str() {
                "draft" => Some(false),
                "published" => Some(true),
                _ => None,
            },
            phone_number_id: Some(self.number.clone()).filter(|number| !number.is_empty()),
            unpublished_changes: self.unpublished_changes.then_some(true),
            ..ListFilter::default()
        }
    }

    fn is_filtered(&self) -> bool {
        let Self { search, state, number, unpublished_changes, .. } = self;
        *unpublished_changes || [search, state, number].into_iter().any(|asked| !asked.is_empty())
    }

    /// The parameters of the filter, as the page has them.
    fn parameters(&self) -> [(&str, &str); 4] {
        let changes = if self.unpublished_changes { "1" } else { "" };
        [("q", &self.search), ("state", &self.state), ("number", &self.number), ("changes", changes)]
    }

    /// The request of the API for the same list.
    fn api(&self, as_of: Option<&str>, rows: i64) -> String {
        let rows = rows.to_string();
        let changes = if self.unpublished_changes { "true" } else { "" };
        let asked = [
            ("q", self.search.as_str()),
            ("status", &self.state),
            ("phoneNumberId", &self.number),
            ("hasUnpublishedChanges", changes),
            ("asOf", as_of.unwrap_or_default()),
            ("view", "summary"),
            ("limit", &rows),
        ];
        api_query("bot/flows", asked)
    }
}

pub async fn show(
    session: Session,
    headers: HeaderMap,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    session.needs(Scope::FlowsRead)?;
    let t = session.texts(&ES, &EN);
    let asked = Wanted::read(&fields)?;
    let ListedFlows { flows, next } = ListedFlows::read(&session, asked.filter(), asked.place).await?;
    let events = match session.caller().sees_people() {
        true => session.registry().history.events_of(session.caller(), &flows).await?,
        false => HashMap::new(),
    };
    let rows = flows.iter().map(|flow| row(&session, t, flow, events.get(&flow.record.flow_id)));
    let rows = rows.collect::<Result<_, _>>()?;
    let next = next.map(|place| {
        let behind = place.parameters();
        let behind = behind.each_ref().map(|(name, value)| (*name, value.as_str()));
        session.links.with("flows", &[&asked.parameters()[..], &behind].concat())
    });
    let api = asked.api(session.links.as_of(), session.preferences.rows);
    let page = PageFrame::new(&session, t.heading);
    let is_whole = !asked.is_filtered() && session.as_of.is_none();
    let page = match asked.place {
        None => page.with_command(&session, is_whole.then_some("flows list"), &api),
        // The API finds later pages by its own cursors.
        Some(_) => page,
    };
    let curl = page.command.as_ref().map(|command| command.curl.clone());
    let view = ListView {
        page,
        t,
        rows,
        numbers: &session.caller().phone_number_ids,
        action: session.links.now("flows"),
        as_of: session.links.as_of(),
        clear: session.links.to("flows"),
        next,
        first: asked.place.map(|_| session.links.with("flows", &asked.parameters())),
        asked,
        curl,
        create: CreateLink::of(&session),
    };
    part::page_or_part(&headers, &view)
}

fn row(
    session: &Session,
    t: &ListTexts,
    flow: &Arc<FlowAnswer>,
    event: Option<&LogEntry>,
) -> Result<Row, RegistryError> {
    let record = &flow.record;
    let summary: Value = serde_json::from_slice(&flow.document.summary_json()?).unwrap_or_default();
    let findings: Vec<Value> = serde_json::from_slice(&flow.document.findings()?).unwrap_or_default();
    let of = |severity: &str| findings.iter().filter(|finding| finding["severity"] == severity).count();
    let (errors, warnings) = (of("error"), of("warning"));
    let text = |name: &str| summary[name].as_str().map(str::to_owned);
    let (state, sign) = state(t, flow);
    Ok(Row {
        href: session.links.to(&format!("flows/{}", record.flow_id)),
        name: text("name").unwrap_or_default(),
        is_erased: flow.document.is_erased(),
        state,
        sign,
        number: record.phone_number_id.clone(),
        trigger: said(session, &trigger(&stored_trigger(&summary), session.language())),
        changed: session.when(record.updated_at).at_position(record.position),
        by: event.map(|event| said(session, &teller(session).who(event))).unwrap_or_default(),
        errors,
        errors_text: (t.errors)(errors),
        warnings,
        warnings_text: (t.warnings)(warnings),
    })
}

fn state(t: &ListTexts, flow: &FlowAnswer) -> (String, &'static str) {
    let with = |text: &str, version: i64| text.replace("{n}", &version.to_string());
    match (flow.status(), &flow.record.published) {
        (Status::Published, Some(published)) if flow.record.enabled => {
            let mut state = with(t.in_force, published.version);
            if flow.has_unpublished_changes() {
                state = format!("{state}, {}", with(t.draft_ahead, flow.record.version));
            }
            (state, "in-force")
        }
        (Status::Published, Some(published)) => (with(t.paused, published.version), "paused"),
        _ => (t.draft_only.to_owned(), "draft"),
    }
}
