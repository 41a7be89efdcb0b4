//! What a row of a history opens: the differences that one event made.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::console::differences::{DifferenceKind, DifferenceLine, Differences, differences};
use crate::console::session::Session;
use crate::console::texts::events::Headline;
use crate::console::texts::history_page::{EN, ES, HistoryPageTexts};
use crate::console::view::said::{Markup, said};
use crate::outline::member::Label;
use crate::outline::sentence::{Sentence, number};
use crate::registry::{Comparison, FlowAnswer, Point, RegistryError, Selector, Side};

#[derive(Template)]
#[template(path = "opened.html")]
pub struct OpenedChanges {
    t: &'static HistoryPageTexts,
    /// Why there are no differences.
    note: Option<&'static str>,
    lines: Vec<OpenedLine>,
    more: Option<Markup>,
    /// The page that compares the two.
    compare: Option<String>,
}

impl HtmlSafe for OpenedChanges {}

struct OpenedLine {
    line: DifferenceLine,
    /// Of something that stands elsewhere now.
    moved: Option<Markup>,
}

impl OpenedChanges {
    /// What the event of a version changed: in the draft or, where it published something, in what is in force.
    pub async fn load(
        session: &Session,
        flow_id: uuid::Uuid,
        version: i64,
        headline: Option<Headline>,
    ) -> Result<Self, RegistryError> {
        let t = session.texts(&ES, &EN);
        let note = |note| Self { t, note: Some(note), lines: Vec::new(), more: None, compare: None };
        let reads = &session.registry().reads;
        if version == 1 {
            return Ok(note(t.first));
        }
        let (mut from, mut to) = (version - 1, version);
        if headline == Some(Headline::Published) {
            let at = async |version| reads.get(session.caller(), flow_id, Selector::Version(version)).await;
            let in_force = |flow: &FlowAnswer| flow.record.published.as_ref().map(|found| found.version);
            let Some(before) = in_force(&*at(version - 1).await?) else { return Ok(note(t.first_published)) };
            (from, to) = (before, in_force(&*at(version).await?).unwrap_or(version));
        }
        let history = &session.registry().history;
        let point = |version| Point { flow_id, side: Side::Version(version) };
        let before = history.compared(session.caller(), point(from)).await;
        let after = history.compared(session.caller(), point(to)).await;
        let (from_side, to_side) = match (before, after) {
            (Err(RegistryError::Erased), _) | (_, Err(RegistryError::Erased)) => return Ok(note(t.erased)),
            (before, after) => (before?, after?),
        };
        let diff = Comparison { from: from_side, to: to_side }.diff();
        let found = differences(&diff, session.language());
        if found.lines.is_empty() {
            return Ok(note(if found.layout { t.only_layout } else { t.nothing_differs }));
        }
        let (base, head) = (from.to_string(), to.to_string());
        let compare = [("base", base.as_str()), ("head", head.as_str())];
        Ok(Self {
            t,
            note: None,
            compare: Some(session.links.with(&format!("flows/{flow_id}/compare"), &compare)),
            ..Self::of(session, t, found)
        })
    }

    fn of(session: &Session, t: &'static HistoryPageTexts, found: Differences) -> Self {
        let count = |count: usize| number(i64::try_from(count).unwrap_or(i64::MAX), session.language());
        let moved = |line: &DifferenceLine| match line.kind {
            DifferenceKind::Moved { from, to } => {
                Some(said(session, &Sentence::of(t.moved, &[("from", count(from)), ("to", count(to))])))
            }
            _ => None,
        };
        let more =
            (found.more > 0).then(|| said(session, &Sentence::of(t.more, &[("n", count(found.more))])));
        let lines = found.lines.into_iter().map(|line| OpenedLine { moved: moved(&line), line });
        Self { t, note: None, lines: lines.collect(), more, compare: None }
    }
}
