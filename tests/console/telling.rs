//! What pages of a flow tell beside its document: how far the draft is ahead.

use super::Browser;

#[tokio::test]
async fn how_far_a_draft_is_ahead_is_counted_once() {
    let mut browser = Browser::admin().await;
    let id = browser.onboarded().await;
    let path = browser.path(&format!("flows/{id}?version=draft&view=outline"));
    browser.get(&path).await.expect(200).says("Draft 3 has 2 unpublished changes");
    // Whoever needed the published document again would not find it.
    let published = "UPDATE document SET bytes = NULL WHERE org_id = $1 AND digest = (SELECT document_digest FROM event \
         WHERE org_id = $1 AND stream_id = $2 AND version = 1)";
    let id: uuid::Uuid = id.parse().unwrap();
    let gone = sqlx::query(published).bind(browser.api.org_id).bind(id);
    let gone = gone.execute(browser.api.registry.store().pool()).await.unwrap();
    assert_eq!(gone.rows_affected(), 1);
    browser.api.registry.forget_reads();
    browser.get(&path).await.expect(200).says("Draft 3 has 2 unpublished changes");
    let published = browser.path(&format!("flows/{id}?version=published&view=outline"));
    browser.get(published).await.expect(200).says_nothing_of("¡Hola");
}
