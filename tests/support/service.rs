//! The program as its users run it: a process of its own, with an environment that says nothing.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use ureq::Agent;

use super::Scratch;

const PATIENCE: Duration = Duration::from_secs(30);

/// The program, with nothing of our own environment but what finds Postgres. It serves its metrics on a port of their
/// own, as several run at once. `SERVICE` names another binary than the one of the tests, for figures by hand.
pub fn program(arguments: &[&str]) -> Command {
    let binary = std::env::var_os("SERVICE").unwrap_or_else(|| env!("CARGO_BIN_EXE_flow-registry").into());
    let mut command = Command::new(binary);
    command.env_clear().args(arguments).stdin(Stdio::null()).env("METRICS_LISTEN", "127.0.0.1:0");
    for name in ["PATH", "HOME", "TMPDIR"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

pub fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// A running `serve`; killed with this value.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    pub metrics_address: SocketAddr,
    log: PathBuf,
    printed: PathBuf,
    _scratch: Scratch,
}

impl Service {
    /// On a port of its own. Returns when it takes connections.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", arguments)
    }

    /// Returns when it takes connections there.
    pub fn start_on(listen: &str, arguments: &[&str]) -> Self {
        let scratch = Scratch::new();
        let (log, printed) = (scratch.path().join("log"), scratch.path().join("printed"));
        let mut command = program(&["serve", "--listen", listen, "--log-format", "json"]);
        command.args(arguments);
        command.stdout(File::create(&printed).unwrap()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let give_up = Instant::now() + PATIENCE;
        let (address, metrics_address) = loop {
            if let Some(addresses) = listening(&log) {
                break addresses;
            }
            let ended = child.try_wait().unwrap();
            let in_time = Instant::now() < give_up;
            assert!(ended.is_none() && in_time, "{ended:?}\n{}", fs::read_to_string(&log).unwrap());
            std::thread::sleep(Duration::from_millis(10));
        };
        Self { child, address, metrics_address, log, printed, _scratch: scratch }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What it has written to its standard output so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.printed).unwrap()
    }

    /// What a new installation prints under a name.
    pub fn printed_value(&self, name: &str) -> String {
        let printed = self.printed();
        let line = printed.lines().find(|line| line.starts_with(name)).expect("a new installation prints it");
        line.split_whitespace().last().unwrap().to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The status of one request without credentials.
    pub fn status(&self, path: &str) -> u16 {
        let config = Agent::config_builder().http_status_as_error(false).build();
        let answer = Agent::from(config).get(format!("http://{}{path}", self.address)).call();
        answer.unwrap().status().as_u16()
    }

    /// What it has counted.
    pub fn metrics(&self) -> String {
        let asked = ureq::get(format!("http://{}/metrics", self.metrics_address)).call();
        asked.unwrap().into_body().read_to_string().unwrap()
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < give_up, "it does not end\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it serves its clients, and those who run it.
fn listening(log: &Path) -> Option<(SocketAddr, SocketAddr)> {
    let log = fs::read_to_string(log).unwrap();
    let line = log.lines().find(|line| line.contains("\"listening\""))?;
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let address = |name: &str| line[name].as_str().unwrap().parse().ok();
    Some((address("address")?, address("metrics_address")?))
}
