//! The life of the signing keys, in the logs that they sign: a key is named by an event just before its first checkpoint
//! there, and one that no longer signs just before the first without it. Keys that say nothing of their validity, from a
//! release that knew none, are not named.

use serde::{Deserialize, Serialize};

use super::{Checkpoint, Checkpoints, PublicKey};
use crate::flow::event::{EventType, canonical_bytes};
use crate::registry::RegistryError;
use crate::registry::access::operator;
use crate::registry::log::organization_event;
use crate::store::Head;

/// Who acts when the service itself does.
const SERVICE: &str = "flow-registry";
const TYPES: [EventType; 3] =
    [EventType::SigningKeyCreated, EventType::SigningKeyRotated, EventType::SigningKeyRetired];

/// Stored as RFC 8785 JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyLife {
    /// As it is published.
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

impl KeyLife {
    fn of(key: &PublicKey) -> Self {
        let text =
            |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let (valid_from, valid_until) = (key.validity.from.map(text), key.validity.until.map(text));
        Self { key: key.to_string(), valid_from, valid_until }
    }
}

impl Checkpoints {
    /// Appends what is to be said of keys before the head is signed, and whether there was anything.
    pub(super) async fn announce_keys(&self, head: &Head) -> Result<bool, RegistryError> {
        let (org_id, keys) = (head.org_id, self.signer.keyring());
        let note = head.signed.as_ref().filter(|signed| signed.checkpoint.position > 0);
        let note = note.map(|signed| signed.checkpoint.note.as_str());
        let is_named = |key: &PublicKey| note.is_some_and(|note| Checkpoint::names(note, key));
        let signs =
            |key: &PublicKey| keys.signing_keys_at(head.now).any(|it| it.public_key().is_same_key(key));
        let is_new = |key: &PublicKey| key.validity.from.is_some() && signs(key) && !is_named(key);
        let is_gone = |key: &PublicKey| key.validity.until.is_some() && !signs(key) && is_named(key);
        let all = keys.public_keys();
        let (new, gone): (Vec<_>, Vec<_>) =
            (all.iter().filter(|key| is_new(key)).collect(), all.iter().filter(|key| is_gone(key)).collect());
        if head.position == 0 || (new.is_empty() && gone.is_empty()) {
            return Ok(false);
        }
        // Only where nobody else has said anything since.
        let types = TYPES.map(|event_type| event_type.as_str().to_owned());
        let version = self.store.stream_version(org_id, org_id).await?;
        let told = self.store.payloads_of(org_id, &types).await?;
        if told.last().is_some_and(|(position, ..)| *position > head.position) {
            // Somebody else was faster: the head that is signed comes behind what is said of its keys.
            return Ok(true);
        }
        let is_told = |key: &PublicKey, is_end: bool| {
            told.iter().any(|(_, event_type, payload)| {
                let life: Option<KeyLife> = serde_json::from_slice(payload).ok();
                (event_type == EventType::SigningKeyRetired.as_str()) == is_end
                    && life.is_some_and(|life| life.key == key.to_string())
            })
        };
        let is_first = told.is_empty() && note.is_none();
        let begins = if is_first { EventType::SigningKeyCreated } else { EventType::SigningKeyRotated };
        let next = (new.iter().find(|key| !is_told(key, false)).map(|key| (begins, *key)))
            .or_else(|| Some((EventType::SigningKeyRetired, *gone.iter().find(|key| !is_told(key, true))?)));
        let Some((event_type, key)) = next else { return Ok(false) };
        let intent = operator(org_id, SERVICE);
        let event = organization_event(&intent, event_type, canonical_bytes(&KeyLife::of(key)));
        // Who was faster may have said the same: then there is nothing more to be said.
        let _ = self.log.append_to_organization_at(org_id, event, version).await?;
        Ok(true)
    }
}
