//! HAProxy as `deploy/haproxy` configures it, before services on this machine.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Scratch;

const PATIENCE: Duration = Duration::from_secs(30);

/// Killed with this value.
pub struct Balancer {
    child: Child,
    pub address: SocketAddr,
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

/// The file that is deployed, with these servers in place of those that DNS would name. It looks at them more often.
fn configuration(address: SocketAddr, servers: &[SocketAddr], socket: &Path) -> String {
    let deployed = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/haproxy/haproxy.cfg");
    let lines = servers.iter().enumerate().map(|(index, server)| format!("  server r{index} {server}\n"));
    let stats = format!("\nglobal\n  stats socket {}\n", socket.display());
    let changes = [
        ("\nglobal\n", stats),
        ("bind :8080", format!("bind {address}")),
        ("inter 500ms", "inter 200ms".to_owned()),
        (" resolvers docker resolve-prefer ipv4 init-addr none", String::new()),
        ("  server-template registry- 3 registry:8080\n", lines.collect()),
    ];
    changes.into_iter().fold(fs::read_to_string(deployed).unwrap(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old:?} stands once in\n{text}");
        text.replace(old, &new)
    })
}

impl Balancer {
    /// Returns when it takes connections.
    pub fn start(servers: &[SocketAddr]) -> Self {
        let (scratch, address) = (Scratch::new(), free_address());
        let file = scratch.path().join("haproxy.cfg");
        fs::write(&file, configuration(address, servers, &scratch.path().join("socket"))).unwrap();
        let log = File::create(scratch.path().join("log")).unwrap();
        let mut haproxy = Command::new(program());
        haproxy.arg("-f").arg(&file).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = haproxy.spawn().expect("HAProxy is there: `make test` installs it, HAPROXY names it");
        let balancer = Self { child, address, scratch };
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

    /// Waits until it sends requests to a server.
    pub fn wait_for(&self, server: usize) {
        self.eventually("it sends requests to the server", || {
            let states = self.states().unwrap_or_default();
            let line = states.lines().find(|line| line.starts_with(&format!("registry,r{server},")));
            line.is_some_and(|line| line.split(',').any(|column| column == "UP"))
        });
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
