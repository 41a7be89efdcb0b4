//! `flow-registry flows`: what support staff do with flows from a terminal, over HTTP. A file for each command.

mod blame;
mod changes;
mod diff;
mod find;
mod flow;
mod history;
mod list;
mod outline;
mod restore;
mod show;
mod test;
mod transcript;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::client::Client;
use super::failure::{EXIT_STATUS, Failure};
use crate::config::ClientConfig;

#[derive(Debug, Subcommand)]
#[command(after_help = EXIT_STATUS)]
pub enum FlowsOrder {
    /// List flows, the last changed first
    List(list::ListArgs),
    /// Show who changed a flow, when, what and why, the last change first
    History(history::HistoryArgs),
    /// Show a flow step by step, as it is or was
    Show(show::ShowArgs),
    /// Show what differs between two versions
    Diff(diff::DiffArgs),
    /// Show the last change of each step
    Blame(blame::BlameArgs),
    /// Bring a version back, of a deleted flow too
    Restore(restore::RestoreArgs),
    /// Play a conversation against a version
    Test(test::TestArgs),
}

/// What every command here takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Print what the API answers (`data`) instead of text for people
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientConfig,
}

impl Common {
    fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.client)
    }
}

impl FlowsOrder {
    pub fn run(&self) -> Result<ExitCode, Failure> {
        match self {
            Self::List(order) => order.run()?,
            Self::History(order) => order.run()?,
            Self::Show(order) => order.run()?,
            Self::Diff(order) => order.run()?,
            Self::Blame(order) => order.run()?,
            Self::Restore(order) => order.run()?,
            Self::Test(order) => return order.run(),
        }
        Ok(ExitCode::SUCCESS)
    }
}
