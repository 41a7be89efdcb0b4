//! Validation of documents among the other flows of their organization: before they come in force, and on demand, of a
//! document that is no flow yet or of a flow's draft.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Caller;
use super::reads::{FlowReads, Selector};
use crate::flow::document::{Canonical, Document, TriggerType, sort_findings};
use crate::flow::finding::Finding;
use crate::flow::validation::{self, Neighbours, called_flows};
use crate::store::ListFilter;

/// Says what is wrong or doubtful in documents.
#[derive(Debug, Clone)]
pub struct Validation {
    reads: FlowReads,
}

impl Validation {
    pub(super) fn new(reads: FlowReads) -> Self {
        Self { reads }
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
        let listeners = self.keyword_listeners(caller, flow).await?;
        let neighbours =
            Neighbours { resolve: &|id, version| callees.reference(id, version), published: &listeners };
        findings.extend(validation::references(flow, own_id, &neighbours));
        sort_findings(&mut findings, flow);
        Ok(findings)
    }

    /// Flows in force that listen to keywords, where the document does so too.
    async fn keyword_listeners(
        &self,
        caller: &Caller,
        flow: &Canonical,
    ) -> Result<Vec<(Uuid, Arc<Document>)>, RegistryError> {
        let mut listeners = Vec::new();
        if !listens(&flow.document) {
            return Ok(listeners);
        }
        let mut list =
            self.reads.list(caller, ListFilter { in_force: true, ..ListFilter::default() }).await?;
        while let Some(chunk) = list.next_chunk().await? {
            for answer in chunk {
                let document = answer.document.canonical()?.document;
                if listens(&document) {
                    listeners.push((answer.record.flow_id, document));
                }
            }
        }
        Ok(listeners)
    }
}

fn listens(document: &Document) -> bool {
    matches!(document.trigger.kind, TriggerType::Keyword { .. })
}
