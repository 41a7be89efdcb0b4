//! What the past answers: differences, blame, lists of then.

use chrono::Duration;
use flow_registry::flow::event::RestoreMode;
use flow_registry::registry::caller::Intent;
use flow_registry::registry::{
    Comparison, DuplicateOrder, FlowAnswer, LogMoment, Point, PublishOrder, RegistryError, RestoreOrder,
    RestoreSource, Selector, Side,
};
use flow_registry::store::{Deleted, ListFilter, ListPage};
use serde_json::{Value, json};
use uuid::Uuid;

use super::hand::{Hand, flows_of, hand, sound};

fn say(id: &str, text: &str) -> Value {
    json!({"id": id, "type": "message", "text": text})
}

async fn steps(hand: &Hand, flow: Uuid, steps: Value) {
    hand.registry.commands.update(hand.intent(), flow, json!({"steps": steps}), None).await.unwrap();
}

#[tokio::test]
async fn any_two_states_of_any_two_flows_can_be_compared() {
    let hand = hand().await;
    let flow = hand.create(sound("one")).await;
    hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    steps(&hand, flow, json!([say("hola", "Hola"), {"id": "adios", "type": "end", "text": "Chau"}])).await;
    let copy =
        hand.registry.commands.duplicate(hand.intent(), flow, DuplicateOrder::default()).await.unwrap();
    let copy = copy.flow.record.flow_id;
    let at = |flow_id, side| Point { flow_id, side };
    let paths = async |from, to| {
        let compared = async |point| hand.registry.history.compared(&hand.caller, point).await.unwrap();
        let comparison = Comparison { from: compared(from).await, to: compared(to).await };
        let (before, patch) =
            (serde_json::from_slice(&comparison.from.answer.document.bytes()), comparison.json_patch());
        let mut patched: Value = before.unwrap();
        json_patch::patch(&mut patched, &serde_json::from_value::<json_patch::Patch>(patch).unwrap())
            .unwrap();
        let after: Value = serde_json::from_slice(&comparison.to.answer.document.bytes()).unwrap();
        assert_eq!(patched, after);
        ((comparison.from.version, comparison.to.version), comparison.diff().changed_paths())
    };
    let (versions, changed) = paths(at(flow, Side::Published), at(flow, Side::Draft)).await;
    assert_eq!(versions, (2, 3));
    assert_eq!(changed, ["steps.hola added", "steps.adios.text"]);
    assert_eq!(paths(at(flow, Side::Version(1)), at(flow, Side::Version(2))).await.1, [""; 0]);
    assert_eq!(paths(at(flow, Side::Draft), at(copy, Side::Draft)).await.1, ["name"]);
    // What was deleted can still be compared.
    hand.registry.commands.delete(hand.intent(), flow).await.unwrap();
    assert_eq!(paths(at(flow, Side::Draft), at(copy, Side::Version(1))).await, ((4, 1), vec!["name".into()]));
    let compared = |point| hand.registry.history.compared(&hand.caller, point);
    assert!(matches!(compared(at(flow, Side::Published)).await, Err(RegistryError::NotPublished(_))));
    assert!(matches!(compared(at(flow, Side::Version(9))).await, Err(RegistryError::VersionNotFound)));
    assert!(matches!(compared(at(Uuid::new_v4(), Side::Draft)).await, Err(RegistryError::FlowNotFound)));
}

async fn blamed(hand: &Hand, flow: Uuid) -> Vec<(String, Option<i64>)> {
    let history = &hand.registry.history;
    let blame = history.blame(&hand.caller, flow).await.unwrap();
    for step in &blame.steps {
        let alone = history.step_blame(&hand.caller, flow, blame.version, &step.id).await.unwrap();
        assert_eq!(alone.event, step.event, "asked for alone {} has the same event", step.id);
    }
    blame.steps.into_iter().map(|step| (step.id, step.event.map(|event| event.version))).collect()
}

