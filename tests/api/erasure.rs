//! After a person was erased nothing names them: no answer of any replica, no export, no dump of the database. And the log
//! is what it was signed as.

use std::process::Command;

use axum::Router;
use flow_registry::http::router;
use flow_registry::registry::access::{KeyMode, operator};
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Person, Selection};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::bundles::assert_intact;
use super::{Answer, Api, Request, api, sound, state_over};

const NAME: &str = "Ana Pérez";

/// Every way to read what somebody did.
const READS: [&str; 12] = [
    "bot/flows",
    "bot/flows?q=alta",
    "bot/flows/{flow}",
    "bot/flows/{flow}?version=1",
    "bot/flows/{flow}?version=published",
    "bot/flows/{flow}/events",
    "bot/flows/{flow}/blame",
    "bot/flows/{flow}/diff?from=1&to=3",
    "bot/flows/{flow}/test-runs",
    "api-keys",
    "audit",
    "audit/export?format=csv",
];

/// A dump of the database, as whoever backs it up has it.
fn dump(url: &str) -> String {
    let output = Command::new("pg_dump").arg("--dbname").arg(url).output().expect("pg_dump is in PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// In how many lines of a dump a text stands, also as bytes, and folded as for search.
fn lines_with(dump: &str, text: &str) -> usize {
    let (hex, folded) = (hex::encode(text), text.to_lowercase().replace('é', "e"));
    dump.lines().filter(|line| line.contains(text) || line.contains(&hex) || line.contains(&folded)).count()
}

async fn read(router: &Router, api: &Api, path: &str, flow: &str) -> Answer {
    let path = format!("/organizations/{}/{}", api.org_id, path.replace("{flow}", flow));
    Request::new(router.clone(), "GET", &path).key(&api.key).send().await
}

/// What a person leaves in an organization.
async fn act(api: &Api) -> String {
    let named = json!({"name": format!("{NAME}, soporte")});
    let key = api.keys.create(operator(api.org_id, "test"), KeyMode::Live, &named).await.unwrap();
    let key = key.secret.expose_secret().to_owned();
    let flow = sound(&format!("De {NAME}"));
    let flow = api.ask("POST", api.flows("")).key(&key).json(&flow).send().await.expect(201).data();
    let flow = flow["id"].as_str().unwrap().to_owned();
    let change = api.ask("PATCH", api.flow(&flow, "")).header("x-on-behalf-of", NAME);
    let change =
        change.header("x-reason", &format!("lo pide {NAME}")).header("idempotency-key", "ana-perez-1");
    change.json(&json!({"name": "Alta", "description": NAME})).send().await.expect(200);
    api.ask("PATCH", api.flow(&flow, "")).json(&json!({"description": "nadie"})).send().await.expect(200);
    api.ask("POST", api.flow(&flow, "/publish")).key(&key).send().await.expect(201);
    let run = json!({"name": format!("de {NAME}"), "messages": [format!("soy {NAME}")]});
    api.ask("POST", api.flow(&flow, "/test-run")).key(&key).json(&run).send().await.expect(201);
    flow
}

#[tokio::test]
async fn nothing_names_a_person_who_was_erased() {
    let api = api().await;
    let other = state_over(api.database.store().await);
    let mut watch = other.registry.erasures.watch().unwrap();
    let other = router(other);
    let flow = act(&api).await;
    assert!(lines_with(&dump(&api.database.url()), NAME) > 5);
    let mut named = 0;
    for router in [&api.router, &other] {
        for path in READS {
            let answer = read(router, &api, path, &flow).await;
            named += usize::from(String::from_utf8_lossy(&answer.body).contains(NAME));
        }
    }
    assert!(named > 12, "{named}");

    // By a command, beside services that remember what they showed.
    let texts = [NAME, "ana-perez-1"].map(str::to_owned).to_vec();
    let selection = Selection::Person(Person::named(texts).unwrap());
    let order = ErasureOrder::new(selection, "art. 17, asked for on 3 May");
    let erasures = Erasures::new(api.registry.store().clone());
    let erased = erasures.erase(&operator(api.org_id, "dpo"), &order).await.unwrap();
    assert_eq!(erased.batches, 2);
    watch.look().await.unwrap();
    let mut here = api.registry.erasures.watch().unwrap();
    here.look().await.unwrap();

    for router in [&api.router, &other] {
        for path in READS {
            let answer = read(router, &api, path, &flow).await;
            assert!(
                answer.status.is_success() || path.contains("version=1") || path.contains("diff"),
                "{path}"
            );
            let body = String::from_utf8_lossy(&answer.body);
            assert!(!body.contains(NAME) && !body.contains("ana perez"), "{path}: {body}");
        }
    }
    let export = read(&other, &api, "audit/export?format=ndjson", &flow).await.expect(200);
    assert_eq!(lines_with(&String::from_utf8_lossy(&export.body), NAME), 0);
    let head = api.events().await;
    let report = assert_intact(&export.body, head);
    assert!(report.counts.erased > 0);
    let dumped = dump(&api.database.url());
    assert_eq!((lines_with(&dumped, NAME), lines_with(&dumped, "ana-perez-1")), (0, 0));

    // Changes of the flow go on, and answer without the name.
    let edit = api.ask("PATCH", api.flow(&flow, "")).json(&json!({"name": "Baja"})).send().await.expect(200);
    assert!(!String::from_utf8_lossy(&edit.body).contains(NAME));
    assert_eq!(lines_with(&dump(&api.database.url()), NAME), 0);
}
