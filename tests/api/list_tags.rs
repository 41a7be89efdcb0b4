//! Tags of lists: for how long a reader may go on with what it has.

use flow_registry::http::router;
use serde_json::{Value, json};

use super::{Answer, Api, Request, api, sound, state_over};

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

/// The tag of a list now, which holds until something is done.
async fn tag_of(list: &Request) -> String {
    let answer = list.clone().send().await.expect(200);
    let tag = tag(&answer);
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let again = list.clone().header("if-none-match", &format!("\"7\", {tag}")).send().await.expect(304);
    assert!(again.body.is_empty());
    assert_eq!(self::tag(&again), tag);
    assert_eq!(again.header("cache-control"), Some("private, no-cache"));
    tag
}

/// Whether the list has another tag after something is done.
async fn changes(list: &Request, done: Request) -> bool {
    let before = tag_of(list).await;
    let status = done.send().await.status;
    assert!(status.is_success(), "{status}");
    before != tag_of(list).await
}

fn patch(api: &Api, id: &str, body: Value) -> Request {
    api.ask("PATCH", api.flow(id, "")).json(&body)
}

#[tokio::test]
async fn a_list_has_a_new_tag_after_every_event() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    for query in ["", "?limit=1", "?view=summary", "?q=nada", "?asOf=position:1", "?sort=name"] {
        let list = api.ask("GET", api.flows(query));
        let rename = patch(&api, &id, json!({"description": query}));
        assert!(changes(&list, rename).await || query.is_empty(), "{query}");
        assert!(changes(&list, api.ask("POST", api.flows("")).json(&sound("Dos"))).await, "{query}");
    }
}

#[tokio::test]
async fn what_is_in_force_has_a_new_tag_when_that_changes() {
    let api = api().await;
    let (id, other) = (api.create_sound("Uno").await, api.create_sound("Dos").await);
    let list = api.ask("GET", api.flows("?version=published"));
    let order = |path: &str| api.ask("POST", api.flow(&id, path));
    let renamed = |name: &str| patch(&api, &id, json!({"name": name}));
    let keys = format!("/organizations/{}/api-keys", api.org_id);
    assert!(!changes(&list, renamed("Otro")).await, "an edit of what was never published");
    assert!(changes(&list, order("/publish")).await, "published");
    assert_eq!(list.clone().send().await.data()[0]["name"], "Otro");
    assert!(!changes(&list, renamed("Nuevo")).await, "an edit of a draft");
    assert!(!changes(&list, patch(&api, &other, json!({"name": "Tres"}))).await, "another flow's draft");
    assert!(!changes(&list, api.ask("POST", api.flows("")).json(&sound("Cuatro"))).await, "a new flow");
    assert!(!changes(&list, api.ask("POST", &keys).json(&json!({"name": "otra"}))).await, "a key");
    assert!(changes(&list, order("/publish")).await, "published again");
    assert!(changes(&list, patch(&api, &id, json!({"enabled": false}))).await, "paused");
    assert!(changes(&list, patch(&api, &id, json!({"enabled": true}))).await, "resumed");
    let live = json!({"version": 3, "mode": "live", "reason": "vuelta"});
    assert!(changes(&list, order("/restore").json(&live)).await, "restored");
    assert!(changes(&list, order("/unpublish")).await, "taken out");
    assert!(changes(&list, order("/publish")).await, "published once more");
    assert!(changes(&list, api.ask("DELETE", api.flow(&id, ""))).await, "deleted");
    assert_eq!(list.send().await.data(), json!([]));
}

/// A credential sees the flows of its numbers, and these stand in drafts.
#[tokio::test]
async fn a_tag_is_of_what_its_reader_may_see() {
    let api = api().await;
    let mut flow = sound("Uno");
    flow["phoneNumberId"] = json!("34");
    let id = api.create(flow).await["id"].as_str().unwrap().to_owned();
    api.ask("POST", api.flow(&id, "/publish")).send().await.expect(201);
    let key = |numbers: Value| {
        api.new_key(
            api.org_id,
            json!({"name": "confinada", "scopes": ["flows:read"], "phoneNumberIds": numbers}),
        )
    };
    let (first, second) = (key(json!(["34"])).await, key(json!(["34", "52"])).await);
    let list = |key: &str, query: &str| api.ask("GET", api.flows(query)).key(key);
    let published = "?version=published";
    let mine = tag_of(&list(&first, published)).await;
    for other in [list(&second, published), list(&api.key, published), list(&first, "")] {
        assert_ne!(tag_of(&other).await, mine);
    }
    list(&second, published).header("if-none-match", &mine).send().await.expect(200);
    assert!(changes(&list(&first, published), patch(&api, &id, json!({"phoneNumberId": "52"}))).await);
    assert_eq!(list(&first, published).send().await.data(), json!([]));
}

#[tokio::test]
async fn replicas_give_one_tag_and_requests_their_own() {
    let api = api().await;
    api.create_sound("Uno").await;
    let elsewhere = router(state_over(api.database.store().await));
    for query in ["", "?version=published"] {
        let list = api.ask("GET", api.flows(query));
        let there = list.clone().to(elsewhere.clone());
        assert_eq!(tag_of(&list).await, tag_of(&there).await, "{query}");
    }
    let mut tags = Vec::new();
    for query in
        ["", "?limit=1", "?limit=2", "?limit=1&view=summary", "?q=uno", "?include=deleted", "?sort=name"]
    {
        tags.push(tag_of(&api.ask("GET", api.flows(query))).await);
    }
    assert_eq!(
        tag_of(&api.ask("GET", api.flows("?view=summary&limit=1"))).await,
        tags[3],
        "the order of parameters says nothing"
    );
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 7);
    let bad = api.ask("GET", api.flows("")).header("if-none-match", "W/\"1");
    bad.send().await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn only_what_has_a_tag_may_be_kept() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    let kept = async |request: Request| request.send().await.header("cache-control").unwrap().to_owned();
    assert_eq!(kept(api.ask("GET", api.flow(&id, ""))).await, "private, no-cache");
    assert_eq!(
        kept(api.ask("GET", api.flow(&id, "")).header("if-none-match", "\"1\"")).await,
        "private, no-cache"
    );
    assert_eq!(kept(api.ask("GET", api.audit(""))).await, "no-store");
    assert_eq!(kept(api.ask("GET", api.flows("?limit=0"))).await, "no-store");
    let refused = patch(&api, &id, json!({"name": "Dos"})).header("if-match", "\"9\"");
    assert_eq!(kept(refused).await, "no-store", "a refusal, though it tells the tag");
}
