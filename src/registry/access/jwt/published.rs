//! Keys that an issuer publishes as a JWK Set (RFC 7517). They are fetched at the start and every ten minutes, and when a
//! token names one that is not known, but never more often than every half minute, whatever tokens come.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::key::{RSA_BITS_MIN, VerificationKey, check_verifies};

const FETCH_WITHIN: Duration = Duration::from_secs(5);
const FETCH_AGAIN_AFTER: Duration = Duration::from_secs(30);
const FRESH_FOR: Duration = Duration::from_secs(600);
/// Keys of an issuer that cannot be reached for longer are not believed: it may have withdrawn them.
const TRUSTED_FOR: Duration = Duration::from_secs(24 * 3600);
/// What a set may take. Issuers publish a few keys.
const SET_BYTES_MAX: u64 = 256 * 1024;
const KEYS_MAX: usize = 100;

/// The keys that stand at an address.
#[derive(Debug)]
pub(super) struct PublishedKeys {
    url: String,
    agent: Agent,
    known: RwLock<Known>,
    /// When the last fetch began. Held while one goes on, so that there is one at a time.
    fetch_began: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Known {
    keys: Arc<[VerificationKey]>,
    fetched_at: Option<Instant>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl PublishedKeys {
    pub(super) fn at(url: &str) -> Arc<Self> {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            // The address that was configured is believed, and no other.
            .max_redirects(0)
            .max_idle_connections(0)
            .user_agent(concat!("flow-registry/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(FETCH_WITHIN));
        Arc::new(Self {
            url: url.to_owned(),
            agent: agent.build().into(),
            known: RwLock::new(Known { keys: [].into(), fetched_at: None }),
            fetch_began: Mutex::default(),
        })
    }

    /// The keys as they were last fetched; `None` where that never succeeded, or too long ago.
    pub(super) fn known(&self) -> Option<Arc<[VerificationKey]>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.fetched_at.filter(|at| at.elapsed() < TRUSTED_FOR)?;
        Some(Arc::clone(&known.keys))
    }

    /// Whether the keys should be fetched again, although they are believed.
    pub(super) fn are_old(&self) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.fetched_at.is_none_or(|at| at.elapsed() >= FRESH_FOR)
    }

    /// Fetches the keys, unless that was tried a moment ago. Who asks while a fetch goes on waits for it.
    pub(super) async fn fetch(self: &Arc<Self>) {
        let mut began = self.fetch_began.lock().await;
        if began.is_some_and(|began| began.elapsed() < FETCH_AGAIN_AFTER) {
            return;
        }
        *began = Some(Instant::now());
        let this = Arc::clone(self);
        let fetched = tokio::task::spawn_blocking(move || this.fetch_now()).await;
        if let Err(error) = fetched {
            tracing::error!(%error, url = self.url, "the keys of tokens were not fetched");
        }
    }

    fn fetch_now(&self) {
        match self.download().and_then(|set| read(&set)) {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                *known = Known { keys, fetched_at: Some(Instant::now()) };
            }
            Err(why) => {
                metrics::counter!("token_key_fetches_failed_total").increment(1);
                tracing::warn!(why, url = self.url, "the keys of tokens were not fetched");
            }
        }
    }

    fn download(&self) -> Result<String, String> {
        let answer = self.agent.get(&self.url).call().map_err(|error| error.to_string())?;
        if answer.status() != 200 {
            return Err(format!("the answer has status {}", answer.status().as_u16()));
        }
        let mut body = answer.into_body();
        body.with_config().limit(SET_BYTES_MAX).read_to_string().map_err(|error| error.to_string())
    }
}

/// The keys of a set that tokens can be verified with. Others, such as keys for encryption, are passed over.
fn read(set: &str) -> Result<Arc<[VerificationKey]>, String> {
    let KeySet { keys } = serde_json::from_str(set).map_err(|error| format!("no JWK Set: {error}"))?;
    if keys.len() > KEYS_MAX {
        return Err(format!("a set of {} keys; at most {KEYS_MAX} are taken", keys.len()));
    }
    Ok(keys.into_iter().filter_map(|key| usable(&serde_json::from_value(key).ok()?)).collect())
}

fn usable(jwk: &Jwk) -> Option<VerificationKey> {
    let common = &jwk.common;
    let is_for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let verifies = |allowed: &Vec<KeyOperations>| allowed.contains(&KeyOperations::Verify);
    if !is_for_signatures || !common.key_operations.as_ref().is_none_or(verifies) {
        return None;
    }
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) => {
            let modulus = URL_SAFE_NO_PAD.decode(&key.n).ok()?;
            let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
            if (modulus.len() - zeros) * 8 < RSA_BITS_MIN {
                return None;
            }
            (Algorithm::RS256, KeyAlgorithm::RS256)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if common.key_algorithm.is_some_and(|stated| stated != named) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    check_verifies(algorithm, &key).ok()?;
    Some(VerificationKey { key_id: common.key_id.clone(), algorithm, key })
}
