//! Publishing: one flow, or a set of them that refer to each other and come in force together or not at all.

use std::sync::Arc;

use uuid::Uuid;

use super::plan::{FlowCommand, Plan, Prepared, PublishOrder};
use super::{Commands, Written, current};
use crate::flow::decide::{Candidate, DecidedChange, Decision, Order, Refusal, decide};
use crate::flow::document::Canonical;
use crate::flow::finding::Finding;
use crate::registry::RegistryError;
use crate::registry::callees::Coming;
use crate::registry::caller::Intent;
use crate::registry::log::DECISIONS_MAX;
use crate::registry::reads::{FlowAnswer, LoadedDocument, Selector};
use crate::registry::row::event;
use crate::registry::turns::InForceKept;
use crate::store::{Append, Appended, KeyAnswer, Outcome};

/// Flows of a set, at most.
pub const SET_MAX: usize = 50;

/// Flows that are put in force together.
#[derive(Debug, Clone, Default)]
pub struct SetOrder {
    /// Each flow once, at most [`SET_MAX`].
    pub flows: Vec<SetEntry>,
    /// A name for people, kept with each event.
    pub label: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct SetEntry {
    pub flow_id: Uuid,
    /// A version to pin; `None` publishes the draft.
    pub version: Option<i64>,
}

/// The flows of a set after it was published, in the order they were asked in.
#[derive(Debug, Clone)]
pub struct PublishedSet {
    pub flows: Vec<Arc<FlowAnswer>>,
    /// The answer repeats an earlier one, given under the same idempotency key.
    pub replayed: bool,
    /// Where in the organization's log the last of the changes stands; `None` where nothing was appended.
    pub appended_at: Option<i64>,
}

/// A flow, and the document of it that is to come in force.
struct Chosen {
    found: Arc<FlowAnswer>,
    version: Option<i64>,
    document: Arc<LoadedDocument>,
    canonical: Canonical,
}

/// A flow of a set and what its order comes to: `None` where it is in force already.
type Planned = (Chosen, Plan, Option<DecidedChange>);

impl Commands {
    /// Puts the draft, or an earlier version, in force.
    pub async fn publish(
        &self,
        intent: Intent,
        flow_id: Uuid,
        order: PublishOrder,
    ) -> Result<Written, RegistryError> {
        self.command(intent, flow_id, FlowCommand::Publish(order)).await
    }

    pub(super) async fn plan_publish(
        &self,
        intent: &Intent,
        order: &PublishOrder,
        found: &Arc<FlowAnswer>,
    ) -> Result<Plan, RegistryError> {
        let chosen = self.choose(intent, Arc::clone(found), order.version).await?;
        let in_force_at = self.in_force_at(intent, &chosen.canonical).await?;
        let own_id = chosen.found.record.flow_id;
        let findings = self.validation.own_findings(&intent.caller, own_id, &chosen.canonical).await?;
        Ok(Plan { in_force_at, ..chosen.plan(findings, order.label.clone()) })
    }

    async fn choose(
        &self,
        intent: &Intent,
        found: Arc<FlowAnswer>,
        version: Option<i64>,
    ) -> Result<Chosen, RegistryError> {
        let document = match version {
            None => Arc::clone(&found.document),
            Some(version) => {
                let earlier = self.reads.version(&intent.caller, found.record.flow_id, version).await?;
                Arc::clone(&earlier.document)
            }
        };
        if document.is_erased() {
            return Err(RegistryError::Erased);
        }
        Ok(Chosen { canonical: document.canonical()?, found, version, document })
    }

    /// Puts flows in force together, or none of them. For each other they are in force already.
    pub async fn publish_set(&self, intent: Intent, order: SetOrder) -> Result<PublishedSet, RegistryError> {
        let commands = self.clone();
        self.log.detached(async move { commands.carry_out_set(&intent, &order).await }).await
    }

    async fn carry_out_set(&self, intent: &Intent, order: &SetOrder) -> Result<PublishedSet, RegistryError> {
        let _turns = self.log.turns(order.flows.iter().map(|entry| entry.flow_id)).await?;
        let mut kept = None;
        for _ in 0..DECISIONS_MAX {
            if let Some(published) = self.answered_set(intent).await? {
                return Ok(published);
            }
            let in_force_at = self.store.in_force_position(intent.caller.org_id).await?;
            let chosen = self.choose_set(intent, order).await?;
            let planned = self.plan_set(intent, chosen, order).await?;
            if let Some(published) = self.record_set(intent, kept.as_ref(), planned, in_force_at).await? {
                return Ok(published);
            }
            if kept.is_none() {
                kept = Some(self.log.keep_in_force(intent.caller.org_id).await?);
            }
        }
        Err(RegistryError::Overloaded)
    }

    /// What the idempotency key was answered with before.
    async fn answered_set(&self, intent: &Intent) -> Result<Option<PublishedSet>, RegistryError> {
        let Some(idempotency) = &intent.idempotency else { return Ok(None) };
        match self.store.answered(intent.caller.org_id, &idempotency.key).await? {
            None => Ok(None),
            Some(answered) if answered.request != idempotency.request => {
                Err(RegistryError::IdempotencyKeyReused)
            }
            Some(answered) => self.replayed_set(intent, &answered.answer).await.map(Some),
        }
    }

    async fn replayed_set(
        &self,
        intent: &Intent,
        answer: &[(Uuid, i64)],
    ) -> Result<PublishedSet, RegistryError> {
        let mut flows = Vec::with_capacity(answer.len());
        for (flow_id, version) in answer {
            flows.push(self.reads.version(&intent.caller, *flow_id, *version).await?);
        }
        Ok(PublishedSet { flows, replayed: true, appended_at: None })
    }