fn expected(steps: &[(&str, i64)]) -> Vec<(String, Option<i64>)> {
    steps.iter().map(|(id, version)| ((*id).to_owned(), Some(*version))).collect()
}

#[tokio::test]
async fn each_step_is_blamed_on_the_last_event_that_touched_it() {
    let hand = hand().await;
    let flow =
        hand.create(json!({"name": "n", "steps": [say("a", "1"), say("b", "1"), say("c", "1")]})).await;
    hand.registry.commands.update(hand.intent(), flow, json!({"name": "m"}), None).await.unwrap();
    steps(&hand, flow, json!([say("a", "1"), say("b", "2"), say("c", "1")])).await;
    let pin = PublishOrder { version: Some(1), label: None };
    hand.registry.commands.publish(hand.intent(), flow, pin).await.unwrap();
    steps(&hand, flow, json!([say("b", "2"), say("c", "1"), say("a", "1"), say("d", "1")])).await;
    assert_eq!(blamed(&hand, flow).await, expected(&[("b", 3), ("c", 1), ("a", 5), ("d", 5)]));
    let mut moved = say("b", "2");
    moved["meta"] = json!({"x": 7});
    steps(&hand, flow, json!([moved, say("c", "1"), say("a", "1"), say("d", "1")])).await;
    assert_eq!(blamed(&hand, flow).await[0].1, Some(3), "where an editor draws a step is nobody's fault");
    let order = RestoreOrder { source: RestoreSource::Version(1), mode: RestoreMode::Draft };
    let intent = Intent { reason: Some("back to the start".into()), ..hand.intent() };
    hand.registry.commands.restore(intent, flow, order).await.unwrap();
    hand.registry.commands.delete(hand.intent(), flow).await.unwrap();
    let after = blamed(&hand, flow).await;
    assert_eq!((after[1].clone(), after[2].clone()), (("b".into(), Some(7)), ("c".into(), Some(1))));
}

#[tokio::test]
async fn blame_looks_into_changes_too_long_to_list_and_stops_where_they_are_erased() {
    let hand = hand().await;
    let many = |text: &str| (0..60).map(|n| say(&format!("s{n}"), text)).collect::<Vec<_>>();
    let mut first = many("1");
    first.push(say("z", "1"));
    let flow = hand.create(json!({"name": "n", "steps": first})).await;
    let mut second = many("2");
    second.push(say("z", "1"));
    steps(&hand, flow, json!(second)).await;
    let mut third = second.clone();
    third[0] = say("s0", "3");
    steps(&hand, flow, json!(third)).await;
    let blame = blamed(&hand, flow).await;
    assert_eq!(blame[0].1, Some(3));
    assert!(blame[1..60].iter().all(|step| step.1 == Some(2)));
    assert_eq!(blame[60], ("z".to_owned(), Some(1)));
    sqlx::query("UPDATE document SET bytes = NULL WHERE digest = (SELECT document_digest FROM event WHERE version = 2)")
        .execute(hand.registry.store().pool())
        .await
        .unwrap();
    let fresh = flow_registry::registry::Registry::new(hand.registry.store().clone());
    let blame = fresh.history.blame(&hand.caller, flow).await.unwrap();
    assert_eq!(blame.steps[0].event.as_ref().unwrap().version, 3);
    assert!(blame.steps[1..].iter().all(|step| step.event.is_none()));
}

