//! What makes a table of the log readable: how things were called, and a mark for spreadsheets.

use serde_json::{Value, json};

use super::api;
use super::exports::{column, export, follow, story, table};

#[tokio::test]
async fn rows_name_what_they_are_about_as_it_was_called_then() {
    let api = api().await;
    let id = story(&api).await;
    api.ask("PATCH", api.flow(&id, "")).json(&json!({"name": "Baja"})).send().await.expect(200);
    api.ask("DELETE", api.flow(&id, "")).send().await.expect(204);
    let key = json!({"name": "otra"});
    api.ask("POST", format!("/organizations/{}/api-keys", api.org_id)).json(&key).send().await.expect(201);
    let names = ["backend", "Alta", "Alta, \"nueva\"", "Alta, \"nueva\"", "Baja", "Baja", "otra", ""];
    let rows = table(&export(&api, "?format=csv").await.expect(200).body);
    assert_eq!(column(&rows, "resourceName"), names);
    // The event before is not among these, so the name is looked up.
    let rows = table(&export(&api, "?format=csv&action=flow.published").await.expect(200).body);
    assert_eq!(column(&rows, "resourceName"), ["Alta, \"nueva\""]);
    let listed = api.ask("GET", api.audit("?limit=8")).send().await.expect(200).data();
    let listed: Vec<&Value> =
        listed["data"].as_array().unwrap().iter().map(|entry| &entry["resourceName"]).collect();
    assert_eq!(
        listed[2..],
        [&json!("otra"), &json!("Baja"), &json!("Baja"), &json!(names[3]), &json!(names[2]), &json!("Alta")]
    );
    sqlx::query("UPDATE document SET bytes = NULL").execute(&api.database.pool).await.unwrap();
    let rows = table(&export(&api, "?format=csv&resource=flow").await.expect(200).body);
    assert_eq!(column(&rows, "resourceName"), [""; 5], "what was erased has no name");
}

#[tokio::test]
async fn a_table_is_marked_as_text_on_request() {
    let api = api().await;
    story(&api).await;
    let mark = "\u{feff}position,".as_bytes();
    for (query, is_marked) in
        [("?format=csv&bom=1", true), ("?format=csv&bom=0", false), ("?format=csv", false)]
    {
        assert_eq!(export(&api, query).await.expect(200).body.starts_with(mark), is_marked, "{query}");
    }
    let link = export(&api, "?bom=1").await.expect(200).data()["url"].as_str().unwrap().to_owned();
    assert!(follow(&api, &link).await.expect(200).body.starts_with(mark), "by a link too");
    for query in ["?format=csv&bom=yes", "?format=ndjson&bom=1"] {
        export(&api, query).await.expect_problem(400, "invalid_parameter");
    }
}
