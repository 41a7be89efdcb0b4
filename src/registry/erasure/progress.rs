//! Erasures that are carried out behind an answer: begun, gone on with where a process ended in the middle, and followed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use super::order::{Erased, ErasureOrder, Selection};
use super::person::Person;
use super::{ErasurePlan, Erasures};
use crate::flow::digest::Digest;
use crate::flow::event::Context;
use crate::registry::RegistryError;
use crate::registry::caller::{Caller, Intent, Scope, Scopes};
use crate::registry::row::context;
use crate::store::{ErasureRow, UnfinishedErasure};

/// By then every running service has let go of what it remembers of a person, and of the names of keys.
const FORGOTTEN_WITHIN: Duration = Duration::from_millis(2500);

/// What was asked for, as it is kept until it is done.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    flow: Option<(Uuid, i64, i64)>,
    person: Vec<String>,
    reason: String,
    also_shared: bool,
}

impl Erasures {
    /// What an erasure would take away, for somebody who may erase.
    ///
    /// # Errors
    /// [`RegistryError::InsufficientScope`] for a credential that is confined to numbers: what goes is of all of them.
    pub async fn plan_for(
        &self,
        caller: &Caller,
        selection: &Selection,
    ) -> Result<ErasurePlan, RegistryError> {
        if !caller.phone_number_ids.is_empty() {
            return Err(RegistryError::InsufficientScope(Scope::AuditErase));
        }
        self.plan(caller.org_id, selection).await
    }

    /// Begins an erasure, which goes on behind the answer. The same request under the same idempotency key is the same
    /// erasure.
    ///
    /// # Errors
    /// As [`Erasures::erase`].
    pub async fn begin(&self, intent: Intent, order: ErasureOrder) -> Result<ErasureRow, RegistryError> {
        let org_id = intent.caller.org_id;
        let order = match &intent.idempotency {
            Some(key) => ErasureOrder { id: id_of(org_id, &key.key, key.request), ..order },
            None => order,
        };
        if let Some(known) = self.store.erasure(org_id, order.id).await? {
            return Ok(known);
        }
        let plan = self.plan_for(&intent.caller, &order.selection).await?;
        self.check(&intent, &order, &plan).await?;
        let (request, circumstances) = (request(&order), json!(context(&intent, None)));
        self.store.begin_erasure(org_id, order.id, (&request, &circumstances), plan.len()).await?;
        let (erasures, id) = (self.clone(), order.id);
        tokio::spawn(async move { erasures.carry_on(&intent, &order).await });
        self.progress(org_id, id).await
    }

    /// How far an erasure is.
    pub async fn progress(&self, org_id: Uuid, id: Uuid) -> Result<ErasureRow, RegistryError> {
        self.store.erasure(org_id, id).await?.ok_or(RegistryError::ErasureNotFound)
    }

    /// Goes on with erasures whose process has ended, that is, of which nothing was heard for a while. Returns when they
    /// are done.
    pub async fn resume(&self, alone_for: Duration) -> Result<(), RegistryError> {
        for unfinished in self.store.take_unfinished_erasures(alone_for).await? {
            let id = unfinished.id;
            match read(unfinished) {
                Some((intent, order)) => self.carry_on(&intent, &order).await,
                None => tracing::error!(%id, "an erasure cannot be gone on with: its request cannot be read"),
            }
        }
        Ok(())
    }

    /// Erases to the end, and once more what services had written of what they remembered. Says how much there is still:
    /// something, where the person went on acting.
    ///
    /// # Errors
    /// As [`Erasures::erase`].
    pub async fn erase_to_the_end(
        &self,
        intent: &Intent,
        order: &ErasureOrder,
    ) -> Result<(Erased, usize), RegistryError> {
        let org_id = intent.caller.org_id;
        let mut erased = self.erase(intent, order).await?;
        let mut remaining = 0;
        if let Selection::Person(_) = order.selection {
            sleep(FORGOTTEN_WITHIN).await;
            let again = self.erase(intent, order).await?;
            erased.batches += again.batches;
            erased.erased += again.erased;
            remaining = self.plan(org_id, &order.selection).await?.len();
        }
        self.store.end_erasure(org_id, order.id, "done", None, remaining).await?;
        Ok((erased, remaining))
    }

    async fn carry_on(&self, intent: &Intent, order: &ErasureOrder) {
        let (org_id, id) = (intent.caller.org_id, order.id);
        let problem = match self.erase_to_the_end(intent, order).await {
            Ok(_) => return,
            Err(RegistryError::ContentInUse(flow)) => {
                json!({"code": "content_in_use", "detail": format!("A document of it is shown by {flow}.")})
            }
            Err(error @ (RegistryError::ErasureRefused(_) | RegistryError::FlowNotFound)) => {
                tracing::warn!(%error, %org_id, %id, "an erasure was refused on its way");
                json!({"code": "erasure_refused", "detail": "What is on record now keeps it from going on."})
            }
            Err(error) => {
                tracing::warn!(%error, %org_id, %id, "an erasure broke off, and is gone on with later");
                return;
            }
        };
        let remaining = self.plan(org_id, &order.selection).await.map_or(0, |plan| plan.len());
        if let Err(error) = self.store.end_erasure(org_id, id, "refused", Some(problem), remaining).await {
            tracing::warn!(%error, %org_id, %id, "an erasure broke off, and is gone on with later");
        }
    }
}

fn id_of(org_id: Uuid, key: &str, request: Digest) -> Uuid {
    let digest = Digest::of(format!("erasure {org_id} {key} {request}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn request(order: &ErasureOrder) -> Value {
    let (flow, person) = match &order.selection {
        Selection::Versions { flow_id, from, to } => (Some((*flow_id, *from, *to)), Vec::new()),
        Selection::Person(person) => (None, person.texts().to_vec()),
        Selection::Absent => (None, Vec::new()),
    };
    json!(Request { flow, person, reason: order.reason.clone(), also_shared: order.also_shared })
}

/// An erasure as it was begun. Whoever began it was allowed to.
fn read(unfinished: UnfinishedErasure) -> Option<(Intent, ErasureOrder)> {
    let UnfinishedErasure { org_id, id, request, intent } = unfinished;
    let Request { flow, person, reason, also_shared } = serde_json::from_value(request).ok()?;
    let selection = match flow {
        Some((flow_id, from, to)) => Selection::Versions { flow_id, from, to },
        None => Selection::Person(Person::named(person).ok()?),
    };
    let context: Context = serde_json::from_value(intent).ok()?;
    let caller = Caller {
        org_id,
        actor: context.actor,
        key_prefix: context.key_prefix,
        token_id: context.token_id,
        scopes: Scopes::every(),
        phone_number_ids: [].into(),
    };
    let intent = Intent {
        caller,
        request_id: context.request_id.unwrap_or_default(),
        on_behalf_of: context.on_behalf_of,
        reason: context.reason,
        address: context.address,
        user_agent: context.user_agent,
        if_match: None,
        forced: false,
        idempotency: None,
    };
    Some((intent, ErasureOrder { id, selection, reason, also_shared }))
}
