//! Many hands: preconditions have one winner, everybody else's work is kept, keys answer once.

use std::collections::BTreeSet;

use flow_registry::registry::{ListFilter, ListPage, Registry, RegistryError};
use flow_registry::store::Store;
use serde_json::json;
use tokio::task::JoinSet;

use super::hand::{hand, sound};

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_with_one_version_have_one_winner() {
    let hand = hand().await;
    let flow = hand.create(sound("a")).await;
    let mut tasks = JoinSet::new();
    for n in 0..16 {
        let (registry, intent) = (hand.registry.clone(), hand.intent_at(1));
        tasks.spawn(async move { registry.update(intent, flow, json!({"name": format!("w{n}")})).await });
    }
    let (mut won, mut lost) = (0, 0);
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(written) => won += usize::from(written.flow.record.version == 2),
            Err(RegistryError::PreconditionFailed(at)) => lost += usize::from(at.version == 2),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((won, lost), (1, 15));
}

#[tokio::test(flavor = "multi_thread")]
async fn unconditional_writers_of_several_replicas_all_succeed() {
    let hand = hand().await;
    let flow = hand.create(sound("a")).await;
    let mut tasks = JoinSet::new();
    for replica in 0..4 {
        let registry = Registry::new(Store::new(hand.registry.store().pool().clone()));
        for n in 0..8 {
            let (registry, intent) = (registry.clone(), hand.intent());
            let name = format!("replica {replica} writer {n}");
            tasks.spawn(async move { registry.update(intent, flow, json!({"name": name})).await.unwrap() });
        }
    }
    let versions: BTreeSet<i64> =
        tasks.join_all().await.into_iter().map(|written| written.flow.record.version).collect();
    assert_eq!(versions, (2..=33).collect(), "versions without holes, each given once");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_sixteen_times_is_one_event_and_sixteen_equal_answers() {
    let hand = hand().await;
    let mut tasks = JoinSet::new();
    for n in 0..16 {
        let intent = hand.intent_with_key("k", "create");
        // Every second request comes to another replica.
        let registry = match n % 2 {
            0 => hand.registry.clone(),
            _ => Registry::new(Store::new(hand.registry.store().pool().clone())),
        };
        tasks.spawn(async move { registry.create(intent, sound("a")).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|written| !written.replayed).count(), 1);
    for written in &answers {
        assert_eq!(written.flow.record, answers[0].flow.record);
        assert_eq!(written.flow.document.bytes(), answers[0].flow.document.bytes());
    }
    assert_eq!(hand.events().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_caller_goes_away_is_finished() {
    let hand = hand().await;
    let flow = hand.create(sound("a")).await;
    {
        let update = hand.registry.update(hand.intent(), flow, json!({"name": "b"}));
        tokio::select! {
            biased;
            _ = update => {}
            () = std::future::ready(()) => {}
        }
    }
    hand.registry.finish().await;
    assert_eq!(hand.events().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_remembers_never_overrules_what_another_did() {
    let hand = hand().await;
    let here = &hand.registry;
    let there = Registry::new(Store::new(here.store().pool().clone()));
    let flow = hand.create(sound("a")).await;
    there.update(hand.intent(), flow, json!({"name": "b"})).await.unwrap();
    // Memory says "a" at version 1: what would be nothing, stale or a conflict there is decided on what is.
    let back = here.update(hand.intent(), flow, json!({"name": "a"})).await.unwrap().flow;
    assert_eq!(back.record.version, 3);
    there.update(hand.intent(), flow, json!({"description": "kept"})).await.unwrap();
    here.update(hand.intent_at(4), flow, json!({"name": "c"})).await.unwrap();
    let then = here.get(&hand.caller, flow, flow_registry::registry::Selector::Draft).await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(&then.document.bytes()).unwrap();
    assert_eq!((&document["name"], &document["description"]), (&json!("c"), &json!("kept")));
    there.delete(hand.intent(), flow).await.unwrap();
    let gone = here.update(hand.intent(), flow, json!({"name": "d"})).await;
    assert!(matches!(gone, Err(RegistryError::FlowNotFound)));
}

/// A page is answered from memory only while nothing happened, wherever it happens.
#[tokio::test]
async fn a_page_shows_what_another_replica_did() {
    let hand = hand().await;
    let here = &hand.registry;
    let there = Registry::new(Store::new(here.store().pool().clone()));
    let first = hand.create(sound("a")).await;
    let second = hand.create(sound("b")).await;
    let page = ListPage { limit: 10, before: None };
    let shown = async || {
        let flows = here.list_page(&hand.caller, ListFilter::default(), page).await.unwrap();
        flows.iter().map(|flow| (flow.record.flow_id, flow.record.version)).collect::<Vec<_>>()
    };
    assert_eq!(shown().await, [(second, 1), (first, 1)]);
    assert_eq!(shown().await, [(second, 1), (first, 1)]);
    there.update(hand.intent(), first, json!({"name": "c"})).await.unwrap();
    assert_eq!(shown().await, [(first, 2), (second, 1)]);
    there.delete(hand.intent(), second).await.unwrap();
    assert_eq!(shown().await, [(first, 2)]);
}
