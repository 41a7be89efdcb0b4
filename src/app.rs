//! Wiring only: opens what the configuration names, puts the rooms together, and takes them down in order.

pub mod cluster;
pub mod console;
mod database;
mod distribute;
mod drift;
mod erasures;
mod files;
mod integrity;
mod numbers;
mod primary;
mod shutdown;
mod signing;
mod systemd;
mod upkeep;
mod watch;
mod welcome;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cli::{AcceptLogOrder, EraseOrder, Failure, KeysOrder, ProjectionsOrder, Verified, VerifyOrder};
use crate::config::{
    ConfigError, ConsoleServed, DatabaseConfig, HttpConfig, JwtConfig, MigrateAtStart, MigrateConfig, Origin,
    RateLimit, ServeConfig,
};
use crate::http::{
    self, AppState, BodyBudget, Feeds, Limits, Load, Patience, Rate, RateLimits, TrustedProxies,
};
use crate::log::LogLines;
use crate::registry::Registry;
use crate::registry::access::{CredentialVerifier, Guesses, JwtVerifier};
use crate::registry::erasure::Erasures;
use crate::registry::projections::Projections;
use crate::store;
use database::Database;
pub use distribute::distribute;
use primary::TimelineMemory;
use shutdown::Ending;

/// Commands whose clients are gone may still be under way when the last connection has ended.
const FINISH_WITHIN: Duration = Duration::from_secs(1);
/// Connections of those who run the service, and of what asks for them.
const OPERATORS_MAX: usize = 64;
/// Serves until told to stop.
pub async fn serve(config: ServeConfig, log: LogLines) -> anyhow::Result<()> {
    config.database.check()?;
    config.tracing.check()?;
    let tokens = token_verifier(&config.jwt)?;
    let signing_with = signing::Named::open(&config.signing)?;
    let metrics = numbers::count()?;
    let Ending { draining, shutdown } = shutdown::on_signal(config.http.shutdown_delay)?;
    let connections_max =
        files::connections_max(config.http.max_connections, config.database.database_pool_size);
    // First, because it fails fast; who connects before we serve is kept waiting by the kernel.
    let (listener, metrics_listener) = listeners(&config.http).await?;
    let address = listener.local_addr()?;
    let timelines = TimelineMemory::of(&config.database, &config.signing);
    let database = tokio::select! {
        opened = Database::open_alone(&config.database, timelines.read()?) => opened?,
        () = draining.cancelled() => return Ok(()),
    };
    let store = database.store.clone();
    let public_url = config.http.public_url.as_ref();
    let signer = match store.has_checkpoints().await? {
        false => signing_with.first_signer(database.data_dir(), public_url)?,
        true => signing_with.signer(database.data_dir())?,
    };
    let registry = Registry::signing(store, signer);
    if database.data_dir().is_some() {
        let public_url = config.http.public_url(address);
        welcome::first_key(&registry.keys, public_url.as_str(), config.console.console).await?;
    }
    let background = in_background(&registry, &metrics, log, timelines, &shutdown);
    let state = Arc::new(AppState {
        registry: registry.clone(),
        verifier: CredentialVerifier { api_keys: registry.keys.verifier().clone(), tokens },
        feeds: feeds(&config.http, connections_max, &shutdown),
        body_budget: BodyBudget::default(),
        load: Load::watching_the_runtime(),
        guesses: Guesses::default(),
        rate_limits: rate_limits(&config.http),
        draining: draining.clone(),
        public_url: config.http.public_url(address).as_str().into(),
        metrics,
    });
    let metrics_address = metrics_listener.as_ref().and_then(|listener| listener.local_addr().ok());
    serve_operators(metrics_listener, &state, &shutdown);
    let metrics_address = metrics_address.map(tracing::field::display);
    tracing::info!(%address, metrics_address, "listening");
    systemd::ready();
    let router = http::end_connections(router(&config, &state, connections_max), draining);
    http::serve(listener, router, limits(&config.http, connections_max), shutdown).await;

    let _ = tokio::time::timeout(FINISH_WITHIN, registry.accesses.put_on_record()).await;
    if tokio::time::timeout(FINISH_WITHIN, registry.finish()).await.is_err() {
        tracing::warn!("commands still under way were cut");
    }
    // One bounded statement at a time: nothing is lost with them.
    background.iter().for_each(JoinHandle::abort);
    signing::last_round(&registry.checkpoints).await;
    database.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The API, which pages of other origins may use where they are named, and the console, which none may.
fn router(config: &ServeConfig, state: &Arc<AppState>, connections_max: usize) -> Router {
    let origins: Vec<&str> = config.http.cors_origins.iter().map(Origin::as_str).collect();
    let api = http::allow_origins(http::router(Arc::clone(state)), &origins);
    match config.console.console {
        ConsoleServed::On => {
            api.merge(console::router(state, config.console.session_lasts(), connections_max))
        }
        ConsoleServed::Off => api,
    }
}

/// What goes on beside requests, until it is aborted.
fn in_background(
    registry: &Registry,
    metrics: &PrometheusHandle,
    log: LogLines,
    timelines: TimelineMemory,
    shutdown: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let ended = || shutdown.clone();
    vec![
        tokio::spawn(upkeep::run(registry.store().clone(), registry.clock.clone(), ended())),
        tokio::spawn(primary::follow(registry.clone(), timelines)),
        tokio::spawn(upkeep::keep_numbers(metrics.clone(), log, registry.store().clone())),
        tokio::spawn(upkeep::record_accesses(registry.accesses.clone(), ended())),
        tokio::spawn(drift::watch(registry.projections.clone(), ended())),
        tokio::spawn(erasures::watch(registry.erasures.clone(), ended())),
        tokio::spawn(erasures::resume(registry.erasures.clone(), ended())),
        tokio::spawn(integrity::watch(registry.integrity.clone(), ended())),
        tokio::spawn(signing::run(registry.checkpoints.clone(), ended())),
        tokio::spawn(signing::run_trees(registry.checkpoints.clone(), ended())),
    ]
}

fn token_verifier(config: &JwtConfig) -> Result<Option<JwtVerifier>, ConfigError> {
    let settings = config.load()?;
    let verifier = settings.as_ref().map(JwtVerifier::new).transpose();
    let verifier = verifier.map_err(|error| ConfigError(format!("the keys for tokens: {error}")))?;
    if let Some(tokens) = verifier.clone() {
        tokio::spawn(async move { tokens.fetch_keys().await });
    }
    Ok(verifier)
}

async fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}; choose another address with {flag}"))
}

