//! Whose JSON Web Tokens are believed. A key is good for one algorithm only, so that no token can choose
//! how it is verified.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::{ConfigError, value};
use crate::registry::access::{JwtAlgorithm, JwtKey, JwtSettings};

/// RFC 7518, section 3.2: at least as long as the hash.
const HS256_SECRET_BYTES_MIN: usize = 32;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "JSON Web Tokens")]
pub struct JwtConfig {
    /// A key to verify tokens with: HS256, RS256, ES256 or EdDSA, for tokens that name a key its `kid`, and
    /// the file: a PEM public key, or the secret of HS256. May be repeated
    #[arg(long, env = "JWT_KEY_FILES", value_name = "ALG[:KID]=FILE[,…]", value_delimiter = ',')]
    pub jwt_key_file: Vec<KeySource>,

    /// A key to verify tokens with, itself in place of its file; for the environment, as command lines are public
    #[arg(long, env = "JWT_KEY", hide_env_values = true, value_name = "ALG[:KID]=KEY")]
    #[arg(value_parser = value::secret)]
    pub jwt_key: Option<SecretString>,

    /// Where the issuer publishes its keys as a JWK Set (RFC 7517): https, or http on this machine. Fetched at the start,
    /// every ten minutes, and when a token names a key that is not known
    #[arg(long, env = "JWT_JWKS_URL", value_name = "URL", value_parser = value::key_set_url)]
    pub jwt_jwks_url: Option<String>,

    /// What a token's `aud` must name; required with a key
    #[arg(long, env = "JWT_AUDIENCE", value_name = "AUDIENCE")]
    pub jwt_audience: Option<String>,

    /// What a token's `iss` must be; required with a key
    #[arg(long, env = "JWT_ISSUER", value_name = "ISSUER")]
    pub jwt_issuer: Option<String>,

    /// The claim that holds the organization's id
    #[arg(long, env = "JWT_ORG_CLAIM", value_name = "CLAIM", default_value = "org_id")]
    pub jwt_org_claim: String,
}

/// `ALG[:KID]=REST`
#[derive(Debug, Clone)]
pub struct KeySource {
    algorithm: JwtAlgorithm,
    key_id: Option<String>,
    /// A path or, for `JWT_KEY`, the key.
    rest: SecretString,
}

impl JwtConfig {
    /// Reads the key files. `None`: no key and no address of keys, no tokens.
    pub fn load(&self) -> Result<Option<JwtSettings>, ConfigError> {
        let mut keys = Vec::new();
        for source in &self.jwt_key_file {
            let path = PathBuf::from(source.rest.expose_secret());
            let bytes = fs::read(&path).map_err(|error| {
                ConfigError(format!("--jwt-key-file: cannot read {}: {error}", path.display()))
            })?;
            let bytes = match source.algorithm {
                // Editors end a file with a line break that is no part of the secret.
                JwtAlgorithm::Hs256 => bytes.trim_ascii_end().to_vec(),
                _ => bytes,
            };
            keys.push(source.with(bytes)?);
        }
        if let Some(text) = &self.jwt_key {
            let source = text.expose_secret().parse::<KeySource>();
            let source = source.map_err(|wrong| ConfigError(format!("JWT_KEY: {wrong}")))?;
            keys.push(source.with(source.rest.expose_secret().as_bytes().to_vec())?);
        }
        let (audience, issuer) = match (
            keys.is_empty() && self.jwt_jwks_url.is_none(),
            &self.jwt_audience,
            &self.jwt_issuer,
        ) {
            (true, None, None) => return Ok(None),
            (false, Some(audience), Some(issuer)) => (audience.clone(), issuer.clone()),
            (true, ..) => {
                let missing = "JWT_AUDIENCE and JWT_ISSUER do nothing without a key: set JWT_KEY_FILES, JWT_KEY or JWT_JWKS_URL";
                return Err(ConfigError(missing.to_owned()));
            }
            (false, ..) => {
                let missing =
                    "a token key needs both JWT_AUDIENCE and JWT_ISSUER, or tokens made for others pass";
                return Err(ConfigError(missing.to_owned()));
            }
        };
        let (key_set_url, org_claim) = (self.jwt_jwks_url.clone(), self.jwt_org_claim.clone());
        Ok(Some(JwtSettings { keys, key_set_url, audience, issuer, org_claim }))
    }
}

