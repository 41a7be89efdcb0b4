//! What changed after a moment: how somebody keeps a copy of flows, or of what is in force.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Api, Request, api, sound};

/// A copy of flows by id, and where its next round begins.
struct Copy {
    query: &'static str,
    next: Option<String>,
    flows: BTreeMap<String, Value>,
}

impl Copy {
    fn of(query: &'static str) -> Self {
        Self { query, next: None, flows: BTreeMap::new() }
    }

    fn ask(&self, api: &Api) -> Request {
        let cursor = self.next.as_ref().map(|cursor| format!("&cursor={cursor}"));
        let query = format!("?updatedAfter=position:0&limit=2{}{}", self.query, cursor.unwrap_or_default());
        api.ask("GET", api.flows(&query))
    }

    /// Takes in what changed. Returns the ids that came, in their order.
    async fn round(&mut self, api: &Api) -> Vec<String> {
        let mut came = Vec::new();
        loop {
            let answer = self.ask(api).send().await.expect(200);
            for flow in answer.data().as_array().unwrap() {
                let id = flow["id"].as_str().unwrap().to_owned();
                match flow.get("name") {
                    Some(_) => drop(self.flows.insert(id.clone(), flow.clone())),
                    None => {
                        let mut names: Vec<&String> = flow.as_object().unwrap().keys().collect();
                        names.sort();
                        assert_eq!(names, ["deletedAt", "id", "status", "version"]);
                        self.flows.remove(&id);
                    }
                }
                came.push(id);
            }
            let info = answer.json()["pageInfo"].clone();
            self.next = Some(info["endCursor"].as_str().unwrap().to_owned());
            assert_eq!(answer.header("link").is_some(), info["hasNextPage"] == true);
            if info["hasNextPage"] == false {
                return came;
            }
        }
    }

    /// Whether it has what the list has.
    async fn is_true(&self, api: &Api) -> bool {
        let query = format!("?{}", self.query.trim_start_matches('&'));
        let list = api.ask("GET", api.flows(&query)).send().await.expect(200).data();
        let by_id = |flow: &Value| (flow["id"].as_str().unwrap().to_owned(), flow.clone());
        list.as_array().unwrap().iter().map(by_id).collect::<BTreeMap<_, _>>() == self.flows
    }
}

async fn patch(api: &Api, id: &str, body: Value) {
    api.ask("PATCH", api.flow(id, "")).json(&body).send().await.expect(200);
}

async fn order(api: &Api, id: &str, path: &str) {
    api.ask("POST", api.flow(id, path)).send().await.expect(201);
}

#[tokio::test]
async fn of_flows() {
    let api = api().await;
    for query in ["", "&view=summary"] {
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(api.create_sound(&format!("Flujo {n}")).await);
        }
        let mut copy = Copy::of(query);
        assert!(copy.round(&api).await.ends_with(&ids), "oldest first");
        assert!(copy.is_true(&api).await);
        assert_eq!(copy.round(&api).await, [""; 0], "nothing happened");
        patch(&api, &ids[3], json!({"name": "Otro"})).await;
        patch(&api, &ids[1], json!({"name": "Otro más"})).await;
        patch(&api, &ids[3], json!({"name": "Tercero"})).await;
        api.ask("DELETE", api.flow(&ids[0], "")).send().await.expect(204);
        assert_eq!(
            copy.round(&api).await,
            [ids[1].clone(), ids[3].clone(), ids[0].clone()],
            "each once, as it is now"
        );
        assert!(copy.is_true(&api).await);
        let restored = json!({"version": 1, "reason": "vuelta"});
        api.ask("POST", api.flow(&ids[0], "/restore")).json(&restored).send().await.expect(201);
        assert_eq!(copy.round(&api).await, ids[..1]);
        assert!(copy.is_true(&api).await);
    }
}

/// Whoever is changed while a round is under way comes later in it, or in the next one.
#[tokio::test]
async fn of_flows_that_change_meanwhile() {
    let api = api().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(api.create_sound(&format!("Flujo {n}")).await);
    }
    let mut copy = Copy::of("");
    let first = copy.ask(&api).send().await.expect(200);
    copy.next = first.json()["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    for flow in first.data().as_array().unwrap() {
        copy.flows.insert(flow["id"].as_str().unwrap().to_owned(), flow.clone());
    }
    for id in [&ids[0], &ids[4]] {
        patch(&api, id, json!({"name": "Nuevo"})).await;
    }
    assert_eq!(copy.round(&api).await, [2, 3, 5, 0, 4].map(|place: usize| ids[place].clone()));
    assert!(copy.is_true(&api).await);
}

