//! The private Postgres: first start, reuse, and everything that crashes and leftovers can do to it.

mod first_start;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flow_registry::postgres::{Cluster, ClusterError, Connection, Durability, Options};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection as _, Executor};

use crate::support::Scratch;

const PATIENCE: Duration = Duration::from_secs(20);

fn options(data_dir: &Path) -> Options {
    let data_dir = data_dir.to_owned();
    Options {
        data_dir,
        bin_dir: None,
        durability: Durability::Full,
        connections_max: 20,
        settings: Vec::new(),
    }
}

async fn start(data_dir: &Path) -> Cluster {
    Cluster::start(options(data_dir)).await.unwrap()
}

async fn refusal(data_dir: &Path) -> ClusterError {
    Cluster::start(options(data_dir)).await.map(|_| ()).unwrap_err()
}

async fn connect(Connection { socket_dir, port, user, database }: &Connection) -> PgConnection {
    let options = PgConnectOptions::new_without_pgpass();
    options.socket(socket_dir).port(*port).username(user).database(database).connect().await.unwrap()
}

async fn remember(cluster: &Cluster) {
    let mut connection = connect(cluster.connection()).await;
    connection.execute("CREATE TABLE kept AS SELECT 42 AS answer").await.unwrap();
}

async fn remembers(connection: &Connection) {
    let mut connection = connect(connection).await;
    let answer: i32 = sqlx::query_scalar("SELECT answer FROM kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(answer, 42);
    connection.close().await.unwrap();
}

fn pgdata(data_dir: &Path) -> PathBuf {
    data_dir.canonicalize().unwrap().join("postgres")
}

fn pid_file(data_dir: &Path) -> PathBuf {
    pgdata(data_dir).join("postmaster.pid")
}

fn postmaster(data_dir: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pid_file(data_dir)).ok()?;
    Pid::from_raw(text.lines().next()?.parse().ok()?)
}

/// A program as whoever owns the cluster, without any supervision.
fn as_owner(data_dir: &Path, program: &str) -> Command {
    let owner = pgdata(data_dir).metadata().unwrap();
    let mut command = Command::new(program);
    command.current_dir(pgdata(data_dir)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command
}

/// The server as the last start called it, by hand.
fn start_by_hand(data_dir: &Path) -> Child {
    let called = fs::read_to_string(pgdata(data_dir).join("postmaster.opts")).unwrap();
    let program = called.split_whitespace().next().unwrap();
    let mut command = as_owner(data_dir, program);
    command.arg("-D").arg(pgdata(data_dir)).arg("-k").arg(pgdata(data_dir)).args(["-c", "listen_addresses="]);
    let child = command.spawn().unwrap();
    eventually("ready by hand", || {
        fs::read_to_string(pid_file(data_dir)).is_ok_and(|text| text.contains("ready"))
    });
    child
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_kept() {
    let scratch = Scratch::new();
    // The directory and its parent are made.
    let data_dir = scratch.path().join("not/there");
    let cluster = start(&data_dir).await;
    remember(&cluster).await;
    let server = postmaster(&data_dir).unwrap();
    cluster.stop().await;
    assert!(test_kill_process(server).is_err(), "the server ended with the cluster");
    assert!(!pid_file(&data_dir).exists(), "the server ended cleanly");

    let cluster = start(&data_dir).await;
    remembers(cluster.connection()).await;
    for closed in ["postgres", "socket"] {
        let mode = data_dir.join(closed).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{closed}");
    }
}

#[tokio::test]
async fn settings_are_durable_and_local() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    let mut connection = connect(cluster.connection()).await;
    for (name, expected) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
    ] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(value, expected, "{name}");
    }
}

#[tokio::test]
async fn a_killed_server_is_started_again() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    for _ in 0..2 {
        let killed = postmaster(scratch.path()).unwrap();
        kill_process(killed, Signal::KILL).unwrap();
        eventually("the death is noticed", || postmaster(scratch.path()) != Some(killed));
        // A guest is let in when there is a living server that takes connections.
        let guest = Cluster::attach(&options(scratch.path())).await.unwrap();
        assert_eq!(guest.connection(), cluster.connection());
        remembers(cluster.connection()).await;
    }
}

/// However often it is killed, it does not take longer to come back. Doubled waits would alone come to 20 s.
#[tokio::test]
async fn a_server_that_is_killed_again_and_again_comes_back_as_soon() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    let begun = Instant::now();
    for _ in 0..8 {
        let killed = postmaster(scratch.path()).unwrap();
        kill_process(killed, Signal::KILL).unwrap();
        eventually("the death is noticed", || postmaster(scratch.path()) != Some(killed));
        Cluster::attach(&options(scratch.path())).await.unwrap();
        remembers(cluster.connection()).await;
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn one_directory_serves_one_service_and_its_guests() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    let refused = refusal(scratch.path()).await;
    assert!(
        matches!(refused, ClusterError::InUse { pid: Some(pid), .. } if pid == std::process::id()),
        "{refused}"
    );

    let guest = Cluster::attach_or_start(options(scratch.path())).await.unwrap();
    remembers(guest.connection()).await;
    guest.stop().await;
    remembers(cluster.connection()).await;
    cluster.stop().await;

    let alone = Cluster::attach_or_start(options(scratch.path())).await.unwrap();
    remembers(alone.connection()).await;
    alone.stop().await;
    assert!(postmaster(scratch.path()).is_none());
}

