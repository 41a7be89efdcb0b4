//! Verifies JSON Web Tokens that are issued elsewhere (RFC 7519, with the advice of RFC 8725). A key is good for
//! one algorithm only, so that no token can choose how it is verified, and what a token says of keys is ignored.

mod claims;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Map, Value};

use crate::flow::json;
use crate::registry::caller::Caller;

/// How far the issuer's clock and ours may be apart.
const LEEWAY_SECONDS: u64 = 30;
/// How long a token may still last: 31 days.
const LASTS_SECONDS_MAX: f64 = 31.0 * 24.0 * 3600.0;
/// What `typ` may say, where it says anything: RFC 7519, section 5.1, and RFC 9068.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];
/// RFC 7518, section 3.3.
const RSA_BITS_MIN: usize = 2048;
/// RFC 7518, section 3.2: at least as long as the hash.
const HS256_SECRET_BYTES_MIN: usize = 32;

/// Whose tokens are believed.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    pub keys: Vec<JwtKey>,
    /// What `aud` must name.
    pub audience: String,
    /// What `iss` must be.
    pub issuer: String,
    /// The claim that holds the organization's id.
    pub org_claim: String,
}

#[derive(Debug, Clone)]
pub struct JwtKey {
    pub algorithm: JwtAlgorithm,
    /// Tokens with another `kid`, or with none, are not tried with this key. Without it, all are.
    pub key_id: Option<String>,
    /// A public key as PEM, or the bytes of the secret for HS256.
    pub material: SecretSlice<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtAlgorithm {
    Hs256,
    Rs256,
    Es256,
    EdDsa,
}

/// A configured key that cannot verify anything.
#[derive(Debug, thiserror::Error)]
#[error("key {number} of the token keys cannot be used for {algorithm:?}: {why}")]
pub struct JwtKeyError {
    /// Counted from 1, in the order of the settings.
    number: usize,
    algorithm: Algorithm,
    why: String,
}

/// Knows the tokens of one issuer.
#[derive(Debug, Clone)]
pub struct JwtVerifier {
    keys: Vec<VerificationKey>,
    org_claim: String,
}

#[derive(Debug, Clone)]
struct VerificationKey {
    key_id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
    validation: Validation,
}

impl JwtVerifier {
    /// Refuses keys that could never verify a token, or that anybody could forge one for.
    pub fn new(settings: &JwtSettings) -> Result<Self, JwtKeyError> {
        let keys = settings.keys.iter().enumerate().map(|(index, key)| {
            let algorithm = key.algorithm.into();
            let usable = decoding_key(algorithm, key.material.expose_secret());
            let key_id = key.key_id.clone();
            let validation = validation(algorithm, settings);
            match usable {
                Ok(key) => Ok(VerificationKey { key_id, algorithm, key, validation }),
                Err(why) => Err(JwtKeyError { number: index + 1, algorithm, why }),
            }
        });
        Ok(Self { keys: keys.collect::<Result<_, _>>()?, org_claim: settings.org_claim.clone() })
    }

    /// Returns the caller of a token, or nothing where the token is not to be believed.
    pub fn caller(&self, token: &str) -> Option<Caller> {
        let (parts, _signature) = token.rsplit_once('.')?;
        let (header, claims) = parts.split_once('.')?;
        if !is_sound_header(&members(header)?) {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        // RFC 7515, section 4.1.11: who does not understand a critical extension must refuse the token.
        if header.crit.is_some() {
            return None;
        }
        let is_candidate = |key: &&VerificationKey| {
            key.algorithm == header.alg && (key.key_id.is_none() || key.key_id == header.kid)
        };
        self.keys.iter().filter(is_candidate).find_map(|key| {
            jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &key.validation).ok()
        })?;
        // Read again, strictly: of a claim that stands there twice nobody can say which was meant.
        let claims = members(claims)?;
        if !is_of_this_time(&claims, jsonwebtoken::get_current_timestamp()) {
            return None;
        }
        claims::caller(&claims, &self.org_claim)
    }
}

/// A part of a token, as an object in which no name stands twice.
fn members(part: &str) -> Option<Map<String, Value>> {
    match json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// RFC 8725, section 3.11: a token says what it is. What is compressed is not looked into.
fn is_sound_header(header: &Map<String, Value>) -> bool {
    let is_typed_well = match header.get("typ") {
        None => true,
        Some(Value::String(name)) => {
            let name = name.to_ascii_lowercase();
            TYPES.contains(&name.strip_prefix("application/").unwrap_or(&name))
        }
        Some(_) => false,
    };
    is_typed_well && !header.contains_key("zip")
}

/// Whether a token was issued before now, and does not last longer than any should.
fn is_of_this_time(claims: &Map<String, Value>, now: u64) -> bool {
    let now = now as f64;
    let time = |claim: &str| claims.get(claim).map(|value| value.as_f64().unwrap_or(f64::NAN));
    let is_issued = time("iat").is_none_or(|at| at >= 0.0 && at <= now + LEEWAY_SECONDS as f64);
    is_issued && time("exp").is_some_and(|until| until <= now + LASTS_SECONDS_MAX)
}

impl From<JwtAlgorithm> for Algorithm {
    fn from(algorithm: JwtAlgorithm) -> Self {
        match algorithm {
            JwtAlgorithm::Hs256 => Self::HS256,
            JwtAlgorithm::Rs256 => Self::RS256,
            JwtAlgorithm::Es256 => Self::ES256,
            JwtAlgorithm::EdDsa => Self::EdDSA,
        }
    }
}

fn validation(algorithm: Algorithm, settings: &JwtSettings) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_audience(&[&settings.audience]);
    validation.set_issuer(&[&settings.issuer]);
    validation
}

fn decoding_key(algorithm: Algorithm, material: &[u8]) -> Result<DecodingKey, String> {
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
    // Another curve, or bytes that are no point of it, show only when a verifier is made of them.
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).map_err(|error| error.to_string())?;
    Ok(key)
}
