//! Wiring only: opens what the configuration names, puts the rooms together, and takes them down in order.

mod database;
mod shutdown;
mod upkeep;
mod welcome;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;

use crate::cli::KeysOrder;
use crate::config::{DatabaseConfig, HttpConfig, ServeConfig};
use crate::http::{self, AppState, Limits, Patience};
use crate::registry::Registry;
use crate::registry::access::{ApiKeyVerifier, ApiKeys, JwtVerifier, Verifiers};
use database::Database;

/// Serves until told to stop.
pub async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    config.database.check()?;
    let tokens = config.jwt.load()?.map(|settings| JwtVerifier::new(&settings)).transpose()?;
    let metrics = PrometheusBuilder::new().install_recorder().context("cannot count")?;
    let shutdown = shutdown::on_signal()?;
    // First, because it fails fast; who connects before we serve is kept waiting by the kernel.
    let listener = listen(config.http.listen).await?;
    let address = listener.local_addr()?;
    let database = tokio::select! {
        opened = Database::open_alone(&config.database) => opened?,
        () = shutdown.cancelled() => return Ok(()),
    };
    let store = database.store.clone();
    let registry = Registry::new(store.clone());
    let api_keys = ApiKeyVerifier::new(store.clone());
    let keys = ApiKeys::new(registry.clone(), api_keys.clone());
    if database.is_private() {
        welcome::first_key(&keys, config.http.public_url(address).as_str()).await?;
    }
    let upkeep = tokio::spawn(upkeep::run(store, shutdown.clone()));
    let state = AppState {
        registry: registry.clone(),
        verifier: Arc::new(Verifiers { api_keys, tokens }),
        keys,
        metrics,
    };
    tracing::info!(%address, "listening");
    http::serve(listener, http::router(state), limits(&config.http), shutdown).await;
    registry.finish().await;
    upkeep.await?;
    database.close().await;
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}; choose another address with --listen"))
}

fn limits(config: &HttpConfig) -> Limits {
    let patience = Patience {
        idle: config.idle_timeout_ms,
        head: config.header_timeout_ms,
        ..Limits::default().patience
    };
    Limits { connections_max: config.max_connections as usize, patience }
}

/// Carries out an order on API keys.
pub async fn keys(order: &KeysOrder) -> anyhow::Result<()> {
    let database = Database::open(order.database()).await?;
    let registry = Registry::new(database.store.clone());
    let verifier = ApiKeyVerifier::new(database.store.clone());
    let done = order.run(&ApiKeys::new(registry, verifier)).await;
    database.close().await;
    done
}

/// Brings the schema up to date.
pub async fn migrate(config: DatabaseConfig) -> anyhow::Result<()> {
    let database = Database::open(&config).await?;
    database.close().await;
    println!("The schema is up to date.");
    Ok(())
}
