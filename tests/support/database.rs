//! A database of its own for one test, cloned from a template that was migrated once.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use flow_registry::postgres::Connection;
use flow_registry::store::{Address, Form, PoolSettings, Pooling, Store, set_account_settings};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor, PgConnection, PgPool};
use tokio::sync::OnceCell;

use super::keeper;

/// Names a pooler in transaction mode that leads to every database of the test cluster, as in `127.0.0.1:6432`: the API is
/// then tested through it. By hand, as no pooler that would do is in Debian.
const POOLER: &str = "TEST_POOLER";

/// Dropped with this value, even when something is still connected to it.
pub struct TestDatabase {
    pub pool: PgPool,
    #[allow(dead_code)]
    pub connect_options: PgConnectOptions,
    pub name: String,
    connection: Connection,
}

impl TestDatabase {
    /// For a service started as a process of its own.
    pub fn url(&self) -> String {
        let Connection { socket_dir, port, user, .. } = &self.connection;
        let host = socket_dir.to_str().unwrap().replace('/', "%2F");
        format!("postgres://{user}@{host}:{port}/{}", self.name)
    }
}

impl TestDatabase {
    /// What a service in this process works with.
    pub async fn store(&self) -> Store {
        let Ok(pooler) = std::env::var(POOLER) else { return Store::new(self.pool.clone()) };
        let (statement, lock) = (Duration::from_secs(15), Duration::from_secs(2));
        set_account_settings(&self.pool, Form::Together, statement, lock).await.unwrap();
        let url = format!("postgres://{}@{pooler}/{}?sslmode=disable", self.connection.user, self.name);
        let settings = PoolSettings {
            connections_max: 10,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: statement,
            seen: None,
            pooling: Pooling::Transaction,
        };
        Store::connect(&Address::Urls(vec![url.into()]), &settings).await.unwrap()
    }
}

/// A migrated, empty database with a pool of up to 40 connections.
pub async fn database() -> TestDatabase {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let connection = keeper::cluster().await;
    let template = template(&connection).await;
    let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let mut admin = admin(&connection).await;
    execute(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    execute(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")).await;
    admin.close().await.unwrap();
    let connect_options = connect_options(&connection, &name);
    let pool = PgPoolOptions::new().max_connections(40).connect_lazy_with(connect_options.clone());
    TestDatabase { pool, connect_options, name, connection }
}

impl Drop for TestDatabase {
    /// The test's runtime may be shutting down: a thread with one of its own does it.
    fn drop(&mut self) {
        let (connection, name) = (self.connection.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut admin = admin(&connection).await;
                execute(&mut admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            });
        });
        let dropped = dropped.join();
        assert!(dropped.is_ok() || std::thread::panicking(), "{} was not dropped", self.name);
    }
}

/// Named by what the migrations say: a change of them makes a new template, and worktrees share a cluster.
async fn template(connection: &Connection) -> &'static str {
    static NAME: OnceCell<String> = OnceCell::const_new();
    NAME.get_or_init(async || {
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let name = format!("template_{}", digest(&migrations));
        let mut admin = admin(connection).await;
        // Held by the session: other processes wait until the template is whole.
        execute(&mut admin, "SELECT pg_advisory_lock(1)".to_owned()).await;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await
            .unwrap();
        if !exists {
            let making = format!("{name}_making");
            execute(&mut admin, format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)")).await;
            execute(&mut admin, format!("CREATE DATABASE {making}")).await;
            let options = connect_options(connection, &making);
            let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
            flow_registry::store::migrate(&pool).await.unwrap();
            pool.close().await;
            execute(&mut admin, format!("ALTER DATABASE {making} RENAME TO {name}")).await;
        }
        admin.close().await.unwrap();
        name
    })
    .await
}

fn digest(migrations: &Path) -> String {
    let mut files: Vec<_> = migrations.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(file.file_name().unwrap().as_encoded_bytes());
        hasher.update(fs::read(&file).unwrap());
    }
    hex::encode(&hasher.finalize()[..8])
}

async fn admin(connection: &Connection) -> PgConnection {
    connect_options(connection, &connection.database).connect().await.unwrap()
}

fn connect_options(connection: &Connection, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(&connection.socket_dir)
        .port(connection.port)
        .username(&connection.user)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

async fn execute(connection: &mut PgConnection, sql: String) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own() {
    let (one, other) = tokio::join!(database(), database());
    one.pool.execute("CREATE TABLE only_here ()").await.unwrap();
    let found: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('only_here')::text").fetch_one(&other.pool).await.unwrap();
    assert_eq!(found, None);
    let url: PgConnectOptions = one.url().parse().unwrap();
    let mut by_url = url.connect().await.unwrap();
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut by_url).await.unwrap();
    assert_eq!(name, one.name);
}