/// For clients, and for those who run the service.
async fn listeners(config: &HttpConfig) -> anyhow::Result<(TcpListener, Option<TcpListener>)> {
    let listener = listen(config.listen, "--listen").await?;
    let metrics_listener = match config.metrics_listen.0 {
        Some(address) => Some(listen(address, "--metrics-listen").await?),
        None => None,
    };
    Ok((listener, metrics_listener))
}

/// Serves those who run the service, beside its clients.
fn serve_operators(listener: Option<TcpListener>, state: &Arc<AppState>, shutdown: &CancellationToken) {
    if let Some(listener) = listener {
        let router = http::operators_router(Arc::clone(state));
        let limits = Limits { connections_max: OPERATORS_MAX, ..Limits::default() };
        tokio::spawn(http::serve(listener, router, limits, shutdown.clone()));
    }
}

fn limits(config: &HttpConfig, connections_max: usize) -> Limits {
    let patience = Patience {
        idle: config.idle_timeout_ms,
        head: config.header_timeout_ms,
        stall: config.stall_timeout_ms,
    };
    Limits {
        connections_max,
        connections_of_address_max: config.max_connections_per_address(),
        trusted_proxies: TrustedProxies::new(config.trusted_proxies.clone()),
        patience,
    }
}

fn rate_limits(config: &HttpConfig) -> RateLimits {
    let rate = |limit: RateLimit| Rate { requests: limit.requests, window: limit.window };
    RateLimits::new(config.rate_limit.map(rate), config.rate_limit_organization.map(rate))
}

