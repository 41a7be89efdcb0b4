//! How the commands for people reach a service: its address, a key, an organization.

use clap::Args;
use secrecy::SecretString;
use uuid::Uuid;

use super::secret_file;
use super::value::{self, PublicUrl};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Service")]
pub struct ClientConfig {
    /// Where the service answers
    #[arg(long, env = "FLOW_REGISTRY_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    #[arg(value_parser = value::public_url)]
    pub url: PublicUrl,

    /// An API key or a token; better in the environment, as command lines are public
    #[arg(long, env = "FLOW_REGISTRY_KEY", hide_env_values = true, value_name = "KEY")]
    #[arg(value_parser = value::secret)]
    pub key: Option<SecretString>,

    /// A file that holds the key or the token, in place of the variable
    #[arg(long, env = "FLOW_REGISTRY_KEY_FILE", value_name = "FILE", value_parser = secret_file::secret)]
    #[arg(conflicts_with = "key")]
    pub key_file: Option<SecretString>,

    /// The organization the key belongs to
    #[arg(long, env = "FLOW_REGISTRY_ORG", value_name = "UUID")]
    pub org: Option<Uuid>,
}

impl ClientConfig {
    /// The key or token, wherever it stands.
    pub fn credential(&self) -> Option<&SecretString> {
        self.key_file.as_ref().or(self.key.as_ref())
    }
}
