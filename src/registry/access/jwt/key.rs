//! Keys that tokens are verified with, each for one algorithm, and which of them are refused.

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey, Header};

/// RFC 7518, section 3.3.
pub(super) const RSA_BITS_MIN: usize = 2048;
/// RFC 7518, section 3.2: at least as long as the hash.
const HS256_SECRET_BYTES_MIN: usize = 32;

#[derive(Debug, Clone)]
pub(super) struct VerificationKey {
    pub(super) key_id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl VerificationKey {
    /// Whether a token with this head may be signed with it.
    pub(super) fn is_for(&self, header: &Header) -> bool {
        self.algorithm == header.alg && (self.key_id.is_none() || self.key_id == header.kid)
    }
}

pub(super) fn decoding_key(algorithm: Algorithm, material: &[u8]) -> Result<DecodingKey, String> {
    let key = match algorithm {
        Algorithm::HS256 if material.len() < HS256_SECRET_BYTES_MIN => {
            return Err(format!("the secret must have {HS256_SECRET_BYTES_MIN} bytes or more"));
        }
        Algorithm::HS256 => Ok(DecodingKey::from_secret(material)),
        Algorithm::RS256 => DecodingKey::from_rsa_pem(material),
        Algorithm::ES256 => DecodingKey::from_ec_pem(material),
        _ => DecodingKey::from_ed_pem(material),
    };
    let key = key.map_err(|error| error.to_string())?;
    if algorithm == Algorithm::RS256 {
        let bytes = key.try_get_as_bytes().map_err(|error| error.to_string())?;
        let (modulus, _) = (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(bytes)
            .map_err(|error| format!("not an RSA public key: {error}"))?;
        if modulus.len() * 8 < RSA_BITS_MIN {
            return Err(format!("an RSA key must have {RSA_BITS_MIN} bits or more"));
        }
    }
    check_verifies(algorithm, &key)?;
    Ok(key)
}

/// Another curve, or bytes that are no point of it, show only when a verifier is made of a key.
pub(super) fn check_verifies(algorithm: Algorithm, key: &DecodingKey) -> Result<(), String> {
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm, key).map(drop).map_err(|error| error.to_string())
}
