//! The program from outside: what it refuses and how, how it ends, and what outlives it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::support::{Scratch, Service, database, program, run};

/// Status 2: the command line or a setting; 1: what the machine refuses.
pub fn check_refused(arguments: &[&str], variables: &[(&str, &str)], status: i32, expected: &[&str]) {
    let output = program(arguments).envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?} {variables:?}\n{said}");
    for text in expected {
        assert!(said.contains(text), "{arguments:?} {variables:?}: no {text:?} in\n{said}");
    }
    assert!(!said.contains("hunter2"), "a secret was printed:\n{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn what_cannot_work_is_refused_with_what_to_do() {
    let serve = &["serve"][..];
    check_refused(&["frobnicate"], &[], 2, &["unrecognized subcommand"]);
    check_refused(&["serve", "--listen", "8080"], &[], 2, &["--listen", "127.0.0.1:8080"]);
    check_refused(serve, &[("LISTEN", "nowhere:x")], 2, &["--listen"]);
    check_refused(serve, &[("DATABASE_POOL_SIZE", "0")], 2, &["--database-pool-size", "2..=1000"]);
    check_refused(serve, &[("HEADER_TIMEOUT_MS", "10s")], 2, &["milliseconds"]);
    check_refused(serve, &[("PUBLIC_URL", "api.example.com")], 2, &["https://"]);
    check_refused(serve, &[("CORS_ORIGINS", "https://a.example/x")], 2, &["no path"]);
    check_refused(serve, &[("LOG_FORMAT", "xml")], 2, &["text, json"]);
    check_refused(serve, &[("LOG_LEVEL", "a=b=c")], 2, &["--log-level"]);
    let url = "mysql://u:hunter2@h/d";
    check_refused(serve, &[("DATABASE_URL", url)], 2, &["DATABASE_URL", "postgres://"]);
    let url = "postgres://u:hunter2@h/d";
    check_refused(
        &["migrate", "--data-dir", "/d"],
        &[("DATABASE_URL", url)],
        2,
        &["--data-dir", "--database-url"],
    );
    check_refused(serve, &[("JWT_KEY", "hunter2")], 2, &["JWT_KEY", "ALG"]);
    let key = "HS256=hunter2hunter2hunter2hunter2hunter2";
    check_refused(serve, &[("JWT_KEY", key)], 2, &["JWT_AUDIENCE", "JWT_ISSUER"]);
    let of_others = [("JWT_AUDIENCE", "a"), ("JWT_ISSUER", "i")];
    check_refused(serve, &of_others, 2, &["JWT_KEY_FILES"]);
    check_refused(&["serve", "--jwt-key-file", "RS256=/no/such/key"], &of_others, 2, &["/no/such/key"]);
    check_refused(serve, &[("SIGNING_KEY_FILE", "/no/such/key")], 2, &["--signing-key-file", "/no/such/key"]);
    check_refused(serve, &[("CHECKPOINT_DIR", "/proc/none")], 2, &["--checkpoint-dir", "/proc/none"]);
    check_refused(
        &["migrate", "--postgres-bin-dir", "/no/such"],
        &[],
        1,
        &["/no/such", "--postgres-bin-dir"],
    );
}

