//! `flow-registry audit accept-log`: the end of a refusal to sign, by whoever is at the machine that remembers what was
//! signed.

use clap::Args;
use uuid::Uuid;

use crate::cli::failure::Failure;
use crate::cli::operator::operator_name;
use crate::cli::screen;
use crate::config::{ConfigError, DatabaseConfig, SigningConfig};
use crate::registry::RegistryError;
use crate::registry::access::operator;
use crate::registry::caller::Intent;
use crate::registry::checkpoints::Checkpoints;

#[derive(Debug, Args)]
pub struct AcceptLogOrder {
    /// The organization whose log is refused a signature
    #[arg(long, value_name = "UUID")]
    org: Uuid,
    /// The end of the log that is accepted in place of what was signed, as it came back from a backup
    #[arg(long, value_name = "POSITION", allow_negative_numbers = true)]
    position: i64,
    /// Why the log does not extend what was signed of it; it stays in the log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    pub signing: SigningConfig,
    #[command(flatten)]
    pub database: DatabaseConfig,
}

impl AcceptLogOrder {
    /// What can be said before the database is opened.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fault = if self.reason.trim().is_empty() {
            "--reason: say why"
        } else if self.position < 0 {
            "--position: no log has such a position"
        } else {
            return self.database.check();
        };
        Err(ConfigError(fault.to_owned()))
    }

    pub async fn run(&self, checkpoints: &Checkpoints) -> Result<(), Failure> {
        let reason = Some(self.reason.trim().to_owned());
        let intent = Intent { reason, ..operator(self.org, &operator_name()) };
        let accepted = checkpoints.accept_log(&intent, self.position).await.map_err(|error| match error {
            RegistryError::NothingToAccept(_) => Failure::Refused(error.to_string()),
            error if error.is_refused_signature() => Failure::Refused(error.to_string()),
            error => Failure::NoAnswer(error.to_string()),
        })?;
        let (position, series) = (accepted.position, accepted.series);
        screen::note(&format!(
            "The log is accepted, as the event at position {position} says, and signed again. Checkpoints of series \
             {series} begin with this one, for your auditors:\n\n"
        ));
        screen::print(&accepted.checkpoint.note)
    }
}
