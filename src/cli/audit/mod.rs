//! `flow-registry audit`: the log for those who check it.

mod accept;
mod cosign;
mod events;
mod evidence;
mod export;
mod progress;
mod tail;
mod verifier;
mod verify;

use clap::Subcommand;

use super::failure::EXIT_STATUS;
pub use accept::AcceptLogOrder;
pub use cosign::CosignOrder;
pub use export::ExportArgs;
pub use tail::TailOrder;
pub use verifier::print_verifier;
pub use verify::{Verified, VerifyOrder};

#[derive(Debug, Subcommand)]
pub enum AuditOrder {
    /// Take the log of a running service home: as evidence, or for a spreadsheet
    #[command(after_help = EXIT_STATUS)]
    Export(ExportArgs),
    /// Follow the log of a running service
    #[command(after_help = EXIT_STATUS)]
    Tail(TailOrder),
    /// Prove that nobody altered an export, the log of a running service, or the database
    #[command(after_help = verify::EXIT_STATUS)]
    Verify(Box<VerifyOrder>),
    /// Print the Python program that verifies an export without this one
    #[command(after_help = EXIT_STATUS)]
    Verifier,
    /// As a witness: verify an export, and cosign its last checkpoint
    #[command(after_help = EXIT_STATUS)]
    Cosign(CosignOrder),
    /// Sign a log again that does not extend what was signed of it, as after a recovery to an earlier point in time
    #[command(after_help = EXIT_STATUS)]
    AcceptLog(Box<AcceptLogOrder>),
}
