//! A rebuild makes projections what they were, beside writers too, and what follows from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flow_registry::registry::RegistryError;
use flow_registry::registry::projections::Trouble;
use serde_json::json;

use super::hand::{hand, sound};
use super::projections::Dice;

/// What was erased on legal demand is forgotten by the view when it is computed again.
#[tokio::test]
async fn a_rebuild_forgets_what_was_erased() {
    let hand = hand().await;
    let flow = hand.create(sound("Ana Pérez")).await;
    hand.execute("UPDATE event SET context = NULL, payload = NULL; UPDATE document SET bytes = NULL").await;
    let found = hand.check().await;
    let Trouble::Differs { differences } = &found[0].trouble else { panic!("{found:?}") };
    let columns: Vec<_> = differences.iter().map(|it| it.column).collect();
    assert_eq!(columns, ["created_by", "updated_by", "search"]);
    assert_eq!(hand.rebuild().await, []);
    let text: String = sqlx::query_scalar("SELECT text FROM flow_search WHERE flow_id = $1")
        .bind(flow)
        .fetch_one(hand.registry.store().pool())
        .await
        .unwrap();
    assert_eq!(text, "(erased)");
    assert_eq!(hand.check().await, []);
}

/// Whatever a superuser does to a row: after a rebuild the flow can be changed again, by processes that have seen it
/// altered too.
#[tokio::test]
async fn a_rebuilt_flow_can_be_changed_again() {
    for altered in [
        "UPDATE flow_view SET version = version - 1",
        "UPDATE flow_view SET version = version + 1",
        "DELETE FROM flow_view",
    ] {
        let hand = hand().await;
        let flow = hand.create(sound("Uno")).await;
        let rename =
            |name: &str| hand.registry.commands.update(hand.intent(), flow, json!({"name": name}), None);
        rename("Dos").await.unwrap();
        hand.execute(altered).await;
        // Whether the process has seen the row altered or not.
        let seen =
            hand.registry.reads.get(&hand.caller, flow, flow_registry::registry::Selector::Draft).await;
        if !altered.contains('+') {
            match rename("Tres").await.unwrap_err() {
                error @ RegistryError::Corrupt { .. } => {
                    assert!(error.to_string().contains("rebuild it"), "{error}");
                }
                RegistryError::FlowNotFound => assert!(altered.contains("DELETE"), "{altered}"),
                other => panic!("{altered}: {other:?} {seen:?}"),
            }
        }
        assert_eq!(hand.rebuild().await, [], "{altered}");
        let written = rename("Tres").await.unwrap();
        assert_eq!(written.flow.record.version, 3, "{altered}");
        assert_eq!(hand.check().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_on_beside_writers() {
    let hand = Arc::new(hand().await);
    let flows = hand.with_a_past(9).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (hand, stop, mut flows) = (Arc::clone(&hand), Arc::clone(&stop), flows.clone());
            tokio::spawn(async move {
                let mut dice = Dice(writer);
                while !stop.load(Ordering::Relaxed) {
                    hand.do_something(&mut dice, &mut flows).await;
                }
            })
        })
        .collect();
    for _ in 0..5 {
        hand.execute(
            "UPDATE flow_search SET text = 'x'; UPDATE flow_view SET updated_at = now(), restored_from = 77",
        )
        .await;
        assert_eq!(hand.rebuild().await, []);
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(hand.check().await, []);
}

/// A release that folds texts by other rules computes them again after its start.
#[tokio::test]
async fn what_was_folded_by_other_rules_is_computed_again() {
    let hand = hand().await;
    hand.with_a_past(11).await;
    let before = hand.rows().await;
    let projections = hand.projections();
    assert_eq!(projections.refold().await.unwrap(), 0);
    hand.execute("UPDATE flow_search SET text = 'by older rules', folding = 0").await;
    hand.execute("UPDATE flow_view SET trigger_types = NULL, published_trigger_types = NULL").await;
    assert!(projections.refold().await.unwrap() > 0);
    assert_eq!(hand.rows().await, before);
    assert_eq!(projections.refold().await.unwrap(), 0);
}
