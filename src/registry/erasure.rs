//! Erasure of content, on record: in batches, each of which takes content away and appends the event that says so in one
//! transaction. So whatever is absent is on record at every instant, and what was begun can be gone on with by asking
//! again.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Intent;
use super::log::organization_event;
use super::projections::Projections;
use crate::evidence::ErasedContent;
use crate::flow::digest::Digest;
use crate::flow::event::{EventType, canonical_bytes};
use crate::store::{Append, Erasable, Held, Store};

/// Events of one batch.
const BATCH: usize = 1000;
/// Documents in memory at once, in bytes; the last of them may go beyond it.
const DOCUMENT_BYTES: i64 = 1 << 20;
/// Shorter texts of a document stand in many a reason.
const TELLING_CHARS: usize = 8;

/// Whose content is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All that these versions of a flow hold: documents, what changed, who did it and for whom.
    Versions { flow_id: Uuid, from: i64, to: i64 },
    /// What is absent and not on record as erased: by hand, before there was such a record.
    Absent,
}

/// What would be erased, or recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErasurePlan {
    pub contexts: Vec<i64>,
    pub payloads: Vec<i64>,
    /// Each with the position of the event that it goes with.
    pub documents: Vec<(i64, Digest)>,
    /// Versions of this and other flows that lose a document with it.
    pub shared: Vec<(Uuid, i64)>,
}

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    pub erasure: Uuid,
    /// The events that say so.
    pub batches: usize,
}

/// Erasures of all organizations.
#[derive(Debug, Clone)]
pub struct Erasures {
    store: Store,
    projections: Projections,
}

impl Erasures {
    pub fn new(store: Store) -> Self {
        Self { projections: Projections::new(store.clone()), store }
    }

    /// What an erasure would take away now; what is gone already is not in it.
    ///
    /// # Errors
    /// [`RegistryError::FlowNotFound`] when the flow has no such versions.
    pub async fn plan(&self, org_id: Uuid, selection: Selection) -> Result<ErasurePlan, RegistryError> {
        let mut plan = match selection {
            Selection::Versions { flow_id, from, to } => {
                let events = self.store.erasable(org_id, flow_id, (from, to)).await?;
                if events.is_empty() {
                    return Err(RegistryError::FlowNotFound);
                }
                ErasurePlan::of(&events, true)
            }
            Selection::Absent => {
                let mut plan = ErasurePlan::of(&self.store.absent(org_id).await?, false);
                self.leave_what_is_on_record(org_id, &mut plan).await?;
                plan
            }
        };
        if let (Selection::Versions { flow_id, from, to }, false) = (selection, plan.documents.is_empty()) {
            plan.shared = self.store.sharing(org_id, &plan.digests(), flow_id, (from, to)).await?;
        }
        Ok(plan)
    }

    async fn leave_what_is_on_record(
        &self,
        org_id: Uuid,
        plan: &mut ErasurePlan,
    ) -> Result<(), RegistryError> {
        let types = [EventType::ContentErased.as_str().to_owned()];
        for (.., payload) in self.store.payloads_of(org_id, &types).await? {
            let Ok(told) = serde_json::from_slice::<ErasedContent>(&payload) else { continue };
            plan.contexts.retain(|position| !told.contexts.contains(position));
            plan.payloads.retain(|position| !told.payloads.contains(position));
            plan.documents.retain(|(_, digest)| !told.documents.contains(digest));
        }
        Ok(())
    }

