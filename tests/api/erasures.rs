//! Erasure over HTTP: asked for, followed, refused, and gone on with after its process ended.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Api, api, sound};

impl Api {
    async fn eraser(&self) -> String {
        self.key_with(&["audit:erase"]).await
    }

    async fn erase(&self, key: &str, body: Value) -> Answer {
        self.ask("POST", self.audit("/erasures")).key(key).json(&body).send().await
    }

    /// How it ended.
    async fn ended(&self, key: &str, begun: &Answer) -> Value {
        let path = begun.header("location").unwrap().to_owned();
        for _ in 0..600 {
            let found = self.ask("GET", &path).key(key).send().await.expect(200).data();
            if found["status"] != "running" {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not end");
    }
}

#[tokio::test]
async fn a_flow_is_erased_by_whoever_may() {
    let api = api().await;
    let eraser = api.eraser().await;
    let flow = api.create_sound("Secreto de Ana").await;
    let order = json!({"flowId": flow, "reason": "art. 17"});
    api.erase(&api.key, order.clone()).await.expect_problem(403, "insufficient_scope");
    api.erase(&eraser, order.clone()).await.expect_problem(409, "content_in_use");
    api.ask("DELETE", api.flow(&flow, "")).send().await.expect(204);
    for (bad, status, code) in [
        (json!({"flowId": flow}), 400, "validation_failed"),
        (json!({"flowId": flow, "reason": "x"}), 400, "validation_failed"),
        (json!({"flowId": flow, "person": ["Ana"], "reason": "art. 17"}), 400, "validation_failed"),
        (json!({"person": ["x"], "reason": "art. 17"}), 400, "validation_failed"),
        (json!({"reason": "art. 17"}), 400, "validation_failed"),
        (json!({"flowId": flow, "from": 3, "to": 2, "reason": "art. 17"}), 400, "validation_failed"),
        (json!({"flowId": flow, "from": 7, "reason": "art. 17"}), 404, "flow_not_found"),
        (json!({"flowId": Uuid::new_v4(), "reason": "art. 17"}), 404, "flow_not_found"),
        (json!({"flowId": flow, "reason": "Secreto de Ana asked"}), 422, "erasure_refused"),
        (json!({"person": ["art. 17"], "reason": "by art. 17"}), 422, "erasure_refused"),
    ] {
        api.erase(&eraser, bad).await.expect_problem(status, code);
    }
    let dry = json!({"flowId": flow, "dryRun": true});
    let planned = api.erase(&eraser, dry).await.expect(200).data();
    assert_eq!(
        (&planned["status"], &planned["remaining"], &planned["plan"]["documents"]),
        (&json!("planned"), &json!(2), &json!(1))
    );

    let request = || {
        api.ask("POST", api.audit("/erasures")).key(&eraser).header("idempotency-key", "once").json(&order)
    };
    let begun = request().send().await.expect(202);
    let ended = api.ended(&eraser, &begun).await;
    assert_eq!(
        (&ended["status"], &ended["erased"], &ended["remaining"]),
        (&json!("done"), &json!(2), &json!(0))
    );
    let again = request().send().await.expect(202).data();
    assert_eq!(again["id"], ended["id"]);
    let body = api.ask("GET", api.flow(&flow, "?version=draft")).send().await.expect(200).body;
    assert!(!String::from_utf8_lossy(&body).contains("Secreto"));

    // Neither another organization's credential nor another organization's erasure.
    let other = Uuid::new_v4();
    let foreign = api.new_key(other, json!({"name": "ajena", "scopes": ["audit:erase"]})).await;
    let path = format!("/organizations/{other}/audit/erasures");
    let id = ended["id"].as_str().unwrap();
    api.ask("GET", format!("{path}/{id}")).key(&foreign).send().await.expect_problem(404, "not_found");
    let theirs = api.ask("POST", &path).key(&foreign).json(&order).send().await;
    theirs.expect_problem(404, "flow_not_found");
    let confined = json!({"name": "una", "scopes": ["audit:erase"], "phoneNumberIds": ["1"]});
    let confined = api.new_key(api.org_id, confined).await;
    api.erase(&confined, order).await.expect_problem(403, "insufficient_scope");
}

/// Nobody hands the scope on over HTTP, and who makes a key without saying what it may do makes one without it.
#[tokio::test]
async fn who_may_erase_is_said_at_the_machine() {
    let api = api().await;
    let manager = api.key_with(&["keys:manage", "audit:erase"]).await;
    let path = format!("/organizations/{}/api-keys", api.org_id);
    let make = async |body: Value| api.ask("POST", &path).key(&manager).json(&body).send().await;
    let made = make(json!({"name": "otra", "scopes": ["audit:erase"]})).await;
    made.expect_problem(403, "insufficient_scope");
    assert_eq!(make(json!({"name": "otra"})).await.expect(201).data()["scopes"], json!(["keys:manage"]));
}

#[tokio::test]
async fn what_broke_off_is_gone_on_with_and_then_forgotten() {
    let api = api().await;
    let eraser = api.eraser().await;
    let flow = api.create(sound("Alta")).await["id"].as_str().unwrap().to_owned();
    let edit = api.ask("PATCH", api.flow(&flow, "")).header("x-on-behalf-of", "Ana Pérez");
    edit.json(&json!({"name": "Baja"})).send().await.expect(200);
    // As a process leaves it that ended right after its answer.
    let begun = "INSERT INTO erasure (org_id, id, request, intent, status, erased, remaining, touched_at) VALUES ($1, $2, \
         '{\"flow\": null, \"person\": [\"Ana Pérez\"], \"reason\": \"art. 17\", \"also_shared\": false}', \
         '{\"actor\": {\"id\": \"k\", \"name\": \"dpo\", \"type\": \"api_key\"}, \"salt\": \"00\"}', 'running', 0, 1, \
         now() - interval '2 minutes')";
    let id = Uuid::now_v7();
    sqlx::query(begun).bind(api.org_id).bind(id).execute(&api.database.pool).await.unwrap();
    api.registry.erasures.resume(Duration::from_secs(60)).await.unwrap();
    let path = api.audit(&format!("/erasures/{id}"));
    let ended = api.ask("GET", &path).key(&eraser).send().await.expect(200).data();
    assert_eq!(
        (&ended["status"], &ended["erased"], &ended["remaining"]),
        (&json!("done"), &json!(1), &json!(0))
    );
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM event WHERE position('Ana'::bytea IN context) > 0) \
         + (SELECT count(*) FROM erasure WHERE request IS NOT NULL OR intent IS NOT NULL)",
    )
    .fetch_one(&api.database.pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

/// Of erased content nothing is compared, and a conflict is told all the same.
#[tokio::test]
async fn a_conflict_is_told_though_the_version_seen_is_erased() {
    let api = api().await;
    let eraser = api.eraser().await;
    let flow = api.create_sound("Secreto de Ana").await;
    for name in ["Dos", "Tres"] {
        api.ask("PATCH", api.flow(&flow, "")).json(&json!({"name": name})).send().await.expect(200);
    }
    let order = json!({"flowId": flow, "from": 1, "to": 1, "reason": "art. 17"});
    let begun = api.erase(&eraser, order).await.expect(202);
    assert_eq!(api.ended(&eraser, &begun).await["status"], "done");
    let late =
        api.ask("PATCH", api.flow(&flow, "")).header("if-match", "\"1\"").json(&json!({"name": "Cuatro"}));
    let current = late.send().await.expect_problem(412, "precondition_failed").json()["current"].take();
    assert_eq!((&current["version"], &current["since"]), (&json!(3), &Value::Null));
    assert!(current.get("reason").is_some(), "{current}");
}
