//! What a page proposes: what would happen, why it cannot, whose work it is, and the buttons that do it.

use std::sync::Arc;

use uuid::Uuid;

use super::action::ChangeAction;
use crate::console::comparison::ChangeSheet;
use crate::console::effect::Effects;
use crate::console::failure::PageFailure;
use crate::console::session::Session;
use crate::console::texts::change::{ChangeTexts, EN, ES};
use crate::console::view::sides::{LoadedSide, compare};
use crate::console::view::summary::count_of;
use crate::flow::event::RestoreMode;
use crate::flow::finding::Finding;
use crate::outline::sentence::{Sentence, number};
use crate::registry::{
    CallingFlows, FlowAnswer, Outlook, Point, PublishOrder, RegistryError, Rehearsal, RehearsedOrder,
    RestoreOrder, RestoreSource, Selector, Side, UnpublishedChanges,
};

/// What would happen to a flow, and what is asked before.
pub struct Proposal {
    /// The flow as it is now.
    pub flow: Arc<FlowAnswer>,
    pub title: Sentence,
    /// Why there is nothing to do; then there are no buttons.
    pub nothing: Option<Sentence>,
    pub buttons: Vec<ProposedButton>,
    pub findings: Vec<Finding>,
    pub diff: ProposedDiff,
    pub unpublished: Option<UnpublishedChanges>,
    pub callers: Option<CallingFlows>,
}

/// A way to do it.
pub struct ProposedButton {
    /// The mode of a restore; empty elsewhere.
    pub mode: &'static str,
    pub label: Sentence,
    pub effects: Vec<Sentence>,
    /// Why it cannot be done now.
    pub blocked: Option<Sentence>,
}

/// What the change does to the content.
pub enum ProposedDiff {
    /// The content has no part in it.
    None,
    /// It is published for the first time.
    First,
    /// One side was erased.
    Erased,
    Changes {
        sheet: ChangeSheet,
        caption: Sentence,
        base: String,
        head: String,
    },
}

/// Makes proposals for somebody.
pub struct Proposer<'s> {
    pub session: &'s Session,
    pub t: &'static ChangeTexts,
    effects: Effects,
}

impl<'s> Proposer<'s> {
    pub fn new(session: &'s Session) -> Self {
        let t = session.texts(&ES, &EN);
        Self { session, t, effects: Effects { texts: t, language: session.language() } }
    }

    /// What the action would do now. `from` is the version that a restore brings back.
    pub async fn propose(
        &self,
        action: ChangeAction,
        flow_id: Uuid,
        from: Option<i64>,
    ) -> Result<Proposal, PageFailure> {
        let flow = self.session.registry().reads.get(self.session.caller(), flow_id, Selector::Draft).await?;
        match (action, from) {
            (ChangeAction::Restore, Some(from)) => self.restore(flow, from).await,
            (ChangeAction::Restore, None) => Err(PageFailure::BadRequest("version")),
            _ if flow.record.deleted => Ok(self.gone(action, flow)),
            (ChangeAction::Publish, _) => self.publish(flow).await,
            (ChangeAction::Duplicate, _) => Ok(self.duplicate(flow)),
            _ => self.ending(action, flow).await,
        }
    }

    pub fn with_version(&self, text: &str, version: i64) -> Sentence {
        Sentence::of(text, &[("n", number(version, self.session.language()))])
    }

    fn bare(&self, flow: Arc<FlowAnswer>, title: Sentence) -> Proposal {
        Proposal {
            flow,
            title,
            nothing: None,
            buttons: Vec::new(),
            findings: Vec::new(),
            diff: ProposedDiff::None,
            unpublished: None,
            callers: None,
        }
    }

    /// The flow is deleted: all that can be done with it is to bring it back.
    fn gone(&self, action: ChangeAction, flow: Arc<FlowAnswer>) -> Proposal {
        let title = Sentence::words(self.title(action));
        Proposal { nothing: Some(Sentence::words(self.t.gone)), ..self.bare(flow, title) }
    }

