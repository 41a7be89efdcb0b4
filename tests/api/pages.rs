//! Lists page by page while somebody works: every flow once, as the list was when it was begun.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{Answer, Api, Request, api, sound};

/// The ids of a page, and the request for the next one, if there is one.
fn read(api: &Api, answer: Answer) -> (Vec<String>, Option<Request>) {
    let answer = answer.expect(200);
    let next = answer.header("link").map(|link| {
        let path = link.strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
        api.ask("GET", path)
    });
    let info = &answer.json()["pageInfo"];
    assert_eq!(info["hasNextPage"], next.is_some(), "both say whether there is another page");
    let link = answer.header("link").unwrap_or_default().to_owned();
    let cursor = info["endCursor"].as_str().unwrap_or("none");
    assert_eq!(link.contains(&format!("cursor={cursor}>")), next.is_some(), "{link} and {cursor}");
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

/// `now` is another position with each page, and the walk goes on at the one of the first.
#[tokio::test]
async fn a_walk_as_of_now_goes_on_as_of_then() {
    let api = api().await;
    nine(&api).await;
    for sort in ["updated", "created"] {
        let query = format!("?asOf=now&limit=5&sort={sort}");
        let page = api.ask("GET", api.flows(&query)).send().await.expect(200).json();
        let cursor = page["pageInfo"]["endCursor"].as_str().unwrap();
        let total = api.ask("GET", api.flows("?asOf=now")).send().await.data().as_array().unwrap().len();
        api.create_sound("Después").await;
        let rest =
            api.ask("GET", api.flows(&format!("{query}&cursor={cursor}"))).send().await.expect(200).data();
        let rest = rest.as_array().unwrap();
        assert!(rest.iter().all(|flow| flow["name"] != "Después"), "{sort}");
        assert_eq!(rest.len(), (total - 5).min(5), "{sort}");
    }
}

/// Flows whose names are in another order than the flows.
async fn named(api: &Api, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(api.create_sound(name).await);
    }
    ids
}

#[tokio::test]
async fn in_the_order_of_creation() {
    let api = api().await;
    let ids = nine(&api).await;
    let edit = async |id: &str| {
        let body = json!({"description": uuid::Uuid::new_v4().to_string(), "phoneNumberId": "34"});
        api.ask("PATCH", api.flow(id, "")).json(&body).send().await.expect(200);
    };
    edit(&ids[4]).await;
    assert_eq!(walk(&api, "&sort=created", async || {}).await, ids, "nothing happens");
    let whole = api.ask("GET", api.flows("?sort=created")).send().await;
    assert_eq!(read(&api, whole).0, ids, "whole");
    let all_change = async || {
        for id in &ids {
            edit(id).await;
        }
        api.create_sound("Nuevo").await;
        api.ask("DELETE", api.flow(&ids[8], "")).send().await.expect(204);
    };
    assert_eq!(walk(&api, "&sort=created", all_change).await, ids, "as it was when the walk began");
    let now = walk(&api, "&sort=created", async || {}).await;
    assert_eq!((now.len(), &now[1..]), (9, &ids[..8]), "a new one first, a deleted one gone");
    let position = |n: i64| format!("&sort=created&asOf=position:{n}");
    let begun: Vec<String> = ids[6..].to_vec();
    assert_eq!(walk(&api, &position(4), async || {}).await, begun, "a key and three flows");
    let numbers = |query: &str| format!("&sort=created{query}&phoneNumberId=34");
    assert_eq!(walk(&api, &numbers(""), async || {}).await, ids[..8], "edited ones");
    assert_eq!(walk(&api, &numbers("&asOf=position:11"), async || {}).await, [ids[4].clone()]);
    assert_eq!(walk(&api, "&sort=created&status=deleted", async || {}).await, [ids[8].clone()]);
}

#[tokio::test]
async fn in_the_order_of_names() {
    let api = api().await;
    let ids = named(&api, &["Zeta", "álbum", "Beta", "alba", "Ñandú", "nube", "beta 2", "Beta"]).await;
    let at = |places: &[usize]| places.iter().map(|place| ids[*place].clone()).collect::<Vec<_>>();
    let sorted = at(&[3, 1, 2, 7, 6, 4, 5, 0]);
    assert_eq!(walk(&api, "&sort=name", async || {}).await, sorted);
    let whole = api.ask("GET", api.flows("?sort=name&view=summary")).send().await;
    assert_eq!(read(&api, whole).0, sorted);
    let others_change = async || {
        for id in [&ids[3], &ids[0]] {
            api.ask("PATCH", api.flow(id, "")).json(&json!({"description": "otra"})).send().await.expect(200);
        }
        api.create_sound("Aaa").await;
        api.create_sound("Zzz").await;
        api.ask("PATCH", api.flow(&ids[5], "")).json(&json!({"name": "aab"})).send().await.expect(200);
    };
    let seen = walk(&api, "&sort=name", others_change).await;
    for (id, place) in ids.iter().zip(0..) {
        let times = seen.iter().filter(|other| *other == id).count();
        assert!(
            times == 1 || place == 5,
            "{place}: a flow whose name did not change comes once, not {times} times"
        );
    }
    assert_eq!(walk(&api, "&sort=name&q=beta", async || {}).await, at(&[2, 7, 6]));
    api.ask("POST", api.flow(&ids[0], "/publish")).send().await.expect(201);
    assert_eq!(walk(&api, "&sort=name&version=published", async || {}).await, at(&[0]));
    let at_once = api.ask("GET", api.flows("?sort=name&asOf=now")).send().await;
    let refused = at_once.expect_problem(400, "invalid_parameter").json();
    assert_eq!(refused["errors"][0]["parameter"], "asOf");
}

