//! Access on record: what was refused, and who read what few may see, as counted events of the organization.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, api};
use crate::access::desk::with_checksum;

/// The payload and the accessors of the newest event of a type.
async fn newest(api: &Api, event_type: &str) -> Option<(Value, Value)> {
    let newest =
        "SELECT payload, context FROM event WHERE org_id = $1 AND type = $2 ORDER BY position DESC LIMIT 1";
    let newest = sqlx::query_as(newest).bind(api.org_id).bind(event_type);
    let (payload, context): (Vec<u8>, Vec<u8>) = newest.fetch_optional(&api.database.pool).await.unwrap()?;
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    Some((read(&payload), read(&context)["accessors"].take()))
}

fn prefix(key: &str) -> &str {
    key.split_once('.').unwrap().0
}

#[tokio::test]
async fn refused_access_is_on_record_where_it_belongs() {
    let api = api().await;
    let other = Uuid::new_v4();
    let foreign = api.new_key(other, json!({"name": "foreign"})).await;
    let reader = api.key_with(&["flows:read"]).await;
    let ask = async |key: &str, path: &str| api.ask("GET", path).key(key).send().await;
    let flows = api.flows("");
    for _ in 0..3 {
        ask(&reader, &api.audit("")).await.expect_problem(403, "insufficient_scope");
    }
    ask(&foreign, &flows).await.expect_problem(403, "wrong_organization");
    // A wrong secret of a key that is there, and keys that are nowhere.
    ask(&with_checksum(&format!("{}.{}", prefix(&reader), "0".repeat(43))), &flows).await.expect(401);
    ask(&with_checksum(&format!("mk_live_0000000000.{}", "0".repeat(43))), &flows).await.expect(401);
    ask("mk_live_x.y", &format!("/organizations/{}/bot/flows", Uuid::new_v4())).await.expect(401);
    let before = api.events().await;
    api.registry.accesses.put_on_record().await;
    assert_eq!(
        api.events().await,
        before + 2,
        "one here, one of the other organization, and none of nobody's"
    );

    let (payload, accessors) = newest(&api, "access.refused").await.unwrap();
    let rows = payload["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "{payload}");
    assert_eq!(rows[0], json!({"count": 3, "keyPrefix": prefix(&reader), "what": "insufficient_scope"}));
    assert!(rows.contains(&json!({"count": 1, "keyPrefix": prefix(&reader), "what": "invalid_credentials"})));
    assert!(rows.contains(&json!({"count": 1, "what": "invalid_credentials"})), "nobody else's key is named");
    assert_eq!((&payload["other"], accessors.as_array().unwrap().len()), (&json!(0), 3));
    assert!(accessors[0]["actor"].as_str().unwrap().starts_with("api_key:"), "{accessors}");

    api.registry.accesses.put_on_record().await;
    assert_eq!(api.events().await, before + 2, "what is on record is not counted again");
}

#[tokio::test]
async fn reads_of_what_few_may_see_are_on_record() {
    let api = api().await;
    for path in [api.audit(""), api.audit("/checkpoint"), api.audit(""), api.flows("")] {
        api.ask("GET", path).header("user-agent", "curl/8").send().await.expect(200);
    }
    api.registry.accesses.put_on_record().await;
    let (payload, accessors) = newest(&api, "access.read").await.unwrap();
    let row = |count: u64, page: &str| {
        let what = format!("/organizations/{{orgId}}{page}");
        json!({"count": count, "keyPrefix": prefix(&api.key), "what": what})
    };
    assert_eq!(payload["rows"], json!([row(2, "/audit"), row(1, "/audit/checkpoint")]));
    assert_eq!(accessors[0]["userAgent"], "curl/8");
    assert!(newest(&api, "access.refused").await.is_none());
    let log = api.ask("GET", api.audit("?action=access.read")).send().await.expect(200).data();
    assert_eq!(log["data"][0]["metadata"]["rows"][0]["count"], 2);
}
