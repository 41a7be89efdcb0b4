//! What pages of a flow tell beside its document: how far the draft is ahead, what was just done, and how a terminal shows
//! the same.

use super::Browser;

#[tokio::test]
async fn how_far_a_draft_is_ahead_is_counted_while_both_documents_are_there() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}?version=draft&view=outline"));
    browser.get(&path).await.expect(200).says("Draft 3 has 2 unpublished changes");
    let published = "UPDATE document SET bytes = NULL WHERE org_id = $1 AND digest = (SELECT document_digest FROM event \
         WHERE org_id = $1 AND stream_id = $2 AND version = 1)";
    let id: uuid::Uuid = id.parse().unwrap();
    let gone = sqlx::query(published).bind(browser.api.org_id).bind(id);
    let gone = gone.execute(browser.api.registry.store().pool()).await.unwrap();
    assert_eq!(gone.rows_affected(), 1);
    browser.api.registry.forget_reads();
    let seen = browser.get(&path).await.expect(200);
    seen.says("Draft 3 has unpublished changes");
    let published = browser.path(&format!("flows/{id}?version=published&view=outline"));
    browser.get(published).await.expect(200).says_nothing_of("¡Hola");
}

#[tokio::test]
async fn a_change_is_told_as_done_while_it_is_news() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}?view=json&done=2"));
    browser.get(&path).await.expect(200).says("Done: version 2 is in force.").says("By <bdi>backend</bdi>");
    let position = browser.position(&id, 2).await;
    browser.get(format!("{path}&asOf=position:{position}")).await.expect(200).says_nothing_of("Done: ");
    let reader = browser.api.key_with(&["flows:read"]).await;
    browser.sign_in(&reader, "Eva").await;
    let seen = browser.get(&path).await.expect(200);
    let told = regex::Regex::new("(?s)<div class=\"done\".*?</div>").unwrap();
    let told = told.find(&seen.html).unwrap().as_str();
    assert!(told.contains("<time") && !told.contains("backend"), "it is said when, not by whom: {told}");
    let pool = browser.api.registry.store().pool();
    sqlx::query("ALTER TABLE event DISABLE TRIGGER ALL").execute(pool).await.unwrap();
    let long_ago = "UPDATE event SET recorded_at = recorded_at - interval '1 hour' WHERE org_id = $1";
    sqlx::query(long_ago).bind(browser.api.org_id).execute(pool).await.unwrap();
    browser.get(&path).await.expect(200).says_nothing_of("Done: ");
}

/// The commands of a page, as its footer has them.
fn commands(html: &str) -> Vec<String> {
    let command = regex::Regex::new("<code id=\"(?:cli|curl)\">([^<]*)</code>").unwrap();
    let found = command.captures_iter(html).map(|found| found[1].replace("&#39;", "'").replace("&#38;", "&"));
    found
        .map(|command| command.rsplit_once("/bot/").map_or(command.clone(), |(_, path)| path.to_owned()))
        .collect()
}

#[tokio::test]
async fn commands_show_what_the_page_shows() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let position = browser.position(&id, 2).await;
    let flow = format!("flows/{id}");
    let (show, api) = (format!("flow-registry flows show {id}"), format!("flows/{id}?"));
    let then = format!("asOf=position%3A{position}");
    let diff = format!("flows/{id}/diff?from=published&to=draft'");
    for (page, expected) in [
        (flow.clone(), vec![format!("{show} --version published"), format!("{api}version=published'")]),
        (format!("{flow}?version=draft"), vec![show.clone(), format!("{api}version=draft'")]),
        (format!("{flow}?version=1"), vec![format!("{show} --version 1"), format!("{api}version=1'")]),
        (format!("{flow}?{then}"), vec![format!("{show} --version 2"), format!("{api}version=2'")]),
        (format!("{flow}?version=draft&{then}"), vec![format!("{api}{then}'")]),
        (format!("{flow}/compare"), vec![format!("flow-registry flows diff {id} published draft"), diff]),
        (format!("{flow}/compare?base=1&head=2&{then}"), vec![]),
        (format!("{flow}/history?{then}"), vec![]),
        (format!("{flow}/history?person=Ana"), vec![]),
        (format!("{flow}/history?step=saludo"), vec![]),
        (format!("{flow}/history?before=2"), vec![]),
        (format!("{flow}/pause"), vec![]),
        ("flows/new".to_owned(), vec![]),
        ("flows?at=3&before=3".to_owned(), vec![]),
        ("flows?state=draft".to_owned(), vec!["flows?status=draft&view=summary&limit=50'".to_owned()]),
        ("deleted?at=3&before=3".to_owned(), vec![]),
    ] {
        let seen = browser.get(browser.path(&page)).await.expect(200);
        assert_eq!(commands(&seen.html), expected, "{page}");
    }
}
