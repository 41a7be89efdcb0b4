//! Putting back what was: every mode, from every state, and what it leaves alone.

use flow_registry::flow::event::RestoreMode;
use flow_registry::registry::caller::{Caller, IfMatch, Intent};
use flow_registry::registry::{
    FlowAnswer, PublishOrder, RegistryError, RestoreOrder, RestoreSource, Selector, Written,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::hand::{Hand, hand, sound};

const DRAFT: RestoreMode = RestoreMode::Draft;
const LIVE: RestoreMode = RestoreMode::Live;

fn version(version: i64, mode: RestoreMode) -> RestoreOrder {
    RestoreOrder { source: RestoreSource::Version(version), mode }
}

fn because(hand: &Hand) -> Intent {
    Intent { reason: Some("the last edit broke it".into()), ..hand.intent() }
}

async fn restore(hand: &Hand, flow: Uuid, order: RestoreOrder) -> Result<Written, RegistryError> {
    hand.registry.commands.restore(because(hand), flow, order).await
}

async fn rename(hand: &Hand, flow: Uuid, name: &str) {
    hand.registry.commands.update(hand.intent(), flow, json!({"name": name}), None).await.unwrap();
}

async fn publish(hand: &Hand, flow: Uuid) {
    hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
}

fn name(flow: &FlowAnswer) -> String {
    let document: Value = serde_json::from_slice(&flow.document.bytes()).unwrap();
    document["name"].as_str().unwrap().to_owned()
}

/// A flow named one, two and three in versions 1, 2 and 3.
async fn three(hand: &Hand) -> Uuid {
    let flow = hand.create(sound("one")).await;
    rename(hand, flow, "two").await;
    rename(hand, flow, "three").await;
    flow
}

#[tokio::test]
async fn a_draft_goes_back_and_what_is_in_force_stays() {
    let hand = hand().await;
    let flow = three(&hand).await;
    publish(&hand, flow).await;
    let restored = restore(&hand, flow, version(1, DRAFT)).await.unwrap().flow;
    assert_eq!((restored.record.version, restored.record.marks.restored_from), (5, Some(1)));
    assert_eq!(name(&restored), "one");
    assert_eq!(restored.record.published.as_ref().unwrap().version, 4);
    let in_force = hand.registry.reads.get(&hand.caller, flow, Selector::Published).await.unwrap();
    assert_eq!(name(&in_force), "three");
    let read = hand.registry.reads.get(&hand.caller, flow, Selector::Draft).await.unwrap();
    assert_eq!(read.record, restored.record);
    // Any later change is no restore any more.
    rename(&hand, flow, "four").await;
    let read = hand.registry.reads.get(&hand.caller, flow, Selector::Draft).await.unwrap();
    assert_eq!(read.record.marks.restored_from, None);
}

#[tokio::test]
async fn live_puts_it_in_force_and_leaves_the_switch_alone() {
    let hand = hand().await;
    let flow = three(&hand).await;
    publish(&hand, flow).await;
    hand.registry.commands.update(hand.intent(), flow, json!({"enabled": false}), None).await.unwrap();
    let restored = restore(&hand, flow, version(2, LIVE)).await.unwrap().flow;
    let published = restored.record.published.as_ref().unwrap();
    assert_eq!((published.version, published.by_version), (6, 6));
    assert_eq!(published.at, restored.record.updated_at);
    assert!(!restored.record.enabled && !restored.in_force() && !restored.has_unpublished_changes());
    let in_force = hand.registry.reads.get(&hand.caller, flow, Selector::Published).await.unwrap();
    assert_eq!((name(&in_force).as_str(), &in_force.record), ("two", &restored.record));
}

#[tokio::test]
async fn what_is_in_force_comes_back_as_the_draft() {
    let hand = hand().await;
    let flow = three(&hand).await;
    let order = RestoreOrder { source: RestoreSource::Published, mode: DRAFT };
    assert!(matches!(restore(&hand, flow, order).await, Err(RegistryError::NotPublished(_))));
    publish(&hand, flow).await;
    rename(&hand, flow, "worse").await;
    let restored = restore(&hand, flow, order).await.unwrap().flow;
    assert_eq!((name(&restored).as_str(), restored.record.marks.restored_from), ("three", Some(4)));
    assert!(!restored.has_unpublished_changes());
}

#[tokio::test]
async fn a_deleted_flow_comes_back_under_its_id() {
    let hand = hand().await;
    let flow = three(&hand).await;
    publish(&hand, flow).await;
    hand.registry.commands.delete(hand.intent(), flow).await.unwrap();
    // The document it was deleted with counts as well: the flow is not there.
    let restored = restore(&hand, flow, version(3, DRAFT)).await.unwrap().flow;
    assert!(!restored.record.deleted && restored.record.published.is_none());
    assert_eq!(
        (restored.record.flow_id, restored.record.version, name(&restored).as_str()),
        (flow, 6, "three")
    );
    hand.registry.commands.delete(hand.intent(), flow).await.unwrap();
    let live = restore(&hand, flow, version(2, LIVE)).await.unwrap().flow;
    assert!(live.in_force());
    assert_eq!(
        hand.registry.reads.get(&hand.caller, flow, Selector::Draft).await.unwrap().record,
        live.record
    );
}

#[tokio::test]
async fn what_is_there_already_is_no_event() {
    let hand = hand().await;
    let flow = three(&hand).await;
    assert_eq!(restore(&hand, flow, version(3, DRAFT)).await.unwrap().flow.record.version, 3);
    publish(&hand, flow).await;
    for mode in [DRAFT, LIVE] {
        assert_eq!(restore(&hand, flow, version(3, mode)).await.unwrap().flow.record.version, 4);
    }
    let intent = Intent { idempotency: hand.intent_with_key("k", "restore").idempotency, ..because(&hand) };
    let first = hand.registry.commands.restore(intent.clone(), flow, version(1, DRAFT)).await.unwrap();
    let again = hand.registry.commands.restore(intent, flow, version(1, DRAFT)).await.unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.flow.record, first.flow.record);
    assert_eq!(hand.events().await.len(), 5);
}

