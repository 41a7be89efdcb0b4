//! HAProxy as `deploy/haproxy` configures it, before services or databases on this machine.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::Split;
use std::time::{Duration, Instant};

use super::Scratch;

/// The column of what it says of a server that counts sessions.
const SESSIONS: usize = 7;
const PATIENCE: Duration = Duration::from_secs(30);

/// Killed with this value.
pub struct Balancer {
    child: Child,
    pub address: SocketAddr,
    /// Of its configuration.
    backend: &'static str,
    scratch: Scratch,
}

/// An address whose port no client of the tests is given by the system, as those connect from 127.0.0.1.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.77.1:0").unwrap().local_addr().unwrap()
}

/// `make test` names it, and installs it where there is none.
fn program() -> PathBuf {
    let named = std::env::var_os("HAPROXY").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let usual = Path::new("/usr/sbin/haproxy");
        if usual.exists() { usual.to_owned() } else { PathBuf::from("haproxy") }
    })
}

/// A file under `deploy/haproxy`, with these servers in place of its own. It looks at them more often.
fn configuration(file: &str, changes: &[(&str, String)], address: SocketAddr, socket: &Path) -> String {
    let deployed = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/haproxy").join(file);
    let text = fs::read_to_string(deployed).unwrap();
    let binding = text.lines().find(|line| line.starts_with("  bind ")).unwrap().to_owned();
    let shared = [
        ("\nglobal\n", format!("\nglobal\n  stats socket {}\n", socket.display())),
        (binding.as_str(), format!("  bind {address}")),
        ("inter 500ms fall", "inter 200ms fall".to_owned()),
    ];
    shared.iter().chain(changes).fold(text.clone(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old:?} stands once in\n{text}");
        text.replace(old, new)
    })
}

/// The lines of servers, which are called `r0`, `r1` and so on.
fn lines(servers: &[SocketAddr]) -> String {
    servers.iter().enumerate().map(|(index, server)| format!("  server r{index} {server}\n")).collect()
}

impl Balancer {
    /// Before services. Returns when it takes connections.
    pub fn of_services(servers: &[SocketAddr]) -> Self {
        let changes = [
            (" resolvers docker resolve-prefer ipv4 init-addr none", String::new()),
            ("  server-template registry- 3 registry:8080\n", lines(servers)),
        ];
        Self::start("haproxy.cfg", &changes, "registry")
    }

    /// Before the servers of a database. Returns when it takes connections.
    pub fn of_databases(servers: &[SocketAddr]) -> Self {
        let named = "  server one 10.0.0.1:5432\n  server two 10.0.0.2:5432\n";
        Self::start("postgres.cfg", &[(named, lines(servers))], "primary")
    }

    fn start(file: &str, changes: &[(&str, String)], backend: &'static str) -> Self {
        let (scratch, address) = (Scratch::new(), free_address());
        let path = scratch.path().join("haproxy.cfg");
        fs::write(&path, configuration(file, changes, address, &scratch.path().join("socket"))).unwrap();
        let log = File::create(scratch.path().join("log")).unwrap();
        let mut haproxy = Command::new(program());
        haproxy.arg("-f").arg(&path).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = haproxy.spawn().expect("HAProxy is there: `make test` installs it, HAPROXY names it");
        let balancer = Self { child, address, backend, scratch };
        balancer.eventually("it runs", || balancer.states().is_some());
        balancer
    }

    /// What it says of its servers.
    fn states(&self) -> Option<String> {
        let mut socket = UnixStream::connect(self.scratch.path().join("socket")).ok()?;
        socket.write_all(b"show stat\n").ok()?;
        let mut said = String::new();
        socket.read_to_string(&mut said).ok()?;
        Some(said)
    }

    /// Waits until it may send requests to a server.
    pub fn wait_for(&self, server: usize) {
        self.wait_until(server, "UP");
    }

    /// Waits until it says of a server that it is `UP` or `DOWN`.
    pub fn wait_until(&self, server: usize, state: &str) {
        self.eventually(state, || {
            let states = self.states().unwrap_or_default();
            self.of_server(&states, server).is_some_and(|mut columns| columns.any(|column| column == state))
        });
    }

    /// How many sessions it has led to a server so far.
    pub fn sessions(&self, server: usize) -> u64 {
        let states = self.states().expect("it answers");
        let total = self.of_server(&states, server).and_then(|mut columns| columns.nth(SESSIONS));
        total.expect("it has the server").parse().unwrap()
    }

    fn of_server<'s>(&self, states: &'s str, server: usize) -> Option<Split<'s, char>> {
        let begin = format!("{},r{server},", self.backend);
        states.lines().find(|line| line.starts_with(&begin)).map(|line| line.split(','))
    }

    fn eventually(&self, what: &str, is_so: impl Fn() -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !is_so() {
            let log = || fs::read_to_string(self.scratch.path().join("log")).unwrap();
            assert!(Instant::now() < give_up, "HAProxy: not within {PATIENCE:?}: {what}\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