#[tokio::test]
async fn lists_of_then_have_the_documents_of_then() {
    let hand = hand().await;
    let registry = &hand.registry;
    let numbered = |name: &str, number: &str| {
        let mut body = sound(name);
        body["phoneNumberId"] = json!(number);
        body
    };
    let a = hand.create(numbered("Alta", "1")).await;
    let b = hand.create(numbered("Baja", "1")).await;
    registry.commands.publish(hand.intent(), a, PublishOrder::default()).await.unwrap();
    registry
        .commands
        .update(hand.intent(), a, json!({"name": "Otra", "phoneNumberId": "2"}), None)
        .await
        .unwrap();
    registry.commands.delete(hand.intent(), b).await.unwrap();
    let names = async |position, filter: ListFilter| {
        let name = |flow: &FlowAnswer| {
            let document: Value = serde_json::from_slice(&flow.document.bytes()).unwrap();
            document["name"].as_str().unwrap().to_owned()
        };
        let list = registry.reads.list_at(&hand.caller, position, filter.clone());
        let names: Vec<_> = flows_of(list).await.unwrap().iter().map(|flow| name(flow)).collect();
        // Pages of one flow each say the same.
        let mut page = ListPage { limit: 1, before: None };
        let mut paged = Vec::new();
        loop {
            let found =
                registry.reads.list_page_at(&hand.caller, position, filter.clone(), page).await.unwrap();
            let flows = flows_of(found.list).await.unwrap();
            let [flow] = &flows[..] else { break };
            paged.push(name(flow));
            page.before = Some(flow.record.position);
        }
        assert_eq!(paged, names);
        names
    };
    let all = ListFilter::default;
    assert_eq!(names(2, all()).await, ["Baja", "Alta"]);
    assert_eq!(names(3, all()).await, ["Alta", "Baja"]);
    assert_eq!(names(5, all()).await, ["Otra"]);
    assert_eq!(names(5, ListFilter { deleted: Deleted::Only, ..all() }).await, ["Baja"]);
    assert_eq!(names(5, ListFilter { in_force: true, ..all() }).await, ["Alta"]);
    let one = ListFilter { phone_number_id: Some("1".into()), ..all() };
    assert_eq!(names(3, one.clone()).await, ["Alta", "Baja"]);
    assert_eq!(names(4, one.clone()).await, ["Baja"]);
    assert_eq!(names(5, ListFilter { in_force: true, ..one }).await, ["Alta"]);
    assert_eq!(names(4, ListFilter { search: Some("baj".into()), ..all() }).await, ["Baja"]);

    let then = registry.reads.get(&hand.caller, a, Selector::AsOf(LogMoment::Position(3))).await.unwrap();
    assert_eq!((then.record.version, then.in_force()), (2, true));
    let early = registry.reads.get(&hand.caller, b, Selector::AsOf(LogMoment::Position(1))).await;
    assert!(matches!(early, Err(RegistryError::FlowNotFound)));
    let after = LogMoment::Before(then.record.updated_at + Duration::microseconds(1));
    assert_eq!(registry.reads.position_at(&hand.caller, after).await.unwrap(), 3);
    assert_eq!(registry.reads.position_at(&hand.caller, LogMoment::Position(99)).await.unwrap(), 5);
}

/// A list that is sent slowly while its flows are changed, made and deleted: each flow once, as it was at the beginning.
#[tokio::test]
async fn a_list_is_of_one_moment_however_slowly_it_is_read() {
    let hand = hand().await;
    let registry = &hand.registry;
    let mut flows = Vec::new();
    for n in 0..70 {
        flows.push(hand.create(sound(&format!("Flujo {n}"))).await);
    }
    let end = registry.reads.head(&hand.caller).await.unwrap().position;
    let mut list = registry.reads.list_at(&hand.caller, end, ListFilter::default());
    let mut seen = Vec::new();
    while let Some(chunk) = list.next_chunk().await.unwrap() {
        seen.extend(chunk.iter().map(|flow| (flow.record.flow_id, flow.record.version)));
        let next = seen.len();
        if let Some(flow) = flows.get(next) {
            registry.commands.update(hand.intent(), *flow, json!({"name": "Otro"}), None).await.unwrap();
        }
        registry.commands.delete(hand.intent(), flows[next - 1]).await.ok();
        hand.create(sound("Nuevo")).await;
    }
    flows.reverse();
    assert_eq!(seen, flows.iter().map(|flow| (*flow, 1)).collect::<Vec<_>>());
}
