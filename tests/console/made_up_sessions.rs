//! Cookies that hold the token of no session: which of them are guesses, and whom they keep out.

use std::net::IpAddr;

use axum::http::Request;
use flow_registry::registry::caller::ClientAddress;

use super::{Browser, Seen};

/// The list of flows, asked for from an address, with cookies that hold a token; `None`: the browser's own.
async fn seen_from(browser: &mut Browser, host: u8, token: Option<&str>) -> Seen {
    let own = browser.cookies.clone();
    for value in browser.cookies.values_mut() {
        let (organization, held) = value.split_once('.').unwrap();
        *value = format!("{organization}.{}", token.unwrap_or(held));
    }
    let ask = Request::get(browser.path("flows")).extension(ClientAddress(IpAddr::from([192, 0, 2, host])));
    let seen = browser.send(ask, String::new()).await;
    browser.cookies = own;
    seen
}

/// Tokens that no session has are counted by address. Who is signed in goes on there, as far as this process knows them.
#[tokio::test]
async fn made_up_tokens_are_limited_by_address() {
    let mut browser = Browser::admin().await;
    let (made_up, elsewhere) = ("A".repeat(43), "B".repeat(43));
    // A session of which this process has not heard, as if another replica had opened it.
    let rename = "UPDATE console_session SET token_hash = sha256($1::bytea)";
    let pool = browser.api.database.pool.clone();
    sqlx::query(rename).bind(elsewhere.as_bytes()).execute(&pool).await.unwrap();
    browser.cookies.clear();
    let key = browser.api.key.clone();
    browser.sign_in(&key, "Ana").await;
    let mut refused = None;
    for _ in 0..100 {
        let seen = seen_from(&mut browser, 1, Some(&made_up)).await;
        if seen.status == 429 {
            refused = Some(seen);
            break;
        }
        seen.expect(401);
    }
    seen_from(&mut browser, 1, Some(&elsewhere)).await.expect(429);
    seen_from(&mut browser, 1, None).await.expect(200);
    let wait_s = refused.unwrap().header("retry-after").unwrap().parse::<u32>().unwrap();
    assert!((1..10).contains(&wait_s), "{wait_s} s");
    seen_from(&mut browser, 2, Some(&made_up)).await.expect(401);
    seen_from(&mut browser, 2, Some(&elsewhere)).await.expect(200);
    seen_from(&mut browser, 1, Some(&elsewhere)).await.expect(200);
    browser.sign_in(&key, "Ana").await;
    seen_from(&mut browser, 1, None).await.expect(200);
}

/// A browser that goes on to send the cookie of a session that is over guesses nothing.
#[tokio::test]
async fn cookies_of_sessions_that_are_over_are_no_guesses() {
    let mut browser = Browser::admin().await;
    let signed_in = browser.cookies.clone();
    browser.post(browser.path("session/end"), &[]).await.expect(303);
    let key = browser.api.key.clone();
    browser.sign_in(&key, "Ana").await;
    let expire = "UPDATE console_session SET expires_at = clock_timestamp()";
    sqlx::query(expire).execute(&browser.api.database.pool).await.unwrap();
    for _ in 0..50 {
        seen_from(&mut browser, 1, None).await.expect(401);
    }
    browser.cookies = signed_in;
    for _ in 0..50 {
        seen_from(&mut browser, 1, None).await.expect(401);
    }
    let made_up = "A".repeat(43);
    seen_from(&mut browser, 1, Some(&made_up)).await.expect(401).says("Your session is over.");
}