    /// Erases what is selected. `also_shared`: also where other versions lose a document with it.
    ///
    /// # Errors
    /// [`RegistryError::ErasureRefused`] when a document is shown as a draft or in force, or shared and nobody said that
    /// this is meant, or when the reason tells what is erased.
    pub async fn erase(
        &self,
        intent: &Intent,
        selection: Selection,
        reason: &str,
        also_shared: bool,
    ) -> Result<Erased, RegistryError> {
        let org_id = intent.caller.org_id;
        let plan = self.plan(org_id, selection).await?;
        if !also_shared && let Some((flow, version)) = plan.shared.first() {
            let others = plan.shared.len();
            return Err(RegistryError::ErasureRefused(format!(
                "{others} other versions lose a document with it, the first is version {version} of the flow {flow}"
            )));
        }
        let digests = plan.digests();
        self.check_reason(org_id, &digests, reason).await?;
        let (erasure, is_absent) = (Uuid::now_v7(), selection == Selection::Absent);
        if !is_absent {
            // Nothing is begun that could not be ended; each batch looks again.
            check_standing(&mut self.store.hold(org_id).await?, &digests).await?;
        }
        let mut batches = 0;
        for batch in plan.batches() {
            let mut held = self.store.hold(org_id).await?;
            let documents: Vec<Digest> = batch.digests();
            if !is_absent {
                check_standing(&mut held, &documents).await?;
                held.blank(&batch.contexts, &batch.payloads, &documents).await?;
            }
            if let (Selection::Versions { flow_id, .. }, 0) = (selection, batches) {
                held.forget_runs(flow_id).await?;
            }
            let ErasurePlan { contexts, payloads, .. } = batch;
            let reason = reason.to_owned();
            let payload = ErasedContent { contexts, documents, erasure, payloads, reason };
            let event = organization_event(intent, EventType::ContentErased, canonical_bytes(&payload));
            held.append(Append::event(org_id, event, None)).await?;
            held.release().await?;
            batches += 1;
        }
        if let Selection::Versions { flow_id, .. } = selection {
            let flows: BTreeSet<Uuid> = plan.shared.iter().map(|(flow, _)| *flow).chain([flow_id]).collect();
            for flow in flows {
                self.projections.mend_stream(org_id, flow).await?;
            }
        }
        Ok(Erased { erasure, batches })
    }

    /// The reason stays for good, and must not say what is erased.
    async fn check_reason(
        &self,
        org_id: Uuid,
        digests: &[Digest],
        reason: &str,
    ) -> Result<(), RegistryError> {
        let mut left = digests;
        while !left.is_empty() {
            let found = self.store.documents_within(org_id, left, DOCUMENT_BYTES).await?;
            left = &left[found.len().clamp(1, left.len())..];
            for document in found.into_iter().flatten().filter_map(|document| document.bytes) {
                let content = serde_json::from_slice(&document).unwrap_or(Value::Null);
                if tells(reason, &content) {
                    let what = "the reason tells what is to be erased, and would stay";
                    return Err(RegistryError::ErasureRefused(what.to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// A document that is shown is not taken away.
async fn check_standing(held: &mut Held, documents: &[Digest]) -> Result<(), RegistryError> {
    match held.standing(documents).await?.first() {
        None => Ok(()),
        Some(flow) => Err(RegistryError::ErasureRefused(format!(
            "content_in_use: the flow {flow} shows a document of it; delete that flow, or let another version stand \
             there"
        ))),
    }
}

/// Whether a text holds one of the texts of a document.
fn tells(reason: &str, content: &Value) -> bool {
    match content {
        Value::String(text) => text.chars().count() >= TELLING_CHARS && reason.contains(text.as_str()),
        Value::Array(values) => values.iter().any(|value| tells(reason, value)),
        Value::Object(members) => members.values().any(|value| tells(reason, value)),
        _ => false,
    }
}

impl ErasurePlan {
    /// Of events the content that is there, or that is not.
    fn of(events: &[Erasable], is_there: bool) -> Self {
        let mut seen = HashSet::new();
        let mut plan = Self::default();
        for event in events {
            if event.has_context == is_there {
                plan.contexts.push(event.position);
            }
            if event.has_payload == is_there {
                plan.payloads.push(event.position);
            }
            if let Some(digest) = event.document.filter(|digest| seen.insert(*digest)) {
                plan.documents.push((event.position, digest));
            }
        }
        plan
    }

    fn digests(&self) -> Vec<Digest> {
        self.documents.iter().map(|(_, digest)| *digest).collect()
    }

    /// The positions it is about.
    pub fn positions(&self) -> BTreeSet<i64> {
        let documents = self.documents.iter().map(|(position, _)| position);
        self.contexts.iter().chain(&self.payloads).chain(documents).copied().collect()
    }

    fn batches(&self) -> Vec<Self> {
        let positions: Vec<i64> = self.positions().into_iter().collect();
        let part = |batch: &[i64]| {
            let (first, last) = (batch[0], batch[batch.len() - 1]);
            let is_in = |position: &i64| (first..=last).contains(position);
            Self {
                contexts: self.contexts.iter().copied().filter(is_in).collect(),
                payloads: self.payloads.iter().copied().filter(is_in).collect(),
                documents: self.documents.iter().copied().filter(|(position, _)| is_in(position)).collect(),
                shared: Vec::new(),
            }
        };
        positions.chunks(BATCH).map(part).collect()
    }
}
