//! The history of a flow: headlines and folded edits, filters, pages, what a row opens, and the ways to compare and restore.

use regex::Regex;
use serde_json::json;

use super::Browser;
use super::flow::onboarding;

/// The versions that the table's rows lead to.
fn versions(html: &str) -> Vec<i64> {
    let row = Regex::new("<th scope=\"row\"><a [^>]*>(\\d+)</a>").unwrap();
    row.captures_iter(html).map(|found| found[1].parse().unwrap()).collect()
}

/// The versions of all events, folded ones too.
fn events(html: &str) -> Vec<i64> {
    let part = Regex::new("<!--part v(\\d+)-->").unwrap();
    part.captures_iter(html).map(|found| found[1].parse().unwrap()).collect()
}

/// A flow that Luis and Eva edit, and that is published, paused and restored.
async fn told(browser: &Browser) -> String {
    let id = browser.made(onboarding()).await;
    let edit = async |person: &str, reason: &str, body| {
        let request = browser.api.ask("PATCH", browser.api.flow(&id, "")).header("x-on-behalf-of", person);
        request.header("x-reason", reason).json(&body).send().await.expect(200);
    };
    edit("Luis", "typo", json!({ "description": "Da de alta" })).await;
    edit("Luis", "", json!({ "name": "Alta" })).await;
    edit("Eva", "", json!({ "triggerConfig": { "keywords": ["buenas"] } })).await;
    browser.publish(&id).await;
    browser.patch(&id, json!({ "enabled": false })).await;
    let restore = json!({ "version": 2, "mode": "live", "reason": "la 2 funcionaba" });
    let path = browser.api.flow(&id, "/restore");
    browser.api.ask("POST", path).json(&restore).send().await.expect(201);
    id
}

#[tokio::test]
async fn headlines_stand_alone_and_edits_fold() {
    let mut browser = Browser::admin().await;
    let id = told(&browser).await;
    let path = browser.path(&format!("flows/{id}/history"));
    browser.pin_both("history", &path).await;
    let seen = browser.get(&path).await.expect(200);
    assert_eq!(versions(&seen.html), [7, 6, 5, 4, 3, 1]);
    assert_eq!(events(&seen.html), [7, 6, 5, 4, 3, 2, 1]);
    seen.says("2 edits: changed the description and the name").says("<bdi>Luis</bdi> (<bdi>backend</bdi>)");
    seen.says("<q><bdi>typo</bdi></q>").says("Restore version 6…").says("It is the draft already");
}

#[tokio::test]
async fn a_row_opens_what_changed() {
    let mut browser = Browser::admin().await;
    let id = told(&browser).await;
    let path = |rest: &str| browser.path(&format!("flows/{id}/history{rest}"));
    let (opened, published, first, restored) =
        (path("?open=3"), path("?open=5"), path("?open=1"), path("?open=7"));
    let request = axum::http::Request::get(&opened).header("x-part", "v3");
    let part = browser.send(request.header("sec-fetch-site", "same-origin"), String::new()).await.expect(200);
    part.says("Onboarding").says("Alta").says("Compare by step");
    assert!(part.html.starts_with("<div id=\"v3\">"), "{}", part.html);
    browser.get(opened).await.expect(200).says("<details open>");
    browser.get(published).await.expect(200).says("Nothing was in force before.");
    browser.get(first).await.expect(200).says("It is the first version");
    browser.get(restored).await.expect(200).says("<del>").says("buenas");
}

#[tokio::test]
async fn filters_are_the_address() {
    let mut browser = Browser::admin().await;
    let id = told(&browser).await;
    let path = browser.path(&format!("flows/{id}/history"));
    for (asked, expected) in [
        ("type=put-in-force", vec![7, 5]),
        ("person=Eva", vec![4]),
        ("person=Luis", vec![3, 2]),
        ("person=Lui", vec![]),
        ("step=saludo", vec![1]),
        ("from=2020-01-01&to=2020-01-02", vec![]),
        ("from=2020-01-01", vec![7, 6, 5, 4, 3, 2, 1]),
    ] {
        let seen = browser.get(format!("{path}?{asked}")).await.expect(200);
        assert_eq!(events(&seen.html), expected, "{asked}");
        seen.says("Clear filters");
        if expected.is_empty() {
            seen.says("Nothing matches the filter.");
        }
    }
    for bad in ["type=flow.renamed", "from=ayer", "before=0", "open=x"] {
        browser.get(format!("{path}?{bad}")).await.expect(400);
    }
    let position = browser.position(&id, 3).await;
    let then = browser.get(format!("{path}?asOf=position:{position}")).await.expect(200);
    assert_eq!(events(&then.html), [3, 2, 1]);
    // The session of a reader who may not know people says nothing of them and finds nothing by them.
    let reader = browser.api.key_with(&["flows:read"]).await;
    browser.sign_in(&reader, "Ana").await;
    let seen = browser.get(format!("{path}?person=Eva")).await.expect(200);
    assert_eq!(events(&seen.html).len(), 7);
    for person in ["Luis", "backend", "typo", "Restore version"] {
        seen.says_nothing_of(person);
    }
}

#[tokio::test]
async fn pages_have_every_event_once() {
    let mut browser = Browser::admin().await;
    let id = browser.made(onboarding()).await;
    let path = browser.path(&format!("flows/{id}/history"));
    browser.get(&path).await.expect(200).says("Nothing else has happened yet.");
    for n in 0..230 {
        browser.patch(&id, json!({ "description": n.to_string() })).await;
    }
    let next = Regex::new("rel=\"next\" href=\"([^\"]*)\"").unwrap();
    let (mut page, mut found, mut pages) = (Some(path), Vec::new(), 0);
    while let Some(path) = page {
        let seen = browser.get(path.replace("&#38;", "&")).await.expect(200);
        found.extend(events(&seen.html));
        page = next.captures(&seen.html).map(|found| found[1].to_owned());
        pages += 1;
    }
    assert_eq!((found, pages), ((1..=231).rev().collect::<Vec<i64>>(), 3));
}
