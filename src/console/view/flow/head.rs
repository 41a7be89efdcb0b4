//! What stands at the top of every page of a flow: its name, how it stands in words, what can be done with it, and its
//! views.

use std::sync::Arc;

use uuid::Uuid;

use crate::console::failure::PageFailure;
use crate::console::link::query;
use crate::console::session::Session;
use crate::console::standing::{Ahead, FlowStanding, Standing};
use crate::console::texts::flow::{EN, ES, FlowTexts};
use crate::console::view::change::ChangeAction;
use crate::console::view::said::{Markup, said};
use crate::console::view::told::{event, teller};
use crate::outline::sentence::{Sentence, number};
use crate::registry::caller::Scope;
use crate::registry::{FlowAnswer, RegistryError, Selector};

/// The views of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowView {
    Picture,
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
    /// The single keys that lead there, with `|` between them.
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

/// What a flow is called; `None` once its content was erased.
fn name(state: &FlowAnswer) -> Result<Option<String>, RegistryError> {
    if state.document.is_erased() {
        return Ok(None);
    }
    let summary = serde_json::from_slice::<serde_json::Value>(&state.document.summary_json()?);
    Ok(summary.ok().and_then(|summary| summary.get("name")?.as_str().map(str::to_owned)))
}

/// What a flow is called, or by its id where there is no name.
pub fn flow_name(state: &FlowAnswer) -> String {
    name(state).ok().flatten().unwrap_or_else(|| state.record.flow_id.to_string())
}

async fn standing(session: &Session, state: &Arc<FlowAnswer>) -> Result<FlowStanding, RegistryError> {
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
        Some(version) => event(session, record.flow_id, version).await?,
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
async fn ahead(session: &Session, state: &Arc<FlowAnswer>) -> Result<Option<Ahead>, RegistryError> {
    match session.registry().history.draft_lead(session.caller(), state).await {
        Ok(lead) => Ok(lead.map(|lead| match lead.changes {
            0 => Ahead::Layout,
            changes => Ahead::Changes(changes),
        })),
        Err(RegistryError::Erased) => Ok(Some(Ahead::Uncounted)),
        Err(error) => Err(error),
    }
}

/// What can be done with the flow, of what the session may do.
fn actions(session: &Session, t: &'static FlowTexts, state: &FlowAnswer, is_ahead: bool) -> Vec<FlowAction> {
    let record = &state.record;
    let (is_now, is_published) = (session.as_of.is_none(), record.published.is_some());
    let path = |rest: &str| session.links.now(&format!("flows/{}/{rest}", record.flow_id));
    let mut actions = Vec::new();
    let mut offer = |action: ChangeAction, label: &str, why_not: Option<&'static str>| {
        if action.scopes().iter().all(|scope| session.may(*scope)) {
            actions.push(FlowAction { label: label.to_owned(), href: path(action.name()), why_not });
        }
    };
    // Of a moment of the past nothing is changed but by a restore.
    if is_now && !record.deleted {
        let is_done = is_published && !is_ahead && record.enabled;
        offer(ChangeAction::Publish, t.publish, is_done.then_some(t.nothing_to_publish));
        offer(ChangeAction::Unpublish, t.unpublish, (!is_published).then_some(t.not_published));
        match record.enabled {
            true => offer(ChangeAction::Pause, t.pause, (!is_published).then_some(t.not_published)),
            false => offer(ChangeAction::Resume, t.resume, (!is_published).then_some(t.not_published)),
        }
        offer(ChangeAction::Duplicate, t.duplicate, None);
        offer(ChangeAction::Delete, t.delete, None);
    }
    if session.may(Scope::FlowsRestore) {
        let restore = |label: String| {
            let version = record.version.to_string();
            let href = query(&path(ChangeAction::Restore.name()), [("version", version.as_str())]);
            FlowAction { label, href, why_not: None }
        };
        let n = [("n", number(record.version, session.language()))];
        actions.push(match (record.deleted, is_now) {
            (true, _) => restore(t.bring_back.to_owned()),
            (false, false) => restore(Sentence::of(t.restore, &n).plain()),
            (false, true) => {
                FlowAction { label: t.restore_some.to_owned(), href: path("history"), why_not: None }
            }
        });
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
        link(t.picture, session.links.with(&page, &[("view", "picture")]), Some(FlowView::Picture), "1"),
        link(t.outline, session.links.with(&page, &[("view", "outline")]), Some(FlowView::Outline), "2"),
        link(t.history, session.links.to(&format!("{page}/history")), Some(FlowView::History), "3|h"),
        link(t.compare, session.links.to(&format!("{page}/compare")), None, "4|c"),
        link(t.json, session.links.with(&page, &[("view", "json")]), Some(FlowView::Json), "5"),
    ]
}
