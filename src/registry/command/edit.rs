//! Edits of the draft: changes that depend on what it is, and members that come back as they were shown.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::plan::{Command, Plan};
use super::{Commands, Written};
use crate::flow::document::{Edit, EditRefusal, Patch};
use crate::flow::finding::Finding;
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::reads::FlowAnswer;

/// Members that only the service sets, as a client sends them back. They change nothing where they are what is shown.
#[derive(Debug)]
pub struct Echo {
    pub members: Map<String, Value>,
    /// Every such member of a flow as clients see it.
    pub shown: fn(&FlowAnswer) -> Result<Map<String, Value>, RegistryError>,
}

/// Members that differ only where the client has read another version of the flow.
const OF_VERSION: [&str; 2] = ["version", "updatedAt"];
/// Members that no version changes.
const FIXED: [&str; 5] = ["id", "organizationId", "createdAt", "createdBy", "duplicatedFrom"];

impl Echo {
    /// Refuses what is not as the flow has it: a client that read another version is told so, as by `If-Match`; one that
    /// tries to set such a member is pointed at it.
    pub(super) fn check(&self, found: &FlowAnswer) -> Result<(), RegistryError> {
        let shown = (self.shown)(found)?;
        let differs = |name: &str| self.members.get(name).is_some_and(|sent| shown.get(name) != Some(sent));
        if !FIXED.iter().any(|name| differs(name)) && OF_VERSION.iter().any(|name| differs(name)) {
            return Err(RegistryError::PreconditionFailed(found.current_version()));
        }
        let message = "is set by the service; leave it out, or send it as it is";
        let findings = self.members.keys().filter(|name| differs(name));
        let findings: Vec<_> =
            findings.map(|name| Finding::error("INVALID_VALUE", format!("/{name}"), message)).collect();
        if findings.is_empty() { Ok(()) } else { Err(RegistryError::Invalid(findings)) }
    }
}

impl From<EditRefusal> for RegistryError {
    fn from(refusal: EditRefusal) -> Self {
        match refusal {
            EditRefusal::Invalid(findings) => Self::Invalid(findings),
            EditRefusal::TestFailed(index) => Self::PatchTestFailed(index),
            EditRefusal::NoSuchStep(id) => Self::StepNotFound(id),
        }
    }
}

impl Commands {
    /// Edits the draft as it is when the edit is made.
    pub async fn edit(
        &self,
        intent: Intent,
        flow_id: Uuid,
        edit: Edit,
        echo: Option<Echo>,
    ) -> Result<Written, RegistryError> {
        self.command(intent, flow_id, Command::Edit(edit, echo)).await
    }

    pub(super) async fn plan_edit(
        &self,
        intent: &Intent,
        edit: &Edit,
        found: &FlowAnswer,
    ) -> Result<Plan, RegistryError> {
        if found.record.deleted {
            return Err(RegistryError::FlowNotFound);
        }
        if found.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let edited = edit.of(&found.document.canonical()?.value)?;
        let plan = match Patch::read(edited.change.clone()) {
            Ok(patch) => self.plan_update(intent, &patch, found).await,
            Err(findings) => Err(RegistryError::Invalid(findings)),
        };
        plan.map_err(|error| match error {
            RegistryError::Invalid(findings) => RegistryError::Invalid(
                findings.into_iter().map(|finding| edited.in_request(finding)).collect(),
            ),
            error => error,
        })
    }
}
