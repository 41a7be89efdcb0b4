//! Checkpoints for those who ask for one, and the keys to verify them with.

use flow_registry::evidence::{Checkpoint, parse_public_keys};
use flow_registry::http::router;
use flow_registry::registry::checkpoints::Signer;

use super::{Answer, api, state_with};

fn text(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_note_over_the_head_that_the_published_keys_verify() {
    let api = api().await;
    api.create_sound("Alta").await;
    let path = format!("/organizations/{}/audit/checkpoint", api.org_id);
    let keys = api.ask_openly("GET", "/.well-known/flow-registry-keys").send().await.expect(200);
    let keys = parse_public_keys(&text(&keys)).unwrap();

    let data = api.ask("GET", &path).send().await.expect(200).data();
    let (checkpoint, key) = Checkpoint::open(data["note"].as_str().unwrap(), &keys).unwrap();
    assert_eq!(key.name(), "flows.example.com");
    assert_eq!((checkpoint.organization, checkpoint.position), (api.org_id, 2));
    assert_eq!((&data["position"], &data["headPosition"]), (&2.into(), &2.into()));
    assert_eq!(data["chainHash"], serde_json::json!(checkpoint.chain_hash));
    assert_eq!(data["signsHere"], true);
    let shown = data["signedAt"].as_str().unwrap();
    assert_eq!(chrono::DateTime::parse_from_rfc3339(shown).unwrap(), checkpoint.time);

    let kept = api.ask("GET", &path).header("accept", "text/plain").send().await.expect(200);
    assert_eq!(text(&kept), data["note"].as_str().unwrap());
    let both = "application/json, text/plain, */*";
    let json = api.ask("GET", &path).header("accept", both).send().await.expect(200);
    assert_eq!(json.data(), data, "nothing has moved, and nothing is signed twice");
    api.ask("GET", &path).header("accept", "text/html").send().await.expect_problem(406, "not_acceptable");
    api.ask("GET", path + "?at=1").send().await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_log_that_is_not_what_was_signed_gets_a_clear_refusal() {
    let api = api().await;
    let path = format!("/organizations/{}/audit/checkpoint", api.org_id);
    api.ask("GET", &path).send().await.expect(200);
    let alteration = "ALTER TABLE event DISABLE TRIGGER ALL; UPDATE event SET chain_hash = sha256('x')";
    sqlx::raw_sql(alteration).execute(&api.database.pool).await.unwrap();
    api.create_sound("Alta").await;
    api.ask("GET", &path).send().await.expect_problem(409, "log_contradicts_checkpoint");
    // Its auditors get their export, and find out.
    api.ask("GET", format!("/organizations/{}/audit/export?format=ndjson", api.org_id))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_replica_without_a_key_gives_what_others_signed() {
    let api = api().await;
    let path = format!("/organizations/{}/audit/checkpoint", api.org_id);
    let silent = router(state_with(api.registry.store().clone(), Signer::default()));
    let ask = || api.ask("GET", &path).to(silent.clone());
    let none = ask().send().await.expect_problem(503, "no_checkpoint");
    assert_eq!(none.header("retry-after"), Some("60"));
    let keys = api.ask_openly("GET", "/.well-known/flow-registry-keys").to(silent.clone()).send().await;
    assert_eq!(text(&keys), "# This replica does not sign checkpoints.\n");

    let signed = api.ask("GET", &path).send().await.expect(200).data();
    api.create_sound("Alta").await;
    let stored = ask().send().await.expect(200).data();
    assert_eq!((&stored["note"], &stored["position"]), (&signed["note"], &1.into()));
    assert_eq!((&stored["headPosition"], &stored["signsHere"]), (&2.into(), &false.into()));
}
