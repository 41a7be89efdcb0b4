//! One flow from its creation to its end, and what each command answers.

use chrono::Duration;
use flow_registry::registry::caller::{IfMatch, Intent, Scope, Scopes};
use flow_registry::registry::{
    DuplicateOrder, FlowAnswer, LogMoment, PublishOrder, RegistryError, Selector, Status,
};
use flow_registry::store::ListFilter;
use serde_json::{Value, json};
use uuid::Uuid;

use super::hand::{hand, sound};

#[tokio::test]
async fn five_events_on_one_stream_and_one_on_the_copys() {
    let hand = hand().await;
    let registry = &hand.registry;
    let flow = hand.create(sound("Alta")).await;
    let updated = registry
        .commands
        .update(hand.intent(), flow, json!({"description": "Da de alta"}), None)
        .await
        .unwrap()
        .flow;
    assert_eq!((updated.record.version, updated.status()), (2, Status::Draft));
    let published =
        registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap().flow;
    assert_eq!(published.record.published.as_ref().unwrap().version, 3);
    assert!(published.in_force() && !published.has_unpublished_changes());
    registry.commands.unpublish(hand.intent(), flow).await.unwrap();
    let copy =
        registry.commands.duplicate(hand.intent(), flow, DuplicateOrder::default()).await.unwrap().flow;
    assert_eq!((copy.record.version, copy.record.marks.duplicated_from.as_deref()), (1, Some(&(flow, 4))));
    let value: Value = serde_json::from_slice(&copy.document.bytes()).unwrap();
    assert_eq!(value["name"], "Alta (copia)");
    registry.commands.delete(hand.intent(), flow).await.unwrap();
    assert!(matches!(registry.commands.delete(hand.intent(), flow).await, Err(RegistryError::FlowNotFound)));

    let events = hand.events().await;
    let log: Vec<_> =
        events.iter().map(|(kind, version, position)| (kind.as_str(), *version, *position)).collect();
    assert_eq!(
        log,
        [
            ("flow.created", 1, 1),
            ("flow.updated", 2, 2),
            ("flow.published", 3, 3),
            ("flow.unpublished", 4, 4),
            ("flow.duplicated", 1, 5),
            ("flow.deleted", 5, 6),
        ]
    );
}

/// A flow that was last seen before something was done to its rows is decided on as it is.
#[tokio::test]
async fn what_was_erased_or_put_right_meanwhile_is_not_decided_on() {
    let hand = hand().await;
    let registry = &hand.registry;
    let mut document = sound("Alta");
    document["description"] = json!("Ana Torres, 600 123 456");
    let flow = hand.create(document).await;
    let pool = registry.store().pool();
    sqlx::query("UPDATE document SET bytes = NULL").execute(pool).await.unwrap();
    let named =
        registry.commands.update(hand.intent(), flow, json!({"name": "Baja"}), None).await.unwrap().flow;
    let value: Value = serde_json::from_slice(&named.document.bytes()).unwrap();
    assert_eq!((&value["name"], named.record.version), (&json!("Baja"), 2));
    assert!(!value.to_string().contains("Ana Torres"), "{value}");

    sqlx::query("UPDATE flow_view SET enabled = false").execute(pool).await.unwrap();
    let fresh = flow_registry::registry::Registry::new(registry.store().clone());
    assert!(!fresh.reads.get(&hand.caller, flow, Selector::Draft).await.unwrap().record.enabled);
    sqlx::query("UPDATE flow_view SET enabled = true").execute(pool).await.unwrap();
    let renamed =
        fresh.commands.update(hand.intent(), flow, json!({"name": "Alta"}), None).await.unwrap().flow;
    assert!(renamed.record.enabled && renamed.record.version == 3);
}

