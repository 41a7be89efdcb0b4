//! Reads that a standby answers: as far as a client asks, or not at all. A standby that lags, stops or is none costs a
//! moment, and no error.

mod desk;

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::pair::Node;
use crate::support::{Scratch, Service, program};
use desk::{Desk, eventually};

/// How many changes are read elsewhere. 10,000 were, by hand.
const CHANGES: &str = "STANDBY_CHANGES";
/// For how many seconds a standby stands still beyond those after which it is known to. 60 were, by hand.
const LAG: &str = "STANDBY_LAG";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_seen_elsewhere_by_whoever_says_its_position() {
    let desk = Desk::open().await;
    let elsewhere = Service::start(&desk.arguments());
    eventually("both read from the standby", || {
        desk.reads_from_standby(&desk.service) && desk.reads_from_standby(&elsewhere)
    });
    let flow = desk.create("0");
    let changes = std::env::var(CHANGES).map_or(300, |count| count.parse().unwrap());
    let mut stale = 0;
    for change in 1..=changes {
        let name = change.to_string();
        let changed = desk.send(&desk.service, "PATCH", &flow, None, Some(json!({"name": name})));
        let read = desk.send(&elsewhere, "GET", &flow, changed.position, None);
        stale += usize::from(read.data["name"] != name.as_str());
    }
    let by_standby = desk.answered(&elsewhere, "standby");
    println!("{changes} changes, each read elsewhere: {stale} stale, {by_standby} answered by the standby");
    assert_eq!(stale, 0);
    assert!(by_standby > changes / 2, "{by_standby}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_lags_is_waited_for_and_then_left() {
    let desk = Desk::open().await;
    let service = &desk.service;
    eventually("it reads from the standby", || desk.reads_from_standby(service));
    let flow = desk.create("before");
    let before = desk.position();
    desk.standby.eventually("has it", || {
        desk.standby.asks("SELECT max(position) FROM log_head") == Some(before.to_string())
    });
    desk.standby.asks("SELECT pg_wal_replay_pause()").unwrap();
    let changed = desk.send(service, "PATCH", &flow, None, Some(json!({"name": "after"})));
    let new = desk.create("new");

    // What is old enough comes from the standby, of everything that can be read there.
    let old = |path: &str| desk.send(service, "GET", path, Some(before), None);
    assert_eq!(old(&flow).data["name"], "before");
    assert_eq!(old("?limit=10").data.as_array().unwrap().len(), 1);
    assert_eq!(old(&format!("{flow}/events")).data["data"].as_array().unwrap().len(), 1);
    assert_eq!(old(&format!("{flow}/blame")).data["version"], 1);
    assert_eq!(desk.audit(Some(before)).len(), before as usize);
    let by_standby = desk.answered(service, "standby");
    assert_eq!(by_standby, 5);
    // What is not there the primary knows, and so it is with a state that is named.
    assert_eq!(old(&new).data["name"], "new");
    assert_eq!(old(&format!("{flow}/versions/2")).data["name"], "after");
    assert_eq!(old(&format!("{flow}/diff?from=1&to=2")).data["to"]["version"], 2);
    let as_of = format!("{flow}?asOf=position:{}", changed.position.unwrap());
    assert_eq!(old(&as_of).data["name"], "after");
    assert_eq!(desk.answered(service, "standby"), by_standby);

    let began = Instant::now();
    assert_eq!(desk.send(service, "GET", &flow, changed.position, None).data["name"], "after");
    let waited = began.elapsed();
    println!("the primary answered after {waited:?}");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert_eq!(desk.send(service, "GET", &flow, None, None).data["name"], "after", "of now");

    eventually("it is known to be behind", || desk.lag(service) > 2.0);
    std::thread::sleep(Duration::from_secs(std::env::var(LAG).map_or(0, |lag| lag.parse().unwrap())));
    let began = Instant::now();
    for _ in 0..10 {
        assert_eq!(desk.send(service, "GET", &flow, changed.position, None).data["name"], "after");
        assert_eq!(old(&flow).data["name"], "after", "what lies so far back is shown to nobody");
    }
    assert_eq!(desk.answered(service, "standby"), by_standby);
    assert!(began.elapsed() < Duration::from_millis(1800), "nobody waits: {:?}", began.elapsed());
    desk.standby.asks("SELECT pg_wal_replay_resume()").unwrap();
    eventually("it has come", || {
        desk.send(service, "GET", &flow, changed.position, None);
        desk.answered(service, "standby") > by_standby
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_seen_more_than_a_standby_is_not_led_back() {
    let desk = Desk::open().await;
    eventually("it reads from the standby", || desk.reads_from_standby(&desk.service));
    let flow = desk.create("before");
    let before = desk.position();
    desk.standby.eventually("has it", || {
        desk.standby.asks("SELECT max(position) FROM log_head") == Some(before.to_string())
    });
    desk.standby.asks("SELECT pg_wal_replay_pause()").unwrap();
    let changed = desk.send(&desk.service, "PATCH", &flow, None, Some(json!({"name": "after"})));
    let changes = format!("?updatedAfter=position:{}", before - 1);
    let page = desk.ask(&desk.service, "GET", &changes, &desk.key, None).1.page;
    let (_, list) = desk.read_again("?limit=5", None, "\"none\"");
    assert!(list.starts_with(&format!("W/\"{}.", changed.position.unwrap())), "{list}");

    let old = Some(before);
    assert_eq!(desk.read_again(&flow, old, "\"1\"").0, 304, "what the standby has it may answer");
    let by_standby = desk.answered(&desk.service, "standby");
    assert_eq!(by_standby, 1);
    assert_eq!(desk.read_again(&flow, old, "\"2\"").0, 304);
    assert_eq!(desk.read_again("?limit=5", old, &list), (304, list.clone()));
    let cursor = page["endCursor"].as_str().unwrap();
    let (status, next) =
        desk.ask(&desk.service, "GET", &format!("{changes}&cursor={cursor}"), &desk.key, old);
    assert_eq!((status, &next.page["endCursor"]), (200, &page["endCursor"]));
    assert_eq!(desk.answered(&desk.service, "standby"), by_standby, "the primary answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_all_taken_do_not_take_a_standby_away() {
    let desk = Desk::open().await;
    let is_used = || desk.reads_from_standby(&desk.service);
    eventually("it reads from the standby", is_used);
    let flow = desk.create("kept");
    desk.send(&desk.service, "GET", &flow, Some(1), None);
    // All but the connection over which the standby is looked at.
    let stopped = desk.standby.stop(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'flow-registry' \
         AND query NOT LIKE 'SELECT pg_is_in_recovery%'",
    );
    let by_primary = desk.answered(&desk.service, "primary");
    let began = Instant::now();
    desk.send(&desk.service, "GET", &flow, Some(1), None);
    assert!(is_used());
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(desk.answered(&desk.service, "primary"), by_primary + 1);
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_killed_costs_nobody_an_answer() {
    let mut desk = Desk::open().await;
    eventually("it reads from the standby", || desk.reads_from_standby(&desk.service));
    let flow = desk.create("kept");
    desk.standby.kill();
    for _ in 0..50 {
        assert_eq!(desk.send(&desk.service, "GET", &flow, Some(1), None).data["name"], "kept");
    }
    eventually("it is said", || desk.service.log().contains("a standby cannot be used for reads"));
    desk.standby.start(&[]);
    eventually("it is used again", || desk.reads_from_standby(&desk.service));
    let by_standby = desk.answered(&desk.service, "standby");
    desk.send(&desk.service, "GET", &flow, Some(1), None);
    assert_eq!(desk.answered(&desk.service, "standby"), by_standby + 1);

    // Another organization's position opens nothing.
    let other = desk.other_organization();
    let (status, _) = desk.ask(&desk.service, "GET", &flow, &other, Some(1));
    assert_eq!(status, 403);
    assert_eq!(
        desk.ask(&desk.service, "GET", "/00000000-0000-0000-0000-000000000000", &desk.key, Some(1)).0,
        404
    );
}

/// It is named for reads and as a server that may take writes. Reads are right before, after, and as soon as there are any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_promoted_takes_writes_and_is_read_no_longer_as_one() {
    let mut desk = Desk::open().await;
    let (urls, standby) = (format!("{},{}", desk.primary.url(), desk.standby.url()), desk.standby.url());
    let service = Service::start(&["--database-url", &urls, "--read-database-urls", &standby]);
    eventually("it reads from the standby", || desk.reads_from_standby(&service));
    let flow = desk.create("before");
    let before = desk.position();
    desk.standby.eventually("has it", || {
        desk.standby.asks("SELECT max(position) FROM log_head") == Some(before.to_string())
    });
    let read = |least| desk.ask(&service, "GET", &flow, &desk.key, Some(least));
    assert_eq!(read(before).1.data["name"], "before");
    assert_eq!(desk.answered(&service, "standby"), 1);

    desk.primary.kill();
    desk.standby.promote();
    let read = |least| desk.ask(&service, "GET", &flow, &desk.key, Some(least));
    eventually("it is read again", || {
        let (status, answered) = read(before);
        assert!(status == 503 || answered.data["name"] == "before", "{status}");
        status == 200 && desk.ask(&service, "GET", &flow, &desk.key, None).0 == 200
    });
    for name in 0..50 {
        let name = name.to_string();
        let changed = desk.send(&service, "PATCH", &flow, None, Some(json!({"name": name})));
        let (status, answered) = read(changed.position.unwrap());
        assert_eq!((status, &answered.data["name"]), (200, &json!(name)));
    }
    eventually("it is no standby any more", || service.metrics().contains("database_standbys_near 0"));
    // A promotion ends connections: what is said first may be that.
    eventually("it is said", || service.log().contains("it is no standby: it takes writes"));
    assert_eq!(read(before).1.data["name"], "49");
    assert_eq!(service.status("/health/ready"), 200);
}

/// An export reads the standby, and goes on where it is killed or does not have what it needs; a verification reads the
/// primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_reads_come_from_the_standby_and_end_without_it() {
    let mut desk = Desk::open().await;
    eventually("it reads from the standby", || desk.reads_from_standby(&desk.service));
    for name in 0..20 {
        desk.create(&name.to_string());
    }
    let statements = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE relname = 'event'";
    let read_there = || desk.standby.asks(statements).unwrap().parse::<i64>().unwrap();
    let before = read_there();
    assert_eq!(desk.export("csv").lines().count(), 1 + 22, "a header, and every event up to its own");
    // A connection that is idle counts what it read within ten seconds or so.
    eventually("the export read the standby", || read_there() >= before + 22);
    assert_eq!(desk.verify(), Some(3), "the end is not proven, as nothing was signed");

    // While it stands still, an export goes up to its own event all the same.
    desk.standby.asks("SELECT pg_wal_replay_pause()").unwrap();
    assert_eq!(desk.export("csv").lines().count(), 1 + 23);
    let bundle = desk.export("ndjson");
    assert_eq!(bundle.lines().filter(|line| line.contains("\"flow.created\"")).count(), 20, "{bundle}");
    assert_eq!(desk.verify(), Some(3));
    desk.standby.kill();
    assert_eq!(desk.export("csv").lines().count(), 1 + 25);
    assert_eq!(desk.verify(), Some(3));
}

/// What a service that does not come up with these arguments says.
fn refusal(arguments: &[&str]) -> String {
    let mut serve = program(&["serve", "--listen", "127.0.0.1:0"]);
    let ended = serve.args(arguments).stderr(Stdio::piped()).output().unwrap();
    assert!(!ended.status.success());
    String::from_utf8(ended.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_standby_of_the_primary_is_refused_or_left_alone() {
    let scratch = Scratch::new();
    let (mut primary, mut other) =
        (Node::new(&scratch.path().join("a")).await, Node::new(&scratch.path().join("b")).await);
    primary.start(&[]);
    other.start(&[]);
    let (url, other_url) = (primary.url(), other.url());
    let said = refusal(&["--database-url", &url, "--read-database-urls", &other_url]);
    let (standby, name) = (other.name(), primary.name());
    assert!(said.contains(&format!("{standby} is no copy of {name}")), "{said}");
    let said = refusal(&["--read-database-urls", &url]);
    assert!(said.contains("READ_DATABASE_URLS: there are standbys only with DATABASE_URL"), "{said}");
    let said = refusal(&["--database-url", &url, "--read-database-urls", "mysql://db/a"]);
    assert!(said.contains("READ_DATABASE_URLS: every URL must begin with postgres://"), "{said}");

    // The primary itself, and nobody at all: told, and passed over.
    let nobody = "postgres://nobody@127.0.0.1:1/nothing";
    let service =
        Service::start(&["--database-url", &url, "--read-database-urls", &format!("{url},{nobody}")]);
    let log = service.log();
    assert!(log.contains("it is no standby: it takes writes") && log.contains("it does not answer"), "{log}");
    assert_eq!(service.status("/health/ready"), 200);
    assert!(service.metrics().contains("database_standbys_near 0"));
}
