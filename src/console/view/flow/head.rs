//! What stands at the top of every page of a flow: its name, how it stands in words, what can be done with it, and its
//! views.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::console::failure::{PageFailure, Sought};
use crate::console::headlines::Teller;
use crate::console::link::query;
use crate::console::sentence::{Sentence, number};
use crate::console::session::Session;
use crate::console::standing::{Ahead, FlowStanding, Standing};
use crate::console::state::Console;
use crate::console::texts::flow::{EN, ES, FlowTexts};
use crate::console::texts::history;
use crate::console::view::said::{Markup, said};
use crate::registry::caller::Scope;
use crate::registry::{
    Comparison, FlowAnswer, HistoryFilter, HistoryPage, LogEntry, Point, RegistryError, Selector, Side,
};

/// The id of the flow that a path names.
#[derive(Debug, Clone, Copy)]
pub struct FlowPath(pub Uuid);

impl FromRequestParts<Console> for FlowPath {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, PageFailure> {
        let parameters = RawPathParams::from_request_parts(parts, console).await;
        let parameters = parameters.map_err(|_| PageFailure::NotFound(Sought::Page))?;
        let named = parameters.iter().find(|(name, _)| *name == "flowId").map(|(_, id)| id);
        let id = named.filter(|id| id.len() == 36).and_then(|id| Uuid::try_parse(id).ok());
        id.map(Self).ok_or(PageFailure::NotFound(Sought::Flow))
    }
}

/// The views of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowView {
    Outline,
    History,
    Json,
}

/// Something that can be done with a flow, or cannot now.
#[derive(Debug)]
pub struct FlowAction {
    pub label: String,
    pub href: String,
    /// Why it cannot be done now.
    pub why_not: Option<&'static str>,
}

/// A view to go to.
#[derive(Debug)]
pub struct ViewLink {
    pub label: &'static str,
    pub href: String,
    pub is_current: bool,
    /// The single key that leads there.
    pub key: &'static str,
}

/// The top of a page of a flow.
pub struct FlowHead {
    pub t: &'static FlowTexts,
    /// The flow as it stood at the moment of the page.
    pub state: Arc<FlowAnswer>,
    /// `None` once its content was erased.
    pub name: Option<String>,
    pub class: &'static str,
    pub standing: Markup,
    /// What the draft has that is not published, and where it is shown.
    pub ahead: Option<(Markup, String)>,
    pub actions: Vec<FlowAction>,
    pub views: Vec<ViewLink>,
    /// The path of the flow's page.
    pub href: String,
}

impl FlowHead {
    /// The head of a flow at the moment of the page; a deleted one has its page too.
    pub async fn load(session: &Session, flow_id: Uuid, view: FlowView) -> Result<Self, PageFailure> {
        session.needs(Scope::FlowsRead)?;
        let selector = session.as_of.map_or(Selector::Draft, Selector::AsOf);
        let state = session.registry().reads.get(session.caller(), flow_id, selector).await?;
        let t = session.texts(&ES, &EN);
        let standing = standing(session, &state).await?;
        let language = session.language();
        let ahead = standing.draft_ahead(language).map(|sentence| {
            let base = state.record.published.as_ref().map(|published| published.version.to_string());
            let (base, head) = (base.unwrap_or_default(), state.record.version.to_string());
            let compare = format!("flows/{flow_id}/compare");
            (said(session, &sentence), session.links.with(&compare, &[("base", &base), ("head", &head)]))
        });
        Ok(Self {
            t,
            name: name(&state)?,
            class: standing.standing.class(),
            standing: said(session, &standing.sentence(language)),
            actions: actions(session, t, &state, ahead.is_some()),
            ahead,
            views: views(session, t, flow_id, view),
            href: session.links.to(&format!("flows/{flow_id}")),
            state,
        })
    }

    /// The name, or what stands where it was.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.t.erased_name)
    }
}

fn name(state: &FlowAnswer) -> Result<Option<String>, RegistryError> {
    if state.document.is_erased() {
        return Ok(None);
    }
    let summary = serde_json::from_slice::<serde_json::Value>(&state.document.summary_json()?);
    Ok(summary.ok().and_then(|summary| summary.get("name")?.as_str().map(str::to_owned)))
}

/// Who tells histories to whoever looks.
pub fn teller(session: &Session) -> Teller {
    Teller {
        texts: session.texts(&history::ES, &history::EN),
        language: session.language(),
        sees_people: session.caller().sees_people(),
    }
}

/// The event that made a version of a flow.
pub async fn event_of(
    session: &Session,
    flow_id: Uuid,
    version: i64,
) -> Result<Option<LogEntry>, RegistryError> {
    let page = HistoryPage { limit: 1, before: Some(version + 1) };
    let history = &session.registry().history;
    let entries = history.of_flow(session.caller(), flow_id, &HistoryFilter::default(), page).await?;
    Ok(entries.into_iter().find(|entry| entry.version == version))
}