    async fn choose_set(&self, intent: &Intent, order: &SetOrder) -> Result<Vec<Chosen>, RegistryError> {
        let mut set = Vec::with_capacity(order.flows.len());
        for (index, entry) in order.flows.iter().enumerate() {
            let choose = async {
                let found = self.reads.get(&intent.caller, entry.flow_id, Selector::Current).await?;
                self.choose(intent, found, entry.version).await
            };
            set.push(choose.await.map_err(|error| RegistryError::OfSet(index, Box::new(error)))?);
        }
        Ok(set)
    }

    /// What each flow of the set comes to. What is wrong with any of them is told at once.
    async fn plan_set(
        &self,
        intent: &Intent,
        set: Vec<Chosen>,
        order: &SetOrder,
    ) -> Result<Vec<Planned>, RegistryError> {
        let coming: Coming =
            set.iter().map(|chosen| (chosen.found.record.flow_id, chosen.canonical.clone())).collect();
        let mut planned = Vec::with_capacity(set.len());
        let (mut all_findings, mut is_refused) = (Vec::new(), false);
        for (index, chosen) in set.into_iter().enumerate() {
            let (caller, own_id) = (&intent.caller, chosen.found.record.flow_id);
            let findings = self.validation.findings(caller, Some(own_id), &chosen.canonical, &coming).await?;
            all_findings.extend(findings.iter().cloned().map(|finding| of_set(index, finding)));
            let plan = chosen.plan(findings, order.label.clone());
            let change = match decide(Some(&current(&chosen.found.record)), plan.order.clone()) {
                Ok(Decision::Event(change)) => Some(change),
                Ok(Decision::Nothing) => None,
                Err(Refusal::NotPublishable) => {
                    is_refused = true;
                    None
                }
                Err(Refusal::NotFound) => {
                    return Err(RegistryError::OfSet(index, Box::new(RegistryError::FlowNotFound)));
                }
            };
            planned.push((chosen, plan, change));
        }
        if is_refused { Err(RegistryError::NotPublishable(all_findings)) } else { Ok(planned) }
    }

    /// Appends what the set comes to, as one; `None` when somebody was faster.
    async fn record_set(
        &self,
        intent: &Intent,
        kept: Option<&InForceKept>,
        planned: Vec<Planned>,
        in_force_at: i64,
    ) -> Result<Option<PublishedSet>, RegistryError> {
        let version = |(chosen, _, change): &Planned| {
            let record = &chosen.found.record;
            (record.flow_id, change.as_ref().map_or(record.version, |change| change.version))
        };
        let org_id = intent.caller.org_id;
        let changed: Vec<&Planned> = planned.iter().filter(|(_, _, change)| change.is_some()).collect();
        let row = Append {
            org_id,
            events: changed
                .iter()
                .filter_map(|(chosen, plan, change)| {
                    let flow_id = chosen.found.record.flow_id;
                    Some(event(intent, Some(&chosen.found), flow_id, plan, change.as_ref()?))
                })
                .collect(),
            key: intent
                .idempotency
                .clone()
                .map(|idempotency| KeyAnswer { idempotency, answer: planned.iter().map(version).collect() }),
            in_force_at: Some(in_force_at),
        };
        if row.events.is_empty() && row.key.is_none() {
            return Ok(Some(as_they_are(planned)));
        }
        let flow_of = |event: usize| changed[event].0.found.record.flow_id;
        match self.log.append_keeping(kept, row).await? {
            Outcome::Appended(places) => self.published_set(intent, planned, &places).map(Some),
            Outcome::Replayed(answer) => self.replayed_set(intent, &answer).await.map(Some),
            Outcome::KeyReused => Err(RegistryError::IdempotencyKeyReused),
            Outcome::InForceMoved => Ok(None),
            Outcome::Conflict { event, version } => {
                self.check_view(org_id, flow_of(event), version).await?;
                Ok(None)
            }
            Outcome::StateDiffers { event } => {
                self.reads.invalidate(org_id, flow_of(event));
                Ok(None)
            }
        }
    }

    fn published_set(
        &self,
        intent: &Intent,
        planned: Vec<Planned>,
        places: &[Appended],
    ) -> Result<PublishedSet, RegistryError> {
        let appended_at = places.last().map(|place| place.position);
        let mut places = places.iter();
        let mut flows = Vec::with_capacity(planned.len());
        for (chosen, plan, change) in planned {
            let Some(change) = change else {
                flows.push(chosen.found);
                continue;
            };
            let place =
                places.next().ok_or_else(|| RegistryError::corrupt("an append", "it lacks a result"))?;
            let flow_id = chosen.found.record.flow_id;
            flows.push(self.appended(intent, Some(&chosen.found), flow_id, &plan, &change, *place));
        }
        Ok(PublishedSet { flows, replayed: false, appended_at })
    }
}

fn as_they_are(planned: Vec<Planned>) -> PublishedSet {
    let flows = planned.into_iter().map(|(chosen, _, _)| chosen.found).collect();
    PublishedSet { flows, replayed: false, appended_at: None }
}

/// A finding of a flow's document, at its place in the set.
fn of_set(index: usize, finding: Finding) -> Finding {
    Finding { pointer: format!("/flows/{index}{}", finding.pointer), ..finding }
}

impl Chosen {
    fn plan(&self, findings: Vec<Finding>, label: Option<String>) -> Plan {
        let candidate = Candidate {
            version: self.version,
            document: self.document.digest(),
            has_errors: findings.iter().any(Finding::is_error),
        };
        let in_force = Prepared::in_force(&self.canonical, Arc::clone(&self.document));
        Plan { in_force: Some(in_force), findings, label, ..Plan::plain(Order::Publish(candidate)) }
    }
}
