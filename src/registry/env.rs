//! Values of an organization that its flows read as `env.<NAME>`: read as they are or were, and replaced together.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
use super::caller::{Caller, Idempotency, Intent, Scope};
use super::log::{DECISIONS_MAX, Log, only};
use super::row::context;
use crate::flow::canonical_json;
use crate::flow::digest::Digest;
use crate::flow::env::Env;
use crate::flow::event::{EventType, State, StreamKind, canonical_bytes};
use crate::store::{Append, NewEvent, Outcome, Store, ViewChange};

/// Values, and the position of the log at which they were changed last; 0 before there were any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvAnswer {
    pub position: i64,
    pub values: Env,
    /// The answer repeats an earlier one, given under the same idempotency key.
    pub replayed: bool,
}

/// Stored as RFC 8785 JSON.
#[derive(Serialize)]
struct EnvPayload<'a> {
    /// The names whose values are other than before.
    changed: Vec<&'a str>,
    /// Their values; null for one that is gone.
    values: BTreeMap<&'a str, Option<&'a str>>,
}

/// Reads and replaces them.
#[derive(Debug, Clone)]
pub struct OrganizationEnv {
    store: Store,
    log: Log,
}

impl OrganizationEnv {
    pub(super) fn new(store: Store, log: Log) -> Self {
        Self { store, log }
    }

    /// The values as they are.
    pub async fn get(&self, caller: &Caller) -> Result<EnvAnswer, RegistryError> {
        at(&self.store, caller, None).await
    }

    /// Replaces all of them. What is so already is no event.
    ///
    /// # Errors
    /// [`RegistryError::InsufficientScope`] for a credential that is confined to numbers: flows of all numbers read them.
    pub async fn put(&self, intent: Intent, values: Env) -> Result<EnvAnswer, RegistryError> {
        if !intent.caller.phone_number_ids.is_empty() {
            return Err(RegistryError::InsufficientScope(Scope::FlowsPublish));
        }
        let env = self.clone();
        self.log.detached(async move { env.carry_out(&intent, &values).await }).await
    }

    async fn carry_out(&self, intent: &Intent, values: &Env) -> Result<EnvAnswer, RegistryError> {
        let org_id = intent.caller.org_id;
        let _turn = self.log.turn(org_id).await?;
        for _ in 0..DECISIONS_MAX {
            if let Some(answer) = self.answered(intent).await? {
                return Ok(answer);
            }
            // First the version: what comes behind it fails the append.
            let version = self.store.stream_version(org_id, org_id).await?;
            let now = at(&self.store, &intent.caller, None).await?;
            if intent.if_match.as_ref().is_some_and(|wanted| !wanted.accepts(now.position)) {
                return Err(RegistryError::EnvPreconditionFailed(now.position));
            }
            let is_same = now.values == *values;
            let row = match (&intent.idempotency, is_same) {
                (None, true) => return Ok(now),
                (Some(_), true) if version == 0 => return Ok(now),
                (Some(idempotency), true) => Append::unchanged(org_id, org_id, version, idempotency.clone()),
                (idempotency, false) => {
                    Append::event(org_id, event(intent, &now.values, values, version), idempotency.clone())
                }
            };
            match self.log.append(row).await? {
                Outcome::Appended(places) if places.is_empty() => return Ok(now),
                Outcome::Appended(places) => {
                    let position = only(&places)?.position;
                    return Ok(EnvAnswer { position, values: values.clone(), replayed: false });
                }
                Outcome::KeyReused => return Err(RegistryError::IdempotencyKeyReused),
                // Read again above.
                Outcome::Replayed(_) | Outcome::Conflict { .. } => {}
                other @ (Outcome::StateDiffers { .. } | Outcome::InForceMoved) => {
                    let what = format!("a change of env came to {other:?}");
                    return Err(RegistryError::corrupt("an append", what));
                }
            }
        }
        Err(RegistryError::Overloaded)
    }

    /// What the idempotency key was answered with before.
    async fn answered(&self, intent: &Intent) -> Result<Option<EnvAnswer>, RegistryError> {
        let (org_id, Some(Idempotency { key, request })) = (intent.caller.org_id, &intent.idempotency) else {
            return Ok(None);
        };
        let Some(answered) = self.store.answered(org_id, key).await? else { return Ok(None) };
        let (stream_id, version) = only(&answered.answer)?;
        if answered.request != *request || stream_id != org_id {
            return Err(RegistryError::IdempotencyKeyReused);
        }
        let position = self.store.position_of(org_id, version).await?;
        let answer = at(&self.store, &intent.caller, position).await?;
        Ok(Some(EnvAnswer { replayed: true, ..answer }))
    }
}

/// The values as they are, or were at a position of the log.
pub(super) async fn at(
    store: &Store,
    caller: &Caller,
    position: Option<i64>,
) -> Result<EnvAnswer, RegistryError> {
    let Some(stored) = store.env(caller.org_id, position).await? else { return Ok(EnvAnswer::default()) };
    let bytes = stored.bytes.ok_or(RegistryError::Erased)?;
    let values =
        serde_json::from_slice(&bytes).map_err(|error| RegistryError::corrupt("env", error.to_string()))?;
    Ok(EnvAnswer { position: stored.position, values, replayed: false })
}

fn event(intent: &Intent, before: &Env, after: &Env, expected: i64) -> NewEvent {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&str> =
        names.into_iter().filter(|name| before.get(*name) != after.get(*name)).map(String::as_str).collect();
    let values = changed.iter().map(|name| (*name, after.get(*name).map(String::as_str))).collect();
    let org_id = intent.caller.org_id;
    let members = after.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let bytes = canonical_json::to_vec(&Value::Object(members));
    NewEvent {
        stream_kind: StreamKind::Organization,
        stream_id: org_id,
        expected,
        event_id: Uuid::now_v7(),
        event_type: EventType::EnvChanged,
        payload: canonical_bytes(&EnvPayload { changed, values }).into(),
        context: canonical_bytes(&context(intent, None)).into(),
        actor: intent.caller.actor.opaque_id(),
        state: State { document: Some(Digest::of(&bytes)), ..State::without_document(false) },
        document_bytes: Some(bytes.into()),
        view: ViewChange::None,
    }
}
