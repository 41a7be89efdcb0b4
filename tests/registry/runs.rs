//! Test runs through the registry: what is resolved, stored, read again, and refused.

use flow_registry::registry::{PublishOrder, RegistryError, RunAnswer};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::hand::{Hand, hand, sound};

fn trace(answer: &RunAnswer) -> Value {
    serde_json::from_slice(&answer.trace).unwrap()
}

async fn run(hand: &Hand, flow: Uuid, body: Value) -> RunAnswer {
    hand.registry.runs.run(hand.intent(), flow, body).await.unwrap()
}

/// A flow that asks for a personal value and says it.
fn asking() -> Value {
    json!({
        "name": "asking",
        "variables": [{"name": "correo", "type": "string", "pii": true}],
        "steps": [
            {"id": "pide", "type": "ask", "text": "¿Tu correo?", "saveTo": "correo"},
            {"id": "llama", "type": "http", "url": "https://a.example/x", "headers": {"x-key": "{{ secrets.CRM }}"}},
            {"id": "fin", "type": "end", "text": "Escribimos a {{ correo }}."}
        ]
    })
}

fn request() -> Value {
    json!({
        "name": "alta", "description": "con correo", "messages": ["ana@example.com"],
        "mocks": {"secrets": {"CRM": "hunter2hunter2"}, "http": [{"respond": {"status": 200}}]}
    })
}

#[tokio::test]
async fn a_run_names_the_version_it_ran() {
    let hand = hand().await;
    let flow = hand.create(sound("one")).await;
    hand.registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    hand.registry.commands.update(hand.intent(), flow, json!({"name": "three"}), None).await.unwrap();
    for (asked, version) in [(json!({}), 3), (json!({"version": "published"}), 2), (json!({"version": 1}), 1)]
    {
        let answer = run(&hand, flow, asked).await;
        assert_eq!(answer.version, Some(version));
        assert_eq!(trace(&answer)["flow"]["version"], version);
    }
    let inline = run(&hand, flow, json!({"definition": sound("inline")})).await;
    assert_eq!((inline.version, &trace(&inline)["flow"]["version"]), (None, &json!("inline")));
    let missing = hand.registry.runs.run(hand.intent(), flow, json!({"version": 9})).await;
    assert!(matches!(missing, Err(RegistryError::VersionNotFound)));
    let nobody = hand.registry.runs.run(hand.intent(), Uuid::new_v4(), json!({})).await;
    assert!(matches!(nobody, Err(RegistryError::FlowNotFound)));
    assert_eq!(hand.events().await.len(), 3, "a run is no event");
}

#[tokio::test]
async fn a_stored_run_is_run_again_with_secrets_gone_and_personal_values_masked() {
    let hand = hand().await;
    let flow = hand.create(asking()).await;
    let answer = run(&hand, flow, request()).await;
    assert_eq!(trace(&answer)["status"], "completed");
    assert!(String::from_utf8_lossy(&answer.trace).contains("ana@example.com"));
    hand.registry.commands.update(hand.intent(), flow, json!({"steps": []}), None).await.unwrap();
    let read = hand.registry.runs.read(&hand.caller, answer.run_id).await.unwrap();
    assert_eq!(read.reproducible, Some(true));
    assert_eq!(read.run.digest, answer.digest);
    let shown = String::from_utf8_lossy(&read.ran.as_ref().unwrap().trace);
    assert!(!shown.contains("ana@example.com") && shown.contains("•••"));
    let stored = String::from_utf8_lossy(&read.run.request).into_owned();
    assert!(!stored.contains("hunter2") && stored.contains("CRM"), "{stored}");
    let list = hand.registry.runs.list(&hand.caller, flow, 10, None).await.unwrap();
    assert_eq!(list, [read.run]);
    let mut stranger = hand.caller.clone();
    stranger.org_id = Uuid::new_v4();
    let refused = hand.registry.runs.read(&stranger, answer.run_id).await;
    assert!(matches!(refused, Err(RegistryError::RunNotFound)));
}

#[tokio::test]
async fn called_flows_stay_at_the_version_they_had() {
    let hand = hand().await;
    let callee = hand.create(sound("callee")).await;
    hand.registry.commands.publish(hand.intent(), callee, PublishOrder::default()).await.unwrap();
    let body = json!({"name": "caller", "steps": [{"id": "llama", "type": "flow", "flowId": callee}]});
    let flow = hand.create(body).await;
    let answer = run(&hand, flow, json!({})).await;
    assert_eq!(trace(&answer)["calledFlows"][0]["version"], 2);
    hand.registry
        .commands
        .update(hand.intent(), callee, json!({"steps": [{"type": "end", "text": "Otra"}]}), None)
        .await
        .unwrap();
    hand.registry.commands.publish(hand.intent(), callee, PublishOrder::default()).await.unwrap();
    let read = hand.registry.runs.read(&hand.caller, answer.run_id).await.unwrap();
    assert_eq!(read.reproducible, Some(true));
    assert_ne!(run(&hand, flow, json!({})).await.digest, answer.digest);
}

