//! The use cases of API keys: list, create, change, revoke. Every change is an event of the key's own stream.

mod event;
mod grant;
mod order;
mod projection;
mod text;
mod verifier;

use chrono::Utc;
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

pub(in crate::registry) use self::event::said_again;
use self::grant::{Terms, grant, regrant};
use self::order::KeyChange;
pub use self::order::NewKey;
pub(in crate::registry) use self::projection::KeyProjection;
pub use self::text::KeyMode;
use self::text::KeyText;
pub use self::verifier::ApiKeyVerifier;
pub(in crate::registry) use self::verifier::caller;
use crate::flow::event::canonical_bytes;
use crate::registry::caller::{Caller, Intent, Scope};
use crate::registry::log::{DECISIONS_MAX, Log, only};
use crate::registry::{CurrentVersion, RegistryError};
use crate::store::{Append, Appended, KeyRecord, LogEntry, Outcome, Store};

/// The API keys of all organizations; clones share everything.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    pub(super) store: Store,
    log: Log,
    verifier: ApiKeyVerifier,
}

/// A key that was just made.
#[derive(Debug)]
pub struct CreatedKey {
    pub key: KeyRecord,
    /// The whole key. It is not kept: whoever does not take it here makes another.
    pub secret: SecretString,
}

/// The answer to a change of a key.
#[derive(Debug)]
pub struct WrittenKey {
    pub key: KeyRecord,
    /// The answer repeats an earlier one, given under the same idempotency key.
    pub replayed: bool,
}

/// What is to happen to a key that exists.
#[derive(Debug)]
enum Order {
    Change(KeyChange),
    Revoke,
}

/// What a command meets: the key, or the answer it was given before under its idempotency key.
#[derive(Debug)]
enum Meeting {
    Key(KeyRecord),
    Answered(WrittenKey),
}

impl ApiKeys {
    pub(in crate::registry) fn new(store: Store, log: Log, verifier: ApiKeyVerifier) -> Self {
        Self { store, log, verifier }
    }

    /// The one that serves requests here: it learns at once of what is changed here.
    pub fn verifier(&self) -> &ApiKeyVerifier {
        &self.verifier
    }

