//! `flow-registry cluster`: the data of a private Postgres saved, brought back and moved to a newer version, with the
//! signing key and what was signed. What was made of it is verified before anybody is told that it is there.

mod archive;
mod archive_writer;
mod dump;
mod outcome;
mod proof;
mod restore;
mod signed;
mod upgrade;

use std::time::Duration;

use super::shutdown;
use crate::cli::ClusterOrder;

/// Carries an order on the private cluster out.
pub async fn run(order: &ClusterOrder) -> anyhow::Result<()> {
    let called_off = shutdown::on_signal(Duration::ZERO)?.shutdown;
    let outcome = match order {
        ClusterOrder::Dump(order) => dump::dump(order, called_off).await,
        ClusterOrder::Restore(order) => restore::restore(order, called_off).await,
        ClusterOrder::Upgrade(order) => upgrade::upgrade(order, called_off).await,
    };
    outcome.map_err(outcome::broken_off)
}
