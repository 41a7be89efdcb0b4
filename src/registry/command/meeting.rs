//! What a command finds: the flow as it is now, or the answer its idempotency key was given before.

use std::sync::Arc;

use uuid::Uuid;

use super::{Commands, Written};
use crate::registry::RegistryError;
use crate::registry::caller::{Idempotency, Intent};
use crate::registry::log::only;
use crate::registry::reads::{FlowAnswer, ForCommand, Shown};
use crate::store::Answered;

pub(super) enum Meeting {
    Flow(Arc<FlowAnswer>),
    Answered(Written),
}

impl Commands {
    /// Reads the flow, unless the idempotency key was answered already.
    pub(super) async fn meet(&self, intent: &Intent, flow_id: Uuid) -> Result<Meeting, RegistryError> {
        let found = match &intent.idempotency {
            None => self.reads.current(&intent.caller, flow_id, Shown::Draft).await?,
            Some(Idempotency { key, .. }) => {
                match self.reads.for_command(intent.caller.org_id, flow_id, key).await? {
                    ForCommand::Answered(answered) => {
                        return self.repeat(intent, answered).await.map(Meeting::Answered);
                    }
                    ForCommand::Flow(found) => found,
                }
            }
        };
        if !intent.caller.sees(found.record.phone_number_id.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        let unwanted = intent.if_match.as_ref().is_some_and(|wanted| !wanted.accepts(found.record.version));
        if unwanted && !found.record.deleted {
            return Err(RegistryError::PreconditionFailed(found.current_version()));
        }
        Ok(Meeting::Flow(found))
    }

    /// The first answer again; another request under the same key is refused.
    async fn repeat(&self, intent: &Intent, answered: Answered) -> Result<Written, RegistryError> {
        if intent.idempotency.as_ref().is_none_or(|idempotency| idempotency.request != answered.request) {
            return Err(RegistryError::IdempotencyKeyReused);
        }
        self.replayed(intent, only(&answered.answer)?).await
    }

    pub(super) async fn replayed(
        &self,
        intent: &Intent,
        (flow_id, version): (Uuid, i64),
    ) -> Result<Written, RegistryError> {
        let flow = self.reads.version(&intent.caller, flow_id, version).await?;
        Ok(Written { flow, replayed: true, appended_at: None })
    }
}
