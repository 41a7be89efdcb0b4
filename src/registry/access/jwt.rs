//! Verifies JSON Web Tokens that are issued elsewhere (RFC 7519, with the advice of RFC 8725). A key is good for
//! one algorithm only, so that no token can choose how it is verified, and what a token says of keys is ignored.

mod claims;
mod key;
mod published;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Map, Value};

use self::key::{VerificationKey, decoding_key};
use self::published::PublishedKeys;
use super::error::AccessError;
use crate::flow::json;
use crate::registry::caller::Caller;

/// How far the issuer's clock and ours may be apart.
const LEEWAY_SECONDS: u64 = 30;
/// How long a token may still last: 31 days.
const LASTS_SECONDS_MAX: f64 = 31.0 * 24.0 * 3600.0;
/// What `typ` may say, where it says anything: RFC 7519, section 5.1, and RFC 9068.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// Whose tokens are believed.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    pub keys: Vec<JwtKey>,
    /// Where the issuer publishes further keys, as a JWK Set.
    pub key_set_url: Option<String>,
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
    keys: Arc<[VerificationKey]>,
    published: Option<Arc<PublishedKeys>>,
    audience: String,
    issuer: String,
    org_claim: String,
}

impl JwtVerifier {
    /// Refuses keys that could never verify a token, or that anybody could forge one for.
    pub fn new(settings: &JwtSettings) -> Result<Self, JwtKeyError> {
        let keys = settings.keys.iter().enumerate().map(|(index, key)| {
            let algorithm = key.algorithm.into();
            let usable = decoding_key(algorithm, key.material.expose_secret());
            let key_id = key.key_id.clone();
            match usable {
                Ok(key) => Ok(VerificationKey { key_id, algorithm, key }),
                Err(why) => Err(JwtKeyError { number: index + 1, algorithm, why }),
            }
        });
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            published: settings.key_set_url.as_deref().map(PublishedKeys::at),
            audience: settings.audience.clone(),
            issuer: settings.issuer.clone(),
            org_claim: settings.org_claim.clone(),
        })
    }

    /// Fetches the keys that the issuer publishes, if it does.
    pub async fn fetch_keys(&self) {
        if let Some(published) = &self.published {
            published.fetch().await;
        }
    }

    /// Returns the caller of a token.
    ///
    /// # Errors
    /// [`AccessError::Invalid`] where the token is not to be believed, [`AccessError::NoTokenKeys`] where nobody can tell
    /// because the issuer's keys cannot be fetched.
    pub async fn verify(&self, token: &str) -> Result<Caller, AccessError> {
        self.believe(token).await.map(|(caller, _)| caller)
    }

    /// Returns the caller of a token, and when it ends. Errors are those of [`Self::verify`].
    pub(super) async fn believe(&self, token: &str) -> Result<(Caller, DateTime<Utc>), AccessError> {
        let header = sound_header(token).ok_or(AccessError::Invalid)?;
        let Some(published) = &self.published else {
            return self.caller(token, &header, &self.keys).ok_or(AccessError::Invalid);
        };
        let is_known = |keys: &[VerificationKey]| keys.iter().any(|key| key.is_for(&header));
        if !is_known(&self.keys) && !published.known().is_some_and(|keys| is_known(&keys)) {
            // It may have been published since.
            published.fetch().await;
        } else if published.are_old() {
            let published = Arc::clone(published);
            tokio::spawn(async move { published.fetch().await });
        }
        if let Some(caller) = self.caller(token, &header, &self.keys) {
            return Ok(caller);
        }
        let keys = published.known().ok_or(AccessError::NoTokenKeys)?;
        self.caller(token, &header, &keys).ok_or(AccessError::Invalid)
    }

    fn caller(
        &self,
        token: &str,
        header: &Header,
        keys: &[VerificationKey],
    ) -> Option<(Caller, DateTime<Utc>)> {
        let claims = token.split('.').nth(1)?;
        keys.iter().filter(|key| key.is_for(header)).find_map(|key| {
            jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &self.validation(key.algorithm)).ok()
        })?;
        // Read again, strictly: of a claim that stands there twice nobody can say which was meant.
        let claims = members(claims)?;
        if !is_of_this_time(&claims, jsonwebtoken::get_current_timestamp()) {
            return None;
        }
        let ends_at = DateTime::from_timestamp(claims.get("exp")?.as_f64()? as i64, 0)?;
        Some((claims::caller(&claims, &self.org_claim)?, ends_at))
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation
    }
}

/// The head of a token, where it is one that may be believed.
fn sound_header(token: &str) -> Option<Header> {
    let (parts, _signature) = token.rsplit_once('.')?;
    let (header, _claims) = parts.split_once('.')?;
    if !is_sound_header(&members(header)?) {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    // RFC 7515, section 4.1.11: who does not understand a critical extension must refuse the token.
    header.crit.is_none().then_some(header)
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