#[tokio::test]
async fn answers_of_commands_are_what_a_read_finds() {
    let hand = hand().await;
    let registry = &hand.registry;
    let mut answers = vec![registry.commands.create(hand.intent(), sound("a")).await.unwrap().flow];
    let flow = answers[0].record.flow_id;
    answers.push(
        registry
            .commands
            .update(hand.intent(), flow, json!({"phoneNumberId": "7"}), None)
            .await
            .unwrap()
            .flow,
    );
    answers.push(registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap().flow);
    answers.push(
        registry
            .commands
            .update(hand.intent(), flow, json!({"name": "b", "enabled": false}), None)
            .await
            .unwrap()
            .flow,
    );
    let pin = PublishOrder { version: Some(1), label: Some("first".into()) };
    answers.push(registry.commands.publish(hand.intent(), flow, pin).await.unwrap().flow);
    assert_eq!(
        registry.reads.get(&hand.caller, flow, Selector::Draft).await.unwrap().record,
        answers[4].record
    );
    for (index, answer) in answers.iter().enumerate() {
        let version = index as i64 + 1;
        let then = registry.reads.get(&hand.caller, flow, Selector::Version(version)).await.unwrap();
        assert_eq!(then.document.bytes(), answer.document.bytes());
        // The number a flow is bound to now decides who sees it, also in the past.
        let mut expected = answer.record.clone();
        expected.phone_number_id = Some("7".into());
        assert_eq!(then.record, expected);
        let before = answer.record.updated_at + Duration::microseconds(1);
        let as_of =
            registry.reads.get(&hand.caller, flow, Selector::AsOf(LogMoment::Before(before))).await.unwrap();
        assert_eq!(as_of.record, expected);
        // Now from memory, where versions are kept beside the one that was read first.
        let told = |flow: &FlowAnswer| (flow.document.bytes(), flow.document.findings().unwrap());
        assert_eq!(told(&as_of), told(answer));
    }
    let in_force = registry.reads.get(&hand.caller, flow, Selector::Published).await.unwrap();
    assert_eq!(in_force.document.digest(), answers[0].document.digest());
    assert_eq!(in_force.record.version, 5);
}

#[tokio::test]
async fn what_is_so_already_is_no_event() {
    let hand = hand().await;
    let registry = &hand.registry;
    let flow = hand.create(sound("a")).await;
    for body in [json!({}), json!({"name": "a"}), json!({"enabled": true}), json!({"description": null})] {
        let same = registry.commands.update(hand.intent(), flow, body, None).await.unwrap().flow;
        assert_eq!(same.record.version, 1);
    }
    assert_eq!(registry.commands.unpublish(hand.intent(), flow).await.unwrap().flow.record.version, 1);
    registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    let again = registry
        .commands
        .publish(hand.intent_with_key("k", "publish"), flow, PublishOrder::default())
        .await
        .unwrap();
    assert!(!again.replayed);
    let replay = registry
        .commands
        .publish(hand.intent_with_key("k", "publish"), flow, PublishOrder::default())
        .await
        .unwrap();
    assert!(replay.replayed, "an answer without event is repeated too");
    assert_eq!(replay.flow.record, again.flow.record);
    let other = registry.commands.unpublish(hand.intent_with_key("k", "unpublish"), flow).await;
    assert!(matches!(other, Err(RegistryError::IdempotencyKeyReused)));
    assert_eq!(hand.events().await.len(), 2);
}

#[tokio::test]
async fn refusals_leave_no_trace() {
    let hand = hand().await;
    let registry = &hand.registry;
    let empty = hand.create(json!({"name": "empty"})).await;
    let publish = registry.commands.publish(hand.intent(), empty, PublishOrder::default()).await;
    assert!(
        matches!(publish, Err(RegistryError::NotPublishable(findings)) if findings[0].code == "EMPTY_FLOW")
    );
    let missing = PublishOrder { version: Some(9), label: None };
    assert!(matches!(
        registry.commands.publish(hand.intent(), empty, missing).await,
        Err(RegistryError::VersionNotFound)
    ));
    let unknown = registry.commands.update(hand.intent(), Uuid::new_v4(), json!({"name": "x"}), None).await;
    assert!(matches!(unknown, Err(RegistryError::FlowNotFound)));
    let invalid = registry.commands.update(hand.intent(), empty, json!({"nombre": "x"}), None).await;
    assert!(matches!(invalid, Err(RegistryError::Invalid(findings)) if findings[0].pointer == "/nombre"));
    let published = registry.reads.get(&hand.caller, empty, Selector::Published).await;
    assert!(matches!(published, Err(RegistryError::NotPublished(at)) if at.version == 1));
    let stale = Intent { if_match: Some(IfMatch::Versions(vec![])), ..hand.intent() };
    let stale = registry.commands.delete(stale, empty).await;
    assert!(matches!(stale, Err(RegistryError::PreconditionFailed(at)) if at.version == 1));
    assert_eq!(hand.events().await.len(), 1);
}

