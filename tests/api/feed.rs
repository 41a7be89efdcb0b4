//! The live feed over a connection: every event once, in order, to whoever may see it, as long as they may.

mod follower;

use std::sync::Arc;
use std::time::Duration;

use flow_registry::http::router;
use flow_registry::store::Append;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use self::follower::{Block, LONG, replica};
use super::{api, sound, state_over};
use crate::store::rows::row;

#[tokio::test]
async fn an_event_is_an_entry_of_the_audit_log() {
    let api = api().await;
    let replica = replica(&api, 10, LONG).await;
    let mut follower = replica.follow(&api, &api.key, "").await;
    let id = api.create_sound("Uno").await;
    api.ask("POST", api.flow(&id, "/publish")).send().await.expect(201);
    let events = [follower.event().await.unwrap(), follower.event().await.unwrap()];
    let audit = api.ask("GET", format!("/organizations/{}/audit?limit=2", api.org_id)).send().await.data();
    for (event, entry) in events.iter().rev().zip(audit["data"].as_array().unwrap()) {
        assert_eq!((&event.data, &json!(event.event)), (entry, &entry["action"]));
        assert_eq!(json!(event.id), entry["metadata"]["position"]);
    }
}

#[tokio::test]
async fn it_goes_on_behind_the_last_event_that_was_seen() {
    let api = api().await;
    let replica = replica(&api, 10, LONG).await;
    // At the head, of which the client is told, as it may have to come back before anything happens.
    let (_, mut late) = replica.ask(&api, &api.key, "", "").await;
    assert_eq!(late.block().await.unwrap().id, Some(1));
    drop(late);
    for n in 0..700 {
        api.create(json!({"name": format!("Flujo {n}")})).await;
    }
    for query in ["?lastEventId=1", "?after=1"] {
        assert_eq!(replica.follow(&api, &api.key, query).await.ids(700).await, (2..=701).collect::<Vec<_>>());
    }
    let (status, mut from_header) = replica.ask(&api, &api.key, "?after=1", "last-event-id: 699\r\n").await;
    assert_eq!((status, from_header.ids(2).await), (200, vec![700, 701]));
    let mut all = replica.follow(&api, &api.key, "?after=0").await;
    assert_eq!(all.event().await.unwrap().event, "api_key.created");
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let api = api().await;
    let ask = |query: &str| api.ask("GET", format!("/organizations/{}/audit/stream{query}", api.org_id));
    for query in ["?after=2", "?after=-1", "?lastEventId=x", "?from=1", "?after=1&lastEventId=1"] {
        ask(query).send().await.expect_problem(400, "invalid_parameter");
    }
    for id in ["2", "-1", "latest", "1.5", "9223372036854775808"] {
        let refused = ask("").header("last-event-id", id).send().await;
        let refused = refused.expect_problem(400, "invalid_parameter");
        assert_eq!(refused.json()["errors"][0]["header"], "last-event-id");
    }
    let refused = ask("").header("accept", "application/json").send().await;
    refused.expect_problem(406, "not_acceptable");
}

