//! Filters of lists: which flows they let through, now, at a moment, and in every order.

use serde_json::{Value, json};

use super::{Api, api};

/// The names on a list, sorted.
async fn names(api: &Api, query: &str) -> Vec<String> {
    let data = api.ask("GET", api.flows(query)).send().await.expect(200).data();
    let name = |flow: &Value| flow["name"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = data.as_array().unwrap().iter().map(name).collect();
    names.sort();
    names
}

/// The names that every way of listing gives, sorted.
async fn listed(api: &Api, filter: &str) -> Vec<String> {
    let found = names(api, &format!("?{filter}")).await;
    for way in [
        "limit=9",
        "sort=created",
        "sort=name&limit=9",
        "asOf=now",
        "asOf=now&sort=created",
        "view=summary&limit=9",
    ] {
        assert_eq!(names(api, &format!("?{filter}&{way}")).await, found, "{filter} {way}");
    }
    found
}

async fn published(api: &Api, name: &str) -> String {
    let id = api.create_sound(name).await;
    api.ask("POST", api.flow(&id, "/publish")).send().await.expect(201);
    id
}

async fn rename(api: &Api, id: &str, name: &str) {
    api.ask("PATCH", api.flow(id, "")).json(&json!({"name": name})).send().await.expect(200);
}

#[tokio::test]
async fn unpublished_changes() {
    let api = api().await;
    api.create_sound("Borrador").await;
    let (id, _) = (published(&api, "Cambiado").await, published(&api, "Igual").await);
    let head =
        api.ask("GET", api.audit("?limit=1")).send().await.data()["data"][0]["metadata"]["position"].clone();
    rename(&api, &id, "Cambiado ya").await;
    assert_eq!(listed(&api, "hasUnpublishedChanges=true").await, ["Cambiado ya"]);
    assert_eq!(listed(&api, "hasUnpublishedChanges=false").await, ["Borrador", "Igual"]);
    assert_eq!(names(&api, "?hasUnpublishedChanges=true&version=published").await, ["Cambiado"]);
    for sort in ["updated", "created"] {
        let then = format!("&asOf=position:{head}&sort={sort}");
        assert_eq!(names(&api, &format!("?hasUnpublishedChanges=true{then}")).await, [""; 0]);
        let all = ["Borrador", "Cambiado", "Igual"];
        assert_eq!(names(&api, &format!("?hasUnpublishedChanges=false{then}")).await, all);
    }
    rename(&api, &id, "Cambiado").await;
    assert_eq!(
        listed(&api, "hasUnpublishedChanges=true").await,
        [""; 0],
        "what was published says the same again"
    );
}

#[tokio::test]
async fn trigger_types() {
    let api = api().await;
    let trigger = |kind: &str, config: Value| json!({"triggerType": kind, "triggerConfig": config});
    let hello = json!({"keywords": ["hola"]});
    let also = json!([trigger("EVENT", json!({"event": "order.paid"}))]);
    let both = published(&api, "Ambos").await;
    let change = async |id: &str, to: Value| {
        api.ask("PATCH", api.flow(id, "")).json(&to).send().await.expect(200);
    };
    change(&both, trigger("KEYWORD", json!({"keywords": ["adiós"], "also": also}))).await;
    api.create_sound("A mano").await;
    let keyword = published(&api, "Palabra").await;
    change(&keyword, trigger("KEYWORD", hello)).await;
    let head =
        api.ask("GET", api.audit("?limit=1")).send().await.data()["data"][0]["metadata"]["position"].clone();

    assert_eq!(listed(&api, "triggerType=KEYWORD").await, ["Ambos", "Palabra"]);
    assert_eq!(listed(&api, "triggerType=EVENT").await, ["Ambos"]);
    assert_eq!(listed(&api, "triggerType=MANUAL").await, ["A mano"]);
    assert_eq!(listed(&api, "triggerType=INTENT").await, [""; 0]);
    assert_eq!(listed(&api, "triggerType=EVENT&q=pala").await, [""; 0]);
    assert_eq!(listed(&api, "triggerType=MANUAL&version=published").await, ["Ambos", "Palabra"]);
    api.ask("POST", api.flow(&keyword, "/publish")).send().await.expect(201);
    assert_eq!(listed(&api, "triggerType=MANUAL&version=published").await, ["Ambos"]);
    assert_eq!(listed(&api, "triggerType=KEYWORD&version=published").await, ["Palabra"]);

    change(&both, trigger("INTENT", json!({"intents": ["compra"]}))).await;
    rename(&api, &both, "Uno solo").await;
    assert_eq!(listed(&api, "triggerType=INTENT").await, ["Uno solo"]);
    assert_eq!(listed(&api, "triggerType=EVENT").await, [""; 0]);
    for sort in ["updated", "created"] {
        let then = format!("?triggerType=EVENT&asOf=position:{head}&sort={sort}");
        assert_eq!(names(&api, &then).await, ["Ambos"], "what it started by then");
    }
    api.ask("POST", api.flow(&both, "/restore"))
        .json(&json!({"version": 3, "reason": "volver"}))
        .send()
        .await
        .expect(201);
    assert_eq!(listed(&api, "triggerType=EVENT").await, ["Ambos"]);
}

#[tokio::test]
async fn ids() {
    let api = api().await;
    let (first, second) = (published(&api, "Uno").await, api.create_sound("Dos").await);
    let gone = api.create_sound("Tres").await;
    api.ask("DELETE", api.flow(&gone, "")).send().await.expect(204);
    api.create_sound("Cuatro").await;
    let nobody = uuid::Uuid::new_v4().to_string();
    let all = format!("ids={first},{nobody},{second},{gone},{}", first.to_uppercase());
    assert_eq!(listed(&api, &all).await, ["Dos", "Uno"]);
    assert_eq!(listed(&api, &format!("{all}&include=deleted")).await, ["Dos", "Tres", "Uno"]);
    assert_eq!(listed(&api, &format!("{all}&status=published")).await, ["Uno"]);
    assert_eq!(listed(&api, &format!("{all}&version=published&q=uno")).await, ["Uno"]);
    rename(&api, &second, "Otro").await;
    for sort in ["updated", "created"] {
        let then = format!("?{all}&asOf=position:4&sort={sort}");
        assert_eq!(names(&api, &then).await, ["Dos", "Uno"], "with what was there then");
    }
    let key = json!({"name": "confinada", "scopes": ["flows:read"], "phoneNumberIds": ["34"]});
    let key = api.new_key(api.org_id, key).await;
    let seen =
        async || api.ask("GET", api.flows(&format!("?{all}"))).key(&key).send().await.expect(200).data();
    assert_eq!(seen().await, json!([]));
    api.ask("PATCH", api.flow(&second, "")).json(&json!({"phoneNumberId": "34"})).send().await.expect(200);
    assert_eq!(seen().await[0]["id"], second);
}

#[tokio::test]
async fn of_what_is_no_filter() {
    let api = api().await;
    let many: Vec<String> = (0..101).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    for (query, parameter) in [
        ("?hasUnpublishedChanges=yes".to_owned(), "hasUnpublishedChanges"),
        ("?ids=1".to_owned(), "ids"),
        (format!("?ids={}", many.join(",")), "ids"),
        (format!("?ids={};{}", many[0], many[1]), "ids"),
        ("?triggerType=keyword".to_owned(), "triggerType"),
        ("?sort=size".to_owned(), "sort"),
        ("?sort=name&sort=name".to_owned(), "sort"),
    ] {
        let refused = api.ask("GET", api.flows(&query)).send().await.expect_problem(400, "invalid_parameter");
        assert_eq!(refused.json()["errors"][0]["parameter"], parameter, "{query}");
    }
    let hundred = format!("?ids={}", many[..100].join(","));
    assert_eq!(api.ask("GET", api.flows(&hundred)).send().await.expect(200).data(), json!([]));
}
