//! Edits of the draft: changes that depend on what it is.

use uuid::Uuid;

use super::echo::Echo;
use super::plan::{FlowCommand, Plan};
use super::{Commands, Written};
use crate::flow::document::{Edit, EditRefusal, Patch};
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::reads::FlowAnswer;

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
        self.command(intent, flow_id, FlowCommand::Edit(edit, echo)).await
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
