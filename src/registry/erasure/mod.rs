//! Erasure of content, on record: in batches, each of which takes content away and appends the event that says so in one
//! transaction. So whatever is absent is on record at every instant, and what was begun can be gone on with by asking
//! again.

mod batch;
mod order;
mod person;
mod plan;
mod progress;

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use self::batch::{check_standing, erase_batch};
pub use self::order::{Erased, ErasureOrder, Selection};
pub use self::person::Person;
pub use self::plan::ErasurePlan;
use super::RegistryError;
use super::caller::Intent;
use super::projections::Projections;
use super::service_memory::{ErasureWatch, ServiceMemory};
use crate::evidence::ErasedContent;
use crate::flow::digest::Digest;
use crate::flow::event::EventType;
pub use crate::store::ErasureRow;
use crate::store::{Erasable, Store};

/// Documents in memory at once, in bytes; the last of them may go beyond it.
const DOCUMENT_BYTES: i64 = 1 << 20;
/// How many are asked for at once. All that are left each time would cost the square of their number.
const DOCUMENTS_AT_ONCE: usize = 1000;
/// Shorter texts of a document stand in many a reason.
const TELLING_CHARS: usize = 8;
/// How often a person's content is looked for again: they may act while it goes.
const ROUNDS_MAX: usize = 8;

/// Erasures of all organizations.
#[derive(Debug, Clone)]
pub struct Erasures {
    store: Store,
    projections: Projections,
    /// What this process remembers, where it serves.
    remembered: Option<ServiceMemory>,
}

impl Erasures {
    /// For a command beside running services, which find out within a second or so.
    pub fn new(store: Store) -> Self {
        Self { projections: Projections::new(store.clone()), store, remembered: None }
    }

    /// For a service: what it remembers goes at once.
    pub(super) fn serving(store: Store, remembered: ServiceMemory) -> Self {
        Self { remembered: Some(remembered), ..Self::new(store) }
    }

    /// Looks for what other processes erase, so that this one forgets it.
    pub fn watch(&self) -> Option<ErasureWatch> {
        let remembered = self.remembered.clone()?;
        Some(ErasureWatch::new(self.store.clone(), remembered))
    }

    /// What an erasure would take away now; what is gone already is not in it.
    ///
    /// # Errors
    /// [`RegistryError::FlowNotFound`] when the flow has no such versions.
    pub async fn plan(&self, org_id: Uuid, selection: &Selection) -> Result<ErasurePlan, RegistryError> {
        match *selection {
            Selection::Versions { flow_id, from, to } => {
                let events = self.store.erasable(org_id, flow_id, (from, to)).await?;
                if events.is_empty() {
                    return Err(RegistryError::FlowNotFound);
                }
                let mut plan = ErasurePlan::of(&events, true);
                if !plan.documents.is_empty() {
                    let is_other =
                        |stream: Uuid, version| stream != flow_id || !(from..=to).contains(&version);
                    let uses = self.store.uses(org_id, &plan.digests()).await?.into_iter();
                    let uses = uses.map(|it| (it.stream_id, it.version));
                    plan.shared = uses.filter(|(stream, version)| is_other(*stream, *version)).collect();
                }
                Ok(plan)
            }
            Selection::Person(ref person) => person.plan(&self.store, org_id).await,
            Selection::Absent => {
                let events = self.store.absent(org_id).await?;
                let mut plan = ErasurePlan::of(&events, false);
                self.leave_what_is_on_record(org_id, &events, &mut plan).await?;
                Ok(plan)
            }
        }
    }

    async fn leave_what_is_on_record(
        &self,
        org_id: Uuid,
        events: &[Erasable],
        plan: &mut ErasurePlan,
    ) -> Result<(), RegistryError> {
        // A document that was written again behind its erasure, and is absent, is on record no more.
        let last_uses: HashMap<Digest, i64> =
            events.iter().filter_map(|event| Some((event.document?, event.position))).collect();
        let types = [EventType::ContentErased.as_str().to_owned()];
        for (position, _, payload) in self.store.payloads_of(org_id, &types).await? {
            let Ok(told) = serde_json::from_slice::<ErasedContent>(&payload) else { continue };
            plan.contexts.retain(|position| !told.contexts.contains(position));
            plan.payloads.retain(|position| !told.payloads.contains(position));
            plan.documents
                .retain(|(_, digest)| position < last_uses[digest] || !told.documents.contains(digest));
        }
        Ok(())
    }

