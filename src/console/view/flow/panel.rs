//! The panel of a step: every member in words, its ways, what is wrong with it, and who changed it last.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::{FlowAddress, ShownDocument};
use super::fault::FaultPart;
use super::members::{MembersPart, PlacedFaults, placed};
use super::steps::{Painter, TargetView, WayView};
use crate::console::failure::PageFailure;
use crate::console::found::{FoundFault, is_about};
use crate::console::session::Session;
use crate::console::texts::flow::{EN, ES, FlowTexts};
use crate::console::view::said::{Markup, said};
use crate::console::view::told::teller;
use crate::outline::member::{DescribedMember, step_members};
use crate::outline::sentence::{Piece, Sentence, number};
use crate::outline::steps::step_values;
use crate::outline::words::step_type;
use crate::registry::RegistryError;

#[derive(Template)]
#[template(path = "step.html")]
pub struct StepPanel<'s> {
    t: &'static FlowTexts,
    session: &'s Session,
    id: String,
    /// `None`: the document has no such step.
    step: Option<PanelStep>,
    close: String,
}

impl HtmlSafe for StepPanel<'_> {}

struct PanelStep {
    place: Markup,
    kind: String,
    kind_words: String,
    members: Vec<DescribedMember>,
    placed: PlacedFaults,
    /// What is wrong with the step as a whole.
    faults: Vec<FaultPart>,
    ways: Vec<WayView>,
    ways_in: Vec<WayInView>,
    last_change: Option<LastChange>,
    history: String,
}

/// A way into the step.
struct WayInView {
    from: Option<(String, String)>,
    when: Markup,
}

struct LastChange {
    said: Markup,
    who: Markup,
    reason: Option<String>,
}

impl StepPanel<'_> {
    fn members<'m>(&'m self, step: &'m PanelStep) -> MembersPart<'m> {
        MembersPart::new(self.session, &step.members, &step.placed)
    }
}

/// The panel of the step that the address names.
pub async fn panel<'s>(
    painter: &Painter<'s>,
    document: &ShownDocument,
    faults: &[FoundFault],
) -> Result<StepPanel<'s>, PageFailure> {
    let Painter { session, address, canonical } = *painter;
    let close = FlowAddress { step: String::new(), ..address.clone() }.href(&session.links);
    let (t, id) = (session.texts(&ES, &EN), address.step.clone());
    let index = canonical.document.step_index(&id);
    let step = match index {
        Some(index) => Some(step(painter, document, faults, index).await?),
        None => None,
    };
    Ok(StepPanel { t, session, id, step, close })
}

async fn step(
    painter: &Painter<'_>,
    document: &ShownDocument,
    faults: &[FoundFault],
    index: usize,
) -> Result<PanelStep, PageFailure> {
    let Painter { session, address, canonical } = *painter;
    let language = session.language();
    let (t, step) = (session.texts(&ES, &EN), &canonical.document.steps[index]);
    let values = step_values(canonical);
    let pointer = format!("/steps/{index}");
    let members = step_members(&values[index], &pointer, language);
    let own = faults.iter().filter(|fault| is_about(fault, &pointer)).cloned();
    let (placed, faults) = placed(session, address, &members, own);
    let count = |count: usize| number(i64::try_from(count).unwrap_or(i64::MAX), language);
    let place = [("n", count(index + 1)), ("total", count(values.len()))];
    let kind = step.kind.as_str();
    let ways_in = painter.ways().ways_in(index, values).into_iter().map(|way| WayInView {
        from: way.from.map(|id| (painter.panel(&id), id)),
        when: said(session, &way.when),
    });
    Ok(PanelStep {
        place: said(session, &Sentence::of(t.step_of, &place)),
        kind: kind.to_owned(),
        kind_words: step_type(kind, language),
        placed,
        faults,
        members,
        ways: painter
            .ways()
            .ways_out(index, &values[index])
            .iter()
            .map(|way| painter.way(way, Painter::panel))
            .collect(),
        ways_in: ways_in.collect(),
        last_change: last_change(session, document, &step.id).await?,
        history: session.links.with(&format!("{}/history", address.path()), &[("step", &step.id)]),
    })
}

/// Who touched the step last, up to the version that is shown.
async fn last_change(
    session: &Session,
    document: &ShownDocument,
    step: &str,
) -> Result<Option<LastChange>, RegistryError> {
    let (history, flow_id) = (&session.registry().history, document.answer.record.flow_id);
    let blamed = history.step_blame(session.caller(), flow_id, document.version, step).await?;
    let t = session.texts(&ES, &EN);
    Ok(blamed.event.map(|entry| {
        let told = teller(session).told(&entry);
        let places = [("n", number(told.version, session.language())), ("when", Piece::Moment(told.at))];
        LastChange {
            said: said(session, &Sentence::of(t.last_changed, &places)),
            who: said(session, &told.who),
            reason: told.reason,
        }
    }))
}
