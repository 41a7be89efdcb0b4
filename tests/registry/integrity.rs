//! Content that somebody alters in the database: never shown, run, put in force or copied, and found by the walk without
//! anybody asking.

use flow_registry::flow::event::RestoreMode;
use flow_registry::registry::access::KeyMode;
use flow_registry::registry::integrity::{IntegrityFailure, Look};
use flow_registry::registry::projections::Trouble;
use flow_registry::registry::{
    DuplicateOrder, ListFilter, ListPage, PublishOrder, Registry, RegistryError, RestoreOrder, RestoreSource,
    Selector,
};
use flow_registry::store::Store;
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::hand::{Hand, hand, sound};

const EVIL: &str = "ALTER TABLE document DISABLE TRIGGER ALL; \
     UPDATE document SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'Alta', 'EVIL'), 'UTF8')";

impl Hand {
    async fn administer(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(self.registry.store().pool()).await.unwrap();
    }

    /// A replica that remembers nothing.
    fn replica(&self) -> Registry {
        Registry::new(Store::new(self.registry.store().pool().clone()))
    }
}

#[track_caller]
fn assert_altered<T: std::fmt::Debug>(what: &str, done: Result<T, RegistryError>) {
    assert!(matches!(done, Err(RegistryError::Altered(_))), "{what}: {done:?}");
}

async fn walked(registry: &Registry) -> (u64, Vec<IntegrityFailure>) {
    let (mut events, mut failures) = (0, Vec::new());
    let mut walk = registry.integrity.walk().await.unwrap();
    while let Some(Look { events: good, failures: found }) = walk.next().await.unwrap() {
        events += good;
        failures.extend(found);
    }
    (events, failures)
}

#[tokio::test]
async fn an_altered_document_is_used_for_nothing() {
    let hand = hand().await;
    let flow = hand.create(sound("Alta")).await;
    hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    let run = hand.registry.runs.run(hand.intent(), flow, json!({})).await.unwrap();
    assert_eq!(walked(&hand.registry).await, (2, Vec::new()));
    hand.administer(EVIL).await;

    let replica = hand.replica();
    for selector in [Selector::Current, Selector::Published, Selector::Version(1)] {
        assert_altered("read", replica.reads.get(&hand.caller, flow, selector).await);
    }
    let page = ListPage { limit: 10, before: None };
    for in_force in [false, true] {
        let filter = ListFilter { in_force, ..ListFilter::default() };
        let listed = async {
            let end = replica.reads.head(&hand.caller).await?;
            replica.reads.list_page(&hand.caller, end, filter, page).await?.list.next_chunk().await
        };
        assert_altered("list", listed.await);
    }
    assert_altered("run", replica.runs.run(hand.intent(), flow, json!({})).await);
    assert_altered("run again", replica.runs.read(&hand.caller, run.run_id).await);
    let commands = &replica.commands;
    assert_altered("edit", commands.update(hand.intent(), flow, json!({"description": "d"}), None).await);
    assert_altered("publish", commands.publish(hand.intent(), flow, PublishOrder::default()).await);
    assert_altered("duplicate", commands.duplicate(hand.intent(), flow, DuplicateOrder::default()).await);
    let back = RestoreOrder { source: RestoreSource::Version(1), mode: RestoreMode::Live };
    let because = flow_registry::registry::caller::Intent { reason: Some("falló".into()), ..hand.intent() };
    assert_altered("restore", commands.restore(because, flow, back).await);
    assert_eq!(hand.events().await.len(), 2, "nothing came of it");

    let (_, failures) = walked(&hand.registry).await;
    assert!(failures.len() == 1 && failures[0].what.contains(&flow.to_string()), "{failures:?}");
    assert_eq!(failures[0].organization, hand.caller.org_id);
}

/// What each alteration of the log itself comes to, and what is no alteration.
#[tokio::test]
async fn the_walk_finds_what_was_altered() {
    let off = "ALTER TABLE event DISABLE TRIGGER ALL; ALTER TABLE document DISABLE TRIGGER ALL; \
         ALTER TABLE log_head DISABLE TRIGGER ALL; ";
    for (alteration, position) in [
        ("UPDATE event SET context = '{}' WHERE position = 2", Some(2)),
        ("UPDATE event SET recorded_at = recorded_at - interval '1 day' WHERE position = 3", Some(3)),
        ("UPDATE event SET chain_hash = sha256('x') WHERE position = 1", Some(1)),
        ("DELETE FROM event WHERE position = 3", Some(3)),
        ("DELETE FROM document", Some(1)),
        ("UPDATE log_head SET position = 2", Some(4)),
        ("UPDATE event SET payload = NULL, context = NULL", Some(1)),
        ("UPDATE document SET bytes = NULL", Some(1)),
        ("SELECT 1", None),
    ] {
        let hand = hand().await;
        let flow = hand.create(sound("Alta")).await;
        for name in ["Baja", "Cambio"] {
            hand.registry.commands.update(hand.intent(), flow, json!({"name": name}), None).await.unwrap();
        }
        hand.administer(&format!("{off}{alteration}")).await;
        let (_, failures) = walked(&hand.registry).await;
        let found: Vec<_> = failures.iter().map(|failure| failure.what.split(':').next().unwrap()).collect();
        let expected: Vec<_> = position.map(|position| format!("position {position}")).into_iter().collect();
        assert_eq!(found, expected, "{alteration}: {failures:?}");
    }
}

