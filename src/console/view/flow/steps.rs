//! The steps of a document as the outline shows them, and the ways between them.

use super::address::FlowAddress;
use super::fault::FaultPart;
use crate::console::found::{FoundFault, is_about};
use crate::console::link::encode;
use crate::console::session::Session;
use crate::console::view::said::{Markup, said};
use crate::flow::document::Canonical;
use crate::outline::member::Holds;
use crate::outline::steps::{OutlinedStep, StepFact, outline};
use crate::outline::texts::OutlineTexts;
use crate::outline::ways::{WORDS_MAX, WayOut, WayTarget, Ways};

/// The outline of a document.
pub struct OutlineView {
    pub steps: Vec<StepView>,
    /// The ways that lead on from every step.
    pub everywhere: Vec<WayView>,
    /// What is wrong with no step in particular.
    pub faults: Vec<FaultPart>,
}

pub struct StepView {
    pub id: String,
    /// The id of its element.
    pub anchor: String,
    pub kind: String,
    pub kind_words: String,
    pub name: Option<String>,
    pub facts: Vec<FactView>,
    pub ways: Vec<WayView>,
    pub faults: Vec<FaultPart>,
    /// Its panel.
    pub href: String,
    pub is_current: bool,
}

/// Something that a step says, in one line.
pub struct FactView {
    pub label: Markup,
    pub is_said: bool,
    pub holds: Holds,
}

/// A way on.
pub struct WayView {
    pub when: Markup,
    pub to: TargetView,
}

/// Where a way leads.
pub enum TargetView {
    Step { id: String, href: String },
    Missing(String),
    Words(&'static str),
}

/// What the views of a document are made of.
pub struct Painter<'s> {
    pub session: &'s Session,
    pub address: &'s FlowAddress,
    pub canonical: &'s Canonical,
}

impl Painter<'_> {
    pub fn outline(&self, faults: Vec<FoundFault>) -> OutlineView {
        let mut rest = faults;
        let steps = outline(self.canonical, self.session.language());
        let steps = steps.into_iter().map(|step| self.step(step, &mut rest)).collect();
        OutlineView {
            steps,
            everywhere: self
                .ways()
                .everywhere(WORDS_MAX)
                .iter()
                .map(|way| self.way(way, Self::anchor))
                .collect(),
            faults: rest.into_iter().map(|fault| self.fault(fault)).collect(),
        }
    }

    pub fn ways(&self) -> Ways<'_> {
        Ways { document: &self.canonical.document, language: self.session.language() }
    }

    fn step(&self, step: OutlinedStep, faults: &mut Vec<FoundFault>) -> StepView {
        let place = format!("/steps/{}", step.number - 1);
        let of_step = faults.extract_if(.., |fault| is_about(fault, &place));
        let own = of_step.map(|fault| self.fault(fault)).collect();
        StepView {
            anchor: anchor(&step.id),
            href: self.panel(&step.id),
            is_current: self.address.step == step.id,
            kind: step.kind,
            kind_words: step.kind_words,
            name: step.name,
            facts: step.facts.into_iter().map(|fact| self.fact(fact)).collect(),
            ways: step.ways.iter().map(|way| self.way(way, Self::anchor)).collect(),
            faults: own,
            id: step.id,
        }
    }

    fn fact(&self, fact: StepFact) -> FactView {
        let label = said(self.session, &fact.label());
        let is_said = matches!(fact.holds, Holds::Said(_));
        FactView { label, is_said, holds: fact.holds }
    }

    pub fn fault(&self, fault: FoundFault) -> FaultPart {
        FaultPart::new(self.session, self.address, fault)
    }

    /// A way on, with links to steps as `href` makes them.
    pub fn way(&self, way: &WayOut, href: fn(&Self, &str) -> String) -> WayView {
        let texts = OutlineTexts::of(self.session.language());
        let to = match &way.to {
            WayTarget::Step { id, exists: true } => TargetView::Step { id: id.clone(), href: href(self, id) },
            WayTarget::Step { id, exists: false } => TargetView::Missing(id.clone()),
            WayTarget::End => TargetView::Words(texts.to_end),
            WayTarget::Resume => TargetView::Words(texts.to_resume),
        };
        WayView { when: said(self.session, &way.when), to }
    }

    /// The place of a step in the outline.
    fn anchor(&self, id: &str) -> String {
        format!("#{}", encode(&anchor(id)))
    }

    /// The panel of a step.
    pub fn panel(&self, id: &str) -> String {
        let address = FlowAddress { step: id.to_owned(), at: String::new(), ..self.address.clone() };
        format!("{}#step", address.href(&self.session.links))
    }
}

fn anchor(id: &str) -> String {
    format!("s-{id}")
}
