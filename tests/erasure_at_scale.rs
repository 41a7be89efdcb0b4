//! A person for whom thousands of changes were made is erased by the command while others write. No write fails, nothing
//! of the person is left in what the service answers, and the log verifies.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::support::ledger::{Access, agent};
use crate::support::{Scratch, Service, run};

const PERSON: &str = "user-4711";
/// Changes made for the person; `ERASURE_EVENTS=100000` by hand, with a release build that `SERVICE` names.
const EVENTS: usize = 400;
const SEEDERS: usize = 16;
const WRITERS: usize = 4;
const BETWEEN_WRITES: Duration = Duration::from_millis(20);

/// Carries out one change for somebody, and returns the flow.
fn change(access: &Access, agent: &Agent, method: &str, path: &str, whom: &str, body: &Value) -> Value {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(access.url(path))
        .header("X-Api-Key", &access.key)
        .header("X-On-Behalf-Of", whom)
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .unwrap();
    let mut answer = agent.run(request).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {} {text}", answer.status());
    serde_json::from_str::<Value>(&text).unwrap()["data"].take()
}

/// A flow of two kilobytes, and its path.
fn create(access: &Access, agent: &Agent) -> String {
    let body = serde_json::from_str(include_str!("../benches/registry/order_status.json")).unwrap();
    let created = change(access, agent, "POST", "", "somebody", &body);
    format!("/{}", created["id"].as_str().unwrap())
}

/// Makes changes for the person, each of which also names them in a document of its own.
fn seed(access: &Access, count: usize) {
    let agent = agent();
    let path = create(access, &agent);
    for number in 0..count {
        let body = json!({"description": format!("Asked for by {PERSON}, {path} {number}")});
        change(access, &agent, "PATCH", &path, PERSON, &body);
    }
    change(access, &agent, "PATCH", &path, "somebody", &json!({"description": "nobody's"}));
}

/// Writes until told to stop, and returns how long each write took.
fn write(access: &Access) -> Vec<Duration> {
    let (agent, mut took) = (agent(), Vec::new());
    let path = create(access, &agent);
    while !access.stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let body = json!({"description": format!("write {}", took.len())});
        change(access, &agent, "PATCH", &path, "somebody", &body);
        took.push(began.elapsed());
        thread::park_timeout(BETWEEN_WRITES);
    }
    took
}

fn export(access: &Access) -> String {
    let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(600)));
    let url = access.url("").replace("/bot/flows", "/audit/export?format=ndjson");
    let request = Agent::from(config.build()).get(url).header("X-Api-Key", &access.key);
    request.call().unwrap().into_body().into_with_config().limit(u64::MAX).read_to_string().unwrap()
}

#[test]
fn a_person_of_many_events_is_erased_while_others_write() {
    let events: usize =
        std::env::var("ERASURE_EVENTS").map_or(EVENTS, |count| count.parse().expect("a number"));
    let data = Scratch::new();
    let directory = data.path().to_str().unwrap();
    let service = Service::start(&["--data-dir", directory]);
    let access = Arc::new(Access::new(
        service.address,
        service.printed_value("organization"),
        service.printed_value("key"),
    ));
    let threads = |count: usize, work: fn(&Access, usize) -> Vec<Duration>, each: usize| -> Vec<_> {
        let start = |access: Arc<Access>| thread::spawn(move || work(&access, each));
        (0..count).map(|_| start(Arc::clone(&access))).collect()
    };
    let seeded = |access: &Access, count: usize| {
        seed(access, count);
        Vec::new()
    };
    let began = Instant::now();
    for seeder in threads(SEEDERS, seeded, events / SEEDERS) {
        seeder.join().unwrap();
    }
    println!("{events} changes for the person within {:?}", began.elapsed());
    assert!(export(&access).matches(PERSON).count() >= events);

    let writers = threads(WRITERS, |access, _| write(access), 0);
    let order = ["erase", "--org", &access.organization, "--person", PERSON, "--reason", "asked for in May"];
    let began = Instant::now();
    let erased = run(&[&order[..], &["--data-dir", directory]].concat());
    let took = began.elapsed();
    access.stop.store(true, Ordering::Relaxed);
    let (said, told) =
        (String::from_utf8(erased.stdout).unwrap(), String::from_utf8_lossy(&erased.stderr).into_owned());
    assert!(erased.status.success(), "{said}{told}");
    let mut writes: Vec<Duration> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    writes.sort();
    println!(
        "erased within {took:?}, {:.0} events a second; meanwhile 0 of {} writes failed, median {:?}, 99th percentile {:?}",
        events as f64 / took.as_secs_f64(),
        writes.len(),
        writes[writes.len() / 2],
        writes[writes.len() * 99 / 100],
    );
    assert!(said.starts_with(&format!("events: {}, ", events / SEEDERS * SEEDERS)), "{said}");
    assert_eq!(export(&access).matches(PERSON).count(), 0);
    let verified = run(&["audit", "verify", "--data-dir", directory]);
    let verdict = String::from_utf8(verified.stdout).unwrap();
    println!("{verdict}");
    // What was written last may not be signed yet.
    assert!(matches!(verified.status.code(), Some(0 | 3)), "{verdict}");
}
