//! Content that is absent, and the events that say who erased it. Bytes that nobody recorded as erased were removed by
//! somebody else.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::flow::digest::Digest;
use crate::flow::event::EventType;
use crate::flow::record::EventRecord;

/// The payload of `content.erased`: what was erased, and why; who did it is in its context. Never the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedContent {
    /// Positions of events whose context went.
    pub contexts: Vec<i64>,
    pub documents: Vec<Digest>,
    /// All events of one erasure have this id.
    pub erasure: Uuid,
    /// Positions of events whose payload went.
    pub payloads: Vec<i64>,
    pub reason: String,
    /// How many rows beside the log went, by table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, usize>,
}

impl ErasedContent {
    fn of(event: &EventRecord<'_>) -> Option<Self> {
        if event.event_type != EventType::ContentErased.as_str() {
            return None;
        }
        serde_json::from_slice(event.payload.as_deref()?).ok()
    }
}

/// What was absent so far, and is not on record as erased. Grows with what was erased alone.
#[derive(Debug, Default)]
pub struct Absent {
    contexts: BTreeSet<i64>,
    payloads: BTreeSet<i64>,
    /// With the position of the first event since its last erasure that needs it.
    documents: BTreeMap<Digest, i64>,
    /// Every document that was erased on record, also where it was written again.
    erased_documents: HashSet<Digest>,
    /// The events before the first one are not there, and with them the records of earlier erasures.
    is_part: bool,
}

impl Absent {
    /// Nothing so far, in what comes after a position.
    pub fn after(position: i64) -> Self {
        Self { is_part: position > 0, ..Self::default() }
    }

    /// Takes in an event: what it says was erased, which excuses events before it alone; then what it lacks itself.
    /// `lacks_document`: it refers to a document of which there are no bytes.
    pub fn event(&mut self, event: &EventRecord<'_>, lacks_document: bool) {
        if let Some(erased) = ErasedContent::of(event) {
            for position in &erased.contexts {
                self.contexts.remove(position);
            }
            for position in &erased.payloads {
                self.payloads.remove(position);
            }
            for document in &erased.documents {
                self.documents.remove(document);
                self.erased_documents.insert(*document);
            }
        }
        if event.context.is_none() {
            self.contexts.insert(event.position);
        }
        if event.payload.is_none() {
            self.payloads.insert(event.position);
        }
        let document = event.state.document.filter(|document| {
            // A document that was erased stays absent behind events that refer to it, and write none.
            let is_old = !EventType::parse(&event.event_type).is_some_and(EventType::writes_document);
            let may_be_absent = is_old && (self.is_part || self.erased_documents.contains(document));
            lacks_document && !may_be_absent
        });
        if let Some(document) = document {
            self.documents.entry(document).or_insert(event.position);
        }
    }

    /// The first event of which something is absent that nobody recorded as erased.
    pub fn first(&self) -> Option<i64> {
        let events = self.contexts.first().into_iter().chain(self.payloads.first());
        events.chain(self.documents.values()).min().copied()
    }
}
