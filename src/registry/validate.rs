//! Validation of documents among the other flows of their organization: before they come in force, and on demand, of a
//! document that is no flow yet or of a flow's draft.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
use super::callees::{Coming, Instead};
use super::caller::Caller;
use super::reads::{FlowReads, Selector};
use crate::flow::document::{Canonical, Document, check_name, sort_findings};
use crate::flow::finding::Finding;
use crate::flow::keyword::{HeardKeyword, ReferenceQuery};
use crate::flow::reference::{Reference, ReferenceKind, triggers};
use crate::flow::validation::{self, Neighbours, called_flows};
use crate::store::{Listener, Listening, Store};

/// Says what is wrong or doubtful in documents.
#[derive(Debug, Clone)]
pub struct Validation {
    store: Store,
    reads: FlowReads,
}

impl Validation {
    pub(super) fn new(store: Store, reads: FlowReads) -> Self {
        Self { store, reads }
    }

    /// What is wrong or doubtful in a document. Errors of shape are findings here, no refusal.
    pub async fn document(&self, caller: &Caller, body: Value) -> Result<Vec<Finding>, RegistryError> {
        match Canonical::create(body) {
            Ok(canonical) => match check_name(canonical.name()) {
                Err(findings) => Ok(findings),
                Ok(()) => self.findings(caller, None, &canonical, &Coming::default()).await,
            },
            Err(findings) => Ok(findings),
        }
    }

    /// What is wrong or doubtful in a flow's draft.
    pub async fn flow(&self, caller: &Caller, flow_id: Uuid) -> Result<Vec<Finding>, RegistryError> {
        let answer = self.reads.get(caller, flow_id, Selector::Current).await?;
        self.own_findings(caller, flow_id, &answer.document.canonical()?).await
    }

    /// What can be said of a document that a flow has or is to have: for itself it is published already.
    pub(super) async fn own_findings(
        &self,
        caller: &Caller,
        own_id: Uuid,
        flow: &Canonical,
    ) -> Result<Vec<Finding>, RegistryError> {
        let coming = Coming::from([(own_id, flow.clone())]);
        self.findings(caller, Some(own_id), flow, &coming).await
    }

    /// Everything that can be said of a document: by itself, and among the other flows of its organization, some of
    /// which come in force together with it.
    pub(super) async fn findings(
        &self,
        caller: &Caller,
        own_id: Option<Uuid>,
        flow: &Canonical,
        coming: &Coming,
    ) -> Result<Vec<Finding>, RegistryError> {
        let mut findings = validation::findings(flow);
        let callees = self.reads.callees(caller, &called_flows(&flow.document), Instead::of(coming)).await?;
        let mut listeners = self.listeners(caller, own_id, flow).await?;
        listeners.retain(|(id, _)| !coming.contains_key(id));
        listeners.extend(coming.iter().map(|(id, canonical)| (*id, Arc::clone(&canonical.document))));
        let neighbours = Neighbours {
            resolve: &|id, version| callees.reference(coming, id, version),
            published: &listeners,
        };
        findings.extend(validation::references(flow, own_id, &neighbours));
        sort_findings(&mut findings, flow);
        Ok(findings)
    }

    /// Other flows in force that start by what the document starts by, with the documents in force.
    async fn listeners(
        &self,
        caller: &Caller,
        own_id: Option<Uuid>,
        flow: &Canonical,
    ) -> Result<Vec<(Uuid, Arc<Document>)>, RegistryError> {
        let mut listeners = Vec::new();
        for flow_id in self.rivals(caller, own_id, flow).await? {
            match self.reads.get(caller, flow_id, Selector::Published).await {
                Ok(answer) if answer.document.is_erased() => {}
                Ok(answer) => listeners.push((flow_id, answer.document.canonical()?.document)),
                // Out of force since.
                Err(RegistryError::FlowNotFound | RegistryError::NotPublished(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(listeners)
    }

    /// The flows that may be told of: of each thing the document starts by, the one that changed last. Keywords are
    /// compared with those that an index finds, never with documents.
    async fn rivals(
        &self,
        caller: &Caller,
        own_id: Option<Uuid>,
        flow: &Canonical,
    ) -> Result<Vec<Uuid>, RegistryError> {
        let own = triggers(&flow.document);
        if own.is_empty() {
            return Ok(Vec::new());
        }
        let listening = Listening {
            org_id: caller.org_id,
            own_id,
            number: flow.phone_number_id(),
            confined_to: &caller.phone_number_ids,
        };
        let listeners = self.store.listeners(listening, &ReferenceQuery::by(&own)).await?;
        let heard = |kind: i16, value: &str| HeardKeyword::of_reference(kind, value);
        let others: Vec<_> = listeners.iter().map(|it| (it, heard(it.kind, &it.value))).collect();
        let rival = |own: &Reference| {
            let keyword = heard(own.kind.number(), &own.value);
            let meets = |(listener, other): &&(&Listener, Option<HeardKeyword>)| match (&keyword, other) {
                (Some(own), Some(other)) => own.meets(other),
                _ => (listener.kind, &listener.value) == (own.kind.number(), &own.value),
            };
            others.iter().find(meets).map(|(listener, _)| listener.flow_id)
        };
        let said = own.iter().filter(|own| own.kind != ReferenceKind::KeywordWords);
        let mut rivals: Vec<Uuid> = said.filter_map(rival).collect();
        rivals.sort_unstable();
        rivals.dedup();
        Ok(rivals)
    }
}
