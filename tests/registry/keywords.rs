//! Flows in force that start by the same keywords as another one.

use serde_json::{Value, json};
use uuid::Uuid;

use flow_registry::registry::PublishOrder;

use super::hand::{Hand, hand, sound};

fn listening(name: &str, mode: &str, keyword: &str) -> Value {
    let mut body = sound(name);
    body["triggerType"] = json!("KEYWORD");
    body["triggerConfig"] = json!({"keywords": [keyword], "matchMode": mode});
    body
}

/// What is said of the keywords of a flow.
async fn conflicts(hand: &Hand, flow: Uuid) -> Vec<String> {
    let findings = hand.registry.validation.flow(&hand.caller, flow).await.unwrap();
    let of_keywords = findings.into_iter().filter(|finding| finding.code == "KEYWORD_CONFLICT");
    of_keywords.map(|finding| finding.message).collect()
}

/// In each way of hearing, either of two flows is told of the other when that one is in force.
#[tokio::test]
async fn keywords_meet_in_every_way_of_hearing() {
    let hand = hand().await;
    let pairs = [
        (("EXACT", "¡Pedido!"), ("EXACT", "pedido"), true),
        (("EXACT", "pedido"), ("EXACT", "pedidos"), false),
        (("STARTS_WITH", "pedi"), ("EXACT", "Pedído nuevo"), true),
        (("STARTS_WITH", "nuevo"), ("EXACT", "pedido nuevo"), false),
        (("CONTAINS", "do nu"), ("EXACT", "pedido nuevo"), true),
        (("CONTAINS", "100%"), ("CONTAINS", "el 100% sí"), true),
        (("CONTAINS", "1_0"), ("EXACT", "el 100 sí"), false),
        (("WORD", "nuevo"), ("CONTAINS", "un pedido nuevo"), true),
        (("WORD", "pedido nuevo"), ("EXACT", "un pedido-nuevo más"), true),
        (("WORD", "pedido-nuevo"), ("EXACT", "un pedido nuevo más"), true),
        (("WORD", "nuevo"), ("EXACT", "nuevos pedidos"), false),
        (("REGEX", "^pe.*nuevo$"), ("EXACT", "pedido nuevo"), true),
        (("REGEX", "^nuevo"), ("WORD", "pedido nuevo"), false),
    ];
    for (one, other, is_told) in pairs {
        for (claiming, asking) in [(one, other), (other, one)] {
            let claims = hand.create(listening("Uno", claiming.0, claiming.1)).await;
            let asks = hand.create(listening("Dos", asking.0, asking.1)).await;
            hand.registry.commands.publish(hand.intent(), claims, PublishOrder::default()).await.unwrap();
            let told = format!("The published flow \"Uno\" claims the keyword \"{}\" too.", asking.1);
            let expected: Vec<String> = is_told.then_some(told).into_iter().collect();
            assert_eq!(conflicts(&hand, asks).await, expected, "{claiming:?} in force, {asking:?}");
            hand.registry.commands.unpublish(hand.intent(), claims).await.unwrap();
        }
    }
}

/// Of many flows in force that would be heard, the one that changed last is told of.
#[tokio::test]
async fn the_newest_of_many_is_told_of() {
    let hand = hand().await;
    for (name, mode) in [("Uno", "EXACT"), ("Dos", "CONTAINS"), ("Tres", "REGEX"), ("Cuatro", "WORD")] {
        let flow = hand.create(listening(name, mode, "hola")).await;
        let asks = hand.create(listening("Otro", "STARTS_WITH", "hola")).await;
        hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
        let told = format!("The published flow \"{name}\" claims the keyword \"hola\" too.");
        assert_eq!(conflicts(&hand, asks).await, [told]);
    }
}

/// Whoever publishes a keyword is told of flows in force that listen to it too, for the same number.
#[tokio::test]
async fn keywords_are_compared_with_flows_in_force() {
    let hand = hand().await;
    let registry = &hand.registry;
    let listening = |name: &str, keyword: &str, number: Option<&str>| {
        let mut body = listening(name, "EXACT", keyword);
        body["phoneNumberId"] = json!(number);
        body
    };
    let conflicts = |flow| conflicts(&hand, flow);
    let first = hand.create(listening("Uno", "¡Hola!", Some("1"))).await;
    let same = hand.create(listening("Dos", "hola", Some("1"))).await;
    let elsewhere = hand.create(listening("Tres", "hola", Some("2"))).await;
    let everywhere = hand.create(listening("Cuatro", "HOLA", None)).await;
    assert_eq!(conflicts(same).await, [""; 0], "a draft listens to nothing");
    registry.commands.publish(hand.intent(), first, PublishOrder::default()).await.unwrap();
    let claimed = |keyword: &str| format!("The published flow \"Uno\" claims the keyword \"{keyword}\" too.");
    assert_eq!(conflicts(first).await, [""; 0], "its own");
    assert_eq!(conflicts(same).await, [claimed("hola")]);
    assert_eq!(conflicts(elsewhere).await, [""; 0]);
    assert_eq!(conflicts(everywhere).await, [claimed("HOLA")]);
    registry.commands.update(hand.intent(), first, json!({"enabled": false}), None).await.unwrap();
    assert_eq!(conflicts(same).await, [""; 0], "a paused flow listens to nothing");
    registry.commands.update(hand.intent(), first, json!({"enabled": true}), None).await.unwrap();
    registry.commands.update(hand.intent(), first, listening("Uno", "adiós", Some("1")), None).await.unwrap();
    assert_eq!(conflicts(same).await, [claimed("hola")], "what is in force counts, not the draft");
    registry.commands.publish(hand.intent(), first, PublishOrder::default()).await.unwrap();
    assert_eq!(conflicts(same).await, [""; 0]);
    registry.commands.unpublish(hand.intent(), first).await.unwrap();
    let adios = hand.create(listening("Cinco", "Adios", Some("1"))).await;
    assert_eq!(conflicts(adios).await, [""; 0]);
}
