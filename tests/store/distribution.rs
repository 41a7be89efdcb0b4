//! What a database that is distributed by organization asks of the store, as far as one Postgres can show it: every table
//! has its place, all use cases go by organization, and what cannot be distributed is refused.

use flow_registry::registry::access::operator;
use flow_registry::registry::caller::Intent;
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Person, Selection};
use flow_registry::registry::verification::LiveVerification;
use flow_registry::registry::{PublishOrder, Registry};
use flow_registry::store::{COPIED, DISTRIBUTED, Store, StoreError, Writer, distribute};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use super::rows::row;
use crate::registry::hand::sound;
use crate::support;

#[tokio::test]
async fn every_table_lies_with_its_organization_or_is_copied_for_a_reason() {
    let database = support::database().await;
    let tables = "SELECT c.relname::text, EXISTS (SELECT FROM pg_attribute a \
           WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped) \
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1";
    let tables: Vec<(String, bool)> = sqlx::query_as(tables).fetch_all(&database.pool).await.unwrap();
    let mut there: Vec<&str> = Vec::new();
    for (table, has_organization) in &tables {
        let is_distributed = DISTRIBUTED.contains(&table.as_str());
        assert_eq!(is_distributed, *has_organization, "{table}: distributed where it has org_id");
        let is_copied = COPIED.iter().any(|(copied, why)| copied == table && !why.is_empty());
        assert!(is_distributed != is_copied, "{table}: distributed, or copied with a reason");
        there.push(table);
    }
    assert_eq!(there.len(), DISTRIBUTED.len() + COPIED.len(), "no table is named that is not there");
}

#[tokio::test]
async fn keys_and_unique_indexes_of_distributed_tables_begin_with_the_organization() {
    let database = support::database().await;
    let others = "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
         WHERE c.relname = ANY($1) AND c.relnamespace = 'public'::regnamespace AND i.indisunique \
         AND a.attname IS DISTINCT FROM 'org_id'";
    let others: Vec<String> =
        sqlx::query_scalar(others).bind(&DISTRIBUTED[..]).fetch_all(&database.pool).await.unwrap();
    assert_eq!(others, [""; 0]);
}

#[tokio::test]
async fn a_database_without_the_extension_is_refused_and_left_as_it_is() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let refused = distribute(&store).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotDistributable(_)));
    assert!(refused.to_string().contains("CREATE EXTENSION citus"), "{refused}");
    assert!(!store.noticing_distribution().await.unwrap().is_by_organization());
}

/// What Citus notes of tables and functions, as far as the service reads it.
async fn note_as_citus(database: &support::TestDatabase) {
    let made = "SET allow_system_table_mods = on; \
         CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass); \
         CREATE TABLE pg_catalog.pg_dist_object (classid oid, objid oid, distribution_argument_index integer); \
         GRANT SELECT ON pg_catalog.pg_dist_partition, pg_catalog.pg_dist_object TO public";
    sqlx::raw_sql(made).execute(&mut database.pool.acquire().await.unwrap().detach()).await.unwrap();
    let placed = "INSERT INTO pg_catalog.pg_dist_partition SELECT to_regclass('public.' || t) FROM unnest($1::text[]) t";
    let tables: Vec<&str> = DISTRIBUTED.into_iter().chain(COPIED.map(|(table, _)| table)).collect();
    sqlx::query(placed).bind(tables).execute(&database.pool).await.unwrap();
}

/// `distribute` makes functions and says where they run. Broken off in between, or before a later release made its own, it
/// leaves functions that would ask all nodes from the entry.
#[tokio::test]
async fn a_function_that_is_there_but_not_placed_is_noticed() {
    let database = support::database().await;
    note_as_citus(&database).await;
    let noticed = async || Store::new(database.pool.clone()).noticing_distribution().await;
    let functions = "position_before, version_before, erase_recorded, idempotency_record";
    let refused = noticed().await.unwrap_err().to_string();
    assert!(refused.contains("append_to_log_") && refused.contains(functions), "{refused}");
    assert!(refused.contains("Run `flow-registry distribute`"), "{refused}");

    Store::new(database.pool.clone()).make_append_function().await.unwrap();
    let note = "INSERT INTO pg_catalog.pg_dist_object SELECT 'pg_proc'::regclass, oid, NULL FROM pg_proc \
         WHERE pronamespace = 'public'::regnamespace";
    sqlx::query(note).execute(&database.pool).await.unwrap();
    let refused = noticed().await.unwrap_err().to_string();
    assert!(refused.contains("append_to_log_") && refused.contains("position_before"), "{refused}");
    assert!(!refused.contains("idempotency_record"), "it is called anywhere: {refused}");

    let place = "UPDATE pg_catalog.pg_dist_object SET distribution_argument_index = 0 \
         WHERE objid::regproc::text LIKE $1";
    let place = async |like: &str| sqlx::query(place).bind(like).execute(&database.pool).await.unwrap();
    for others in ["position_before", "version_before", "erase_recorded"] {
        place(others).await;
    }
    let refused = noticed().await.unwrap_err().to_string();
    assert!(refused.contains("a part of it is not: append_to_log_"), "{refused}");
    place("append\\_to\\_log\\_%").await;
    assert!(noticed().await.unwrap().is_by_organization());
}

#[tokio::test]
async fn all_use_cases_go_by_organization() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone()).by_organization();
    store.make_append_function().await.unwrap();
    let registry = Registry::new(store.clone());
    let org_id = Uuid::new_v4();
    let intent = || Intent { on_behalf_of: Some("Ana Pérez".to_owned()), ..operator(org_id, "test") };
    let flow = registry.commands.create(intent(), sound("Alta")).await.unwrap().flow.record.flow_id;
    registry.commands.publish(intent(), flow, PublishOrder::default()).await.unwrap();
    registry.commands.update(intent(), flow, json!({"description": "d"}), None).await.unwrap();
    registry.runs.run(intent(), flow, json!({})).await.unwrap();

    let person = Person::named(vec!["Ana Pérez".to_owned()]).unwrap();
    let order = ErasureOrder::new(Selection::Person(person), "art. 17");
    let erased = Erasures::new(store.clone()).erase(&operator(org_id, "dpo"), &order).await.unwrap();
    assert!(erased.batches > 0);
    let mut live = LiveVerification::begin(&store, Vec::new(), Vec::new()).await.unwrap();
    let verdict = live.log(org_id, |_| {}).await.unwrap().to_string();
    assert!(verdict.starts_with("end not proven"), "{verdict}");
}

/// Whichever lanes their organizations have, all appends arrive.
#[tokio::test]
async fn many_organizations_write_at_once() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone()).by_organization();
    store.make_append_function().await.unwrap();
    let writer = Writer::start(&store);
    let organizations: Vec<Uuid> = (0..24).map(|_| Uuid::new_v4()).collect();
    let appends = organizations.iter().flat_map(|org_id| {
        let writer = &writer;
        (0..4).map(move |n| writer.append(row(*org_id, Uuid::new_v4(), 0, &format!("text {n}"))))
    });
    for outcome in join_all(appends).await {
        outcome.unwrap();
    }
    let heads = store.heads(&organizations).await.unwrap();
    assert_eq!(heads.len(), organizations.len());
    assert!(heads.iter().all(|(_, position)| *position == 4), "{heads:?}");
}
