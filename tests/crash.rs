//! Kill -9, of the service and of its Postgres, while clients write and one reads along. Each writer keeps a ledger of
//! what was acknowledged and repeats what was not, under the same idempotency key; the reader goes on behind the last
//! event it has seen. Nothing may be lost, nothing doubled.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use ureq::Agent;

use crate::support::ledger::{Access, Ledger, agent, start_writers, wait_for};
use crate::support::{Scratch, Service};

const CLIENTS: usize = 8;
const ACKNOWLEDGED_BETWEEN_KILLS: usize = 120;
/// How often the server of Postgres is killed; `CRASH_ROUNDS=200` for a long run by hand.
const ROUNDS: usize = 3;
/// How often the service is killed before each of these; `CRASH_SERVICE_KILLS=5` for a long run by hand.
const SERVICE_KILLS: usize = 1;

/// Reads the feed of the organization beyond a position that is enough, and returns the ids as they came.
fn follow(access: &Access, enough: &AtomicI64) -> Vec<i64> {
    // It may be read for longer than any request takes.
    let agent = Agent::config_builder().timeout_recv_response(Some(Duration::from_secs(20)));
    let agent: Agent = agent.http_status_as_error(false).build().into();
    let mut ids = Vec::new();
    loop {
        let url = format!(
            "http://{}/organizations/{}/audit/stream",
            access.address.read().unwrap(),
            access.organization
        );
        let last = ids.last().copied().unwrap_or(0).to_string();
        let request = agent.get(url).header("X-Api-Key", &access.key).header("Last-Event-ID", last);
        if let Ok(answer) = request.call() {
            let status = answer.status().as_u16();
            assert!(status == 200 || status >= 500, "{status}");
            let lines = BufReader::new(answer.into_body().into_reader()).lines();
            for line in lines.map_while(Result::ok) {
                ids.extend(line.strip_prefix("id: ").map(|id| id.parse::<i64>().unwrap()));
                if ids.last() > Some(&enough.load(Ordering::Relaxed)) {
                    return ids;
                }
            }
        }
        thread::park_timeout(Duration::from_millis(20));
    }
}

fn start(data: &Path) -> Service {
    Service::start(&["--data-dir", data.to_str().unwrap()])
}

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |number| number.parse().expect("a number"))
}

fn kill_postgres(data: &Path) {
    let file = fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let pid = file.lines().next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn what_was_acknowledged_survives_kill_9_and_nothing_is_doubled() {
    let data = Scratch::new();
    let mut service = start(data.path());
    let access = Arc::new(Access::new(
        service.address,
        service.printed_value("organization"),
        service.printed_value("key"),
    ));
    let enough = Arc::new(AtomicI64::new(i64::MAX));
    let reader = thread::spawn({
        let (access, enough) = (Arc::clone(&access), Arc::clone(&enough));
        move || follow(&access, &enough)
    });
    let (clients, acknowledged) = start_writers(&access, CLIENTS);
    let (rounds, service_kills) =
        (number("CRASH_ROUNDS", ROUNDS), number("CRASH_SERVICE_KILLS", SERVICE_KILLS));
    for round in 1..=rounds {
        for _ in 0..service_kills {
            wait_for(&acknowledged, ACKNOWLEDGED_BETWEEN_KILLS);
            service.signal(Signal::KILL);
            service.ended();
            service = start(data.path());
            *access.address.write().unwrap() = service.address.to_string();
        }
        wait_for(&acknowledged, ACKNOWLEDGED_BETWEEN_KILLS);
        kill_postgres(data.path());
        println!("killed {} times the service, {round} times Postgres", round * service_kills);
    }
    wait_for(&acknowledged, ACKNOWLEDGED_BETWEEN_KILLS);
    access.stop.store(true, Ordering::Relaxed);
    let ledgers: Vec<Ledger> = clients.into_iter().map(|client| client.join().unwrap()).collect();

    let agent = agent();
    let log = format!("http://{}/organizations/{}/audit?limit=1", service.address, access.organization);
    let mut newest = agent.get(log).header("X-Api-Key", &access.key).call().unwrap();
    let newest: Value = serde_json::from_str(&newest.body_mut().read_to_string().unwrap()).unwrap();
    let position = newest["data"]["data"][0]["metadata"]["position"].as_i64().unwrap();
    enough.store(position, Ordering::Relaxed);
    let farewell = json!({"name": "the last event", "steps": []});
    access.insist(&agent, "POST", "", "farewell", &farewell).expect("the service is there");
    let seen = reader.join().unwrap();
    assert_eq!(seen, (1..=*seen.last().unwrap()).collect::<Vec<_>>(), "no gap, no repetition");

    access.hold_against(&agent, &ledgers);
    let changes: usize = ledgers.iter().map(|ledger| ledger.digests.len()).sum();
    println!("{changes} acknowledged changes, {} events in the feed: 0 lost, 0 doubled", seen.len());
    assert_eq!(access.read(&agent, "").as_array().unwrap().len(), CLIENTS + 1, "no flow was created twice");
}