    /// Erases what is selected.
    ///
    /// # Errors
    /// [`RegistryError::ContentInUse`] when a document is shown as a draft or in force, [`RegistryError::ErasureRefused`]
    /// when one is shared and nobody said that this is meant, or when what is recorded would tell what is erased.
    pub async fn erase(&self, intent: &Intent, order: &ErasureOrder) -> Result<Erased, RegistryError> {
        let org_id = intent.caller.org_id;
        let mut done = Erased { erasure: order.id, batches: 0, erased: 0 };
        for _ in 0..ROUNDS_MAX {
            let plan = self.plan(org_id, &order.selection).await?;
            self.check(intent, order, &plan).await?;
            let is_last = plan.is_empty() || !matches!(order.selection, Selection::Person(_));
            self.carry_out(intent, order, &plan, &mut done).await?;
            if is_last {
                break;
            }
        }
        Ok(done)
    }

    /// Whether it may be done at all. Nothing is begun that could not be ended; each batch looks again.
    pub(super) async fn check(
        &self,
        intent: &Intent,
        order: &ErasureOrder,
        plan: &ErasurePlan,
    ) -> Result<(), RegistryError> {
        let org_id = intent.caller.org_id;
        if let (Selection::Versions { .. }, false, Some((flow, version))) =
            (&order.selection, order.also_shared, plan.shared.first())
        {
            let others = plan.shared.len();
            return Err(RegistryError::ErasureRefused(format!(
                "{others} other versions lose a document with it, the first is version {version} of the flow {flow}"
            )));
        }
        if let Selection::Person(person) = &order.selection {
            check_record(person, intent, &order.reason)?;
        }
        let digests = plan.digests();
        self.check_reason(org_id, &digests, &order.reason).await?;
        if order.selection != Selection::Absent && !digests.is_empty() {
            check_standing(&mut self.store.hold(org_id).await?, &digests).await?;
        }
        Ok(())
    }

    async fn carry_out(
        &self,
        intent: &Intent,
        order: &ErasureOrder,
        plan: &ErasurePlan,
        done: &mut Erased,
    ) -> Result<(), RegistryError> {
        let total = plan.len();
        let mut erased = 0;
        for mut batch in plan.batches() {
            self.leave_what_was_written_again(intent.caller.org_id, &mut batch).await?;
            let mut held = self.store.hold(intent.caller.org_id).await?;
            let counted =
                erase_batch(&self.projections, &mut held, intent, order, batch, done.batches == 0).await?;
            erased += counted;
            done.erased += counted;
            held.note_erasure(order.id, counted, total.saturating_sub(erased)).await?;
            held.release().await?;
            done.batches += 1;
            if let Some(remembered) = &self.remembered {
                remembered.forget(intent.caller.org_id);
            }
        }
        Ok(())
    }

    /// Of earlier records that go with a batch, takes out each document that was written again behind its record: that
    /// excuses it no more, so the record of the batch must not either.
    async fn leave_what_was_written_again(
        &self,
        org_id: Uuid,
        batch: &mut ErasurePlan,
    ) -> Result<(), RegistryError> {
        let documents: Vec<Digest> =
            batch.said_before.iter().flat_map(|(_, before)| before.documents.iter().copied()).collect();
        if documents.is_empty() {
            return Ok(());
        }
        let writing = EventType::ALL.iter().filter(|event| event.writes_document());
        let writing: Vec<&str> = writing.map(|event| event.as_str()).collect();
        let last_writes = self.store.last_writes(org_id, &documents, &writing).await?;
        for (position, before) in &mut batch.said_before {
            before.documents.retain(|digest| last_writes.get(digest).is_none_or(|last| last < position));
        }
        Ok(())
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
            let next = &left[..left.len().min(DOCUMENTS_AT_ONCE)];
            let found = self.store.documents_within(org_id, next, DOCUMENT_BYTES).await?;
            left = &left[found.len().clamp(1, left.len())..];
            for document in found.into_iter().flatten().filter_map(|document| document.bytes) {
                let content = serde_json::from_slice(&document).unwrap_or(Value::Null);
                if tells(reason, &content) {
                    return Err(told());
                }
            }
        }
        Ok(())
    }
}

/// Neither reason nor circumstances of an erasure, which stay, may name the person.
fn check_record(person: &Person, intent: &Intent, reason: &str) -> Result<(), RegistryError> {
    if person.is_told_by(reason) {
        return Err(told());
    }
    let Intent { on_behalf_of, user_agent, request_id, reason, caller, .. } = intent;
    let said = [on_behalf_of, user_agent, reason, &caller.actor.name].into_iter().flatten();
    match said.chain([request_id, &caller.actor.id]).any(|text| person.stands_in(text)) {
        true => Err(RegistryError::ErasureRefused(
            "whoever erases is named in the record of it, and must be somebody else".to_owned(),
        )),
        false => Ok(()),
    }
}

fn told() -> RegistryError {
    RegistryError::ErasureRefused("the reason tells what is to be erased, and would stay".to_owned())
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
