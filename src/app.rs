//! Wiring only: opens what the configuration names, puts the rooms together, and takes them down in order.

mod database;
mod shutdown;

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::config::{DatabaseConfig, ServeConfig};
use database::Database;

/// Serves until told to stop.
pub async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    config.database.check()?;
    let _jwt = config.jwt.load()?;
    let shutdown = shutdown::on_signal()?;
    // First, because it fails fast; who connects before we serve is kept waiting by the kernel.
    let listener = listen(config.http.listen).await?;
    let opened = tokio::select! {
        opened = Database::open_alone(&config.database) => opened?,
        () = shutdown.cancelled() => return Ok(()),
    };
    tracing::info!(address = %listener.local_addr()?, "listening");
    shutdown.cancelled().await;
    opened.close().await;
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}; choose another address with --listen"))
}

/// Brings the schema up to date.
pub async fn migrate(config: DatabaseConfig) -> anyhow::Result<()> {
    let database = Database::open(&config).await?;
    database.close().await;
    println!("The schema is up to date.");
    Ok(())
}
