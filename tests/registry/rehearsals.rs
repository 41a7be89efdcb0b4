//! What a command would do, and whose changes it would ship.

use flow_registry::flow::event::RestoreMode;
use flow_registry::registry::caller::{Caller, Intent, Scopes};
use flow_registry::registry::{PublishOrder, RegistryError, RehearsedOrder, RestoreOrder, RestoreSource};
use serde_json::json;
use uuid::Uuid;

use super::hand::{Hand, hand, sound};

const PUBLISH: RehearsedOrder = RehearsedOrder::Publish(PublishOrder { version: None, label: None });

fn for_person(hand: &Hand, person: &str) -> Intent {
    Intent { on_behalf_of: Some(person.to_owned()), ..hand.intent() }
}

async fn edit(hand: &Hand, flow: Uuid, person: &str, text: &str) {
    let steps = json!({"steps": [{"id": "adios", "type": "end", "text": text}]});
    hand.registry.commands.update(for_person(hand, person), flow, steps, None).await.unwrap();
}

async fn publish(hand: &Hand, flow: Uuid) {
    hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
}

/// `ana 2, luis 1`
async fn authors(hand: &Hand, flow: Uuid) -> String {
    let found = hand.registry.history.unpublished(&hand.caller, flow).await.unwrap();
    assert_eq!(found.count, found.authors.iter().map(|author| author.count).sum::<usize>());
    let author = |author: &flow_registry::registry::DraftAuthor| {
        format!("{} {}", author.on_behalf_of.as_deref().unwrap_or("-"), author.count)
    };
    found.authors.iter().map(author).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn whoever_changed_the_draft_since_it_was_in_force_is_named() {
    let hand = hand().await;
    let flow = hand.create(sound("a")).await;
    assert_eq!(authors(&hand, flow).await, "ana@example.com 1");
    publish(&hand, flow).await;
    assert_eq!(authors(&hand, flow).await, "");
    for (person, text) in [("luis", "1"), ("eva", "2"), ("luis", "3")] {
        edit(&hand, flow, person, text).await;
    }
    hand.registry.commands.update(hand.intent(), flow, json!({"enabled": false}), None).await.unwrap();
    assert_eq!(authors(&hand, flow).await, "luis 2, eva 1");
    // A draft that was set back has nothing of what was before.
    let order = RestoreOrder { source: RestoreSource::Published, mode: RestoreMode::Draft };
    let because = Intent { reason: Some("not wanted".to_owned()), ..hand.intent() };
    hand.registry.commands.restore(because, flow, order).await.unwrap();
    edit(&hand, flow, "eva", "4").await;
    assert_eq!(authors(&hand, flow).await, "eva 1");
}

#[tokio::test]
async fn who_may_not_know_people_learns_how_many_changes_there_are() {
    let hand = hand().await;
    let flow = hand.create(sound("a")).await;
    publish(&hand, flow).await;
    edit(&hand, flow, "luis", "1").await;
    let reader = Caller { scopes: Scopes::parse("flows:read").unwrap(), ..hand.caller.clone() };
    let found = hand.registry.history.unpublished(&reader, flow).await.unwrap();
    assert_eq!((found.count, found.authors.len(), found.has_more), (1, 0, false));
    let stranger = Caller { org_id: Uuid::new_v4(), ..hand.caller.clone() };
    let refused = hand.registry.history.unpublished(&stranger, flow).await;
    assert!(matches!(refused, Err(RegistryError::FlowNotFound)));
}

#[tokio::test]
async fn a_rehearsed_publish_is_what_the_publish_does() {
    let hand = hand().await;
    let flow = hand.create(sound("a")).await;
    let outlook = hand.registry.commands.rehearse(hand.intent(), flow, PUBLISH).await.unwrap();
    assert_eq!((outlook.current_version, outlook.version, outlook.is_refused), (1, Some(2), false));
    assert_eq!(hand.events().await.len(), 1);
    let published =
        hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    assert_eq!(published.flow.record.state(), outlook.after);
    let again = hand.registry.commands.rehearse(hand.intent(), flow, PUBLISH).await.unwrap();
    assert_eq!((again.version, again.after), (None, outlook.after));
    hand.registry.commands.update(hand.intent(), flow, json!({"steps": []}), None).await.unwrap();
    let refused = hand.registry.commands.rehearse(hand.intent(), flow, PUBLISH).await.unwrap();
    assert!(refused.is_refused && refused.version.is_none());
    assert!(refused.findings.iter().any(|finding| finding.code == "EMPTY_FLOW"));
}

#[tokio::test]
async fn a_flow_that_others_call_is_not_taken_away_unnoticed() {
    let hand = hand().await;
    let called = hand.create(sound("called")).await;
    publish(&hand, called).await;
    let call = json!({"name": "calling", "steps": [
        {"id": "go", "type": "flow", "flowId": called, "mode": "call"}, {"id": "fin", "type": "end"}]});
    let calling = hand.create(call).await;
    publish(&hand, calling).await;
    for order in [RehearsedOrder::Unpublish, RehearsedOrder::Delete, RehearsedOrder::Enable(false)] {
        let outlook = hand.registry.commands.rehearse(hand.intent(), called, order).await.unwrap();
        let callers = outlook.callers.expect("the caller is told of");
        assert_eq!((callers.named.len(), callers.has_more, outlook.version), (1, false, Some(3)));
        assert_eq!(callers.named[0].flow_id, calling);
    }
    let alone =
        hand.registry.commands.rehearse(hand.intent(), calling, RehearsedOrder::Delete).await.unwrap();
    assert!(alone.callers.is_none() && alone.after.deleted);
    hand.registry.commands.delete(hand.intent(), calling).await.unwrap();
    let gone = hand.registry.commands.rehearse(hand.intent(), calling, RehearsedOrder::Delete).await;
    assert!(matches!(gone, Err(RegistryError::FlowNotFound)));
}
