//! The command line: what can be said, and the commands that are not the service itself.
//! Each command has a file; `app` opens what they work on.

mod audit;
mod client;
mod cluster;
mod entry;
mod erase;
mod failure;
mod flows;
mod keys;
mod member;
mod operator;
mod problem;
mod projections;
mod screen;
mod signing_key;

use clap::{Arg, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{LogConfig, MigrateConfig, ServeConfig};
pub use audit::{AcceptLogOrder, AuditOrder, Verified, VerifyOrder, print_verifier};
pub use cluster::{ClusterOrder, DumpOrder, RestoreFromDumpOrder, UpgradeOrder};
pub use erase::EraseOrder;
pub use failure::Failure;
pub use flows::FlowsOrder;
pub use keys::KeysOrder;
pub use operator::operator_name;
pub use projections::ProjectionsOrder;
pub use signing_key::SigningKeyOrder;

#[derive(Debug, Parser)]
#[command(
    name = "flow-registry",
    version,
    about = "An event-sourced registry for conversational bot flows.",
    after_help = "Without DATABASE_URL the service finds, starts and supervises a private Postgres.",
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub log: LogConfig,
    #[command(subcommand)]
    pub order: CliCommand,
}

#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Serve the HTTP API
    Serve(Box<ServeConfig>),
    /// Bring the database's schema up to date and end; `serve` does so by itself
    Migrate(MigrateConfig),
    /// Distribute the database by organization over the nodes of a Citus cluster, and say where each table lies
    Distribute(MigrateConfig),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Keys(Box<KeysOrder>),
    /// Hold what is computed from the log against it, and put it right
    #[command(subcommand)]
    Projections(Box<ProjectionsOrder>),
    /// Erase content on legal demand, on record
    Erase(Box<EraseOrder>),
    /// Find, compare, try and restore flows of a running service
    #[command(subcommand)]
    Flows(Box<FlowsOrder>),
    /// Follow the log, and prove that nobody altered it
    #[command(subcommand)]
    Audit(Box<AuditOrder>),
    /// Save a private Postgres, bring it back, and move it to a newer version
    #[command(subcommand)]
    Cluster(Box<ClusterOrder>),
    /// Make and show the keys that checkpoints of the log are signed with
    #[command(subcommand)]
    SigningKey(SigningKeyOrder),
}

/// Everything that can be said, for parsing, for `--help` and for the table in `docs/operations.md`.
pub fn command() -> Command {
    Cli::command()
}

/// Ends the process with status 2 when the command line or the environment cannot be understood.
pub fn parse() -> Cli {
    let matches = without_empty_variables(command()).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Settings as the environment alone says them, where their flags have no place.
fn from_environment<A: Args>() -> A {
    let command = A::augment_args(Command::new("flow-registry").no_binary_name(true));
    without_empty_variables(command)
        .try_get_matches_from([""; 0])
        .and_then(|matches| A::from_arg_matches(&matches))
        .unwrap_or_else(|error| error.exit())
}

/// `DATABASE_URL=` in an environment file means "not set".
fn without_empty_variables(command: Command) -> Command {
    fn is_empty(argument: &Arg) -> bool {
        argument.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()))
    }
    let command =
        command.mut_args(|argument| if is_empty(&argument) { argument.env(None::<&str>) } else { argument });
    command.mut_subcommands(without_empty_variables)
}