    fn title(&self, action: ChangeAction) -> &'static str {
        match action {
            ChangeAction::Restore => self.t.bring_back_title,
            ChangeAction::Publish => self.t.publish_title,
            ChangeAction::Unpublish => self.t.unpublish_title,
            ChangeAction::Pause => self.t.pause_title,
            ChangeAction::Resume => self.t.resume_title,
            ChangeAction::Duplicate => self.t.duplicate_title,
            ChangeAction::Delete => self.t.delete_title,
        }
    }

    async fn restore(&self, flow: Arc<FlowAnswer>, from: i64) -> Result<Proposal, PageFailure> {
        let flow_id = flow.record.flow_id;
        let rehearse = async |mode| {
            let order = RestoreOrder { source: RestoreSource::Version(from), mode };
            let intent = self.session.intent(None, None, None);
            self.session.registry().commands.rehearse_restore(intent, flow_id, order).await
        };
        let draft = rehearse(RestoreMode::Draft).await?;
        let live = rehearse(RestoreMode::Live).await?;
        let title = match flow.record.deleted {
            true => Sentence::words(self.t.bring_back_title),
            false => self.with_version(self.t.restore_title, from),
        };
        if draft.version.is_none() && live.version.is_none() && !live.is_refused {
            return Ok(Proposal { nothing: Some(Sentence::words(self.t.nothing)), ..self.bare(flow, title) });
        }
        let mut buttons = vec![
            self.restore_button(&flow, &live, RestoreMode::Live),
            self.restore_button(&flow, &draft, RestoreMode::Draft),
        ];
        // What is in force is what customers miss; a draft is restored for whoever works on it.
        if !flow.in_force() {
            buttons.reverse();
        }
        let (base, caption) = match flow.in_force() {
            true => (Side::Published, self.t.diff_restored),
            false => (Side::Draft, self.t.diff_draft),
        };
        let diff = self.diff(&flow, base, Side::Version(from), self.with_version(caption, from)).await?;
        // Without one in force every change of the draft is one that is not published.
        let unpublished = match flow.in_force() && flow.has_unpublished_changes() {
            true => Some(self.session.registry().history.unpublished(self.session.caller(), flow_id).await?),
            false => None,
        };
        Ok(Proposal { buttons, findings: live.findings, diff, unpublished, ..self.bare(flow, title) })
    }

    fn restore_button(&self, flow: &FlowAnswer, rehearsal: &Rehearsal, mode: RestoreMode) -> ProposedButton {
        let (from, before) = (rehearsal.from_version, flow.record.state());
        let effects = rehearsal
            .version
            .map(|version| self.effects.restore(from, version, mode, &before, &rehearsal.after));
        let (mode, label) = match mode {
            RestoreMode::Live if flow.record.deleted => ("live", self.t.bring_back_live),
            RestoreMode::Live => ("live", self.t.restore_live),
            RestoreMode::Draft if flow.record.deleted => ("draft", self.t.bring_back),
            RestoreMode::Draft => ("draft", self.t.restore_draft),
        };
        let blocked = self.blocked(rehearsal.is_refused, rehearsal.version, &rehearsal.findings);
        ProposedButton {
            mode,
            label: self.with_version(label, from),
            effects: effects.unwrap_or_default(),
            blocked,
        }
    }

    fn blocked(&self, is_refused: bool, version: Option<i64>, findings: &[Finding]) -> Option<Sentence> {
        match (is_refused, version) {
            (true, _) => {
                let errors = findings.iter().filter(|finding| finding.is_error()).count();
                let text = if errors == 1 { self.t.one_error_forbids } else { self.t.errors_forbid };
                Some(Sentence::of(text, &[("n", count_of(errors, self.session.language()))]))
            }
            (false, None) => Some(Sentence::words(self.t.nothing)),
            (false, Some(_)) => None,
        }
    }

    async fn rehearse(&self, flow: &FlowAnswer, order: RehearsedOrder) -> Result<Outlook, RegistryError> {
        let intent = self.session.intent(None, None, None);
        self.session.registry().commands.rehearse(intent, flow.record.flow_id, order).await
    }

    async fn publish(&self, flow: Arc<FlowAnswer>) -> Result<Proposal, PageFailure> {
        let title = Sentence::words(self.t.publish_title);
        let outlook = self.rehearse(&flow, RehearsedOrder::Publish(PublishOrder::default())).await?;
        if outlook.version.is_none() && !outlook.is_refused {
            return Ok(Proposal { nothing: Some(Sentence::words(self.t.nothing)), ..self.bare(flow, title) });
        }
        let version = outlook.version.unwrap_or(outlook.current_version + 1);
        let button = ProposedButton {
            mode: "",
            label: self.with_version(ChangeAction::Publish.word(self.t), version),
            effects: match outlook.version {
                Some(_) => self.effects.put_in_force(&flow.record.state(), &outlook.after),
                None => Vec::new(),
            },
            blocked: self.blocked(outlook.is_refused, outlook.version, &outlook.findings),
        };
        let diff = match &flow.record.published {
            None => ProposedDiff::First,
            Some(_) => {
                self.diff(&flow, Side::Published, Side::Draft, Sentence::words(self.t.diff_live)).await?
            }
        };
        let history = &self.session.registry().history;
        let unpublished = history.unpublished(self.session.caller(), flow.record.flow_id).await?;
        Ok(Proposal {
            buttons: vec![button],
            findings: outlook.findings,
            diff,
            unpublished: Some(unpublished),
            ..self.bare(flow, title)
        })
    }

    fn duplicate(&self, flow: Arc<FlowAnswer>) -> Proposal {
        let erased = flow.document.is_erased().then(|| Sentence::words(self.t.erased));
        let button = ProposedButton {
            mode: "",
            label: Sentence::words(self.t.duplicate),
            effects: self.effects.duplicate(flow.record.version),
            blocked: None,
        };
        let title = Sentence::words(self.t.duplicate_title);
        match erased {
            Some(erased) => Proposal { nothing: Some(erased), ..self.bare(flow, title) },
            None => Proposal { buttons: vec![button], ..self.bare(flow, title) },
        }
    }

    /// Whatever takes a flow out of force, or lets it answer again.
    async fn ending(&self, action: ChangeAction, flow: Arc<FlowAnswer>) -> Result<Proposal, PageFailure> {
        let order = match action {
            ChangeAction::Unpublish => RehearsedOrder::Unpublish,
            ChangeAction::Pause => RehearsedOrder::Enable(false),
            ChangeAction::Resume => RehearsedOrder::Enable(true),
            _ => RehearsedOrder::Delete,
        };
        let title = Sentence::words(self.title(action));
        let published = flow.record.published.as_ref().map(|published| published.version);
        let needs_published =
            matches!(action, ChangeAction::Unpublish | ChangeAction::Pause | ChangeAction::Resume);
        let outlook = self.rehearse(&flow, order).await?;
        let nothing = match (action, published, outlook.version) {
            (ChangeAction::Unpublish, None, _) => Some(self.t.not_published),
            (_, None, _) if needs_published => Some(self.t.not_published_pause),
            (_, _, None) => Some(self.t.nothing),
            _ => None,
        };
        if let Some(nothing) = nothing {
            return Ok(Proposal { nothing: Some(Sentence::words(nothing)), ..self.bare(flow, title) });
        }
        let effects = match action {
            ChangeAction::Unpublish => self.effects.unpublish(),
            ChangeAction::Pause => self.effects.pause(published.unwrap_or_default()),
            ChangeAction::Resume => self.effects.put_in_force(&flow.record.state(), &outlook.after),
            _ => self.effects.delete(),
        };
        let label = Sentence::words(action.word(self.t));
        let button = ProposedButton { mode: "", label, effects, blocked: None };
        Ok(Proposal { buttons: vec![button], callers: outlook.callers, ..self.bare(flow, title) })
    }

    async fn diff(
        &self,
        flow: &FlowAnswer,
        base: Side,
        head: Side,
        caption: Sentence,
    ) -> Result<ProposedDiff, PageFailure> {
        let load =
            async |side| LoadedSide::load(self.session, Point { flow_id: flow.record.flow_id, side }).await;
        let (old, new) = match (load(base).await, load(head).await) {
            (Err(RegistryError::Erased), _) | (_, Err(RegistryError::Erased)) => {
                return Ok(ProposedDiff::Erased);
            }
            (old, new) => (old?, new?),
        };
        let sheet = compare(self.session, &old.canonical, &new.canonical).await?;
        let written = |side| crate::console::view::sides::ChosenSide::own(side).written();
        Ok(ProposedDiff::Changes { sheet, caption, base: written(base), head: written(head) })
    }
}