#[test]
fn an_empty_variable_is_an_absent_one() {
    let output =
        program(&["migrate", "--help"]).env("DATABASE_URL", "").env("DATABASE_POOL_SIZE", "").output();
    assert!(output.unwrap().status.success());
    let scratch = Scratch::new();
    let data_dir = scratch.path().join("data");
    let mut migrate = program(&["migrate", "--data-dir", data_dir.to_str().unwrap()]);
    let output = migrate.env("DATABASE_URL", "").env("DATABASE_POOL_SIZE", "").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Its tables are others than those that the migrations of today would make.
#[tokio::test]
async fn a_database_of_an_unreleased_build_is_refused() {
    let database = database().await;
    let url = database.url();
    sqlx::query("UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1")
        .execute(&database.pool)
        .await
        .unwrap();
    check_refused(
        &["migrate", "--database-url", &url, "--allow-unsafe-durability"],
        &[],
        1,
        &["made by a build before the first release", "audit export", "empty database or data directory"],
    );
}

/// The cluster of the tests is such a database.
#[tokio::test]
async fn a_database_that_may_lose_changes_needs_a_flag() {
    let database = database().await;
    let url = database.url();
    check_refused(
        &["migrate", "--database-url", &url],
        &[],
        1,
        &["fsync, full_page_writes, synchronous_commit", "--allow-unsafe-durability"],
    );
    let output = run(&["migrate", "--database-url", &url, "--allow-unsafe-durability"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scratch = Scratch::new();
    let data_dir = scratch.path().to_str().unwrap();
    check_refused(&["serve", "--listen", &address, "--data-dir", data_dir], &[], 1, &[&address, "--listen"]);
}

/// Sends what a line of curl says; every word that matters stands in single quotes.
fn follow(line: &str, address: SocketAddr) -> (u16, String) {
    let words: Vec<&str> = line.split('\'').skip(1).step_by(2).collect();
    let [url, key, content_type, body] = words[..] else { panic!("{line}") };
    assert!(line.contains("curl -X POST ") && url.contains(&address.to_string()), "{line}");
    let mut request = ureq::post(url);
    for header in [key, content_type] {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let mut answer = request.send(body).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn a_first_start_prints_a_line_that_works_and_a_second_finds_the_flow() {
    let scratch = Scratch::new();
    let data_dir = scratch.path().to_str().unwrap();
    let mut service = Service::start(&["--data-dir", data_dir]);
    let printed = service.printed();
    let (_, line) = printed.split_once("curl").unwrap_or_else(|| panic!("no line to try in\n{printed}"));
    let (line, to_paste) = line.split_once("For the next ones").expect("lines to paste");
    let (status, flow) = follow(&format!("curl{line}"), service.address);
    assert_eq!(status, 201, "{flow}");
    service.signal(Signal::TERM);
    assert!(service.ended().success());

    let service = Service::start(&["--data-dir", data_dir]);
    assert_eq!(service.printed(), "", "the key is shown once");
    let words: Vec<&str> = line.split('\'').collect();
    let (_, path) = words[1].split_once("/organizations").unwrap();
    let (name, key) = words[3].split_once(": ").unwrap();
    assert!(to_paste.contains(&format!("\nKEY='{key}'\n")), "{to_paste}");
    assert!(to_paste.contains(&format!("\nFLOWS='{}'\n", words[1])), "{to_paste}");
    let list = ureq::get(format!("http://{}/organizations{path}", service.address)).header(name, key);
    let list: serde_json::Value =
        serde_json::from_str(&list.call().unwrap().body_mut().read_to_string().unwrap()).unwrap();
    let flow: serde_json::Value = serde_json::from_str(&flow).unwrap();
    assert_eq!(list["data"][0]["id"], flow["data"]["id"]);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_request_and_its_lost_lines_are_counted() {
    const REQUESTS: usize = 12_000;
    let scratch = Scratch::new();
    let printed = scratch.path().join("printed");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let metrics_address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let data_dir = scratch.path().join("data");
    let mut serve = program(&["serve", "--listen", &address, "--data-dir", data_dir.to_str().unwrap()]);
    serve.env("METRICS_LISTEN", &metrics_address);
    serve.stdout(File::create(&printed).unwrap()).stderr(Stdio::piped());
    let mut service = KilledOnDrop(serve.spawn().unwrap());
    let give_up = Instant::now() + Duration::from_secs(60);
    let mut connection = loop {
        match TcpStream::connect(&address) {
            Ok(connection) => break connection,
            Err(error) => assert!(Instant::now() < give_up, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    connection.write_all(request).unwrap();
    let mut buffer = [0; 64 * 1024];
    let answer_bytes = connection.read(&mut buffer).unwrap();
    for _ in 0..REQUESTS / 100 {
        connection.write_all(&request.repeat(100)).unwrap();
        connection.read_exact(&mut buffer[..100 * answer_bytes]).unwrap();
    }

    loop {
        let asked = ureq::get(format!("http://{metrics_address}/metrics")).call();
        let numbers = asked.unwrap().body_mut().read_to_string().unwrap();
        let dropped = numbers.lines().find_map(|line| line.strip_prefix("log_lines_dropped_total "));
        if dropped.is_some_and(|lines| (1..=REQUESTS).contains(&lines.parse().unwrap())) {
            break;
        }
        assert!(Instant::now() < give_up, "{numbers}");
        std::thread::sleep(Duration::from_millis(100));
    }
    kill_process(Pid::from_child(&service.0), Signal::TERM).unwrap();
    assert!(service.0.wait().unwrap().success());
}

/// Of a server that is up: while one starts, the file may be missing.
fn server(data_dir: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.parse().ok()?)
}

fn is_gone(pid: Pid) -> bool {
    let give_up = Instant::now() + Duration::from_secs(10);
    while Instant::now() < give_up {
        if test_kill_process(pid).is_err() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn a_signal_ends_service_and_postgres() {
    for signal in [Signal::TERM, Signal::INT] {
        let scratch = Scratch::new();
        let data_dir = scratch.path().to_str().unwrap();
        let mut service = Service::start(&["--data-dir", data_dir, "--shutdown-delay", "200ms"]);
        let server = server(scratch.path()).unwrap();
        assert_eq!(service.status("/health"), 200);
        let told = Instant::now();
        service.signal(signal);
        assert!(service.ended().success(), "{}", service.log());
        assert!((Duration::from_millis(200)..Duration::from_secs(15)).contains(&told.elapsed()));
        assert!(test_kill_process(server).is_err(), "the server ended before the service");
        assert!(!scratch.path().join("postgres/postmaster.pid").exists(), "it ended cleanly");
    }
}

/// Whoever balances learns that it stops, while it still answers whoever comes.
#[test]
fn a_service_that_is_told_to_stop_goes_on_for_as_long_as_it_is_told() {
    let scratch = Scratch::new();
    let data_dir = scratch.path().to_str().unwrap();
    let mut service = Service::start(&["--data-dir", data_dir, "--shutdown-delay", "60s"]);
    let mut kept = TcpStream::connect(service.address).unwrap();
    kept.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(service.status("/health/ready"), 200);
    service.signal(Signal::TERM);
    let give_up = Instant::now() + Duration::from_secs(30);
    while service.status("/health/ready") != 503 {
        assert!(Instant::now() < give_up, "{}", service.log());
    }
    assert_eq!(service.status("/health/live"), 200, "a new connection is taken");
    kept.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    service.signal(Signal::TERM);
    assert_eq!(service.ended().code(), Some(1), "a second signal ends it at once");
}

#[test]
fn a_killed_postgres_is_back_in_seconds() {
    let scratch = Scratch::new();
    let service = Service::start(&["--data-dir", scratch.path().to_str().unwrap()]);
    for _ in 0..2 {
        let killed = server(scratch.path()).unwrap();
        kill_process(killed, Signal::KILL).unwrap();
        let give_up = Instant::now() + Duration::from_secs(10);
        while server(scratch.path()).is_none_or(|server| server == killed)
            || service.status("/health/ready") != 200
        {
            assert!(Instant::now() < give_up, "{}", service.log());
        }
        assert_eq!(service.status("/health/live"), 200);
    }
}

#[test]
fn a_second_service_on_a_directory_is_refused_and_a_command_is_not() {
    let scratch = Scratch::new();
    let data_dir = scratch.path().to_str().unwrap();
    let service = Service::start(&["--data-dir", data_dir]);
    let (process, hint) = (format!("process {}", service.id()), "--data-dir");
    check_refused(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir], &[], 1, &[&process, hint]);
    let output = run(&["migrate", "--data-dir", data_dir]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_killed_service_takes_its_postgres_along_and_comes_back() {
    let scratch = Scratch::new();
    let data_dir = scratch.path().to_str().unwrap();
    for _ in 0..3 {
        let mut service = Service::start(&["--data-dir", data_dir]);
        let server = server(scratch.path()).unwrap();
        service.signal(Signal::KILL);
        service.ended();
        if cfg!(target_os = "linux") {
            assert!(is_gone(server), "nobody would ever stop it");
        }
    }
    // Both at once, as when a machine runs out of memory.
    let mut service = Service::start(&["--data-dir", data_dir]);
    kill_process(server(scratch.path()).unwrap(), Signal::KILL).unwrap();
    service.signal(Signal::KILL);
    service.ended();
    let mut service = Service::start(&["--data-dir", data_dir]);
    service.signal(Signal::TERM);
    assert!(service.ended().success(), "{}", service.log());
}
