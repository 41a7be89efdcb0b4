//! The one question every request asks: whose credential is this?

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::error::AccessError;
use super::guesses::Guesses;
use super::jwt::JwtVerifier;
use super::keys::ApiKeyVerifier;
use crate::registry::caller::Caller;

/// How every API key begins, and no token does.
const KEY_MARK: &str = "mk_";

/// What a client sent to be known by. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Credential {
    /// From `X-Api-Key`.
    ApiKey(SecretString),
    /// From `Authorization: Bearer`: an API key or a JSON Web Token.
    Bearer(SecretString),
}

/// Verifies every credential the service knows: API keys and, where keys for them are configured, tokens.
#[derive(Debug, Clone)]
pub struct CredentialVerifier {
    pub api_keys: ApiKeyVerifier,
    pub tokens: Option<JwtVerifier>,
}

/// Whose a credential is, and until when it is one of theirs.
#[derive(Debug, Clone)]
pub struct VerifiedCredential {
    pub caller: Caller,
    /// When a token ends by what it says; keys are asked again.
    pub ends_at: Option<DateTime<Utc>>,
}

impl CredentialVerifier {
    /// Whether a credential can be verified without a look-up: it is a token, or a key that is there as far as this
    /// process remembers.
    pub fn remembers(&self, credential: &Credential) -> bool {
        let (Credential::ApiKey(text) | Credential::Bearer(text)) = credential;
        !text.expose_secret().starts_with(KEY_MARK) || self.api_keys.remembers(text)
    }

    /// The readable part of a key, where the organization has such a key as far as this process remembers.
    pub fn prefix_in(&self, credential: &Credential, org_id: Uuid) -> Option<String> {
        let (Credential::ApiKey(text) | Credential::Bearer(text)) = credential;
        self.api_keys.prefix_in(text, org_id)
    }

    /// Returns the caller a credential belongs to. Does not decide whether that caller may act on an organization; `likely` is
    /// the one that it is asked of.
    pub async fn verify(&self, credential: &Credential, likely: Option<Uuid>) -> Result<Caller, AccessError> {
        self.verified(credential, likely).await.map(|verified| verified.caller)
    }

    /// Verifies a credential that came from an address. One that has sent too many wrong ones is refused before anything is
    /// looked up, unless it comes with a key that is known.
    pub async fn verify_from(
        &self,
        address: Option<IpAddr>,
        guesses: &Guesses,
        credential: &Credential,
        likely: Option<Uuid>,
    ) -> Result<VerifiedCredential, AccessError> {
        let wait_s = address.and_then(|address| guesses.wait_s(address));
        if let Some(wait_s) = wait_s.filter(|_| !self.remembers(credential)) {
            return Err(AccessError::TooManyGuesses(wait_s));
        }
        let verified = self.verified(credential, likely).await;
        if let (Err(AccessError::Invalid), Some(address)) = (&verified, address) {
            guesses.failed(address);
        }
        match (verified, wait_s) {
            (Err(AccessError::Invalid), Some(wait_s)) => Err(AccessError::TooManyGuesses(wait_s)),
            (verified, _) => verified,
        }
    }

    async fn verified(
        &self,
        credential: &Credential,
        likely: Option<Uuid>,
    ) -> Result<VerifiedCredential, AccessError> {
        match (credential, &self.tokens) {
            (Credential::Bearer(text), Some(tokens)) if !text.expose_secret().starts_with(KEY_MARK) => {
                let (caller, ends_at) = tokens.believe(text.expose_secret()).await?;
                Ok(VerifiedCredential { caller, ends_at: Some(ends_at) })
            }
            (Credential::ApiKey(text) | Credential::Bearer(text), _) => {
                Ok(VerifiedCredential { caller: self.api_keys.verify(text, likely).await?, ends_at: None })
            }
        }
    }
}
