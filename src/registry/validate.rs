//! Validation of documents among the other flows of their organization: before they come in force, and on demand, of a
//! document that is no flow yet or of a flow's draft.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Caller;
use super::reads::{FlowReads, Selector};
use crate::flow::document::{Canonical, Document, sort_findings};
use crate::flow::finding::Finding;
use crate::flow::reference::{ReferenceKind, references};
use crate::flow::validation::{self, Neighbours, called_flows};
use crate::store::Store;

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
            Ok(canonical) => self.findings(caller, None, &canonical).await,
            Err(findings) => Ok(findings),
        }
    }

    /// What is wrong or doubtful in a flow's draft.
    pub async fn flow(&self, caller: &Caller, flow_id: Uuid) -> Result<Vec<Finding>, RegistryError> {
        let answer = self.reads.get(caller, flow_id, Selector::Current).await?;
        self.findings(caller, Some(flow_id), &answer.document.canonical()?).await
    }

    /// Everything that can be said of a document: by itself, and among the other flows of its organization.
    pub(super) async fn findings(
        &self,
        caller: &Caller,
        own_id: Option<Uuid>,
        flow: &Canonical,
    ) -> Result<Vec<Finding>, RegistryError> {
        let mut findings = validation::findings(flow);
        let callees = self.reads.callees(caller, &called_flows(&flow.document)).await?;
        let listeners = self.keyword_listeners(caller, own_id, flow).await?;
        let neighbours =
            Neighbours { resolve: &|id, version| callees.reference(id, version), published: &listeners };
        findings.extend(validation::references(flow, own_id, &neighbours));
        sort_findings(&mut findings, flow);
        Ok(findings)
    }

    /// Other flows in force that listen to one of the document's keywords, with the documents in force.
    async fn keyword_listeners(
        &self,
        caller: &Caller,
        own_id: Option<Uuid>,
        flow: &Canonical,
    ) -> Result<Vec<(Uuid, Arc<Document>)>, RegistryError> {
        let keywords = references(&flow.document).into_iter();
        let keywords = keywords.filter(|reference| reference.kind == ReferenceKind::Keyword);
        let keywords: Vec<String> = keywords.map(|reference| reference.value).collect();
        if keywords.is_empty() {
            return Ok(Vec::new());
        }
        let (number, confined_to) = (flow.phone_number_id(), &caller.phone_number_ids[..]);
        let found =
            self.store.keyword_listeners(caller.org_id, &keywords, own_id, number, confined_to).await?;
        let mut listeners = Vec::with_capacity(found.len());
        for flow_id in found {
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
}
