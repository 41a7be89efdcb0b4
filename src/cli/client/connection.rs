//! The address of the service and the key, as the settings give them.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::cli::failure::Failure;
use crate::config::ClientConfig;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a service may be silent in the middle of an answer.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);

/// Where the service is, and the key that opens it.
pub struct Client {
    pub(super) agent: Agent,
    /// Without a slash at its end.
    pub(super) url: String,
    /// The path of the organization.
    pub(super) organization: String,
    pub(super) key: SecretString,
}

impl Client {
    /// Refuses settings that are missing or cannot work. Sends nothing.
    pub fn new(config: &ClientConfig) -> Result<Self, Failure> {
        let unusable = |message: &str| Err(Failure::Unusable(message.to_owned()));
        let Some(key) = config.credential() else {
            return unusable("no key: set FLOW_REGISTRY_KEY to an API key or a token");
        };
        // Files and shells like to leave a line break.
        let key = SecretString::from(key.expose_secret().trim());
        if !key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            return unusable(
                "FLOW_REGISTRY_KEY holds what no key has: spaces, line breaks or letters with accents",
            );
        }
        let Some(org) = config.org else {
            return unusable(
                "no organization: set FLOW_REGISTRY_ORG, or --org, to the id of the one the key belongs to",
            );
        };
        let url = config.url.as_str();
        if url.split('/').nth(2).is_some_and(|authority| authority.contains('@')) {
            return unusable(
                "the address of the service must not carry credentials; give the key as FLOW_REGISTRY_KEY",
            );
        }
        let (url, organization) = (url.to_owned(), format!("/organizations/{org}"));
        Ok(Self { agent: agent(), url, organization, key })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({}{})", self.url, self.organization)
    }
}

fn agent() -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        // A key is for the address that was given, and for no other.
        .max_redirects(0)
        .user_agent(concat!("flow-registry/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_WITHIN))
        .timeout_per_read(Some(SILENT_AT_MOST))
        .timeout_per_write(Some(SILENT_AT_MOST));
    config.build().into()
}
