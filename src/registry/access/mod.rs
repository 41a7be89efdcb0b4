//! Access: from a credential to the caller it stands for, and the use cases of API keys.
//! Secrets are held in `secrecy` types from the moment they are read; none is logged, stored or shown twice.

mod error;
mod guesses;
mod jwt;
mod keys;
mod operator;
mod verifier;

pub use crate::store::KeyRecord;
pub use error::AccessError;
pub use guesses::{Guesses, counted_as};
pub use jwt::{JwtAlgorithm, JwtKey, JwtKeyError, JwtSettings, JwtVerifier};
pub use keys::{ApiKeyVerifier, ApiKeys, CreatedKey, KeyMode, WrittenKey};
pub(super) use keys::{KeyProjection, caller, said_again};
pub use operator::operator;
pub use verifier::{Credential, CredentialVerifier, VerifiedCredential};
