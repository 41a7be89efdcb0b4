//! Events of API keys. Each carries all that a key says of itself, so that any of them can be answered with again;
//! neither the secret nor its hash is ever part of one. The first carries a digest of that hash: a hash that was put in
//! its place is found, and as a secret has 256 bits, nothing is given away.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::grant::Terms;
use crate::flow::digest::Digest;
use crate::flow::event::{EventType, State, StreamKind, canonical_bytes};
use crate::registry::caller::{Intent, Scope, Scopes};
use crate::registry::row::context;
use crate::store::{Append, KeyRecord, NewEvent, ViewChange};

/// Stored as RFC 8785 JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyPayload {
    /// The members that are other than before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) scopes: Vec<String>,
    pub(super) phone_number_ids: Vec<String>,
    pub(super) expires_at: Option<String>,
    /// Digest of the hash of the secret, where the key is made, or said again after an erasure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret_digest: Option<Digest>,
}

/// The event that makes a key. The hash of its secret goes to the table only.
pub(super) fn created(
    intent: &Intent,
    key_id: Uuid,
    prefix: &str,
    hash: Digest,
    terms: &Terms,
    expires_at: Option<DateTime<Utc>>,
) -> Append {
    let secret_digest = Some(Digest::of(hash.as_bytes()));
    let payload = KeyPayload { secret_digest, ..payload(Vec::new(), prefix, terms, expires_at) };
    let mut projection = projection(terms);
    projection["prefix"] = json!(prefix);
    projection["secret_hash"] = json!(format!("\\x{}", hex::encode(hash.as_bytes())));
    projection["expires_at"] = json!(payload.expires_at);
    append(intent, EventType::ApiKeyCreated, key_id, 0, &payload, projection)
}

pub(super) fn changed(intent: &Intent, key: &KeyRecord, before: &Terms, after: &Terms) -> Append {
    let changed = [
        ("name", before.name != after.name),
        ("scopes", before.scopes != after.scopes),
        ("phoneNumberIds", before.phone_number_ids != after.phone_number_ids),
    ];
    let changed = changed.iter().filter(|(_, is_other)| *is_other).map(|(name, _)| (*name).to_owned());
    let payload = payload(changed.collect(), &key.prefix, after, key.expires_at);
    append(intent, EventType::ApiKeyChanged, key.id, key.version, &payload, projection(after))
}

/// Says what a key is once more, under another name: earlier events lost what they said to an erasure.
pub(in crate::registry) fn said_again(
    intent: &Intent,
    key: &KeyRecord,
    name: &str,
    secret_digest: Option<Digest>,
) -> Append {
    let is_other = key.name != name;
    let payload = KeyPayload {
        changed: is_other.then(|| "name".to_owned()).into_iter().collect(),
        name: name.to_owned(),
        prefix: key.prefix.clone(),
        scopes: key.scopes.clone(),
        phone_number_ids: key.phone_number_ids.clone(),
        expires_at: key.expires_at.map(|instant| instant.to_rfc3339_opts(SecondsFormat::Millis, true)),
        secret_digest,
    };
    let projection = json!({"name": name, "scopes": key.scopes, "phone_number_ids": key.phone_number_ids});
    append(intent, EventType::ApiKeyChanged, key.id, key.version, &payload, projection)
}

pub(super) fn revoked(intent: &Intent, key: &KeyRecord, terms: &Terms) -> Append {
    let payload = payload(Vec::new(), &key.prefix, terms, key.expires_at);
    append(intent, EventType::ApiKeyRevoked, key.id, key.version, &payload, projection(terms))
}

/// The terms a key had after the event with this payload.
pub(super) fn terms_of(payload: Map<String, Value>) -> Result<Terms, serde_json::Error> {
    let payload: KeyPayload = serde_json::from_value(Value::Object(payload))?;
    let scopes: Scopes = payload.scopes.iter().filter_map(|name| Scope::parse(name)).collect();
    Ok(Terms { name: payload.name, scopes, phone_number_ids: payload.phone_number_ids })
}

fn payload(
    changed: Vec<String>,
    prefix: &str,
    terms: &Terms,
    expires_at: Option<DateTime<Utc>>,
) -> KeyPayload {
    KeyPayload {
        changed,
        name: terms.name.clone(),
        prefix: prefix.to_owned(),
        scopes: scope_names(terms.scopes),
        phone_number_ids: terms.phone_number_ids.clone(),
        expires_at: expires_at.map(|instant| instant.to_rfc3339_opts(SecondsFormat::Millis, true)),
        secret_digest: None,
    }
}

/// Columns of `api_key` that every event sets.
fn projection(terms: &Terms) -> Value {
    json!({
        "name": terms.name,
        "scopes": scope_names(terms.scopes),
        "phone_number_ids": terms.phone_number_ids,
    })
}

pub(super) fn scope_names(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

fn append(
    intent: &Intent,
    event_type: EventType,
    key_id: Uuid,
    expected: i64,
    payload: &KeyPayload,
    projection: Value,
) -> Append {
    let event = NewEvent {
        stream_kind: StreamKind::ApiKey,
        stream_id: key_id,
        expected,
        event_id: Uuid::now_v7(),
        event_type,
        payload: canonical_bytes(payload).into(),
        context: canonical_bytes(&context(intent, None)).into(),
        actor: intent.caller.actor.opaque_id(),
        state: State::without_document(event_type == EventType::ApiKeyRevoked),
        document_bytes: None,
        view: ViewChange::ApiKey(projection),
    };
    Append::event(intent.caller.org_id, event, intent.idempotency.clone())
}
