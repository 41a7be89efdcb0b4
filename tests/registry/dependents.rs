//! What is in force finds what it calls in force, however commands of several replicas meet.

use flow_registry::registry::{PublishOrder, Registry, RegistryError, Selector};
use flow_registry::store::Store;
use serde_json::json;

use super::hand::{hand, sound};

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_does_not_go_while_another_one_comes_that_calls_it() {
    let hand = hand().await;
    let here = &hand.registry;
    let (mut refused, mut unpublishable) = (0, 0);
    for round in 0..24 {
        let there = match round % 2 {
            0 => here.clone(),
            _ => Registry::new(Store::new(here.store().pool().clone())),
        };
        let called = hand.create(sound("Pago")).await;
        here.commands.publish(hand.intent(), called, PublishOrder::default()).await.unwrap();
        let steps = json!([{"id": "pago", "type": "flow", "flowId": called}]);
        let calling = hand.create(json!({"name": "Reserva", "steps": steps})).await;
        let (published, ended) =
            tokio::join!(here.commands.publish(hand.intent(), calling, PublishOrder::default()), async {
                match round % 3 {
                    0 => there.commands.delete(hand.intent(), called).await,
                    1 => there.commands.unpublish(hand.intent(), called).await,
                    _ => there.commands.update(hand.intent(), called, json!({"enabled": false}), None).await,
                }
            });
        match (&published, &ended) {
            (Ok(_), Err(RegistryError::Called(_))) => refused += 1,
            (Err(RegistryError::NotPublishable(_)), Ok(_)) => unpublishable += 1,
            // Paused is not unpublished: whoever comes later may call it.
            (Ok(_), Ok(paused)) if round % 3 == 2 => assert!(!paused.flow.record.enabled),
            other => panic!("round {round}: {other:?}"),
        }
        let is_called = here.reads.get(&hand.caller, calling, Selector::Published).await.is_ok();
        let is_there = here.reads.get(&hand.caller, called, Selector::Published).await.is_ok();
        assert!(!is_called || is_there, "round {round}");
    }
    assert!(refused + unpublishable > 0);
}