    /// The keys of the caller's organization that are not revoked, oldest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<KeyRecord>, RegistryError> {
        Ok(self.store.keys(caller.org_id).await?)
    }

    /// Whether the log has anything of an organization: an organization begins with its first event.
    pub async fn knows(&self, org_id: Uuid) -> Result<bool, RegistryError> {
        Ok(self.store.has_log(org_id).await?)
    }

    /// Makes a key from `{name, scopes?, phoneNumberIds?, expiresAt?}`.
    ///
    /// Under an idempotency key that was used before nothing is made, and as the secret cannot be repeated the answer is
    /// [`RegistryError::IdempotencyKeyReused`].
    pub async fn create(
        &self,
        intent: Intent,
        mode: KeyMode,
        body: &Value,
    ) -> Result<CreatedKey, RegistryError> {
        let order = NewKey::read(mode, body, Utc::now()).map_err(RegistryError::Invalid)?;
        self.issue(intent, order).await
    }

    pub(super) async fn issue(&self, intent: Intent, order: NewKey) -> Result<CreatedKey, RegistryError> {
        let keys = self.clone();
        self.log.detached(async move { keys.make(&intent, order).await }).await
    }

    /// Replaces what `{name?, scopes?, phoneNumberIds?}` names.
    pub async fn change(
        &self,
        intent: Intent,
        key_id: Uuid,
        body: &Value,
    ) -> Result<WrittenKey, RegistryError> {
        let change = KeyChange::read(body).map_err(RegistryError::Invalid)?;
        let keys = self.clone();
        let change = Order::Change(change);
        self.log.detached(async move { keys.carry_out(&intent, key_id, &change).await }).await
    }

    /// Ends a key for good. A second time there is no such key.
    pub async fn revoke(&self, intent: Intent, key_id: Uuid) -> Result<WrittenKey, RegistryError> {
        let keys = self.clone();
        self.log.detached(async move { keys.carry_out(&intent, key_id, &Order::Revoke).await }).await
    }

    async fn make(&self, intent: &Intent, order: NewKey) -> Result<CreatedKey, RegistryError> {
        let (mode, expires_at) = (order.mode, order.expires_at);
        let terms = grant(&intent.caller, order)?;
        let text = KeyText::generate(mode);
        let id = Uuid::now_v7();
        let row = event::created(intent, id, text.prefix(), text.secret_hash(), &terms, expires_at);
        let place = match self.log.append(row).await? {
            Outcome::Appended(places) => only(&places)?,
            Outcome::Replayed(_) | Outcome::KeyReused => return Err(RegistryError::IdempotencyKeyReused),
            Outcome::Conflict { .. } | Outcome::StateDiffers { .. } | Outcome::InForceMoved => {
                let what = "the first event of a new stream met another";
                return Err(RegistryError::corrupt(format!("key {id}"), what));
            }
        };
        let key = KeyRecord {
            org_id: intent.caller.org_id,
            id,
            version: place.version,
            prefix: text.prefix().to_owned(),
            name: terms.name,
            scopes: event::scope_names(terms.scopes),
            phone_number_ids: terms.phone_number_ids,
            created_at: place.recorded_at,
            expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        Ok(CreatedKey { key, secret: text.reveal() })
    }

    /// Commands on one key take turns here; another replica may still be faster, and then it is decided again.
    async fn carry_out(
        &self,
        intent: &Intent,
        key_id: Uuid,
        order: &Order,
    ) -> Result<WrittenKey, RegistryError> {
        let _turn = self.log.turn(key_id).await?;
        let mut at = 0;
        for _ in 0..DECISIONS_MAX {
            let key = match self.meet(intent, key_id).await? {
                Meeting::Key(key) => key,
                Meeting::Answered(written) => return Ok(written),
            };
            let (row, after) = decide(intent, &key, order)?;
            let Some(row) = row else { return Ok(WrittenKey { key, replayed: false }) };
            match self.log.append(row).await? {
                Outcome::Appended(places) if places.is_empty() => {
                    return Ok(WrittenKey { key, replayed: false });
                }
                Outcome::Appended(places) => return Ok(self.written(key, after, only(&places)?).await),
                Outcome::Replayed(answer) => return self.replayed(key, only(&answer)?.1).await,
                Outcome::KeyReused => return Err(RegistryError::IdempotencyKeyReused),
                Outcome::Conflict { version, .. } => at = version,
                Outcome::StateDiffers { .. } | Outcome::InForceMoved => {
                    let what = "its row is not at the version the log is at: rebuild it";
                    return Err(RegistryError::corrupt(format!("key {key_id}"), what));
                }
            }
        }
        let event = self.event(intent.caller.org_id, key_id, at).await?;
        Err(RegistryError::VersionConflict(CurrentVersion {
            version: at,
            updated_at: event.recorded_at,
            updated_by: canonical_bytes(&event.actor()).into(),
            latest: None,
        }))
    }

    async fn meet(&self, intent: &Intent, key_id: Uuid) -> Result<Meeting, RegistryError> {
        let idempotency = intent.idempotency.as_ref();
        let asked = idempotency.map(|idempotency| idempotency.key.as_str());
        let read = self.store.read_key_for_command(intent.caller.org_id, key_id, asked).await?;
        if let Some(answered) = read.answered {
            let is_same = idempotency.is_some_and(|idempotency| idempotency.request == answered.request);
            return match read.key {
                Some(key) if is_same => {
                    self.replayed(key, only(&answered.answer)?.1).await.map(Meeting::Answered)
                }
                _ => Err(RegistryError::IdempotencyKeyReused),
            };
        }
        let key = read.key.filter(|key| key.revoked_at.is_none());
        key.map(Meeting::Key).ok_or(RegistryError::KeyNotFound)
    }

    async fn written(&self, mut key: KeyRecord, after: Option<Terms>, place: Appended) -> WrittenKey {
        self.verifier.forget(&key.prefix);
        key.version = place.version;
        match after {
            Some(terms) => apply(&mut key, terms),
            None => key.revoked_at = Some(place.recorded_at),
        }
        WrittenKey { key, replayed: false }
    }

    /// The key as it was when it was first answered with.
    async fn replayed(&self, mut key: KeyRecord, version: i64) -> Result<WrittenKey, RegistryError> {
        let event = self.event(key.org_id, key.id, version).await?;
        let payload = event.payload.ok_or(RegistryError::Erased)?;
        let terms = event::terms_of(payload).map_err(|error| {
            RegistryError::corrupt(
                format!("version {version} of key {}", key.id),
                format!("payload: {error}"),
            )
        })?;
        apply(&mut key, terms);
        key.version = version;
        Ok(WrittenKey { key, replayed: true })
    }

    async fn event(&self, org_id: Uuid, key_id: Uuid, version: i64) -> Result<LogEntry, RegistryError> {
        let event = self.store.entry(org_id, key_id, version).await?;
        event.ok_or_else(|| {
            RegistryError::corrupt(format!("version {version} of key {key_id}"), "the event is missing")
        })
    }
}

/// The row to append, if any, and the terms it leads to; none when it revokes.
fn decide(
    intent: &Intent,
    key: &KeyRecord,
    order: &Order,
) -> Result<(Option<Append>, Option<Terms>), RegistryError> {
    let before = terms(key);
    let change = match order {
        Order::Revoke => return Ok((Some(event::revoked(intent, key, &before)), None)),
        Order::Change(change) => change,
    };
    let mode = KeyMode::of(&key.prefix)
        .ok_or_else(|| RegistryError::corrupt(format!("key {}", key.id), "the prefix has no mode"))?;
    let after = regrant(&intent.caller, mode, &before, change)?;
    let row = match after == before {
        true => leave(intent, key),
        false => Some(event::changed(intent, key, &before, &after)),
    };
    Ok((row, Some(after)))
}

/// Nothing to change: only the idempotency key is recorded, so that a repeated request is answered alike.
fn leave(intent: &Intent, key: &KeyRecord) -> Option<Append> {
    let idempotency = intent.idempotency.clone()?;
    Some(Append::unchanged(key.org_id, key.id, key.version, idempotency))
}

fn terms(key: &KeyRecord) -> Terms {
    Terms {
        name: key.name.clone(),
        scopes: key.scopes.iter().filter_map(|name| Scope::parse(name)).collect(),
        phone_number_ids: key.phone_number_ids.clone(),
    }
}

fn apply(key: &mut KeyRecord, terms: Terms) {
    key.name = terms.name;
    key.scopes = event::scope_names(terms.scopes);
    key.phone_number_ids = terms.phone_number_ids;
}
