//! Many hands: preconditions have one winner, everybody else's work is kept, keys answer once.

use std::collections::BTreeSet;

use flow_registry::registry::{
    FlowAnswer, ListFilter, ListPage, PublishOrder, Registry, RegistryError, Selector,
};
use flow_registry::store::Store;
use serde_json::json;
use tokio::task::JoinSet;

use super::hand::{flows_of, hand, sound};

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_with_one_version_have_one_winner() {
    let hand = hand().await;
    let flow = hand.create(sound("a")).await;
    let mut tasks = JoinSet::new();
    for n in 0..16 {
        let (registry, intent) = (hand.registry.clone(), hand.intent_at(1));
        tasks.spawn(async move {
            registry.commands.update(intent, flow, json!({"name": format!("w{n}")}), None).await
        });
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
            tasks.spawn(async move {
                registry.commands.update(intent, flow, json!({"name": name}), None).await.unwrap()
            });
        }
    }
    let versions: BTreeSet<i64> =
        tasks.join_all().await.into_iter().map(|written| written.flow.record.version).collect();
    assert_eq!(versions, (2..=33).collect(), "versions without holes, each given once");
}

/// Each of them decides on what is in force, which each of the others changes.
#[tokio::test(flavor = "multi_thread")]
async fn flows_that_call_others_are_published_at_once_by_many() {
    let hand = hand().await;
    let called = hand.create(sound("called")).await;
    hand.registry.commands.publish(hand.intent(), called, PublishOrder::default()).await.unwrap();
    let mut flows = Vec::new();
    for n in 0..100 {
        let steps = json!([{"id": "sub", "type": "flow", "flowId": called}]);
        flows.push(hand.create(json!({"name": format!("calling {n}"), "steps": steps})).await);
    }
    let mut tasks = JoinSet::new();
    for flow in flows {
        let (registry, intent) = (hand.registry.clone(), hand.intent());
        tasks.spawn(async move { registry.commands.publish(intent, flow, PublishOrder::default()).await });
    }
    for outcome in tasks.join_all().await {
        assert_eq!(outcome.unwrap().flow.record.version, 2);
    }
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
        tasks.spawn(async move { registry.commands.create(intent, sound("a")).await.unwrap() });
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
        let update = hand.registry.commands.update(hand.intent(), flow, json!({"name": "b"}), None);
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
    there.commands.update(hand.intent(), flow, json!({"name": "b"}), None).await.unwrap();
    // Memory says "a" at version 1: what would be nothing, stale or a conflict there is decided on what is.
    let back = here.commands.update(hand.intent(), flow, json!({"name": "a"}), None).await.unwrap().flow;
    assert_eq!(back.record.version, 3);
    there.commands.update(hand.intent(), flow, json!({"description": "kept"}), None).await.unwrap();
    here.commands.update(hand.intent_at(4), flow, json!({"name": "c"}), None).await.unwrap();
    let then = here.reads.get(&hand.caller, flow, Selector::Draft).await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(&then.document.bytes()).unwrap();
    assert_eq!((&document["name"], &document["description"]), (&json!("c"), &json!("kept")));
    there.commands.delete(hand.intent(), flow).await.unwrap();
    let gone = here.commands.update(hand.intent(), flow, json!({"name": "d"}), None).await;
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
        let end = here.reads.head(&hand.caller).await.unwrap();
        let found = here.reads.list_page(&hand.caller, end, ListFilter::default(), page).await.unwrap();
        let flows = flows_of(found.list).await.unwrap();
        flows.iter().map(|flow| (flow.record.flow_id, flow.record.version)).collect::<Vec<_>>()
    };
    assert_eq!(shown().await, [(second, 1), (first, 1)]);
    assert_eq!(shown().await, [(second, 1), (first, 1)]);
    there.commands.update(hand.intent(), first, json!({"name": "c"}), None).await.unwrap();
    assert_eq!(shown().await, [(first, 2), (second, 1)]);
    there.commands.delete(hand.intent(), second).await.unwrap();
    assert_eq!(shown().await, [(first, 2)]);
}

/// What is in force is answered from memory only while it is, wherever it changes.
#[tokio::test]
async fn what_is_in_force_is_shown_as_another_replica_left_it() {
    let hand = hand().await;
    let here = &hand.registry;
    let there = Registry::new(Store::new(here.store().pool().clone()));
    let flow = hand.create(sound("a")).await;
    here.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    let name = |flow: &FlowAnswer| {
        let document: serde_json::Value = serde_json::from_slice(&flow.document.bytes()).unwrap();
        document["name"].as_str().unwrap().to_owned()
    };
    let in_force = ListFilter { in_force: true, ..ListFilter::default() };
    let page = ListPage { limit: 10, before: None };
    let shown = async || {
        let flow = here.reads.get(&hand.caller, flow, Selector::Published).await?;
        let end = here.reads.head(&hand.caller).await?;
        let listed = here.reads.list_page(&hand.caller, end, in_force.clone(), page).await?;
        let listed = flows_of(listed.list).await?;
        assert_eq!(listed.iter().map(|flow| name(flow)).collect::<Vec<_>>(), [name(&flow)]);
        Ok((name(&flow), flow.record.version))
    };
    assert_eq!(shown().await.unwrap(), ("a".to_owned(), 2));
    assert_eq!(shown().await.unwrap(), ("a".to_owned(), 2));
    there.commands.update(hand.intent(), flow, json!({"name": "b"}), None).await.unwrap();
    assert_eq!(shown().await.unwrap(), ("a".to_owned(), 3));
    there.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    assert_eq!(shown().await.unwrap(), ("b".to_owned(), 4));
    there.commands.unpublish(hand.intent(), flow).await.unwrap();
    let ended: Result<_, RegistryError> = shown().await;
    assert!(matches!(ended, Err(RegistryError::NotPublished(_))));
    let end = here.reads.head(&hand.caller).await.unwrap();
    let listed = here.reads.list_page(&hand.caller, end, in_force.clone(), page).await.unwrap().list;
    assert!(flows_of(listed).await.unwrap().is_empty());
}
