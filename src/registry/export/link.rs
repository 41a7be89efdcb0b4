//! Links to an export: whoever has one needs nothing else for ten minutes. A link carries who made it and what it
//! leads to, under a signature; any replica can open it. It is no more than the key that made it: it ends with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::Exports;
use crate::flow::event::{Actor, ActorKind, canonical_bytes};
use crate::registry::RegistryError;
use crate::registry::access;
use crate::registry::caller::{Caller, Intent, Scope, Scopes};

const VALID_FOR: TimeDelta = TimeDelta::minutes(10);
/// How far the clocks of replicas may be apart.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(30);
const SECRET_BYTES: usize = 32;
const DOMAIN: &[u8] = b"flow-registry/export-link/1";
/// What the key of links is derived from the signing key for, before the organization and its salt.
const PURPOSE: &[u8] = b"flow-registry/export-link-key/1";

/// A link that was made.
#[derive(Debug, Clone)]
pub struct Link {
    /// What opens it: characters that stand in a URL as they are.
    pub ticket: String,
    pub expires_at: DateTime<Utc>,
}

/// What a link that is valid leads to.
#[derive(Debug, Clone)]
pub struct LinkUse {
    /// The credential that made the link, with the rights that it has when the link is used.
    pub caller: Caller,
    pub on_behalf_of: Option<String>,
    pub reason: Option<String>,
    /// The query parameters of the export, as the maker of the link gave them.
    pub asked: String,
}

/// What stands in a link, as RFC 8785 JSON before its signature.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticket {
    /// Milliseconds since 1970.
    expires_at: i64,
    by: Actor,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    phone_number_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    asked: String,
}

impl Exports {
    /// A link to what `asked` says; what that means is the caller's affair.
    pub async fn make_link(&self, intent: &Intent, asked: String) -> Result<Link, RegistryError> {
        let caller = &intent.caller;
        let expires_at = Utc::now() + VALID_FOR;
        let ticket = canonical_bytes(&Ticket {
            expires_at: expires_at.timestamp_millis(),
            by: caller.actor.clone(),
            phone_number_ids: caller.phone_number_ids.to_vec(),
            on_behalf_of: intent.on_behalf_of.clone(),
            reason: intent.reason.clone(),
            asked,
        });
        let salt = self.salt_for_links(caller.org_id).await?;
        let keys = self.link_keys(caller.org_id, &salt);
        let key = keys.first().ok_or_else(|| RegistryError::corrupt("keys of links", "there are none"))?;
        let signature = signed(key, caller.org_id, &ticket).finalize().into_bytes();
        let ticket = format!("{}.{}", BASE64.encode(&ticket), BASE64.encode(signature));
        Ok(Link { ticket, expires_at })
    }

    /// Opens a link of an organization.
    pub async fn open_link(&self, org_id: Uuid, ticket: &str) -> Result<LinkUse, RegistryError> {
        let salt = self.store.export_secret(org_id).await?.ok_or(RegistryError::LinkInvalid)?;
        let keys = self.link_keys(org_id, &salt);
        let ticket = keys.iter().find_map(|key| verified(key, org_id, ticket));
        let ticket = ticket.ok_or(RegistryError::LinkInvalid)?;
        let now = Utc::now();
        if ticket.expires_at <= now.timestamp_millis() {
            return Err(RegistryError::LinkExpired);
        }
        // No link was ever made for longer.
        if ticket.expires_at > (now + VALID_FOR + CLOCKS_APART).timestamp_millis() {
            return Err(RegistryError::LinkInvalid);
        }
        let caller = match ticket.by.kind {
            ActorKind::ApiKey => self.caller_of_key(org_id, &ticket.by).await?,
            _ => Caller {
                org_id,
                actor: ticket.by,
                key_prefix: None,
                token_id: None,
                scopes: Scopes::default().with(Scope::AuditRead),
                phone_number_ids: ticket.phone_number_ids.into(),
            },
        };
        let Ticket { on_behalf_of, reason, asked, .. } = ticket;
        Ok(LinkUse { caller, on_behalf_of, reason, asked })
    }