impl KeySource {
    fn with(&self, bytes: Vec<u8>) -> Result<JwtKey, ConfigError> {
        let is_pem = bytes.trim_ascii_start().starts_with(b"-----BEGIN ");
        match (self.algorithm, is_pem) {
            (JwtAlgorithm::Hs256, true) => {
                return Err(ConfigError(
                    "a PEM key is not a secret for HS256: name its own algorithm".to_owned(),
                ));
            }
            (JwtAlgorithm::Hs256, false) if bytes.len() < HS256_SECRET_BYTES_MIN => {
                let short = format!("the secret for HS256 must have {HS256_SECRET_BYTES_MIN} bytes or more");
                return Err(ConfigError(short));
            }
            (JwtAlgorithm::Rs256 | JwtAlgorithm::Es256 | JwtAlgorithm::EdDsa, false) => {
                return Err(ConfigError(
                    "a key for RS256, ES256 or EdDSA must be a public key in PEM".to_owned(),
                ));
            }
            _ => {}
        }
        Ok(JwtKey { algorithm: self.algorithm, key_id: self.key_id.clone(), material: bytes.into() })
    }
}

impl FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (head, rest) = text.split_once('=').ok_or("write ALG=… or ALG:KID=…")?;
        let (algorithm, key_id) = match head.split_once(':') {
            Some((algorithm, key_id)) => (algorithm, Some(key_id.to_owned())),
            None => (head, None),
        };
        let algorithm = match algorithm {
            "HS256" => JwtAlgorithm::Hs256,
            "RS256" => JwtAlgorithm::Rs256,
            "ES256" => JwtAlgorithm::Es256,
            "EdDSA" => JwtAlgorithm::EdDsa,
            _ => return Err("the algorithm must be HS256, RS256, ES256 or EdDSA".to_owned()),
        };
        if key_id.as_deref() == Some("") || rest.is_empty() {
            return Err("neither the kid nor what follows `=` may be empty".to_owned());
        }
        Ok(Self { algorithm, key_id, rest: rest.to_owned().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(keys: &[&str], audience: Option<&str>, issuer: Option<&str>) -> JwtConfig {
        JwtConfig {
            jwt_key_file: Vec::new(),
            jwt_key: keys.first().map(|key| value::secret(key).unwrap()),
            jwt_jwks_url: None,
            jwt_audience: audience.map(str::to_owned),
            jwt_issuer: issuer.map(str::to_owned),
            jwt_org_claim: "org_id".to_owned(),
        }
    }

    #[test]
    fn no_key_means_no_tokens() {
        assert!(config(&[], None, None).load().unwrap().is_none());
    }

    #[test]
    fn half_a_configuration_is_refused() {
        let secret = "HS256=0123456789abcdef0123456789abcdef";
        for (keys, audience, issuer, named) in [
            (&[secret][..], None, Some("i"), "JWT_AUDIENCE"),
            (&[secret], Some("a"), None, "JWT_ISSUER"),
            (&[], Some("a"), Some("i"), "JWT_KEY_FILES"),
            (&["HS256=short"], Some("a"), Some("i"), "32 bytes"),
            (&["HS256=-----BEGIN PUBLIC KEY-----"], Some("a"), Some("i"), "own algorithm"),
            (&["RS512=abc"], Some("a"), Some("i"), "JWT_KEY"),
            (&["RS256=abc"], Some("a"), Some("i"), "PEM"),
        ] {
            let error = config(keys, audience, issuer).load().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn keys_are_fetched_from_where_nobody_can_replace_them() {
        for good in
            ["https://id.example/keys", "http://127.0.0.1:8000/k", "http://localhost/k", "http://[::1]:80/k"]
        {
            assert_eq!(value::key_set_url(good), Ok(good.to_owned()));
        }
        for bad in [
            "http://id.example/keys",
            "https://a:b@id.example/",
            "id.example",
            "ftp://id.example/",
            "https:///k",
        ] {
            value::key_set_url(bad).unwrap_err();
        }
        let of_an_address = JwtConfig {
            jwt_jwks_url: Some("https://id.example/keys".to_owned()),
            ..config(&[], Some("a"), Some("i"))
        };
        let settings = of_an_address.load().unwrap().unwrap();
        assert_eq!(settings.key_set_url.as_deref(), Some("https://id.example/keys"));
        let missing = JwtConfig { jwt_audience: None, ..of_an_address };
        assert!(missing.load().unwrap_err().to_string().contains("JWT_AUDIENCE"));
    }

    #[test]
    fn a_key_names_its_algorithm_and_its_kid() {
        let settings = config(&["HS256:2026=0123456789abcdef0123456789abcdef="], Some("a"), Some("i"));
        let settings = settings.load().unwrap().unwrap();
        let key = &settings.keys[0];
        assert_eq!((key.algorithm, key.key_id.as_deref()), (JwtAlgorithm::Hs256, Some("2026")));
        assert_eq!(key.material.expose_secret(), b"0123456789abcdef0123456789abcdef=");
        for wrong in ["none=x", "HS256", "HS256:=x", "RS512=x", "HS256="] {
            assert!(wrong.parse::<KeySource>().is_err(), "{wrong}");
        }
        assert!(!format!("{settings:?}").contains("0123456789"));
    }
}
