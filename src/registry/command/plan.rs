//! What is ordered of a flow that exists, and what an order comes to once the flow is known.

use std::sync::Arc;

use bytes::Bytes;

use super::echo::Echo;
use crate::flow::decide::Order;
use crate::flow::document::{Canonical, Edit, Labels, Patch, TriggerTypes};
use crate::flow::event::RestoreMode;
use crate::flow::finding::Finding;
use crate::flow::reference::{Reference, references};
use crate::flow::text;
use crate::registry::reads::LoadedDocument;

/// What is to be put in force.
#[derive(Debug, Clone, Default)]
pub struct PublishOrder {
    /// A version to pin; `None` publishes the draft.
    pub version: Option<i64>,
    /// A name for people, kept with the event.
    pub label: Option<String>,
}

/// What is to be copied, and the name of the copy.
#[derive(Debug, Clone, Default)]
pub struct DuplicateOrder {
    pub name: Option<String>,
    pub version: Option<i64>,
}

/// Which document is wanted back, and how far it goes.
#[derive(Debug, Clone, Copy)]
pub struct RestoreOrder {
    pub source: RestoreSource,
    pub mode: RestoreMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreSource {
    Version(i64),
    /// The document in force: discards what the draft has beyond it.
    Published,
}

/// A command on an existing flow.
#[derive(Debug)]
pub(super) enum FlowCommand {
    Update(Patch, Option<Echo>),
    Edit(Edit, Option<Echo>),
    Publish(PublishOrder),
    Restore(RestoreOrder),
    /// An order that needs no more than the flow.
    Plain(Order),
}

/// A document that becomes a draft or comes in force, with what the view keeps of it.
pub(in crate::registry) struct Prepared {
    pub(in crate::registry) document: Arc<LoadedDocument>,
    pub(in crate::registry) bytes: Bytes,
    pub(in crate::registry) lookup: Lookup,
    /// What it refers to, where it comes in force.
    pub(in crate::registry) references: Vec<Reference>,
}

impl Prepared {
    pub(super) fn draft(canonical: &Canonical, document: Arc<LoadedDocument>) -> Self {
        let lookup = Lookup::of(canonical.labels());
        Self { document, bytes: canonical.bytes.clone(), lookup, references: Vec::new() }
    }

    pub(super) fn in_force(canonical: &Canonical, document: Arc<LoadedDocument>) -> Self {
        Self { references: references(&canonical.document), ..Self::draft(canonical, document) }
    }
}

/// What the flow view keeps of a document to find flows by.
pub(in crate::registry) struct Lookup {
    pub(in crate::registry) phone_number_id: Option<String>,
    pub(in crate::registry) search: String,
    pub(in crate::registry) trigger_types: TriggerTypes,
}

impl Lookup {
    pub(super) fn of(labels: Labels) -> Self {
        let search = text::search_text(&labels.name, labels.description.as_deref());
        Self { phone_number_id: labels.phone_number_id, search, trigger_types: labels.trigger_types }
    }
}

/// A command, ready to be decided and appended.
pub(in crate::registry) struct Plan {
    pub(super) order: Order,
    /// The new draft, where the command brings one.
    pub(in crate::registry) draft: Option<Prepared>,
    /// The document that comes in force, where one does.
    pub(in crate::registry) in_force: Option<Prepared>,
    /// What validation says of the document that should come in force.
    pub(super) findings: Vec<Finding>,
    pub(in crate::registry) label: Option<String>,
    /// Where the log last changed what is in force, if the plan depends on that.
    pub(in crate::registry) in_force_at: Option<i64>,
}

impl Plan {
    pub(super) fn plain(order: Order) -> Self {
        Self { order, draft: None, in_force: None, findings: Vec::new(), label: None, in_force_at: None }
    }
}