    /// What the key that made a link may do by now, if it still may read the log.
    async fn caller_of_key(&self, org_id: Uuid, actor: &Actor) -> Result<Caller, RegistryError> {
        let key_id = actor.id.parse().map_err(|_| RegistryError::LinkInvalid)?;
        let key = self.store.read_key_for_command(org_id, key_id, None).await?.key;
        let caller = key.as_ref().and_then(|key| access::caller(key, Utc::now()));
        caller.filter(|caller| caller.scopes.contains(Scope::AuditRead)).ok_or(RegistryError::LinkExpired)
    }

    /// The organization's salt, made where there is none. Replicas may try at once: one of them makes it.
    async fn salt_for_links(&self, org_id: Uuid) -> Result<SecretSlice<u8>, RegistryError> {
        if let Some(salt) = self.store.export_secret(org_id).await? {
            return Ok(salt);
        }
        self.store.make_export_secret(org_id, &rand::random::<[u8; SECRET_BYTES]>()).await?;
        let salt = self.store.export_secret(org_id).await?;
        salt.ok_or_else(|| RegistryError::corrupt("export_secret", "a salt that was made is not there"))
    }

    /// What links of an organization are signed with: the first makes them, any opens them. Each comes from a signing key,
    /// which is not in the database, so that who has the database can make none. Without a signing key a link is good
    /// for this process alone.
    fn link_keys(&self, org_id: Uuid, salt: &SecretSlice<u8>) -> Vec<SecretSlice<u8>> {
        let purpose = [PURPOSE, org_id.as_bytes(), salt.expose_secret()].concat();
        let derived = self.checkpoints.derived(&purpose);
        match derived.is_empty() {
            true => vec![self.own_secret.clone()],
            false => derived,
        }
    }
}

fn signed(secret: &SecretSlice<u8>, org_id: Uuid, ticket: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret.expose_secret()).expect("a key may have any length");
    for part in [DOMAIN, org_id.as_bytes(), ticket] {
        mac.update(part);
    }
    mac
}

/// What a link says, if this organization signed it.
fn verified(secret: &SecretSlice<u8>, org_id: Uuid, ticket: &str) -> Option<Ticket> {
    let (ticket, signature) = ticket.split_once('.')?;
    let (ticket, signature) = (BASE64.decode(ticket).ok()?, BASE64.decode(signature).ok()?);
    signed(secret, org_id, &ticket).verify_slice(&signature).ok()?;
    serde_json::from_slice(&ticket).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_character_is_noticed() {
        let (org_id, secret) = (Uuid::from_u128(1), SecretSlice::from(vec![7; SECRET_BYTES]));
        let by = Actor { kind: ActorKind::User, id: "ana".to_owned(), name: None };
        let ticket = Ticket {
            expires_at: 1,
            by,
            phone_number_ids: Vec::new(),
            on_behalf_of: None,
            reason: None,
            asked: "action=flow.published".to_owned(),
        };
        let ticket = canonical_bytes(&ticket);
        let signature = signed(&secret, org_id, &ticket).finalize().into_bytes();
        let ticket = format!("{}.{}", BASE64.encode(ticket), BASE64.encode(signature));
        assert_eq!(verified(&secret, org_id, &ticket).unwrap().asked, "action=flow.published");
        assert!(verified(&secret, Uuid::from_u128(2), &ticket).is_none());
        assert!(verified(&SecretSlice::from(vec![8; SECRET_BYTES]), org_id, &ticket).is_none());
        for index in 0..ticket.len() {
            let mut changed = ticket.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verified(&secret, org_id, &changed).is_none(), "at {index}");
        }
        for cut in [0, 1, ticket.len() - 1] {
            assert!(verified(&secret, org_id, &ticket[..cut]).is_none(), "cut at {cut}");
        }
    }
}