#[tokio::test]
async fn a_credential_walks_the_flows_of_its_numbers_in_every_order() {
    let api = api().await;
    let ids = nine(&api).await;
    for id in &ids[..4] {
        let body = json!({"phoneNumberId": "34"});
        api.ask("PATCH", api.flow(id, "")).json(&body).send().await.expect(200);
    }
    let key = json!({"name": "confinada", "scopes": ["flows:read"], "phoneNumberIds": ["34"]});
    let key = api.new_key(api.org_id, key).await;
    for sort in ["updated", "created", "name"] {
        let mut next = Some(api.ask("GET", api.flows(&format!("?limit=3&sort={sort}"))));
        let mut seen = BTreeSet::new();
        while let Some(request) = next {
            let (ids, following) = read(&api, request.key(&key).send().await);
            seen.extend(ids);
            next = following;
        }
        assert_eq!(seen.iter().collect::<BTreeSet<_>>(), ids[..4].iter().collect(), "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_order() {
    let api = api().await;
    nine(&api).await;
    let sorts = ["updated", "created", "name"];
    for sort in sorts {
        let page = api.ask("GET", api.flows(&format!("?limit=3&sort={sort}"))).send().await.expect(200);
        let cursor = page.json()["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
        for other in sorts {
            let asked =
                api.ask("GET", api.flows(&format!("?limit=3&sort={other}&cursor={cursor}"))).send().await;
            if other == sort {
                asked.expect(200);
                continue;
            }
            let refused = asked.expect_problem(400, "invalid_parameter").json();
            assert_eq!(refused["errors"][0]["parameter"], "cursor", "{sort} as {other}");
        }
    }
}

/// Lists other than that of flows lead on in both ways too.
#[tokio::test]
async fn every_list_has_links() {
    let api = api().await;
    let id = api.create_sound("Uno").await;
    for n in 0..4 {
        api.ask("PATCH", api.flow(&id, ""))
            .json(&json!({"description": n.to_string()}))
            .send()
            .await
            .expect(200);
        api.ask("POST", api.flow(&id, "/test-run")).send().await.expect(201);
    }
    for path in [
        api.audit("?limit=2&action=flow.updated"),
        api.flow(&id, "/events?limit=2"),
        api.flow(&id, "/test-runs?limit=2"),
    ] {
        let (mut next, mut pages, mut entries) = (Some(path), 0, 0);
        while let Some(path) = next {
            let answer = api.ask("GET", &path).send().await.expect(200);
            entries += answer.data()["data"].as_array().unwrap().len();
            pages += 1;
            let info = answer.data()["pageInfo"].clone();
            next = answer.header("link").map(|link| {
                let (path, rest) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
                assert_eq!(rest, "; rel=\"next\"");
                assert!(
                    path.ends_with(&format!("&cursor={}", info["endCursor"].as_str().unwrap())),
                    "{path}"
                );
                assert_eq!(path.matches("cursor=").count(), 1, "{path}");
                path.to_owned()
            });
            assert_eq!(info["hasNextPage"], next.is_some());
        }
        assert!((2..=3).contains(&pages) && (4..=5).contains(&entries), "{pages} pages of {entries}");
    }
}

/// A thousand flows by twenty, while two people edit: none is skipped and none comes twice.
#[tokio::test]
async fn a_long_walk_beside_two_who_edit() {
    let api = api().await;
    let flows = api.create_all((0..1_000).map(|n| sound(&format!("Flujo {n}")))).await;
    let ids: BTreeSet<String> = flows.iter().map(|flow| flow["id"].as_str().unwrap().to_owned()).collect();
    for sort in ["updated", "created"] {
        let is_over = AtomicBool::new(false);
        let edits = async |seed: usize| {
            let mut count = 0;
            for id in ids.iter().cycle().skip(seed).step_by(7) {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let body = json!({"description": format!("{sort} {seed} {count}")});
                api.ask("PATCH", api.flow(id, "")).json(&body).send().await.expect(200);
                count += 1;
            }
            count
        };
        let walked = async {
            let mut seen = Vec::new();
            let mut next = Some(api.ask("GET", api.flows(&format!("?limit=20&sort={sort}&view=summary"))));
            while let Some(request) = next {
                let (ids, following) = read(&api, request.send().await);
                seen.extend(ids);
                next = following;
            }
            is_over.store(true, Ordering::SeqCst);
            seen
        };
        let (seen, one, other) = tokio::join!(walked, edits(0), edits(500));
        assert!(one > 10 && other > 10, "{one} and {other} edits meanwhile");
        assert_eq!(seen.len(), 1_000, "{sort}: none comes twice");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), ids, "{sort}: none is skipped");
    }
}
