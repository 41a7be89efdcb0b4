//! Wiring only: opens what the configuration names, puts the rooms together, and takes them down in order.

mod database;
mod shutdown;

use crate::config::{DatabaseConfig, ServeConfig};
use database::Database;

/// Serves until told to stop.
pub async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    let _jwt = config.jwt.load()?;
    let shutdown = shutdown::on_signal()?;
    let opened = tokio::select! {
        opened = Database::open_alone(&config.database) => opened?,
        () = shutdown.cancelled() => return Ok(()),
    };
    shutdown.cancelled().await;
    opened.close().await;
    Ok(())
}

/// Brings the schema up to date.
pub async fn migrate(config: DatabaseConfig) -> anyhow::Result<()> {
    let database = Database::open(&config).await?;
    database.close().await;
    println!("The schema is up to date.");
    Ok(())
}
