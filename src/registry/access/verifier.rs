//! The one question every request asks: whose credential is this?

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::error::AccessError;
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
#[derive(Debug)]
pub struct CredentialVerifier {
    pub api_keys: ApiKeyVerifier,
    pub tokens: Option<JwtVerifier>,
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

    /// Returns the caller a credential belongs to. Does not decide whether that caller may act on an organization.
    pub async fn verify(&self, credential: &Credential) -> Result<Caller, AccessError> {
        match (credential, &self.tokens) {
            (Credential::Bearer(text), Some(tokens)) if !text.expose_secret().starts_with(KEY_MARK) => {
                tokens.verify(text.expose_secret()).await
            }
            (Credential::ApiKey(text) | Credential::Bearer(text), _) => self.api_keys.verify(text).await,
        }
    }
}