#[tokio::test]
async fn errors_keep_a_version_out_of_force_unless_it_was_there_before() {
    let hand = hand().await;
    let flow = hand.create(json!({"name": "empty"})).await;
    hand.registry.commands.update(hand.intent(), flow, sound("sound"), None).await.unwrap();
    let refused = restore(&hand, flow, version(1, LIVE)).await;
    assert!(
        matches!(refused, Err(RegistryError::NotPublishable(findings)) if findings[0].code == "EMPTY_FLOW")
    );
    let rehearsal =
        hand.registry.commands.rehearse_restore(hand.intent(), flow, version(1, LIVE)).await.unwrap();
    assert!(rehearsal.is_refused && rehearsal.version.is_none());
    // As if an earlier release had let it through.
    let mut connection = hand.registry.store().pool().acquire().await.unwrap();
    for statement in [
        "ALTER TABLE event DISABLE TRIGGER event_no_rewrite",
        "UPDATE event SET published_version = 1, published_by_version = 2 WHERE version = 2",
        "ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_rewrite",
    ] {
        sqlx::query(statement).execute(&mut *connection).await.unwrap();
    }
    let live = restore(&hand, flow, version(1, LIVE)).await.unwrap().flow;
    assert!(live.in_force());
}

#[tokio::test]
async fn a_rehearsal_says_what_would_be_and_writes_nothing() {
    let hand = hand().await;
    let flow = three(&hand).await;
    publish(&hand, flow).await;
    let rehearse =
        async |order| hand.registry.commands.rehearse_restore(hand.intent(), flow, order).await.unwrap();
    let draft = rehearse(version(1, DRAFT)).await;
    assert_eq!((draft.version, draft.from_version, draft.is_refused), (Some(5), 1, false));
    assert_eq!(draft.diff.changed_paths(), ["name"]);
    assert_eq!(draft.after.published_version, Some(4));
    let live = rehearse(version(1, LIVE)).await;
    assert_eq!((live.after.published_version, live.after.published_by_version), (Some(5), Some(5)));
    let nothing = rehearse(version(3, LIVE)).await;
    assert_eq!((nothing.version, nothing.diff.is_empty()), (None, true));
    assert_eq!(hand.events().await.len(), 4);
    let done = restore(&hand, flow, version(1, LIVE)).await.unwrap().flow;
    assert_eq!(done.record.state(), live.after);
}

