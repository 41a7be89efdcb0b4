//! `flow-registry keys` as an operator types it.

use std::process::Output;

use serde_json::json;
use uuid::Uuid;

use super::desk::{Desk, desk};
use crate::support::program;

impl Desk {
    async fn keys(&self, arguments: &[&str]) -> Output {
        let mut command = program(&["keys"]);
        command.args(arguments).args(["--org", &self.org_id.to_string()]);
        if arguments.first() == Some(&"create") && !self.keys.knows(self.org_id).await.unwrap() {
            command.arg("--new-organization");
        }
        command
            .env("DATABASE_URL", self.database.url())
            .env("ALLOW_UNSAFE_DURABILITY", "true")
            .env("USER", "ana");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn a_key_is_all_that_is_printed() {
    let desk = desk().await;
    let made =
        desk.keys(&["create", "--name", "backend", "--scope", "auditor", "--scope", "flows:test"]).await;
    let key = printed(&made);
    let key = key.strip_suffix('\n').unwrap();
    let caller = desk.verify(key).await.expect("a good key, and nothing else");
    assert_eq!(caller.org_id, desk.org_id);
    let scopes: Vec<_> = caller.scopes.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(scopes, ["flows:read", "flows:test", "audit:read"]);
    assert!(said(&made).contains(&desk.org_id.to_string()) && !said(&made).contains(key));
    let actor: String = sqlx::query_scalar("SELECT a.subject FROM event e JOIN actor a ON a.id = e.actor")
        .fetch_one(&desk.database.pool)
        .await
        .unwrap();
    assert_eq!(actor, "operator:ana");
}

#[tokio::test]
async fn keys_are_listed_and_revoked() {
    let desk = desk().await;
    let key = desk.make_any().await;
    let id = key.key.id.to_string();
    let listed = printed(&desk.keys(&["list"]).await);
    assert!(
        listed.contains(&id) && listed.contains(&key.key.prefix) && listed.contains("backend"),
        "{listed}"
    );
    printed(&desk.keys(&["revoke", "--id", &id]).await);
    assert!(!printed(&desk.keys(&["list"]).await).contains(&id));
    let again = desk.keys(&["revoke", "--id", &id]).await;
    assert_eq!(again.status.code(), Some(4));
    assert!(said(&again).contains("no such API key"), "{}", said(&again));
}

#[tokio::test]
async fn a_test_key_is_made_of_what_it_can_have() {
    let desk = desk().await;
    let made = printed(&desk.keys(&["create", "--name", "tests", "--test"]).await);
    assert!(made.starts_with("mk_test_"));
    let caller = desk.verify(made.trim_end()).await.unwrap();
    assert_eq!(
        caller.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        ["flows:read", "flows:test"]
    );
    let refused = desk.keys(&["create", "--name", "tests", "--test", "--scope", "flows:write"]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("a test key can have only flows:read, flows:test"), "{}", said(&refused));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let desk = desk().await;
    for (arguments, status, reason) in [
        (&["create", "--name", "x"][..], 2, "2 to 80 characters"),
        (&["create", "--name", "late", "--expires-at", "2020-01-01T00:00:00Z"], 2, "in the future"),
        (&["create", "--name", "odd", "--scope", "owner"], 2, "consumer, auditor, support, admin"),
        (&["create"], 2, "--name"),
        (&["revoke", "--id", "7"], 2, "--id"),
        (&["revoke", "--id", &Uuid::nil().to_string()], 4, "no such API key"),
    ] {
        let refused = desk.keys(arguments).await;
        assert_eq!(refused.status.code(), Some(status), "{arguments:?}: {}", said(&refused));
        assert!(said(&refused).contains(reason), "{}", said(&refused));
        assert!(refused.stdout.is_empty());
    }
    assert!(desk.keys.list(&desk.intent().caller).await.unwrap().is_empty());
    // A number alone confines the key.
    let made = printed(&desk.keys(&["create", "--name", "one", "--phone-number-id", "7"]).await);
    assert_eq!(json!(&desk.verify(made.trim_end()).await.unwrap().phone_number_ids[..]), json!(["7"]));
}
