//! Validation on demand: of a document that is no flow yet, and of a flow's draft.

use serde_json::Value;
use uuid::Uuid;

use super::caller::Caller;
use super::read::Selector;
use super::{Registry, RegistryError};
use crate::flow::document::Canonical;
use crate::flow::finding::Finding;

impl Registry {
    /// What is wrong or doubtful in a document. Errors of shape are findings here, no refusal.
    pub async fn validate_document(
        &self,
        caller: &Caller,
        body: Value,
    ) -> Result<Vec<Finding>, RegistryError> {
        match Canonical::create(body) {
            Ok(canonical) => self.all_findings(caller, None, &canonical).await,
            Err(findings) => Ok(findings),
        }
    }

    /// What is wrong or doubtful in a flow's draft.
    pub async fn validate_flow(&self, caller: &Caller, flow_id: Uuid) -> Result<Vec<Finding>, RegistryError> {
        let answer = self.get(caller, flow_id, Selector::Current).await?;
        self.all_findings(caller, Some(flow_id), &answer.document.canonical()?).await
    }
}
