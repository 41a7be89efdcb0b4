//! Three services over one database, behind HAProxy as it is deployed, are restarted in turns while clients write, read
//! and follow feeds. No request may fail, and every event reaches every reader of a feed once, in order.

mod clients;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use rustix::process::Signal;

use crate::support::balancer::{Balancer, free_address};
use crate::support::ledger::{Access, agent};
use crate::support::{Scratch, Service, database, run};
use clients::Client;

const REPLICAS: usize = 3;
/// How often one of them is restarted; `ROLLING_RESTARTS=20` for a long run by hand.
const RESTARTS: usize = 4;
/// The balancer sends each organization to one replica.
const ORGANIZATIONS: usize = 4;
const WRITERS: usize = 8;
const READERS: usize = 4;
const FEEDS: usize = 6;

/// An organization with a key, behind an address.
fn client(address: &str, database: &str) -> Arc<Client> {
    let organization = uuid::Uuid::new_v4().to_string();
    let order = ["keys", "create", "--new-organization", "--org", &organization, "--name", "test"];
    let made = run(&[&order[..], &["--allow-unsafe-durability", "--database-url", database]].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let access =
        Access::new(address, organization, String::from_utf8(made.stdout).unwrap().trim().to_owned());
    let nothing = || AtomicUsize::new(0);
    Arc::new(Client { access, enough: AtomicI64::new(i64::MAX), requests: nothing(), shed: nothing() })
}

/// Somebody at work for an organization.
type Working<T> = (Arc<Client>, JoinHandle<Result<T, String>>);

/// A number of threads, over the organizations in turns.
fn threads<T: Send + 'static>(
    clients: &[Arc<Client>],
    count: usize,
    work: fn(&Client) -> Result<T, String>,
) -> Vec<Working<T>> {
    let client = |index: usize| Arc::clone(&clients[index % clients.len()]);
    let start = |client: Arc<Client>| (Arc::clone(&client), thread::spawn(move || work(&client)));
    (0..count).map(|index| start(client(index))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_restarted_in_turns_behind_a_balancer_fail_nobody() {
    let (database, scratch) = (database().await, Scratch::new());
    let url = database.url();
    let place = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let key_file = place("signing-key");
    assert!(run(&["signing-key", "create", &key_file, "--name", "replicas.test"]).status.success());
    std::fs::create_dir(place("checkpoints")).unwrap();
    let start = |listen: &str| {
        let durability = ["--allow-unsafe-durability", "--database-url", &url, "--migrate", "off"];
        let shared = ["--signing-key-file", &key_file, "--checkpoint-dir", &place("checkpoints")];
        let balanced = ["--trusted-proxies", "127.0.0.0/8", "--shutdown-delay", "1s"];
        Service::start_on(listen, &[&durability[..], &shared, &balanced].concat())
    };
    let addresses: Vec<_> = (0..REPLICAS).map(|_| free_address()).collect();
    let mut replicas: Vec<Service> = addresses.iter().map(|address| start(&address.to_string())).collect();
    let balancer = Balancer::of_services(&addresses);
    (0..REPLICAS).for_each(|replica| balancer.wait_for(replica));

    let address = balancer.address.to_string();
    let clients: Vec<_> = (0..ORGANIZATIONS).map(|_| client(&address, &url)).collect();
    let writers = threads(&clients, WRITERS, Client::write);
    let readers = threads(&clients, READERS, Client::read);
    let feeds = threads(&clients, FEEDS, Client::follow);
    let restarts =
        std::env::var("ROLLING_RESTARTS").map_or(RESTARTS, |count| count.parse().expect("a number"));
    for restart in 0..restarts {
        let replica = restart % REPLICAS;
        replicas[replica].signal(Signal::TERM);
        let ended = replicas[replica].ended();
        assert!(ended.success(), "{ended}\n{}", replicas[replica].log());
        replicas[replica] = start(&addresses[replica].to_string());
        balancer.wait_for(replica);
    }
    clients.iter().for_each(|client| client.access.stop.store(true, Ordering::Relaxed));
    for (client, writer) in writers {
        let ledger = writer.join().unwrap().unwrap();
        client.access.hold_against(&agent(), &[ledger]);
    }
    readers.into_iter().for_each(|(_, reader)| reader.join().unwrap().unwrap());
    clients.iter().for_each(|client| client.end_feeds());
    let mut events = 0;
    let mut begun_again = 0;
    for (_, feed) in feeds {
        let (ids, begun) = feed.join().unwrap().unwrap();
        assert_eq!(ids, (1..=*ids.last().unwrap()).collect::<Vec<_>>(), "no gap, no repetition");
        events += ids.len();
        begun_again += begun - 1;
    }
    let sum = |count: fn(&Client) -> &AtomicUsize| -> usize {
        clients.iter().map(|client| count(client).load(Ordering::Relaxed)).sum()
    };
    let (requests, shed) = (sum(|client| &client.requests), sum(|client| &client.shed));
    println!(
        "{restarts} restarts: 0 of {requests} requests failed, {shed} were shed, \
         {events} events whole over {FEEDS} feeds, which began {begun_again} times again"
    );
    assert!(begun_again > 0, "somebody's replica was restarted");
}
