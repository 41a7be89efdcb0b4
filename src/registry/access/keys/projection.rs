//! What the events of an API key lead to: its row, but for what proves it. Pure.

use chrono::{DateTime, Utc};

use super::event::KeyPayload;
use crate::flow::digest::Digest;
use crate::store::{KeyRow, Raw, StreamEvent};

/// A key after some of its events.
#[derive(Debug)]
pub(in crate::registry) struct KeyProjection {
    pub(in crate::registry) version: i64,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    /// Of the hash of its secret; `None` where an earlier release made the key, or that was erased.
    secret_digest: Option<Digest>,
    /// `None` where the last event's was erased.
    payload: Option<KeyPayload>,
}

impl KeyProjection {
    /// The key after one more event, the first if there is none before.
    pub(in crate::registry) fn after(before: Option<&Self>, event: &StreamEvent) -> Result<Self, String> {
        let recorded_at = event.recorded_at.ok_or("its time is in no calendar")?;
        let payload = event.payload.as_deref().map(serde_json::from_slice).transpose();
        let payload: Option<KeyPayload> = payload.map_err(|error| format!("payload: {error}"))?;
        let told = payload.as_ref().and_then(|payload| payload.secret_digest);
        Ok(Self {
            version: event.version,
            created_at: before.map_or(recorded_at, |before| before.created_at),
            revoked_at: event.state.deleted.then_some(recorded_at),
            secret_digest: match before {
                Some(before) => before.secret_digest.or(told),
                None => told,
            },
            payload,
        })
    }

    /// The row it should have in place of the one it has: what was erased, and what the log never held, stays.
    pub(in crate::registry) fn row(&self, stored: &KeyRow) -> KeyRow {
        let kept = KeyRow {
            version: self.version,
            created_at: self.created_at.into(),
            revoked_at: self.revoked_at.map(Into::into),
            secret_digest: match self.secret_digest {
                Some(digest) => Raw(digest.as_bytes().to_vec()),
                None => stored.secret_digest.clone(),
            },
            ..stored.clone()
        };
        let Some(payload) = &self.payload else { return kept };
        let expires_at: Option<DateTime<Utc>> =
            payload.expires_at.as_deref().and_then(|text| text.parse().ok());
        KeyRow {
            prefix: payload.prefix.clone(),
            name: payload.name.clone(),
            scopes: payload.scopes.clone(),
            phone_number_ids: payload.phone_number_ids.clone(),
            expires_at: expires_at.map(Into::into),
            ..kept
        }
    }
}