#[tokio::test]
async fn of_what_is_in_force() {
    let api = api().await;
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(api.create_sound(&format!("Flujo {n}")).await);
    }
    let mut copy = Copy::of("&version=published");
    assert_eq!(copy.round(&api).await, [""; 0], "nothing is in force");
    for id in &ids[..3] {
        order(&api, id, "/publish").await;
    }
    assert_eq!(copy.round(&api).await, ids[..3]);
    assert!(copy.is_true(&api).await);
    patch(&api, &ids[0], json!({"name": "Borrador"})).await;
    api.ask("DELETE", api.flow(&ids[3], "")).send().await.expect(204);
    assert_eq!(copy.round(&api).await, [""; 0], "drafts change, and go");
    order(&api, &ids[0], "/publish").await;
    patch(&api, &ids[1], json!({"enabled": false})).await;
    order(&api, &ids[2], "/unpublish").await;
    assert_eq!(copy.round(&api).await, ids[..3]);
    assert!(copy.is_true(&api).await);
    assert_eq!(copy.flows.len(), 1);
    patch(&api, &ids[1], json!({"enabled": true})).await;
    assert_eq!(copy.round(&api).await, ids[1..2]);
    assert!(copy.is_true(&api).await);
    api.ask("DELETE", api.flow(&ids[1], "")).send().await.expect(204);
    assert_eq!(copy.round(&api).await, ids[1..2]);
    assert!(copy.is_true(&api).await);
}

#[tokio::test]
async fn of_an_instant_and_of_positions() {
    let api = api().await;
    let first = api.create(sound("Uno")).await;
    let second = api.create(sound("Dos")).await;
    let after = async |moment: &str| {
        let answer = api.ask("GET", api.flows(&format!("?updatedAfter={moment}"))).send().await.expect(200);
        answer.data().as_array().unwrap().iter().map(|flow| flow["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(after("position:0").await, [first["id"].clone(), second["id"].clone()]);
    assert_eq!(after("position:2").await, [second["id"].clone()], "a key, and a flow");
    assert_eq!(after("position:3").await, [Value::Null; 0]);
    assert_eq!(after("position:99").await, [Value::Null; 0]);
    assert_eq!(after(second["updatedAt"].as_str().unwrap()).await, [Value::Null; 0]);
    assert_eq!(after("2026-01-01T00:00:00Z").await.len(), 2);
    let unchanged = api.ask("GET", api.flows("?updatedAfter=position:0"));
    let tag = unchanged.clone().send().await.header("etag").unwrap().to_owned();
    unchanged.header("if-none-match", &tag).send().await.expect(304);
}

/// A credential sees changes of the flows of its numbers.
#[tokio::test]
async fn of_the_numbers_of_a_credential() {
    let api = api().await;
    let key = json!({"name": "confinada", "scopes": ["flows:read"], "phoneNumberIds": ["34", "52"]});
    let key = api.new_key(api.org_id, key).await;
    let mut ids = Vec::new();
    for number in ["34", "49", "52", "34"] {
        let mut flow = sound("Flujo");
        flow["phoneNumberId"] = json!(number);
        let id = api.create(flow).await["id"].as_str().unwrap().to_owned();
        order(&api, &id, "/publish").await;
        ids.push(id);
    }
    for query in ["", "&version=published"] {
        let ask = api.ask("GET", api.flows(&format!("?updatedAfter=position:0{query}"))).key(&key);
        let data = ask.send().await.expect(200).data();
        let came: Vec<&str> =
            data.as_array().unwrap().iter().map(|flow| flow["id"].as_str().unwrap()).collect();
        assert_eq!(came, [&ids[0], &ids[2], &ids[3]], "{query}");
    }
}

#[tokio::test]
async fn of_what_cannot_be_asked() {
    let api = api().await;
    api.create_sound("Uno").await;
    let begin = "?updatedAfter=position:0";
    let of_flows = api.ask("GET", api.flows(begin)).send().await.expect(200);
    let cursor = of_flows.json()["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    for (query, parameter) in [
        ("?updatedAfter=yesterday".to_owned(), "updatedAfter"),
        ("?updatedAfter=41".to_owned(), "updatedAfter"),
        ("?updatedAfter=position:-1".to_owned(), "updatedAfter"),
        (format!("{begin}&q=uno"), "q"),
        (format!("{begin}&asOf=now"), "asOf"),
        (format!("{begin}&sort=name"), "sort"),
        (format!("{begin}&status=draft"), "status"),
        (format!("{begin}&version=published&cursor={cursor}"), "cursor"),
        (format!("{begin}&cursor={}", &cursor[1..]), "cursor"),
        (format!("?limit=9&cursor={cursor}"), "cursor"),
        (format!("{begin}&limit=1001"), "limit"),
    ] {
        let refused = api.ask("GET", api.flows(&query)).send().await.expect_problem(400, "invalid_parameter");
        assert_eq!(refused.json()["errors"][0]["parameter"], parameter, "{query}");
    }
}
