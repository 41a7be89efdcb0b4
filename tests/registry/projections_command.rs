//! `flow-registry projections`: what it says, and how it ends.

use std::time::{Duration, Instant};

use flow_registry::registry::access::{KeyMode, operator};
use serde_json::{Value, json};
use uuid::Uuid;

use super::hand::{hand, sound};
use crate::support::{Service, database, program};

#[tokio::test]
async fn the_command_says_what_differs_and_ends_with_a_status() {
    let hand = hand().await;
    let flow = hand.create(sound("Uno")).await;
    let order = async |words: &[&str]| {
        let mut command = program(&["projections"]);
        command.args(words).env("DATABASE_URL", hand.url()).env("ALLOW_UNSAFE_DURABILITY", "true");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (status, out, said) = order(&["check"]).await;
    assert_eq!((status, out.as_str()), (0, ""), "{said}");
    assert!(said.contains("1 flows and keys of 1 organizations, 1 events"), "{said}");
    hand.execute("UPDATE flow_view SET enabled = false").await;
    let (status, out, said) = order(&["check"]).await;
    assert_eq!(
        (status, out),
        (1, format!("flow {flow} of {}: enabled is false, not true\n", hand.caller.org_id))
    );
    assert!(said.contains("rebuild"), "{said}");
    let (status, out, _) = order(&["rebuild", "--json", "--org", &hand.caller.org_id.to_string()]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    let difference = json!({"column": "enabled", "stored": false, "computed": true});
    assert_eq!((status, &report["drifted"][0]["differences"][0]), (0, &difference));
    assert_eq!((&report["drifted"][0]["trouble"], &report["left"]), (&json!("differs"), &json!([])));
    assert_eq!(order(&["check"]).await.0, 0);
    let (status, _, said) = order(&["check", "--org", &Uuid::nil().to_string()]).await;
    assert!(status == 4 && said.contains("there is no organization"), "{said}");
    hand.execute("ALTER TABLE flow_view RENAME TO elsewhere").await;
    let (status, _, said) = order(&["check"]).await;
    assert!(status == 5 && said.contains("could not be compared"), "{said}");
}

/// Nothing is brought up to date by a look, and whoever stops reading ends nothing.
#[tokio::test]
async fn a_check_only_reads() {
    let database = database().await;
    let check = async |more: &[&str]| {
        let mut command = program(&["projections", "check"]);
        command.args(more).env("DATABASE_URL", database.url());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        command.stdout(writer);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let output = check(&["--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    sqlx::raw_sql("DROP TABLE _sqlx_migrations").execute(&database.pool).await.unwrap();
    assert_eq!(check(&[]).await.status.code(), Some(0));
    let made: Option<String> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(made, None);
}

/// A service counts by itself, and past what it cannot read.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_tells_how_much_has_drifted() {
    let hand = hand().await;
    let flow = hand.create(sound("Uno")).await;
    let keys = &hand.registry.keys;
    let last_of_all = Uuid::max();
    let made = keys.create(operator(last_of_all, "ana"), KeyMode::Live, &json!({"name": "números"})).await;
    made.unwrap();
    hand.execute(format!(
        "ALTER TABLE event DISABLE TRIGGER ALL; UPDATE event SET stream_kind = 77 WHERE stream_id = '{flow}'; \
         UPDATE api_key SET name = 'otra' WHERE org_id = '{last_of_all}'"
    ))
    .await;
    let url = hand.url();
    let service = Service::start(&["--database-url", &url, "--allow-unsafe-durability"]);
    let give_up = Instant::now() + Duration::from_secs(20);
    loop {
        let metrics = service.metrics();
        if metrics.lines().any(|line| line == "projection_drift 2") {
            break;
        }
        assert!(Instant::now() < give_up, "{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
