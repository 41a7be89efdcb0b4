//! `deploy/postgres/partition.sql`, run on a database with data: what is refused on the whole is refused on each partition,
//! and the service goes on.

use flow_registry::registry::projections::Projections;
use flow_registry::store::{self, Store};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use super::rows::{now, row, then};
use crate::support;

const PARTITION: &str = include_str!("../../deploy/postgres/partition.sql");

/// Those of both tables, by name.
const PARTITIONS: &str = "SELECT i.inhrelid::regclass::text FROM pg_inherits i \
     WHERE i.inhparent IN ('event'::regclass, 'document'::regclass) ORDER BY 1";
const INDEXES: &str = "SELECT indexname || ': ' || replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes \
     WHERE tablename IN ('event', 'document') ORDER BY 1";
const COLUMNS: &str = "SELECT format('%s %s %s %s', attrelid::regclass, attname, attnotnull, attcompression) \
     FROM pg_attribute WHERE attrelid IN ('event'::regclass, 'document'::regclass) AND attnum > 0 ORDER BY 1";

/// Of everybody, on the tables and on single columns.
const RIGHTS: &str = "SELECT format('%s %s %s', c.relname, a.attname, acl) FROM pg_class c \
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL, \
     LATERAL unnest(coalesce(c.relacl, '{}') || coalesce(a.attacl, '{}')) acl \
     WHERE c.oid IN ('event'::regclass, 'document'::regclass) ORDER BY 1";

async fn texts(store: &Store, query: &'static str) -> Vec<String> {
    sqlx::query_scalar(query).fetch_all(store.pool()).await.unwrap()
}

/// On a connection of its own, as it may be left within a transaction that failed.
async fn run(database: &support::TestDatabase, script: &str) -> Result<(), sqlx::Error> {
    use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
    let mut connection = database.connect_options.connect().await?;
    let outcome = connection.execute(sqlx::raw_sql(AssertSqlSafe(script.to_owned()))).await;
    connection.close().await?;
    outcome.map(drop)
}

async fn refused(database: &support::TestDatabase, statement: &str) {
    for role in ["origin", "replica"] {
        let script = format!("SET session_replication_role = {role}; {statement}");
        let error = run(database, &script).await.expect_err(statement);
        let code = error.as_database_error().unwrap().code().map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("23001"), "{statement} as {role}: {error}");
    }
}

#[tokio::test]
async fn a_partitioned_log_is_the_same_log_and_guarded_everywhere() {
    let database = support::database().await;
    let before = Store::new(database.pool.clone());
    let flows: Vec<(Uuid, Uuid)> = (0..40).map(|_| (Uuid::new_v4(), Uuid::new_v4())).collect();
    for (org, flow) in &flows {
        before.append(&[row(*org, *flow, 0, "a"), row(*org, Uuid::new_v4(), 0, "b")]).await.unwrap();
    }
    let service = format!("service_{}", database.name);
    let auditor = format!("\"{service}'s auditor\"");
    let make = format!(
        "DROP ROLE IF EXISTS {service}, {auditor}; CREATE ROLE {service}; CREATE ROLE {auditor}; \
         GRANT SELECT (org_id) ON document TO PUBLIC; \
         GRANT SELECT, REFERENCES ON event TO {auditor} WITH GRANT OPTION"
    );
    run(&database, &make).await.unwrap();
    store::grant_service(&database.pool, &service).await.unwrap();
    let (indexes, columns) = (texts(&before, INDEXES).await, texts(&before, COLUMNS).await);
    let rights = texts(&before, RIGHTS).await;
    assert!(rights.iter().any(|right| right.contains("bytes") && right.contains(&service)), "{rights:?}");
    let everything = "SELECT e::text FROM event e UNION ALL SELECT d::text FROM document d ORDER BY 1";
    let rows = texts(&before, everything).await;
    assert!(indexes.len() > 5 && rows.len() > 100, "{} indexes, {} rows", indexes.len(), rows.len());

    run(&database, PARTITION).await.unwrap();
    // As connections of the service are: plans over partitions look dear to the planner, which would compile them.
    let options = database.connect_options.clone().options([("jit", "off")]);
    let store = Store::new(PgPoolOptions::new().max_connections(8).connect_lazy_with(options));
    assert_eq!(texts(&store, INDEXES).await, indexes);
    assert_eq!(texts(&store, COLUMNS).await, columns);
    assert_eq!(texts(&store, RIGHTS).await, rights);
    assert_eq!(texts(&store, everything).await, rows);
    let again = run(&database, PARTITION).await.unwrap_err();
    assert!(again.to_string().contains("partitioned already"), "{again}");

    let partitions = texts(&store, PARTITIONS).await;
    assert_eq!(partitions.len(), 128);
    let guards = "SELECT format('%s %s', tgrelid::regclass, count(*)) FROM pg_trigger WHERE tgenabled = 'A' \
         AND tgtype & 2 = 2 GROUP BY tgrelid";
    let guards = texts(&store, guards).await;
    let unguarded = partitions.iter().filter(|partition| !guards.contains(&format!("{partition} 3")));
    assert_eq!(unguarded.collect::<Vec<_>>(), Vec::<&String>::new());
    let mut filled = 0;
    for partition in &partitions {
        refused(&database, &format!("TRUNCATE {partition}")).await;
        let holds = format!("SELECT EXISTS (SELECT FROM {partition})");
        if sqlx::query_scalar(AssertSqlSafe(holds)).fetch_one(store.pool()).await.unwrap() {
            filled += 1;
            refused(&database, &format!("DELETE FROM {partition}")).await;
            refused(&database, &format!("UPDATE {partition} SET org_id = gen_random_uuid()")).await;
        }
    }
    assert!(filled > 20, "{filled} partitions hold something");
    for statement in ["TRUNCATE event", "TRUNCATE document", "DELETE FROM event", "DELETE FROM document"] {
        refused(&database, statement).await;
    }
    run(&database, "BEGIN; UPDATE event SET payload = NULL; ROLLBACK").await.unwrap();

    for (org, flow) in &flows {
        store.append(&[row(*org, *flow, 1, "c")]).await.unwrap();
    }
    for (org, flow) in &flows[..4] {
        assert!(then(&store, *org, *flow, 1).await.is_some() && now(&store, *org, *flow).await.is_some());
    }
    let mut walk = Projections::new(store).walk(None).await.unwrap().unwrap();
    let mut streams = 0;
    while let Some(batch) = walk.next().await.unwrap() {
        streams += batch.streams();
    }
    assert_eq!(streams, 80);
    let gone = format!("DROP OWNED BY {service}, {auditor}; DROP ROLE {service}, {auditor}");
    run(&database, &gone).await.unwrap();
}
