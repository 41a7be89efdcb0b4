//! Access: from a credential to the caller it stands for, and the use cases of API keys.
//! Secrets are held in `secrecy` types from the moment they are read; none is logged, stored or shown twice.

mod jwt;
mod key_event;
mod key_grant;
mod key_order;
mod key_projection;
mod key_text;
mod key_verifier;
mod keys;
mod operator;
mod verifier;

pub use crate::store::KeyRecord;
pub use jwt::{JwtAlgorithm, JwtKey, JwtKeyError, JwtSettings, JwtVerifier};
pub(super) use key_event::said_again;
pub(super) use key_projection::KeyProjection;
pub use key_text::KeyMode;
pub use key_verifier::ApiKeyVerifier;
pub(super) use key_verifier::caller;
pub use keys::{ApiKeys, CreatedKey, WrittenKey};
pub use operator::operator;
pub use verifier::{AccessError, Credential, CredentialVerifier};