#[tokio::test]
async fn refusals_change_nothing() {
    let hand = hand().await;
    let flow = three(&hand).await;
    let other = hand.create(sound("other")).await;
    let events = hand.events().await.len();
    let order = version(1, DRAFT);
    for reason in [None, Some("no".to_owned())] {
        let refused = hand.registry.commands.restore(Intent { reason, ..hand.intent() }, flow, order).await;
        assert!(matches!(refused, Err(RegistryError::Invalid(findings)) if findings[0].pointer == "/reason"));
    }
    for missing in [0, -1, 4, i64::MAX] {
        let refused = restore(&hand, flow, version(missing, DRAFT)).await;
        assert!(matches!(refused, Err(RegistryError::VersionNotFound)), "{missing}");
    }
    let unknown = restore(&hand, Uuid::new_v4(), order).await;
    assert!(matches!(unknown, Err(RegistryError::FlowNotFound)));
    let elsewhere = Caller { org_id: Uuid::new_v4(), ..hand.caller.clone() };
    let intent = Intent { caller: elsewhere, ..because(&hand) };
    assert!(matches!(
        hand.registry.commands.restore(intent, flow, order).await,
        Err(RegistryError::FlowNotFound)
    ));
    let stale = Intent { if_match: Some(IfMatch::Versions(vec![2])), ..because(&hand) };
    let refused = hand.registry.commands.restore(stale.clone(), flow, order).await;
    assert!(matches!(refused, Err(RegistryError::PreconditionFailed(at)) if at.version == 3));
    hand.registry.commands.delete(hand.intent(), other).await.unwrap();
    let stale = Intent { if_match: Some(IfMatch::Versions(vec![1])), ..stale };
    let refused = hand.registry.commands.restore(stale, other, order).await;
    assert!(matches!(refused, Err(RegistryError::PreconditionFailed(at)) if at.version == 2));
    assert_eq!(hand.events().await.len(), events + 1);
}

#[tokio::test]
async fn erased_content_does_not_come_back() {
    let hand = hand().await;
    let flow = three(&hand).await;
    let sql = "UPDATE document SET bytes = NULL \
        WHERE digest = (SELECT document_digest FROM event WHERE stream_id = $1 AND version = 1)";
    sqlx::query(sql).bind(flow).execute(hand.registry.store().pool()).await.unwrap();
    let fresh = flow_registry::registry::Registry::new(hand.registry.store().clone());
    let refused = fresh.commands.restore(because(&hand), flow, version(1, DRAFT)).await;
    assert!(matches!(refused, Err(RegistryError::Erased)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_with_one_version_in_mind_have_one_winner() {
    let hand = hand().await;
    let flow = three(&hand).await;
    let attempts = (1..=2).map(|wanted| {
        let (registry, store) = (&hand.registry, hand.registry.store().clone());
        let registry =
            if wanted == 1 { registry.clone() } else { flow_registry::registry::Registry::new(store) };
        let intent = Intent { if_match: Some(IfMatch::Versions(vec![3])), ..because(&hand) };
        async move { registry.commands.restore(intent, flow, version(wanted, DRAFT)).await }
    });
    let outcomes = futures_util::future::join_all(attempts).await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let lost = |outcome: &&Result<Written, RegistryError>| matches!(outcome, Err(RegistryError::PreconditionFailed(at)) if at.version == 4);
    assert_eq!((won, outcomes.iter().filter(lost).count()), (1, 1));
    assert_eq!(hand.events().await.len(), 4);
}