#[tokio::test]
async fn an_orphaned_server_is_replaced() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    cluster.stop().await;

    let mut orphan = start_by_hand(scratch.path());
    let cluster = start(scratch.path()).await;
    assert_ne!(postmaster(scratch.path()), Some(Pid::from_child(&orphan)));
    assert!(orphan.wait().unwrap().success(), "it was stopped, not killed");
    remembers(cluster.connection()).await;
}

#[tokio::test]
async fn a_zombie_is_not_taken_for_a_server() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    cluster.stop().await;

    let mut killed = start_by_hand(scratch.path());
    killed.kill().unwrap();
    // Until `wait` below it is a zombie that signals still reach.
    let cluster = start(scratch.path()).await;
    remembers(cluster.connection()).await;
    killed.wait().unwrap();
}

#[tokio::test]
async fn a_reused_process_number_stops_nobody() {
    let scratch = Scratch::new();
    let cluster = start(scratch.path()).await;
    remember(&cluster).await;
    let left = fs::read_to_string(pid_file(scratch.path())).unwrap();
    cluster.stop().await;

    let mut stranger = as_owner(scratch.path(), "sleep").arg("600").spawn().unwrap();
    let (_, rest) = left.split_once('\n').unwrap();
    fs::write(pid_file(scratch.path()), format!("{}\n{rest}", stranger.id())).unwrap();
    let owner = pgdata(scratch.path()).metadata().unwrap();
    chown(pid_file(scratch.path()), Some(owner.uid()), Some(owner.gid())).unwrap();

    let cluster = start(scratch.path()).await;
    remembers(cluster.connection()).await;
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was left alone");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_start_that_is_called_off_leaves_nothing_running() {
    let scratch = Scratch::new();
    for wait_ms in [0, 100, 300] {
        let starting = Cluster::start(options(scratch.path()));
        let _ = tokio::time::timeout(Duration::from_millis(wait_ms), starting).await;
        assert!(postmaster(scratch.path()).is_none());
    }
    start(scratch.path()).await.stop().await;
}

#[tokio::test]
async fn a_cluster_of_another_version_is_not_touched() {
    let scratch = Scratch::new();
    start(scratch.path()).await.stop().await;
    fs::write(scratch.path().join("postgres/PG_VERSION"), "9\n").unwrap();
    let refused = refusal(scratch.path()).await;
    assert!(matches!(refused, ClusterError::VersionMismatch { made_by: 9, .. }), "{refused}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let scratch = Scratch::new();
    start(scratch.path()).await.stop().await;
    fs::write(scratch.path().join("postgres/postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let refused = refusal(scratch.path()).await;
    assert!(
        matches!(&refused, ClusterError::StartFailed { tail, .. } if tail.contains("no_such_setting")),
        "{refused}"
    );
}

#[tokio::test]
async fn settings_reach_the_server_unless_they_are_the_services_own() {
    let scratch = Scratch::new();
    let settings = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let with = |name, value| Options { settings: settings(name, value), ..options(scratch.path()) };
    for name in ["fsync", "Listen_Addresses", "data_directory", "zero_damaged_pages"] {
        let refused = Cluster::start(with(name, "off")).await.map(|_| ()).unwrap_err();
        let says = refused.to_string();
        assert!(says.contains("take it out of --postgres-setting"), "{name}: {says}");
    }
    let cluster = Cluster::start(with("log_line_prefix", "'x y'=%m ")).await.unwrap();
    let mut connection = connect(cluster.connection()).await;
    let shown: String = sqlx::query_scalar("SHOW log_line_prefix").fetch_one(&mut connection).await.unwrap();
    assert_eq!(shown, "'x y'=%m ");
    cluster.stop().await;
}

#[tokio::test]
async fn a_deep_directory_gets_its_socket_elsewhere() {
    let scratch = Scratch::new();
    let data_dir = scratch.path().join("deep, \"deeper\" ".repeat(8).trim());
    let cluster = start(&data_dir).await;
    let socket_dir = cluster.connection().socket_dir.clone();
    assert!(!socket_dir.starts_with(scratch.path()), "{}", socket_dir.display());
    remember(&cluster).await;
    cluster.stop().await;
    assert!(!socket_dir.exists(), "nothing is left outside the directory");
}

#[tokio::test]
async fn a_way_closed_to_the_servers_account_is_named() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let scratch = Scratch::new();
    let closed = scratch.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = refusal(&closed.join("data")).await;
    assert!(
        matches!(&refused, ClusterError::ClosedParent { closed: named, .. } if *named == closed),
        "{refused}"
    );
    assert!(refused.to_string().contains("chmod o+x"), "{refused}");
}
