//! Why a credential leads to no caller.

use crate::store::StoreError;

/// Why a credential did not lead to a caller.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Unknown, revoked, expired or malformed: one answer for all, so that nothing can be learned by trying.
    #[error("the credential is not valid")]
    Invalid,
    /// Nobody can tell whether a token is valid: the keys that its issuer publishes cannot be fetched.
    #[error("the keys of the issuer of tokens cannot be fetched")]
    NoTokenKeys,
    /// The address has sent too many that are not valid, and may send another in so many seconds.
    #[error("too many credentials from this address were not valid")]
    TooManyGuesses(u32),
    #[error(transparent)]
    Store(#[from] StoreError),
}
