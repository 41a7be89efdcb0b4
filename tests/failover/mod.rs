//! A primary is killed while clients write, and its synchronous standby promoted. Nothing acknowledged may be lost,
//! nothing doubled, nobody has to restart the service, and the old primary is not used when it comes back.

mod behind_haproxy;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::ledger::{Access, Ledger, agent, start_writers, wait_for};
use crate::support::pair::Node;
use crate::support::{Scratch, Service, program, run};

const CLIENTS: usize = 8;
const ORGANIZATION: &str = "2adbb455-7ee0-4957-8002-0567bc42bad2";
/// How long writes may stand still, on a machine that does much else. What is measured is printed.
const OUTAGE_MAX: Duration = Duration::from_secs(8);
const PATIENCE: Duration = Duration::from_secs(20);

/// A primary and a standby that has everything before it is acknowledged. By TCP they let these accounts in.
async fn pair(scratch: &Scratch, accounts: &[&str]) -> (Node, Node) {
    let mut primary = Node::new(&scratch.path().join("a")).await;
    if !accounts.is_empty() {
        primary.open(accounts);
    }
    primary.start(&[]);
    let mut standby = primary.standby(&scratch.path().join("b"), "b");
    standby.start(&[]);
    primary.asks("ALTER SYSTEM SET synchronous_standby_names = 'b'").unwrap();
    primary.asks("SELECT pg_reload_conf()").unwrap();
    let states = "SELECT string_agg(sync_state, ',') FROM pg_stat_replication";
    primary.eventually("has a synchronous standby", || primary.asks(states).as_deref() == Some("sync"));
    (primary, standby)
}

/// Makes a key of the organization.
fn key(urls: &str) -> String {
    let order = ["keys", "create", "--new-organization", "--org", ORGANIZATION, "--name", "test"];
    let made = run(&[&order[..], &["--database-url", urls]].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn eventually(what: &str, service: &Service, is_so: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up, "not within {PATIENCE:?}: {what}\n{}", service.log());
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the service says of its database.
fn database(service: &Service) -> Option<serde_json::Value> {
    let answer = ureq::get(format!("http://{}/health/ready", service.metrics_address)).call().ok()?;
    let health: serde_json::Value = serde_json::from_str(&answer.into_body().read_to_string().ok()?).ok()?;
    Some(health["data"]["database"].clone())
}

/// The server that the service says it uses, by its readiness and by its metrics.
fn used(service: &Service) -> Option<String> {
    let server = database(service)?["server"].as_str()?.to_owned();
    let line = format!("database_primary{{server=\"{server}\"}} 1");
    service.metrics().lines().any(|counted| counted == line).then_some(server)
}

/// Starts a service that must not come up with these servers, and returns what it says of them.
fn refusal(urls: &str, arguments: &[&str], expected: &str) {
    let mut serve = program(&["serve", "--listen", "127.0.0.1:0", "--database-url", urls]);
    let mut child = serve.args(arguments).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let said = child.stderr.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(said)).map_while(Result::ok);
    let line = lines.find(|line| !line.contains("INFO")).unwrap_or_default();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains(expected), "{expected:?} is not in: {line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_is_followed_and_the_old_primary_is_not_used_again() {
    let scratch = Scratch::new();
    let (mut old, mut new) = pair(&scratch, &[]).await;
    let urls = format!("{},{}", old.url(), new.url());
    let key_file = scratch.path().join("signing-key");
    let key_file = key_file.to_str().unwrap();
    assert!(run(&["signing-key", "create", key_file, "--name", "failover.test"]).status.success());
    let arguments = ["--database-url", &urls, "--signing-key-file", key_file];
    let service = Service::start(&arguments);
    let access = Arc::new(Access::new(service.address, ORGANIZATION, key(&urls)));
    assert_eq!(used(&service), Some(old.name()));
    refusal(&new.url(), &[], "all are standbys");
    let (clients, acknowledged) = start_writers(&access, CLIENTS);
    wait_for(&acknowledged, 200);

    old.kill();
    let promoted = Instant::now();
    new.promote();
    let told = wait_for(&acknowledged, 400);
    let gap = told.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap();
    let after = told.iter().find(|at| **at > promoted).unwrap().duration_since(promoted);
    println!("writes stood still for {gap:?}, and went on {after:?} after the promotion began");
    assert!(gap < OUTAGE_MAX, "{gap:?}");
    assert_eq!(used(&service), Some(new.name()));

    // Nobody has fenced it: it takes writes again, on its old timeline.
    old.start(&["synchronous_standby_names="]);
    assert_eq!(old.asks("SELECT pg_is_in_recovery()").as_deref(), Some("f"));
    wait_for(&acknowledged, 200);
    assert_eq!(used(&service), Some(new.name()));
    let restarted = Service::start(&arguments);
    assert_eq!(used(&restarted), Some(new.name()));
    *access.address.write().unwrap() = restarted.address.to_string();
    drop(service);
    wait_for(&acknowledged, 200);
    access.stop.store(true, Ordering::Relaxed);
    let ledgers: Vec<Ledger> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let agent = agent();
    access.hold_against(&agent, &ledgers);
    assert_eq!(access.read(&agent, "").as_array().unwrap().len(), CLIENTS, "no flow was created twice");

    new.kill();
    eventually("it is not ready", &restarted, || restarted.status("/health/ready") == 503);
    eventually("it says why", &restarted, || restarted.log().contains("and timeline 2 is known of"));
    assert_eq!(restarted.status("/health/ready"), 503);
    drop(restarted);
    refusal(&urls, &["--signing-key-file", key_file], "timeline 1, and timeline 2 is known of");
    refusal(&new.url(), &[], "the database is not available");
}