/// Another hash lets another secret in: a projection that is not what the log says, and that nobody can put right.
#[tokio::test]
async fn a_replaced_hash_of_a_secret_is_found() {
    let hand = hand().await;
    let key = hand.registry.keys.create(hand.intent(), KeyMode::Live, &json!({"name": "bot"})).await.unwrap();
    let projections = &hand.registry.projections;
    let mut walk = projections.walk(Some(hand.caller.org_id)).await.unwrap().unwrap();
    assert_eq!(walk.next().await.unwrap().unwrap().drifts(), []);
    hand.administer("UPDATE api_key SET secret_hash = sha256('mine'), name = 'other'").await;
    let mut walk = projections.walk(Some(hand.caller.org_id)).await.unwrap().unwrap();
    let batch = walk.next().await.unwrap().unwrap();
    let Trouble::Differs { differences } = &batch.drifts()[0].trouble else { panic!("{batch:?}") };
    let columns: Vec<_> = differences.iter().map(|it| it.column).collect();
    assert_eq!((batch.drifts()[0].id, columns), (key.key.id, vec!["name", "secret_digest"]));
    let left = projections.mend(batch).await.unwrap();
    assert_eq!(left.len(), 1, "the row stays, and stays named");
}

#[tokio::test]
async fn a_stored_run_that_was_altered_is_not_run() {
    let hand = hand().await;
    let flow = hand.create(sound("Alta")).await;
    hand.registry.commands.update(hand.intent(), flow, json!({"name": "Baja"}), None).await.unwrap();
    let run: Uuid = hand.registry.runs.run(hand.intent(), flow, json!({})).await.unwrap().run_id;
    hand.administer("CREATE TABLE original AS TABLE test_run").await;
    for alteration in [
        "request = convert_to(replace(convert_from(request, 'UTF8'), '2', '1'), 'UTF8')",
        "callees = '[{\"asked\": 1, \"flowId\": \"00000000-0000-0000-0000-000000000001\", \"version\": 1}]'",
        "digest = sha256('other')",
        "engine = 'flow-engine/1'",
        "version = 1",
        "flow_id = gen_random_uuid()",
    ] {
        hand.administer(&format!("UPDATE test_run SET {alteration}")).await;
        let read = hand.registry.runs.read(&hand.caller, run).await;
        let is_refused = matches!(read, Err(RegistryError::Altered(_) | RegistryError::RunNotFound));
        assert!(is_refused, "{alteration}: {read:?}");
        hand.administer("DELETE FROM test_run; INSERT INTO test_run SELECT * FROM original").await;
    }
    // Names can be erased, and rows of an earlier release have no digest.
    for change in ["name = NULL, author = '{}'", "record_digest = NULL, engine = 'flow-engine/1'"] {
        hand.administer(&format!("UPDATE test_run SET {change}")).await;
        hand.registry.runs.read(&hand.caller, run).await.unwrap();
    }
}

#[tokio::test]
async fn altered_and_swapped_answers_of_idempotency_keys_are_found() {
    for alter in [
        "UPDATE idempotency_key SET answer = '[[\"00000000-0000-7000-8000-000000000000\", 1]]' WHERE key = 'one'",
        "UPDATE idempotency_key SET request_digest = sha256('x') WHERE key = 'one'",
        "UPDATE idempotency_key i SET answer = o.answer FROM idempotency_key o WHERE i.key <> o.key",
        "UPDATE idempotency_key SET key = 'three' WHERE key = 'one'",
    ] {
        let hand = hand().await;
        for key in ["one", "two"] {
            let create = hand.registry.commands.create(hand.intent_with_key(key, key), sound("Alta"));
            create.await.unwrap();
        }
        hand.registry
            .runs
            .run(hand.intent_with_key("run", "run"), hand.create(sound("Baja")).await, json!({}))
            .await
            .unwrap();
        assert_eq!(walked(&hand.registry).await.1, Vec::new());
        hand.administer(alter).await;
        let failures = walked(&hand.registry).await.1;
        assert_eq!(failures.len(), 1, "{alter}");
        assert!(failures[0].what.contains("idempotency keys"), "{failures:?}");
    }
}
