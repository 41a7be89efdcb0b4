//! The page of a change: what is proposed, what was entered, and what stood in the way when it was sent.

use askama::Template;
use axum::http::StatusCode;
use uuid::Uuid;

use super::action::{ChangeAction, source};
use super::conflict::ShownConflict;
use super::proposal::{Proposal, ProposedButton, ProposedDiff, Proposer};

use crate::console::failure::PageResult;
use crate::console::form::FormFields;
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::change::ChangeTexts;
use crate::console::texts::compare;
use crate::console::texts::findings;
use crate::console::texts::frame;
use crate::console::view::blocks::Blocks;
use crate::console::view::flow::head::flow_name;
use crate::console::view::said::{Markup, composed, said};
use crate::console::view::summary::{count_of, summary};
use crate::console::view::told::teller;
use crate::outline::sentence::Sentence;
use crate::outline::words;
use crate::registry::UnpublishedChanges;

/// Changes that the page shows itself; the comparison has all.
const BLOCKS_MAX: usize = 20;
/// Findings that the page shows.
const FINDINGS_MAX: usize = 50;

/// What stood in the way of a form that was sent.
#[derive(Default)]
pub struct FormTrouble {
    pub status: StatusCode,
    pub conflict: Option<ShownConflict>,
    /// Errors forbid it.
    pub is_refused: bool,
    /// Fields that have to be filled otherwise.
    pub reason: bool,
    pub label: bool,
    pub name: bool,
    /// Flows in force are left without it, which was not agreed to.
    pub force: bool,
}

#[derive(Template)]
#[template(path = "change.html")]
struct ChangePage<'p> {
    page: PageFrame,
    t: &'static ChangeTexts,
    action: ChangeAction,
    title: Markup,
    trouble: &'p FormTrouble,
    nothing: Option<Markup>,
    bring_back: Option<String>,
    buttons: Vec<ShownButton>,
    whose: Vec<Markup>,
    callers: Vec<ShownCaller>,
    has_callers: bool,
    has_more_callers: bool,
    findings: Vec<ShownFinding>,
    has_buttons: bool,
    diff: ShownDiff,
    entered: &'p FormFields,
    version: i64,
    from: Option<i64>,
    once: String,
    cancel: String,
}

struct ShownButton {
    mode: &'static str,
    label: Markup,
    effects: Vec<Markup>,
    blocked: Option<Markup>,
}

struct ShownCaller {
    name: String,
    href: String,
}

struct ShownFinding {
    is_error: bool,
    step: Option<String>,
    words: String,
    message: String,
    hint: Option<String>,
}

enum ShownDiff {
    None,
    First,
    Erased,
    Changes { caption: Markup, summary: Vec<Markup>, blocks: Blocks, all: String },
}

/// The page as it is asked for.
pub async fn asked(
    session: &Session,
    action: ChangeAction,
    flow_id: Uuid,
    fields: &FormFields,
) -> PageResult {
    action.check(session)?;
    let from = match action {
        ChangeAction::Restore => Some(source(fields, "version")?),
        _ => None,
    };
    show(session, action, flow_id, from, &FormFields::default(), &FormTrouble::default()).await
}

/// The page with the dry run of now. `entered` is what somebody filled in before.
pub async fn show(
    session: &Session,
    action: ChangeAction,
    flow_id: Uuid,
    from: Option<i64>,
    entered: &FormFields,
    trouble: &FormTrouble,
) -> PageResult {
    let proposer = Proposer::new(session);
    let proposal = proposer.propose(action, flow_id, from).await?;
    let flow = session.links.now(&format!("flows/{flow_id}"));
    let title = proposal.title.plain();
    let page = PageFrame::new(session, title)
        .below(session.texts(&frame::ES, &frame::EN).flows, session.links.now("flows"))
        .of(&flow_name(&proposal.flow), flow.clone());
    let is_gone = proposal.flow.record.deleted && action != ChangeAction::Restore;
    let version = proposal.flow.record.version;
    let (callers, has_more_callers) = callers(session, &proposal);
    let view = ChangePage {
        page: as_command(page, session, action, flow_id, from, proposal.flow.record.published.is_some()),
        t: proposer.t,
        action,
        title: said(session, &proposal.title),
        trouble,
        nothing: proposal.nothing.as_ref().map(|nothing| said(session, nothing)),
        bring_back: is_gone.then(|| format!("{flow}/restore?version={version}")),
        has_buttons: !proposal.buttons.is_empty(),
        buttons: proposal.buttons.iter().map(|button| shown_button(session, button)).collect(),
        whose: proposal.unpublished.iter().flat_map(|found| whose(&proposer, found)).collect(),
        has_callers: proposal.callers.is_some(),
        callers,
        has_more_callers,
        findings: shown_findings(session, &proposal),
        diff: shown_diff(session, &flow, proposal.diff),
        entered,
        version,
        from,
        once: session.once(),
        cancel: flow,
    };
    part::page_with(trouble.status, &view)
}

