//! Verifies API keys. A look-up is one query, remembered for a few seconds; what a request then costs is a hash.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::{future, sync};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::key_text::{KeyMode, KeyText};
use super::verifier::AccessError;
use crate::flow::event::{Actor, ActorKind};
use crate::registry::caller::{Caller, Scope, Scopes};
use crate::store::{KeyRecord, SealedKey, Store, StoreError};

/// A key revoked elsewhere is refused within five seconds; one is left for a look-up that takes its time.
const REMEMBERED_FOR: Duration = Duration::from_secs(4);
/// Prefixes remembered, unknown ones too. Those that are asked for often stay.
const REMEMBERED_MAX: u64 = 10_000;
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Knows the API keys of a store. Clones share what they remember.
#[derive(Debug, Clone)]
pub struct ApiKeyVerifier {
    store: Store,
    /// By prefix; an empty list says that there is no such key.
    found: future::Cache<String, Arc<[SealedKey]>>,
    /// The keys whose use was noted within the last minute.
    noted: sync::Cache<(Uuid, Uuid), ()>,
}

impl ApiKeyVerifier {
    pub fn new(store: Store) -> Self {
        let found =
            future::Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(REMEMBERED_FOR).build();
        let noted = sync::Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(USE_NOTED_EVERY).build();
        Self { store, found, noted }
    }

    /// Forgets what is remembered of a key, so that a change made here takes effect here at once.
    pub async fn forget(&self, prefix: &str) {
        self.found.invalidate(prefix).await;
    }

    /// Returns the caller of a key that is known, not revoked and not expired.
    pub async fn verify(&self, text: &SecretString) -> Result<Caller, AccessError> {
        let key = KeyText::parse(text.expose_secret()).ok_or(AccessError::Invalid)?;
        let hash = key.secret_hash();
        let known = self.look_up(key.prefix()).await?;
        let found = known
            .iter()
            .find(|known| bool::from(known.secret_hash.expose_secret().ct_eq(hash.as_bytes())))
            .map(|known| &known.record)
            .ok_or(AccessError::Invalid)?;
        let caller = caller(found, Utc::now()).ok_or(AccessError::Invalid)?;
        self.note_use(found);
        Ok(caller)
    }

    async fn look_up(&self, prefix: &str) -> Result<Arc<[SealedKey]>, StoreError> {
        let query = async || self.store.keys_by_prefix(prefix).await.map(Arc::from);
        match self.found.try_get_with_by_ref(prefix, query()).await {
            Ok(keys) => Ok(keys),
            // Requests with the same key wait for one query. When it fails, one of them gets the error to keep;
            // the others ask for themselves.
            Err(shared) => match Arc::try_unwrap(shared) {
                Ok(error) => Err(error),
                Err(_) => query().await,
            },
        }
    }

    /// Off the request's path, and never its failure.
    fn note_use(&self, key: &KeyRecord) {
        let id = (key.org_id, key.id);
        // Mostly it was: to see that costs less than to ask whether somebody else is about to note it.
        if self.noted.contains_key(&id) || !self.noted.entry(id).or_insert(()).is_fresh() {
            return;
        }
        let (store, noted) = (self.store.clone(), self.noted.clone());
        tokio::spawn(async move {
            if let Err(error) = store.note_key_used(id.0, id.1).await {
                tracing::warn!(key_id = %id.1, %error, "the time an API key was last used could not be noted");
                noted.invalidate(&id);
            }
        });
    }
}

/// Who acts by a key at a time; nobody where it is revoked or has expired.
pub(in crate::registry) fn caller(key: &KeyRecord, at: DateTime<Utc>) -> Option<Caller> {
    if key.revoked_at.is_some() || key.expires_at.is_some_and(|expires_at| expires_at <= at) {
        return None;
    }
    let actor = Actor { kind: ActorKind::ApiKey, id: key.id.to_string(), name: Some(key.name.clone()) };
    Some(Caller {
        org_id: key.org_id,
        actor,
        key_prefix: Some(key.prefix.clone()),
        scopes: effective_scopes(key),
        phone_number_ids: key.phone_number_ids.as_slice().into(),
    })
}

/// What a key may do. A scope that this release does not know is one it cannot grant.
fn effective_scopes(key: &KeyRecord) -> Scopes {
    let given: Scopes = key.scopes.iter().filter_map(|name| Scope::parse(name)).collect();
    match KeyMode::of(&key.prefix) {
        Some(mode) => given.intersection(mode.scopes()),
        None => Scopes::default(),
    }
}
