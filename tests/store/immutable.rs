//! What the database refuses to anybody, and the chain that shows what an administrator did all the same.

use chrono::Utc;
use flow_registry::store::{Content, CurrentFlow, FlowAtVersion, FoundFlow, Reader, Store, StoredCheckpoint};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::rows::{now, row, then};
use crate::support;

#[tokio::test]
async fn the_log_is_append_only_even_in_replica_role() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let org = Uuid::new_v4();
    store.append(&[row(org, Uuid::new_v4(), 0, "a")]).await.unwrap();
    let checkpoint = StoredCheckpoint { position: 1, note: "note".to_owned(), signed_at: Utc::now() };
    assert!(store.put_checkpoint(org, &checkpoint).await.unwrap());
    for role in ["origin", "replica"] {
        for statement in [
            "UPDATE event SET type = 'flow.deleted'",
            "UPDATE event SET payload = 'x'",
            "UPDATE event SET payload = NULL, version = 2",
            "UPDATE event SET recorded_at = recorded_at + interval '1 second'",
            "DELETE FROM event",
            "TRUNCATE event",
            "UPDATE document SET bytes = 'x'",
            "UPDATE document SET digest = 'x'",
            "DELETE FROM document",
            "TRUNCATE document",
            "DELETE FROM log_head",
            "TRUNCATE log_head",
            "UPDATE checkpoint SET note = 'x'",
            "UPDATE checkpoint SET signed_at = clock_timestamp()",
            "UPDATE checkpoint SET position = 2",
            "DELETE FROM checkpoint",
            "TRUNCATE checkpoint",
        ] {
            let mut connection = store.pool().acquire().await.unwrap();
            let set = format!("SET session_replication_role = {role}");
            sqlx::query(AssertSqlSafe(set)).execute(&mut *connection).await.unwrap();
            let error = sqlx::query(statement).execute(&mut *connection).await.expect_err(statement);
            let code = error.as_database_error().unwrap().code().map(|code| code.into_owned());
            assert_eq!(code.as_deref(), Some("23001"), "{statement} as {role}");
            connection.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn erasure_leaves_the_digests_and_content_may_come_back() {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let (org, flow) = (Uuid::new_v4(), Uuid::new_v4());
    store.append(&[row(org, flow, 0, "a")]).await.unwrap();
    let known = Some(then(&store, org, flow, 1).await.unwrap().0.document);
    let content = async || {
        let wanted = FlowAtVersion { org_id: org, flow_id: flow, version: 1, known, bound_to: None };
        let FoundFlow::Stored(_, then) = Reader::start(&store).ask(wanted).await.unwrap() else {
            panic!("the version is there");
        };
        let wanted = CurrentFlow { org_id: org, flow_id: flow, in_force: false, version: None, known };
        let FoundFlow::Stored(_, now) = Reader::start(&store).ask(wanted).await.unwrap() else {
            panic!("the flow is there");
        };
        (then, now)
    };
    assert_eq!(content().await, (Content::Known, Content::Known));
    for statement in ["UPDATE event SET payload = NULL, context = NULL", "UPDATE document SET bytes = NULL"] {
        sqlx::query(statement).execute(store.pool()).await.unwrap();
    }
    let (record, bytes) = then(&store, org, flow, 1).await.unwrap();
    assert_eq!(
        (bytes, content().await),
        (None, (Content::Erased, Content::Erased)),
        "also to whoever has it in memory"
    );
    let actor: Uuid = sqlx::query_scalar("SELECT id FROM actor").fetch_one(store.pool()).await.unwrap();
    assert_eq!(*record.created_by, *format!(r#"{{"id":"{actor}","name":null,"type":"erased"}}"#).as_bytes());
    store.append(&[row(org, flow, 1, "a")]).await.unwrap();
    let (_, bytes) = now(&store, org, flow).await.unwrap();
    assert_eq!(bytes.as_deref(), Some(&b"a"[..]));
}