/// What a terminal shows of it: the dry run of a restore, what a publish would change.
fn as_command(
    page: PageFrame,
    session: &Session,
    action: ChangeAction,
    flow_id: Uuid,
    from: Option<i64>,
    is_published: bool,
) -> PageFrame {
    match from {
        Some(from) => {
            let arguments = format!("flows restore {flow_id} {from} --dry-run");
            page.with_command(session, Some(&arguments), &format!("bot/flows/{flow_id}?version={from}"))
        }
        None if action == ChangeAction::Publish && is_published => {
            let arguments = format!("flows diff {flow_id} published draft");
            page.with_command(session, Some(&arguments), &format!("bot/flows/{flow_id}/diff"))
        }
        None => page,
    }
}

fn shown_button(session: &Session, button: &ProposedButton) -> ShownButton {
    ShownButton {
        mode: button.mode,
        label: said(session, &button.label),
        effects: button.effects.iter().map(|effect| said(session, effect)).collect(),
        blocked: button.blocked.as_ref().map(|blocked| said(session, blocked)),
    }
}

fn callers(session: &Session, proposal: &Proposal) -> (Vec<ShownCaller>, bool) {
    let Some(callers) = &proposal.callers else { return (Vec::new(), false) };
    let shown = callers.named.iter().map(|calling| ShownCaller {
        name: calling.name.clone(),
        href: session.links.now(&format!("flows/{}", calling.flow_id)),
    });
    (shown.collect(), callers.has_more)
}

/// Whose changes go out, one's own last: they are known.
fn whose(proposer: &Proposer<'_>, found: &UnpublishedChanges) -> Vec<Markup> {
    let (session, t, language) = (proposer.session, proposer.t, proposer.session.language());
    let teller = teller(session);
    let own = (session.caller().actor.opaque_id(), session.signed.open.on_behalf_of());
    let (mut others, mut last) = (Vec::new(), Vec::new());
    for author in &found.authors {
        let count = Sentence(vec![count_of(author.count, language)]);
        if (author.actor.opaque_id(), author.on_behalf_of.as_deref()) == own {
            let text = if author.count == 1 { t.your_one } else { t.yours };
            last.push(composed(text, &[("k", count)]));
        } else {
            let text = if author.count == 1 { t.whose_change } else { t.whose_changes };
            let who = teller.named(&author.actor, author.on_behalf_of.as_deref());
            others.push(composed(text, &[("k", count), ("who", who)]));
        }
    }
    if found.authors.is_empty() && found.count > 0 {
        last.push(Sentence::of(t.unnamed, &[("k", count_of(found.count, language))]));
    }
    if found.has_more {
        last.push(Sentence::words(t.whose_more));
    }
    others.iter().chain(&last).map(|sentence| said(session, sentence)).collect()
}

fn shown_findings(session: &Session, proposal: &Proposal) -> Vec<ShownFinding> {
    let mut found: Vec<_> = proposal.findings.iter().collect();
    found.sort_by_key(|finding| !finding.is_error());
    let shown = found.into_iter().take(FINDINGS_MAX).map(|finding| ShownFinding {
        is_error: finding.is_error(),
        step: finding.step_id.clone(),
        words: findings::finding(finding.code)
            .map_or_else(|| finding.code.to_owned(), |both| words::pick(both, session.language()).to_owned()),
        message: finding.message.clone(),
        hint: finding.hint.clone(),
    });
    shown.collect()
}

fn shown_diff(session: &Session, flow: &str, diff: ProposedDiff) -> ShownDiff {
    match diff {
        ProposedDiff::None => ShownDiff::None,
        ProposedDiff::First => ShownDiff::First,
        ProposedDiff::Erased => ShownDiff::Erased,
        ProposedDiff::Changes { sheet, caption, base, head } => {
            let t = session.texts(&compare::ES, &compare::EN);
            let sentences = summary(&sheet, t, session.language());
            ShownDiff::Changes {
                caption: said(session, &caption),
                summary: sentences.iter().map(|sentence| said(session, sentence)).collect(),
                blocks: Blocks::new(session, &sheet, 0, BLOCKS_MAX),
                all: crate::console::link::query(
                    &format!("{flow}/compare"),
                    [("base", &*base), ("head", &*head)],
                ),
            }
        }
    }
}
