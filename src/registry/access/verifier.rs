//! The one question every request asks: whose credential is this?

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::jwt::JwtVerifier;
use super::key_verifier::ApiKeyVerifier;
use crate::registry::caller::Caller;
use crate::store::StoreError;

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

/// Why a credential did not lead to a caller.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Unknown, revoked, expired or malformed: one answer for all, so that nothing can be learned by trying.
    #[error("the credential is not valid")]
    Invalid,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Knows one kind of credential, or several.
#[async_trait]
pub trait CredentialVerifier: Send + Sync {
    /// Whose credential this is. Whether that caller may act on an organization is for others to say.
    async fn verify(&self, credential: &Credential) -> Result<Caller, AccessError>;
}

/// Everybody this service knows: API keys and, where keys for them are configured, tokens.
#[derive(Debug, Clone)]
pub struct Verifiers {
    pub api_keys: ApiKeyVerifier,
    pub tokens: Option<JwtVerifier>,
}

#[async_trait]
impl CredentialVerifier for Verifiers {
    async fn verify(&self, credential: &Credential) -> Result<Caller, AccessError> {
        match (credential, &self.tokens) {
            (Credential::Bearer(text), Some(tokens)) if !text.expose_secret().starts_with(KEY_MARK) => {
                tokens.verify(credential).await
            }
            _ => self.api_keys.verify(credential).await,
        }
    }
}
