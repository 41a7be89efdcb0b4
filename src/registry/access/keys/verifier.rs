//! Verifies API keys. A look-up is one query, remembered for a few seconds; what a request then costs is a hash.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::Counter;
use quick_cache::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use uuid::Uuid;

use super::text::{KeyMode, KeyText};
use crate::flow::event::{Actor, ActorKind};
use crate::registry::access::error::AccessError;
use crate::registry::caller::{Caller, Scope, Scopes};
use crate::store::{KeyRecord, SealedKey, Store, StoreError};

/// A key revoked elsewhere is refused within five seconds; one is left for a look-up that takes its time.
const REMEMBERED_FOR: Duration = Duration::from_secs(4);
/// Prefixes remembered, unknown ones too. Those that are asked for often stay.
const REMEMBERED_MAX: usize = 10_000;
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Knows the API keys of a store. Clones share what they remember.
#[derive(Debug, Clone)]
pub struct ApiKeyVerifier {
    store: Store,
    /// By prefix.
    found: Arc<Cache<String, Found>>,
    /// When the use of a key, by organization and id, was noted last.
    noted: Arc<Cache<(Uuid, Uuid), Instant>>,
    lookups: LookupCounters,
}

/// How keys were looked up.
#[derive(Debug, Clone)]
struct LookupCounters {
    remembered: Counter,
    asked: Counter,
}

impl LookupCounters {
    fn new() -> Self {
        let counter = |result| metrics::counter!("key_cache_lookups_total", "result" => result);
        Self { remembered: counter("hit"), asked: counter("miss") }
    }
}

/// What a look-up of a prefix found.
#[derive(Debug, Clone)]
struct Found {
    /// Empty: there is no such key. `None`: the look-up failed.
    keys: Option<Arc<[SealedKey]>>,
    asked_at: Instant,
}

impl Found {
    fn is_fresh(&self) -> bool {
        self.keys.is_some() && self.asked_at.elapsed() < REMEMBERED_FOR
    }
}

impl ApiKeyVerifier {
    pub fn new(store: Store) -> Self {
        let (found, noted) = (Cache::new(REMEMBERED_MAX), Cache::new(REMEMBERED_MAX));
        Self { store, found: Arc::new(found), noted: Arc::new(noted), lookups: LookupCounters::new() }
    }

    /// Forgets what is remembered of a key, so that a change made here takes effect here at once.
    pub fn forget(&self, prefix: &str) {
        self.found.remove(prefix);
    }

    /// Forgets what is remembered of an organization's keys: their names may be others.
    pub(in crate::registry) fn forget_organization(&self, org_id: Uuid) {
        let is_other = |key: &SealedKey| key.record.org_id != org_id;
        self.found.retain(|_, found| found.keys.as_deref().is_none_or(|keys| keys.iter().all(is_other)));
    }

    /// The prefix of a key, where the organization had one with it when it was looked up last.
    pub fn prefix_in(&self, text: &SecretString, org_id: Uuid) -> Option<String> {
        let key = KeyText::parse(text.expose_secret())?;
        let keys = self.found.get(key.prefix())?.keys?;
        keys.iter().any(|key| key.record.org_id == org_id).then(|| key.prefix().to_owned())
    }

    /// Whether there was a key with this prefix when it was looked up last.
    pub fn remembers(&self, text: &SecretString) -> bool {
        let found = KeyText::parse(text.expose_secret()).and_then(|key| self.found.get(key.prefix()));
        found.and_then(|found| found.keys).is_some_and(|keys| !keys.is_empty())
    }

    /// Returns the caller of a key that is known, not revoked and not expired. `likely` is the organization that the request
    /// is about, whose key it is unless somebody is at the wrong door.
    pub async fn verify(&self, text: &SecretString, likely: Option<Uuid>) -> Result<Caller, AccessError> {
        let key = KeyText::parse(text.expose_secret()).ok_or(AccessError::Invalid)?;
        let hash = key.secret_hash();
        let known = self.look_up(key.prefix(), likely).await?;
        let found = known
            .iter()
            .find(|known| bool::from(known.secret_hash.expose_secret().ct_eq(hash.as_bytes())))
            .map(|known| &known.record)
            .ok_or(AccessError::Invalid)?;
        let caller = caller(found, Utc::now()).ok_or(AccessError::Invalid)?;
        self.note_use(found);
        Ok(caller)
    }

    async fn look_up(&self, prefix: &str, likely: Option<Uuid>) -> Result<Arc<[SealedKey]>, StoreError> {
        let query = async || {
            self.lookups.asked.increment(1);
            self.store.keys_by_prefix(prefix, likely).await.map(Arc::from)
        };
        if let Some(keys) = self.found.get(prefix).filter(Found::is_fresh).and_then(|found| found.keys) {
            self.lookups.remembered.increment(1);
            return Ok(keys);
        }
        self.found.remove_if(prefix, |found| !found.is_fresh());
        // Requests with the same key wait for one query. When it fails they all ask for themselves at once: by turns,
        // each would wait for the timeouts of those before it.
        match self.found.get_value_or_guard_async(prefix).await {
            Ok(Found { keys: Some(keys), .. }) => {
                self.lookups.remembered.increment(1);
                Ok(keys)
            }
            Ok(Found { keys: None, .. }) => query().await,
            Err(guard) => {
                let asked_at = Instant::now();
                let found = query().await;
                // Nothing is kept where the prefix was forgotten meanwhile.
                let _ = guard.insert(Found { keys: found.as_ref().ok().map(Arc::clone), asked_at });
                found
            }
        }
    }

    /// Off the request's path, and never its failure.
    fn note_use(&self, key: &KeyRecord) {
        let id = (key.org_id, key.id);
        if self.noted.get(&id).is_some_and(|noted_at| noted_at.elapsed() < USE_NOTED_EVERY) {
            return;
        }
        self.noted.insert(id, Instant::now());
        let (store, noted) = (self.store.clone(), Arc::clone(&self.noted));
        tokio::spawn(async move {
            if let Err(error) = store.note_key_used(id.0, id.1).await {
                tracing::warn!(key_id = %id.1, %error, "the time an API key was last used could not be noted");
                noted.remove(&id);
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
        token_id: None,
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