#[tokio::test]
async fn a_document_with_errors_is_not_run_but_an_unfinished_one_is() {
    let hand = hand().await;
    let broken = json!({"name": "a", "steps": [{"id": "x", "type": "goto", "next": "nowhere"}]});
    let broken = hand.create(broken).await;
    let refused = hand.registry.runs.run(hand.intent(), broken, json!({})).await;
    assert!(
        matches!(refused, Err(RegistryError::NotRunnable(findings)) if findings[0].code == "DANGLING_NEXT")
    );
    let empty = hand.create(json!({"name": "empty"})).await;
    let answer = run(&hand, empty, json!({"name": "string", "description": "string"})).await;
    assert_eq!((&trace(&answer)["status"], &trace(&answer)["steps"]), (&json!("completed"), &json!([])));
    let save = hand.registry.runs.run(hand.intent(), empty, json!({"saveAs": {"name": "x"}})).await;
    assert!(matches!(save, Err(RegistryError::Invalid(findings)) if findings[0].pointer == "/saveAs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_requests_give_one_digest_and_one_key_stores_one_run() {
    let hand = hand().await;
    let flow = hand.create(asking()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (registry, intent) = (hand.registry.clone(), hand.intent_with_key("k", "run"));
        tasks.spawn(async move { registry.runs.run(intent, flow, request()).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    for answer in &answers {
        assert_eq!((answer.run_id, answer.digest), (answers[0].run_id, answers[0].digest));
        assert_eq!(answer.trace, answers[0].trace);
    }
    let other = hand.registry.runs.run(hand.intent_with_key("k", "another"), flow, json!({})).await;
    assert!(matches!(other, Err(RegistryError::IdempotencyKeyReused)));
}

/// Asks, and then runs another flow.
fn leading(name: &str, other: Uuid, mode: &str) -> Value {
    json!({"name": name, "variables": [{"name": "r", "type": "string"}], "steps": [
        {"id": "pregunta", "type": "ask", "text": name, "saveTo": "r"},
        {"id": "sigue", "type": "branch", "cases": [{"when": "r == \"no\"", "next": "$end"}]},
        {"id": "otro", "type": "flow", "flowId": other, "mode": mode}
    ]})
}

#[tokio::test]
async fn drafts_that_lead_to_each_other_run_together() {
    let hand = hand().await;
    let (a, b) = (hand.create(sound("A")).await, hand.create(sound("B")).await);
    let commands = &hand.registry.commands;
    commands.update(hand.intent(), a, leading("A", b, "transfer"), None).await.unwrap();
    commands.update(hand.intent(), b, leading("B", a, "transfer"), None).await.unwrap();
    let request = |drafts: bool| json!({"messages": ["1", "2", "3", "no"], "drafts": drafts});
    let alone = trace(&run(&hand, a, request(false)).await);
    assert_eq!((&alone["status"], &alone["error"]["code"]), (&json!("failed"), &json!("FLOW_UNRESOLVED")));
    let together = run(&hand, a, request(true)).await;
    let told = trace(&together);
    let said = told["transcript"].as_array().unwrap().iter().filter(|line| line["from"] == "bot");
    assert_eq!(said.map(|line| &line["text"]).collect::<Vec<_>>(), ["A", "B", "A", "B"]);
    assert_eq!((&told["status"], told["calledFlows"].as_array().unwrap().len()), (&json!("completed"), 2));
    // Read again it is the same run, whatever became of the drafts.
    commands.update(hand.intent(), b, sound("Otra"), None).await.unwrap();
    let read = hand.registry.runs.read(&hand.caller, together.run_id).await.unwrap();
    assert_eq!((read.reproducible, read.run.digest), (Some(true), together.digest));
    let changed = trace(&run(&hand, a, request(true)).await);
    assert_eq!(changed["transcript"][2]["text"], "¡Listo!");

    commands.update(hand.intent(), a, leading("A", b, "call"), None).await.unwrap();
    commands.update(hand.intent(), b, leading("B", a, "call"), None).await.unwrap();
    let told = trace(&run(&hand, a, request(true)).await);
    assert!(told["error"]["message"].as_str().unwrap().contains("RECURSION"), "{}", told["error"]);
    for wrong in [json!({"drafts": "yes"}), json!({"drafts": 1})] {
        let refused = hand.registry.runs.run(hand.intent(), a, wrong).await;
        assert!(matches!(refused, Err(RegistryError::Invalid(findings)) if findings[0].pointer == "/drafts"));
    }
}

#[tokio::test]
async fn a_draft_that_leads_to_itself_goes_on_in_itself() {
    let hand = hand().await;
    let own = hand.create(sound("A")).await;
    hand.registry.commands.publish(hand.intent(), own, PublishOrder::default()).await.unwrap();
    hand.registry.commands.update(hand.intent(), own, leading("B", own, "transfer"), None).await.unwrap();
    let ran = run(&hand, own, json!({"messages": ["1", "no"]})).await;
    let told = trace(&ran);
    assert_eq!((&told["status"], &told["transcript"][2]["text"]), (&json!("completed"), &json!("B")));
    let read = hand.registry.runs.read(&hand.caller, ran.run_id).await.unwrap();
    assert_eq!(read.reproducible, Some(true));
    let inline = json!({"definition": leading("C", own, "transfer"), "messages": ["1", "no"]});
    assert_eq!(trace(&run(&hand, own, inline).await)["transcript"][2]["text"], "C");
}

/// What other rules led to cannot be held against what these lead to.
#[tokio::test]
async fn a_run_of_another_engine_is_shown_as_it_was_noted() {
    let hand = hand().await;
    let flow = hand.create(asking()).await;
    let ran = run(&hand, flow, request()).await;
    // Its own digest goes too, as a release that knew those rules had none.
    sqlx::query(
        "UPDATE test_run SET engine = 'flow-engine/1', request = '{\"no\": 1}', record_digest = NULL",
    )
    .execute(hand.registry.store().pool())
    .await
    .unwrap();
    let read = hand.registry.runs.read(&hand.caller, ran.run_id).await.unwrap();
    assert_eq!((read.reproducible, read.run.engine.as_str()), (None, "flow-engine/1"));
    assert_eq!((read.run.digest, read.run.status.as_str()), (ran.digest, "completed"));
    assert!(read.ran.is_none());
}