/// Two replicas, many writers on both: a reader of either sees every event once, in order.
#[tokio::test(flavor = "multi_thread")]
async fn readers_of_any_replica_see_what_all_of_them_write() {
    let api = Arc::new(api().await);
    let one = replica(&api, 10, LONG).await;
    let other = replica(&api, 10, LONG).await;
    let mut readers = [one.follow(&api, &api.key, "").await, other.follow(&api, &api.key, "").await];
    let elsewhere = router(state_over(api.registry.store().clone()));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (api, elsewhere) = (Arc::clone(&api), elsewhere.clone());
            tokio::spawn(async move {
                for n in 0..20 {
                    let body = json!({"name": format!("{writer} {n}")});
                    let request = api.ask("POST", api.flows("")).json(&body);
                    let request = if n % 2 == 0 { request.to(elsewhere.clone()) } else { request };
                    request.send().await.expect(201);
                }
            })
        })
        .collect();
    for reader in &mut readers {
        assert_eq!(reader.ids(160).await, (2..=161).collect::<Vec<_>>());
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn whoever_may_read_flows_only_sees_flows_and_nobody_behind_them() {
    let api = api().await;
    let replica = replica(&api, 10, Duration::from_secs(1)).await;
    let reader = api.key_with(&["flows:read"]).await;
    let mut follower = replica.follow(&api, &reader, "?after=0").await;
    let create = api.ask("POST", api.flows("")).json(&sound("Uno")).header("x-on-behalf-of", "ana");
    create.header("user-agent", "curl/8").header("x-reason", "alta").send().await.expect(201);
    let seen = follower.event().await.unwrap();
    assert_eq!((seen.id, seen.event.as_str()), (Some(3), "flow.created"));
    insta::with_settings!(
        {snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"), prepend_module_to_snapshot => false},
        { insta::assert_snapshot!(
            "feed_without_actor", super::client::named(&serde_json::to_string_pretty(&seen.data).unwrap())
        ) }
    );
    // What must not be seen is passed over, and the client learns how far it is.
    api.key_with(&["flows:read"]).await;
    let sign = loop {
        let block = follower.block().await.unwrap();
        if block.id.is_some() {
            break block;
        }
    };
    assert_eq!((sign.id, sign.event.as_str()), (Some(4), ""));
}

#[tokio::test]
async fn a_confined_key_sees_its_own_flows_only() {
    let api = api().await;
    let replica = replica(&api, 10, LONG).await;
    let confined = api.new_key(api.org_id, json!({"name": "línea 1", "phoneNumberIds": ["1"]})).await;
    let mut follower = replica.follow(&api, &confined, "?after=0").await;
    for number in ["2", "1", "2", "1"] {
        api.create(json!({"name": "Uno", "phoneNumberId": number})).await;
    }
    assert_eq!(follower.ids(2).await, [4, 6]);
}

#[tokio::test]
async fn without_a_scope_for_it_there_is_no_feed() {
    let api = api().await;
    let path = format!("/organizations/{}/audit/stream", api.org_id);
    let key = api.key_with(&["flows:write", "keys:manage", "flows:restore"]).await;
    let refused = api.ask("GET", &path).key(&key).send().await;
    assert_eq!(refused.expect_problem(403, "insufficient_scope").json()["scope"], "flows:read");
}

#[tokio::test]
async fn a_revoked_key_reads_no_further() {
    let api = api().await;
    let replica = replica(&api, 10, LONG).await;
    let made = json!({"name": "lector", "scopes": ["audit:read"]});
    let made = api.ask("POST", format!("/organizations/{}/api-keys", api.org_id)).json(&made);
    let made = made.send().await.expect(201).data();
    let mut follower = replica.follow(&api, made["secret"].as_str().unwrap(), "").await;
    let id = made["id"].as_str().unwrap();
    api.ask("DELETE", format!("/organizations/{}/api-keys/{id}", api.org_id)).send().await.expect(204);
    assert_eq!(follower.event().await.unwrap().event, "api_key.revoked");
    assert_eq!(follower.last_words().await.unwrap(), "the credential may no longer read this");
}

/// Its readers are told, and nobody else has to wait for it.
#[tokio::test]
async fn a_log_that_cannot_be_read_ends_its_own_feeds_only() {
    let mut api = api().await;
    let replica = replica(&api, 10, LONG).await;
    let (sound, spoiled) = (api.org_id, Uuid::new_v4());
    let mut reader = replica.follow(&api, &api.key, "").await;
    let key = api.new_key(spoiled, json!({"name": "lector"})).await;
    api.org_id = spoiled;
    let mut cut = replica.follow(&api, &key, "").await;
    let spoil = format!(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF NEW.org_id = '{spoiled}' THEN NEW.stream_kind := 77; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER spoil BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION spoil()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(spoil)).execute(&api.database.pool).await.unwrap();
    api.new_key(spoiled, json!({"name": "otra"})).await;
    assert_eq!(cut.last_words().await.unwrap(), "the log cannot be read any further");
    // It ends again for whoever comes back, each time as soon as there is something to read.
    let mut back = replica.follow(&api, &key, "").await;
    api.new_key(spoiled, json!({"name": "otra más"})).await;
    api.org_id = sound;
    api.create_sound("Alta").await;
    assert_eq!(reader.event().await.unwrap().event, "flow.created");
    assert_eq!(back.last_words().await.unwrap(), "the log cannot be read any further");
}

#[tokio::test]
async fn a_feed_is_never_silent_for_long() {
    let api = api().await;
    let stall = Duration::from_millis(900);
    let replica = replica(&api, 10, stall).await;
    let mut follower = replica.follow(&api, &api.key, "").await;
    for _ in 0..5 {
        assert_eq!(
            follower.block().await.unwrap(),
            Block { comment: Some(String::new()), ..Block::default() }
        );
    }
}

/// Whoever does not read is cut off, and leaves the place to somebody else.
#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off() {
    let api = api().await;
    let replica = replica(&api, 1, Duration::from_millis(900)).await;
    // More than what lies between the two can hold.
    let large = "x".repeat(100_000);
    for _ in 0..4 {
        let rows: Vec<_> =
            (0..50).map(|_| loud(row(api.org_id, Uuid::new_v4(), 0, r#"{"name":"Uno"}"#), &large)).collect();
        api.registry.store().append(&rows).await.unwrap();
    }
    let (status, mut asleep) = replica.ask(&api, &api.key, "?after=0", "").await;
    assert_eq!(status, 200);
    assert_eq!(replica.ask(&api, &api.key, "", "").await.0, 503, "there is one place");
    // A feed ends by itself never, so the place is free only once its reader has been cut off.
    let free = async {
        while replica.ask(&api, &api.key, "", "").await.0 != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LONG / 2, free).await.expect("the sleeper is gone");
    // Nor does what it left unread keep its connection: what it sends is refused.
    let refused = async {
        while asleep.lines.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LONG / 2, refused).await.expect("closed");
}

/// An event that takes much room in a feed.
fn loud(mut row: Append, text: &str) -> Append {
    let context = json!({"actor": {"id": "k1", "name": null, "type": "api_key"}, "salt": "", "reason": text});
    row.events[0].context = serde_json::to_vec(&context).unwrap().into();
    row
}

#[tokio::test]
async fn feeds_have_a_limit_and_end_with_the_service() {
    let api = api().await;
    let replica = replica(&api, 2, LONG).await;
    let mut readers = Vec::new();
    for _ in 0..2 {
        readers.push(replica.follow(&api, &api.key, "").await);
    }
    let (status, _) = replica.ask(&api, &api.key, "", "").await;
    assert_eq!(status, 503);
    replica.shutdown.cancel();
    for reader in &mut readers {
        assert_eq!(reader.last_words().await, None);
    }
    timeout(Duration::from_secs(5), replica.serving).await.expect("no drain waits for a feed").unwrap();
}
