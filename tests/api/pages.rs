//! Lists of flows page by page while somebody works: every flow once, as the list was when it was begun.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Api, Request, api};

/// The ids of a page, and the request for the next one, if there is one.
fn read(api: &Api, answer: Answer) -> (Vec<String>, Option<Request>) {
    let answer = answer.expect(200);
    let next = answer.header("link").map(|link| {
        let path = link.strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
        api.ask("GET", path)
    });
    let data = answer.data();
    let id = |flow: &Value| flow["id"].as_str().unwrap().to_owned();
    (data.as_array().unwrap().iter().map(id).collect(), next)
}

/// All pages of three, and what happens after the first of them.
async fn walk(api: &Api, query: &str, between: impl AsyncFnOnce()) -> Vec<String> {
    let first = api.ask("GET", api.flows(&format!("?limit=3{query}"))).send().await;
    let (mut seen, mut next) = read(api, first);
    between().await;
    while let Some(request) = next {
        let (ids, following) = read(api, request.send().await);
        seen.extend(ids);
        next = following;
    }
    seen
}

async fn nine(api: &Api) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..9 {
        ids.push(api.create_sound(&format!("Flujo {n}")).await);
    }
    ids.reverse();
    ids
}

#[tokio::test]
async fn every_flow_is_seen_once_whatever_is_changed_meanwhile() {
    let api = api().await;
    let ids = nine(&api).await;
    assert_eq!(walk(&api, "", async || {}).await, ids, "nothing happens");
    let edit = async |id: &str| {
        let body = json!({"description": uuid::Uuid::new_v4().to_string()});
        api.ask("PATCH", api.flow(id, "")).json(&body).send().await.expect(200);
    };
    assert_eq!(walk(&api, "", async || edit(&ids[8]).await).await, ids, "one that was not shown is edited");
    let by_now = walk(&api, "", async || {}).await;
    assert_eq!((&by_now[0], by_now.len()), (&ids[8], 9), "a new walk begins with it");
    let all_edited = async || {
        for id in &ids {
            edit(id).await;
        }
    };
    assert_eq!(walk(&api, "", all_edited).await, by_now, "all are edited");
    let created = async || drop(api.create_sound("Nuevo").await);
    let seen = walk(&api, "", created).await;
    assert_eq!(seen.iter().collect::<BTreeSet<_>>(), ids.iter().collect(), "one is created");
    let before = walk(&api, "", async || {}).await;
    let deleted = async || drop(api.ask("DELETE", api.flow(&ids[8], "")).send().await.expect(204));
    assert_eq!(walk(&api, "", deleted).await, before, "one is deleted: it was there when the walk began");
}

#[tokio::test]
async fn a_filter_holds_on_all_pages_for_the_moment_the_walk_began() {
    let api = api().await;
    let ids = nine(&api).await;
    for id in &ids {
        api.ask("POST", api.flow(id, "/publish")).send().await.expect(201);
    }
    let walks = ["&status=published", "&version=published", "&q=flujo", "&view=summary"];
    for (query, last) in walks.into_iter().zip(ids.iter().rev()) {
        let expected = walk(&api, query, async || {}).await;
        let end = async || {
            api.ask("PATCH", api.flow(last, "")).json(&json!({"name": "Otra"})).send().await.expect(200);
            api.ask("POST", api.flow(last, "/unpublish")).send().await.expect(201);
        };
        assert_eq!(walk(&api, query, end).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let api = api().await;
    nine(&api).await;
    let page = api.ask("GET", api.flows("?limit=3")).send().await.expect(200);
    let link = page.header("link").unwrap().to_owned();
    let cursor = link.split_once("cursor=").unwrap().1.split_once('>').unwrap().0.to_owned();
    let with = |query: String| api.ask("GET", api.flows(&query)).send();
    assert_eq!(
        with(format!("?limit=5&cursor={cursor}")).await.expect(200).data().as_array().unwrap().len(),
        5
    );
    with(format!("?limit=3&q=x&cursor={cursor}")).await.expect_problem(400, "invalid_parameter");
    with(format!("?limit=3&asOf=position:5&cursor={cursor}")).await.expect_problem(400, "invalid_parameter");
    with(format!("?limit=3&cursor={}", &cursor[1..])).await.expect_problem(400, "invalid_parameter");
}
