//! The flows that were deleted, and the way back.

use serde_json::json;

use super::Browser;
use super::flow::onboarding;

#[tokio::test]
async fn deleted_flows_say_who_and_why_and_lead_back() {
    let mut browser = Browser::admin().await;
    let path = browser.path("deleted");
    browser.get(&path).await.expect(200).says("No flow is deleted.");
    let (gone, kept) = (browser.made(onboarding()).await, browser.made(onboarding()).await);
    let request = browser.api.ask("DELETE", browser.api.flow(&gone, "")).header("x-reason", "ya no se usa");
    request.header("x-on-behalf-of", "Eva").send().await.expect(204);
    browser.pin_both("deleted", &path).await;
    let seen = browser.get(&path).await.expect(200);
    seen.says(&format!("flows/{gone}/restore?version=2")).says("<bdi>Eva</bdi> (<bdi>backend</bdi>)");
    seen.says("ya no se usa").says("Bring back Onboarding…").says_nothing_of(&kept);
    // When it was not deleted yet it is not among the deleted.
    let (before, after) = (browser.position(&gone, 1).await, browser.position(&gone, 2).await);
    browser.get(format!("{path}?asOf=position:{before}")).await.expect(200).says("No flow is deleted.");
    let then = browser.get(format!("{path}?asOf=position:{after}")).await.expect(200);
    then.says(&gone).says_nothing_of("Bring back");
    let reader = browser.api.key_with(&["flows:read"]).await;
    browser.sign_in(&reader, "Ana").await;
    let seen = browser.get(&path).await.expect(200);
    seen.says(&gone).says_nothing_of("Eva").says_nothing_of("ya no se usa").says_nothing_of("Bring back");
    let other = json!({ "name": "other", "scopes": ["flows:read"], "phoneNumberIds": ["5215550000000"] });
    let other = browser.api.new_key(browser.api.org_id, other).await;
    browser.sign_in(&other, "Ana").await;
    browser.get(&path).await.expect(200).says("No flow is deleted.").says_nothing_of(&gone);
}

#[tokio::test]
async fn pages_have_every_deleted_flow_once() {
    let mut browser = Browser::admin().await;
    let mut gone = Vec::new();
    for _ in 0..60 {
        let id = browser.made(onboarding()).await;
        browser.delete(&id).await;
        gone.push(id);
    }
    let first = browser.get(browser.path("deleted")).await.expect(200);
    let next = regex::Regex::new("rel=\"next\" href=\"([^\"]*)\"").unwrap();
    let next = next.captures(&first.html).unwrap()[1].replace("&#38;", "&");
    let second = browser.get(next).await.expect(200);
    for (index, id) in gone.iter().rev().enumerate() {
        let (here, there) = if index < 50 { (&first, &second) } else { (&second, &first) };
        here.says(id);
        there.says_nothing_of(id);
    }
}
