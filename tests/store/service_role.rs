//! The account of a service that owns nothing: all use cases work, and none of what would alter the log.

use flow_registry::registry::access::operator;
use flow_registry::registry::caller::Intent;
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Person, Selection};
use flow_registry::registry::verification::LiveVerification;
use flow_registry::registry::{PublishOrder, Registry};
use flow_registry::store::{self, Ownership, Store};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use uuid::Uuid;

use crate::registry::hand::sound;
use crate::support::{self, TestDatabase};

/// The database as an account of its own sees it.
async fn service(database: &TestDatabase) -> (PgPool, String) {
    let account = format!("service_{}", database.name);
    let make = format!("DROP ROLE IF EXISTS {account}; CREATE ROLE {account} LOGIN");
    database.pool.execute(AssertSqlSafe(make)).await.unwrap();
    store::grant_service(&database.pool, &account).await.unwrap();
    let options: PgConnectOptions = database.connect_options.clone().username(&account);
    (PgPoolOptions::new().max_connections(10).connect_lazy_with(options), account)
}

#[tokio::test]
async fn it_serves_and_erases_on_record_and_can_do_nothing_else_to_the_log() {
    let database = support::database().await;
    assert_eq!(store::prepare(&database.pool).await.unwrap(), Ownership::Owner);
    let (pool, account) = service(&database).await;
    assert_eq!(store::prepare(&pool).await.unwrap(), Ownership::Service);

    let registry = Registry::new(Store::new(pool.clone()));
    let org_id = Uuid::new_v4();
    let intent = || Intent { on_behalf_of: Some("Ana Pérez".to_owned()), ..operator(org_id, "test") };
    let flow = registry.commands.create(intent(), sound("Alta")).await.unwrap().flow.record.flow_id;
    registry.commands.publish(intent(), flow, PublishOrder::default()).await.unwrap();
    registry.runs.run(intent(), flow, json!({})).await.unwrap();
    registry.commands.update(intent(), flow, json!({"description": "d"}), None).await.unwrap();

    for forbidden in [
        "UPDATE event SET payload = NULL",
        "UPDATE event SET type = 'x'",
        "DELETE FROM event",
        "TRUNCATE event",
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "UPDATE document SET bytes = NULL",
        "UPDATE document SET bytes = 'x'",
        "UPDATE document SET digest = 'x'",
        "DELETE FROM document",
        "DELETE FROM log_head",
        "UPDATE checkpoint SET position = 7",
        "DELETE FROM checkpoint",
        "DROP TABLE event",
        "CREATE TABLE other (id int)",
        "CREATE OR REPLACE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "SELECT erase_recorded(org_id, position) FROM event",
        "SET ROLE flow_registry",
    ] {
        let refused = pool.execute(forbidden).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code()).unwrap().into_owned();
        assert!(matches!(&*code, "42501" | "23001"), "{forbidden}: {refused}");
    }

    let person = Person::named(vec!["Ana Pérez".to_owned()]).unwrap();
    let order = ErasureOrder::new(Selection::Person(person), "art. 17");
    let erased =
        Erasures::new(Store::new(pool.clone())).erase(&operator(org_id, "dpo"), &order).await.unwrap();
    assert!(erased.batches > 0);
    let mut live = LiveVerification::begin(&Store::new(pool.clone()), Vec::new(), Vec::new()).await.unwrap();
    let verdict = live.log(org_id, |_| {}).await.unwrap().to_string();
    assert!(verdict.starts_with("end not proven"), "{verdict}");

    // Another schema than its own is one it does not start on.
    database.pool.execute("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 1").await.unwrap();
    assert!(matches!(store::prepare(&pool).await, Err(store::StoreError::NotMigrated)));
    drop(live);
    pool.close().await;
    let gone = format!("DROP OWNED BY {account}; DROP ROLE {account}");
    database.pool.execute(AssertSqlSafe(gone)).await.unwrap();
}
