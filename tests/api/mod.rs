//! The API as clients meet it: requests in, answers out, over a router in process and a database of its own.

mod accesses;
mod bad_input;
mod browsers;
mod bundles;
mod callers;
mod changes;
mod checkpoints;
mod client;
mod conditions;
mod description;
mod door;
mod edits;
mod encodings;
mod endpoints;
mod env;
mod erasure;
mod erasures;
mod examples;
mod exports;
mod feed;
mod history;
mod idempotency;
mod list_filters;
mod list_tags;
mod newcomers;
mod overload;
mod page;
mod pages;
mod people;
mod positions;
mod publish_set;
mod rates;
mod readable_rows;
mod roles;
mod round_trips;
mod runs;
mod socket;
mod sockets;
pub mod tenants;
mod trees;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use flow_registry::app;
use flow_registry::evidence::{Keyring, SigningKey};
use flow_registry::http::{self, AppState, BodyBudget, Feeds, Limits, Load, RateLimits, router};
use flow_registry::registry::Registry;
use flow_registry::registry::access::{ApiKeys, CredentialVerifier, Guesses, KeyMode, operator};
use flow_registry::registry::checkpoints::Signer;
use flow_registry::store::Store;
use futures_util::{StreamExt as _, stream};
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use client::{Answer, Request, named};

use crate::support::{self, TestDatabase};

/// Serves as the program does.
fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(http::serve(listener, router, limits, shutdown))
}

/// The longest that anybody stays signed in to the console.
const SESSION_LASTS: Duration = Duration::from_secs(12 * 60 * 60);

/// The service over a fresh database, with an organization and an admin key of it.
pub struct Api {
    pub org_id: Uuid,
    pub key: String,
    pub router: Router,
    pub registry: Registry,
    pub keys: ApiKeys,
    pub database: TestDatabase,
}

pub async fn api() -> Api {
    let database = support::database().await;
    let store = database.store().await;
    api_over(database, store).await
}

/// The service under another address than usual.
pub async fn api_at(public_url: &str) -> Api {
    let database = support::database().await;
    let state = AppState { public_url: public_url.into(), ..state_over(database.store().await) };
    api_of(database, state).await
}

/// The same over another pool than the database's own.
pub async fn api_over(database: TestDatabase, store: Store) -> Api {
    api_of(database, state_over(store)).await
}

/// The API and the console beside it.
pub fn router_over(state: Arc<AppState>) -> Router {
    router(Arc::clone(&state)).merge(app::console::router(&state, SESSION_LASTS, 400))
}

async fn api_of(database: TestDatabase, state: AppState) -> Api {
    let state = Arc::new(state);
    let (registry, keys) = (state.registry.clone(), state.registry.keys.clone());
    let org_id = Uuid::new_v4();
    let router = router_over(state);
    let mut api = Api { org_id, key: String::new(), router, registry, keys, database };
    api.key = api.new_key(org_id, json!({"name": "backend"})).await;
    api
}

/// What a process starts with: a key to sign with, and no memory.
pub fn state_over(store: Store) -> AppState {
    let key = SigningKey::new("flows.example.com", &[1; 32]).unwrap();
    state_with(store, Signer::new(Keyring::of(key), None))
}

pub fn state_with(store: Store, signer: Signer) -> AppState {
    let registry = Registry::signing(store, signer);
    AppState {
        verifier: CredentialVerifier { api_keys: registry.keys.verifier().clone(), tokens: None },
        registry,
        public_url: "https://flows.example.com".into(),
        feeds: Feeds::new(100, Duration::from_secs(60), CancellationToken::new()),
        body_budget: BodyBudget::default(),
        load: Load::default(),
        guesses: Guesses::default(),
        rate_limits: RateLimits::default(),
        draining: CancellationToken::new(),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
    }
}

impl Api {
    /// Another key, of any organization.
    pub async fn new_key(&self, org_id: Uuid, body: Value) -> String {
        let made = self.keys.create(operator(org_id, "test"), KeyMode::Live, &body).await.unwrap();
        made.secret.expose_secret().to_owned()
    }

    pub async fn key_with(&self, scopes: &[&str]) -> String {
        self.new_key(self.org_id, json!({"name": "limited", "scopes": scopes})).await
    }

    /// The path of the organization's flows, and what follows it.
    pub fn flows(&self, rest: &str) -> String {
        format!("/organizations/{}/bot/flows{rest}", self.org_id)
    }

    pub fn flow(&self, id: &str, rest: &str) -> String {
        self.flows(&format!("/{id}{rest}"))
    }

    /// The path of the organization's audit log, and what follows it.
    pub fn audit(&self, rest: &str) -> String {
        format!("/organizations/{}/audit{rest}", self.org_id)
    }

    /// A request with the admin key.
    pub fn ask(&self, method: &str, path: impl AsRef<str>) -> Request {
        Request::new(self.router.clone(), method, path.as_ref()).header("x-api-key", &self.key)
    }

    pub fn ask_openly(&self, method: &str, path: impl AsRef<str>) -> Request {
        Request::new(self.router.clone(), method, path.as_ref())
    }

    /// Creates a flow and returns it.
    pub async fn create(&self, body: Value) -> Value {
        self.ask("POST", self.flows("")).json(&body).send().await.expect(201).data()
    }

    /// Creates flows, a few at a time.
    pub async fn create_all(&self, bodies: impl IntoIterator<Item = Value>) -> Vec<Value> {
        stream::iter(bodies).map(|body| self.create(body)).buffered(16).collect().await
    }

    /// Creates a flow that can be published, and returns its id.
    pub async fn create_sound(&self, name: &str) -> String {
        let flow = self.create(sound(name)).await;
        flow["id"].as_str().unwrap().to_owned()
    }

    /// How many events the log has, of all organizations.
    pub async fn events(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM event").fetch_one(&self.database.pool).await.unwrap()
    }
}

/// Holds an answer against the snapshot of this name.
pub fn pin(name: &str, answer: &Answer) {
    insta::with_settings!(
        {snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"), prepend_module_to_snapshot => false,
            omit_expression => true},
        { insta::assert_snapshot!(name, answer.shown()) }
    );
}

/// A document that can be published.
pub fn sound(name: &str) -> Value {
    json!({"name": name, "steps": [{"id": "adios", "type": "end", "text": "¡Listo!"}]})
}