async fn standing(session: &Session, state: &FlowAnswer) -> Result<FlowStanding, RegistryError> {
    let record = &state.record;
    let standing = match &record.published {
        _ if record.deleted => Standing::Deleted,
        Some(_) if record.enabled => Standing::InForce,
        Some(_) => Standing::Paused,
        None if session.registry().history.was_published(state).await? => Standing::Withdrawn,
        None => Standing::DraftOnly,
    };
    let (told_by, at) = match (&record.published, standing) {
        (Some(published), Standing::InForce) => (Some(published.by_version), published.at),
        (_, Standing::Deleted) => (Some(record.version), record.updated_at),
        _ => (None, record.updated_at),
    };
    let who = match told_by {
        Some(version) => event_of(session, record.flow_id, version).await?,
        None => None,
    };
    Ok(FlowStanding {
        standing,
        version: record.version,
        published_version: record.published.as_ref().map(|published| published.version),
        who: who.map(|entry| teller(session).who(&entry)).unwrap_or_default(),
        at,
        ahead: ahead(session, state).await?,
    })
}

/// How far the draft is ahead of what is published.
async fn ahead(session: &Session, state: &FlowAnswer) -> Result<Option<Ahead>, RegistryError> {
    let (true, Some(published)) = (state.has_unpublished_changes(), &state.record.published) else {
        return Ok(None);
    };
    let history = &session.registry().history;
    let point = |version| Point { flow_id: state.record.flow_id, side: Side::Version(version) };
    let from = history.compared(session.caller(), point(published.version)).await;
    let to = history.compared(session.caller(), point(state.record.version)).await;
    let (from, to) = match (from, to) {
        (Err(RegistryError::Erased), _) | (_, Err(RegistryError::Erased)) => {
            return Ok(Some(Ahead::Uncounted));
        }
        (from, to) => (from?, to?),
    };
    let diff = Comparison { from, to }.diff();
    let changes = diff.changed_paths().len() - usize::from(diff.layout);
    Ok(Some(if changes == 0 { Ahead::Layout } else { Ahead::Changes(changes) }))
}

fn actions(session: &Session, t: &'static FlowTexts, state: &FlowAnswer, is_ahead: bool) -> Vec<FlowAction> {
    let record = &state.record;
    let (is_now, is_published) = (session.as_of.is_none(), record.published.is_some());
    let href = |verb: &str| session.links.now(&format!("flows/{}/{verb}", record.flow_id));
    let action =
        |verb: &str, label: &str, why_not| FlowAction { label: label.to_owned(), href: href(verb), why_not };
    let mut actions = Vec::new();
    // Of a moment of the past nothing is changed but by a restore.
    let may = |scope| is_now && !record.deleted && session.may(scope);
    if may(Scope::FlowsPublish) {
        let is_done = is_published && !is_ahead && record.enabled;
        actions.push(action("publish", t.publish, is_done.then_some(t.nothing_to_publish)));
        actions.push(action("unpublish", t.unpublish, (!is_published).then_some(t.not_published)));
    }
    if may(Scope::FlowsWrite) {
        // What is published is paused by whoever may publish.
        if session.may(Scope::FlowsPublish) {
            let (verb, label) = if record.enabled { ("pause", t.pause) } else { ("resume", t.resume) };
            actions.push(action(verb, label, (!is_published).then_some(t.not_published)));
        }
        actions.push(action("duplicate", t.duplicate, None));
        actions.push(action("delete", t.delete, None));
    }
    if session.may(Scope::FlowsRestore) {
        let path = format!("flows/{}/restore", record.flow_id);
        let restore = |label: String| {
            let version = record.version.to_string();
            let href = query(&session.links.now(&path), [("version", version.as_str())]);
            FlowAction { label, href, why_not: None }
        };
        if record.deleted {
            actions.push(restore(t.bring_back.to_owned()));
        } else if !is_now {
            let n = [("n", number(record.version, session.language()))];
            actions.push(restore(Sentence::of(t.restore, &n).plain()));
        } else {
            actions.push(action("history", t.restore_some, None));
        }
    }
    actions
}

fn views(session: &Session, t: &'static FlowTexts, flow_id: Uuid, current: FlowView) -> Vec<ViewLink> {
    let page = format!("flows/{flow_id}");
    let link = |label, href, view: Option<FlowView>, key| ViewLink {
        label,
        href,
        is_current: view == Some(current),
        key,
    };
    vec![
        link(t.outline, session.links.with(&page, &[("view", "outline")]), Some(FlowView::Outline), "2"),
        link(t.history, session.links.to(&format!("{page}/history")), Some(FlowView::History), "3"),
        link(t.compare, session.links.to(&format!("{page}/compare")), None, "4"),
        link(t.json, session.links.with(&page, &[("view", "json")]), Some(FlowView::Json), "5"),
    ]
}
