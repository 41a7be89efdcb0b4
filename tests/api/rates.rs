//! Rate limits: how many requests a key and an organization may make, and what they are told.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Router;
use flow_registry::http::{Rate, RateLimits, router};
use serde_json::json;
use uuid::Uuid;

use super::{Api, Request, api, state_over};

fn rate(requests: u32) -> Option<Rate> {
    Some(Rate { requests: NonZeroU32::new(requests).unwrap(), window: Duration::from_secs(3600) })
}

/// Another process, with these limits.
async fn limited(api: &Api, of_key: Option<Rate>, of_organization: Option<Rate>) -> Router {
    let mut state = state_over(api.database.store().await);
    state.rate_limits = RateLimits::new(of_key, of_organization);
    router(state)
}

#[tokio::test]
async fn a_key_makes_so_many_requests_and_is_told_where_it_stands() {
    let api = api().await;
    let limited = limited(&api, rate(3), None).await;
    let ask = |key: &str| api.ask("GET", api.flows("?view=summary")).key(key).to(limited.clone()).send();
    for remaining in ["2", "1", "0"] {
        let answer = ask(&api.key).await.expect(200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
        assert_eq!(answer.header("ratelimit-policy"), Some("\"key\";q=3;w=3600"));
        let standing = answer.header("ratelimit").unwrap();
        assert!(standing.starts_with(&format!("\"key\";r={remaining};t=")), "{standing}");
    }
    let refused = ask(&api.key).await.expect_problem(429, "rate_limited");
    let wait_s: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1190..=1200).contains(&wait_s), "{wait_s}");
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    // Another key has its own; so has the key itself where nobody limits it.
    let other = api.new_key(api.org_id, json!({"name": "other"})).await;
    assert_eq!(ask(&other).await.expect(200).header("x-ratelimit-remaining"), Some("2"));
    let unlimited = api.ask("GET", api.flows("")).send().await.expect(200);
    assert_eq!((unlimited.header("x-ratelimit-limit"), unlimited.header("ratelimit")), (None, None));
}

/// A change that is refused for its rate has not happened, and none of the others is held back for one key's sake.
#[tokio::test]
async fn an_organization_has_a_limit_of_its_own() {
    let api = api().await;
    let limited = limited(&api, rate(2), rate(3)).await;
    let other = api.new_key(api.org_id, json!({"name": "other"})).await;
    let elsewhere = Uuid::new_v4();
    let stranger = api.new_key(elsewhere, json!({"name": "elsewhere"})).await;
    let create = |key: &str| {
        api.ask("POST", api.flows("")).key(key).json(&json!({"name": "Uno"})).to(limited.clone()).send()
    };
    let events = api.events().await;
    for _ in 0..2 {
        create(&api.key).await.expect(201);
    }
    for _ in 0..5 {
        create(&api.key).await.expect_problem(429, "rate_limited");
    }
    create(&other).await.expect(201);
    let refused = create(&other).await.expect_problem(429, "rate_limited");
    assert!(refused.json()["detail"].as_str().unwrap().contains("organization"), "{}", refused.shown());
    assert_eq!(refused.header("ratelimit-policy"), Some("\"key\";q=2;w=3600, \"organization\";q=3;w=3600"));
    assert_eq!(api.events().await, events + 3);
    let path = format!("/organizations/{elsewhere}/bot/flows");
    let of_stranger = Request::new(limited.clone(), "GET", &path).key(&stranger);
    assert_eq!(of_stranger.send().await.expect(200).header("x-ratelimit-remaining"), Some("1"));
    // What needs no credential is not counted, and says nothing.
    let health = Request::new(limited, "GET", "/health").send().await.expect(200);
    assert_eq!(health.header("x-ratelimit-limit"), None);
}
