//! The service knows one address, of an HAProxy that leads to the primary. The primary is killed while clients write and its
//! standby promoted: nothing acknowledged is lost, nothing doubled, and the same process goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{CLIENTS, ORGANIZATION, OUTAGE_MAX, database, eventually, key, pair, refusal};
use crate::support::balancer::Balancer;
use crate::support::ledger::{Access, Ledger, agent, start_writers, wait_for};
use crate::support::pair::{Node, USER};
use crate::support::{Scratch, Service, run};

/// The account by which HAProxy asks a server whether it takes writes.
const ASKER: &str = "haproxy";

/// The timeline that the service says its database is on.
fn timeline(service: &Service) -> Option<u64> {
    database(service)?["timeline"].as_u64()
}

/// How many connections of the service a server has.
fn connections(node: &Node) -> Option<String> {
    node.asks("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'flow-registry'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_one_address_the_same_process_goes_on_and_a_stale_primary_is_not_used() {
    let scratch = Scratch::new();
    let (mut old, mut new) = pair(&scratch, &[USER, ASKER]).await;
    old.asks(&format!("CREATE ROLE {ASKER} LOGIN CONNECTION LIMIT 10")).unwrap();
    let balancer = Balancer::of_databases(&[old.address(), new.address()]);
    balancer.wait_until(0, "UP");
    balancer.wait_until(1, "DOWN");
    let url = format!("postgres://{USER}@{}/{USER}?sslmode=disable", balancer.address);
    let key_file = scratch.path().join("signing-key");
    let key_file = key_file.to_str().unwrap();
    assert!(run(&["signing-key", "create", key_file, "--name", "haproxy.test"]).status.success());
    let arguments = ["--database-url", &url, "--signing-key-file", key_file];
    let service = Service::start(&arguments);
    let access = Arc::new(Access::new(service.address, ORGANIZATION, key(&url)));
    assert_eq!(timeline(&service), Some(1));
    let (clients, acknowledged) = start_writers(&access, CLIENTS);
    wait_for(&acknowledged, 200);

    old.kill();
    new.promote();
    let told = wait_for(&acknowledged, 400);
    let gap = told.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap();
    assert!(gap < OUTAGE_MAX, "{gap:?}");
    assert_eq!(timeline(&service), Some(2));

    // Nobody has fenced it: it takes writes again, on its old timeline, and HAProxy finds it well.
    old.start(&["synchronous_standby_names="]);
    balancer.wait_until(0, "UP");
    let led_there = balancer.sessions(0);
    wait_for(&acknowledged, 200);
    let restarted = Service::start(&arguments);
    *access.address.write().unwrap() = restarted.address.to_string();
    drop(service);
    let began = Instant::now();
    wait_for(&acknowledged, 200);
    println!("after a restart 200 changes took {:?}", began.elapsed());
    assert_eq!(timeline(&restarted), Some(2));
    assert_eq!(connections(&old).as_deref(), Some("0"), "nothing was asked of the stale primary");
    assert_eq!(balancer.sessions(0), led_there, "nobody was led to the stale primary");

    access.stop.store(true, Ordering::Relaxed);
    let ledgers: Vec<Ledger> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let agent = agent();
    access.hold_against(&agent, &ledgers);
    assert_eq!(access.read(&agent, "").as_array().unwrap().len(), CLIENTS, "no flow was created twice");
    println!(
        "writes stood still for {gap:?}; {} acknowledged, 0 of them lost, 0 doubled; {} refused, {} in doubt, all settled",
        ledgers.iter().map(|ledger| ledger.digests.len()).sum::<usize>(),
        access.tally.refused.load(Ordering::Relaxed),
        access.tally.in_doubt.load(Ordering::Relaxed),
    );

    // Where HAProxy has nothing else to lead to, the service refuses what it leads to.
    new.kill();
    balancer.wait_until(1, "DOWN");
    eventually("it is not ready", &restarted, || restarted.status("/health/ready") == 503);
    drop(restarted);
    refusal(&url, &["--signing-key-file", key_file], "timeline 1, and timeline 2 is known of");
}