#[tokio::test]
async fn organizations_and_numbers_do_not_see_each_other() {
    let hand = hand().await;
    let registry = &hand.registry;
    let mut body = sound("a");
    body["phoneNumberId"] = json!("1");
    let flow = hand.create(body).await;
    let mut stranger = hand.caller.clone();
    stranger.org_id = Uuid::new_v4();
    let mut confined = hand.caller.clone();
    confined.phone_number_ids = ["2".to_owned()].into();
    for caller in [stranger, confined.clone()] {
        for selector in [Selector::Current, Selector::Draft, Selector::Published, Selector::Version(1)] {
            let found = registry.reads.get(&caller, flow, selector).await;
            assert!(matches!(found, Err(RegistryError::FlowNotFound)), "{selector:?}");
        }
        let end = registry.reads.head(&caller).await.unwrap().position;
        let mut list = registry.reads.list_at(&caller, end, ListFilter::default());
        assert!(list.next_chunk().await.unwrap().is_none());
        let intent = Intent { caller, ..hand.intent() };
        let update = registry.commands.update(intent.clone(), flow, json!({"name": "mine"}), None).await;
        assert!(matches!(update, Err(RegistryError::FlowNotFound)));
        assert!(matches!(registry.commands.delete(intent, flow).await, Err(RegistryError::FlowNotFound)));
    }
    let elsewhere = Intent { caller: confined, ..hand.intent() };
    let create = registry.commands.create(elsewhere, sound("b")).await;
    assert!(
        matches!(create, Err(RegistryError::Invalid(findings)) if findings[0].pointer == "/phoneNumberId")
    );
}

#[tokio::test]
async fn switching_a_published_flow_takes_the_scope_to_publish() {
    let hand = hand().await;
    let registry = &hand.registry;
    let flow = hand.create(sound("a")).await;
    let mut writer = hand.intent();
    writer.caller.scopes = Scopes::default().with(Scope::FlowsRead).with(Scope::FlowsWrite);
    registry.commands.update(writer.clone(), flow, json!({"enabled": false}), None).await.unwrap();
    registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    let off = registry.commands.update(writer, flow, json!({"enabled": false}), None).await;
    assert!(matches!(off, Err(RegistryError::InsufficientScope(Scope::FlowsPublish))));
}

#[tokio::test]
async fn a_flow_that_calls_others_is_published_after_them() {
    let hand = hand().await;
    let registry = &hand.registry;
    let callee = hand.create(sound("callee")).await;
    let calling =
        |id: Uuid| json!({"name": "caller", "steps": [{"id": "llama", "type": "flow", "flowId": id}]});
    let caller = hand.create(calling(callee)).await;
    let publish = async |flow| registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await;
    let code = |refused: Result<_, RegistryError>| match refused {
        Err(RegistryError::NotPublishable(findings)) => {
            findings.iter().find(|finding| finding.is_error()).unwrap().code
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(code(publish(caller).await), "FLOW_REF_NOT_PUBLISHED");
    publish(callee).await.unwrap();
    publish(caller).await.unwrap();
    let lost = hand.create(calling(Uuid::new_v4())).await;
    assert_eq!(code(publish(lost).await), "FLOW_REF_NOT_FOUND");
    registry
        .commands
        .update(hand.intent(), callee, json!({"steps": calling(caller)["steps"]}), None)
        .await
        .unwrap();
    assert_eq!(code(publish(callee).await), "RECURSION");
}
