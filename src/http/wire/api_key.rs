//! An API key as clients see it. The secret is shown once, to whoever made the key.

use serde::Serialize;
use uuid::Uuid;

use super::instant;
use crate::flow::event::Actor;
use crate::registry::access::KeyRecord;
use crate::registry::caller::{Caller, Scope};

/// A key without what proves it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    id: Uuid,
    /// The readable part: what a key begins with, up to the dot.
    prefix: String,
    name: String,
    scopes: Vec<String>,
    /// The numbers whose flows the key sees and changes; empty: all.
    phone_number_ids: Vec<String>,
    /// To the minute or so.
    last_used_at: Option<String>,
    expires_at: Option<String>,
    created_at: String,
}

impl From<KeyRecord> for ApiKey {
    fn from(key: KeyRecord) -> Self {
        Self {
            id: key.id,
            prefix: key.prefix,
            name: key.name,
            scopes: key.scopes,
            phone_number_ids: key.phone_number_ids,
            last_used_at: key.last_used_at.map(instant),
            expires_at: key.expires_at.map(instant),
            created_at: instant(key.created_at),
        }
    }
}

/// A key that was just made.
#[derive(Serialize)]
pub struct CreatedApiKey<'a> {
    #[serde(flatten)]
    pub key: ApiKey,
    /// The whole key. It is not kept and cannot be shown again.
    pub secret: &'a str,
}

/// The credential of a request, as its sender may see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnCredential {
    organization_id: Uuid,
    /// The key, or the user whose token it is.
    #[serde(flatten)]
    actor: Actor,
    /// The readable part of a key.
    prefix: Option<String>,
    scopes: Vec<&'static str>,
    phone_number_ids: Vec<String>,
}

impl From<Caller> for OwnCredential {
    fn from(caller: Caller) -> Self {
        Self {
            organization_id: caller.org_id,
            scopes: caller.scopes.iter().map(Scope::as_str).collect(),
            phone_number_ids: caller.phone_number_ids.to_vec(),
            actor: caller.actor,
            prefix: caller.key_prefix,
        }
    }
}
