//! `flow-registry audit`: the log for those who check it.

mod events;
mod tail;

use clap::Subcommand;

use super::failure::{EXIT_STATUS, Failure};
pub use tail::TailOrder;

#[derive(Debug, Subcommand)]
pub enum AuditOrder {
    /// Follow the log of a running service
    #[command(after_help = EXIT_STATUS)]
    Tail(TailOrder),
}

impl AuditOrder {
    pub fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Tail(order) => order.run(),
        }
    }
}