/// Feeds stay open for hours, so they get no more than half of the connections.
fn feeds(config: &HttpConfig, connections_max: usize, shutdown: &CancellationToken) -> Feeds {
    Feeds::new(connections_max.div_ceil(2), config.stall_timeout_ms, shutdown.clone())
}

/// Carries out an order on API keys.
pub async fn keys(order: &KeysOrder) -> anyhow::Result<()> {
    let database = match order.begins() {
        true => Database::open(order.database()).await?,
        false => Database::open_existing(order.database()).await?,
    };
    let done = order.run(&Registry::new(database.store.clone()).keys).await;
    database.close().await;
    done
}

/// Verifies an export or, without one, the logs of the database.
pub async fn verify(order: &VerifyOrder) -> anyhow::Result<Verified> {
    if let Some(file) = &order.file {
        return order.verify_file(file);
    }
    if order.over_http {
        return order.verify_over_http();
    }
    let keyring = order.signing.load()?;
    order.database.check()?;
    let database = Database::open_to_read(&order.database).await;
    let database = database.map_err(|error| Failure::NoAnswer(format!("{error:#}")))?;
    let own = signing::known_keys(keyring, database.data_dir());
    // A verdict is about the server that clients are answered by.
    let verified = order.verify_live(&database.store, own).await;
    database.close().await;
    verified
}

/// Accepts a log that does not extend what was signed of it.
pub async fn accept_log(order: &AcceptLogOrder) -> anyhow::Result<()> {
    order.check()?;
    let signing_with = signing::Named::open(&order.signing)?;
    let database = Database::open(&order.database).await?;
    let signer = signing_with.signer(database.data_dir())?;
    let registry = Registry::signing(database.store.clone(), signer);
    let done = order.run(&registry.checkpoints).await;
    database.close().await;
    Ok(done?)
}

/// Erases content.
pub async fn erase(order: &EraseOrder) -> anyhow::Result<()> {
    order.check()?;
    let database = Database::open(&order.owner.of(&order.database)).await?;
    let done = order.run(&Erasures::new(database.store.clone())).await;
    database.close().await;
    Ok(done?)
}

/// Carries out an order on projections.
pub async fn projections(order: &ProjectionsOrder) -> anyhow::Result<()> {
    order.database().check()?;
    let database = match order.only_reads() {
        true => Database::open_to_read(order.database()).await,
        false => Database::open(order.database()).await,
    };
    let database = database.map_err(|error| Failure::NoAnswer(format!("{error:#}")))?;
    let done = order.run(&Projections::new(database.store.clone())).await;
    database.close().await;
    Ok(done?)
}

/// Brings the schema up to date, and gives the account of the service what it needs, where it is another than the owner.
pub async fn migrate(config: MigrateConfig) -> anyhow::Result<()> {
    let owners = DatabaseConfig { migrate: MigrateAtStart::On, ..config.owner.of(&config.database) };
    let owner = Database::open(&owners).await?;
    println!("The schema is up to date.");
    if config.owner.url().is_some() && !config.database.urls().is_empty() {
        let service = Database::open_to_read(&config.database).await?;
        let (owners, services) =
            (store::account(owner.store.pool()).await?, store::account(service.store.pool()).await?);
        if owners == services {
            return Err(ConfigError(format!("both URLs are of the account {owners}")).into());
        }
        store::grant_service(owner.store.pool(), &services).await?;
        service.keep_account_settings(&config.database).await?;
        service.close().await;
        println!("The account {services} may add to the log, and owns nothing.");
    }
    owner.close().await;
    Ok(())
}
