//! A primary and its standbys, on sockets in directories of their own, and on ports where they are opened.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flow_registry::postgres::{Cluster, Durability, Options};
use rustix::process::{Pid, Signal, kill_process};

use super::balancer::free_address;

const PATIENCE: Duration = Duration::from_secs(30);
pub const USER: &str = "flow_registry";
/// Of a server that has its socket only, which is named by the port.
const SOCKET_ONLY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5432);

/// Processes that stand still.
pub struct Stopped(Vec<Pid>);

impl Drop for Stopped {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}

/// A Postgres that nobody supervises; killed with this value.
pub struct Node {
    root: PathBuf,
    /// Of the programs of Postgres.
    bin: PathBuf,
    address: SocketAddr,
    process: Option<Child>,
}

impl Node {
    /// A new cluster, not started.
    pub async fn new(root: &Path) -> Self {
        let options = Options {
            data_dir: root.to_owned(),
            bin_dir: None,
            durability: Durability::Full,
            connections_max: 20,
            settings: Vec::new(),
        };
        Cluster::start(options).await.unwrap().stop().await;
        let called = fs::read_to_string(root.join("postgres/postmaster.opts")).unwrap();
        let bin = Path::new(called.split_whitespace().next().unwrap()).parent().unwrap().to_owned();
        Self { root: root.to_owned(), bin, address: SOCKET_ONLY, process: None }
    }

    /// Lets accounts in by TCP from this machine, to this one and to the copies that are made of it.
    pub fn open(&mut self, accounts: &[&str]) -> &mut Self {
        self.address = free_address();
        let lines: String =
            accounts.iter().map(|account| format!("host all {account} 127.0.0.0/8 trust\n")).collect();
        let rules = self.data().join("pg_hba.conf");
        fs::write(&rules, lines + &fs::read_to_string(&rules).unwrap()).unwrap();
        self
    }

    /// Where it is reached by TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A copy of this one while it runs, which follows it under a name. Not started.
    pub fn standby(&self, root: &Path, name: &str) -> Self {
        fs::create_dir(root).unwrap();
        let address = match self.address {
            SOCKET_ONLY => SOCKET_ONLY,
            _ => free_address(),
        };
        let standby = Self { root: root.to_owned(), bin: self.bin.clone(), address, process: None };
        let owner = self.data().metadata().unwrap();
        std::os::unix::fs::chown(root, Some(owner.uid()), Some(owner.gid())).unwrap();
        let mut copy = self.command("pg_basebackup");
        copy.arg("-D").arg(standby.data()).args([
            "-h",
            self.sockets(),
            "-U",
            USER,
            "-X",
            "stream",
            "-c",
            "fast",
        ]);
        assert!(copy.arg("--no-sync").status().unwrap().success());
        let follow = format!(
            "primary_conninfo = 'host={} port={} user={USER} application_name={name}'\n",
            self.sockets(),
            self.address.port()
        );
        let settings = standby.data().join("postgresql.auto.conf");
        fs::write(&settings, follow).unwrap();
        fs::write(standby.data().join("standby.signal"), "").unwrap();
        for file in [settings, standby.data().join("standby.signal")] {
            std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        standby
    }

    fn data(&self) -> PathBuf {
        self.root.join("postgres")
    }

    fn sockets(&self) -> &str {
        self.root.to_str().unwrap()
    }

    pub fn url(&self) -> String {
        format!("postgres://{USER}@{}:{}/{USER}", self.sockets().replace('/', "%2F"), self.address.port())
    }

    /// As the service names it.
    pub fn name(&self) -> String {
        format!("{}:{}", self.sockets(), self.address.port())
    }

    fn command(&self, program: &str) -> Command {
        let owner = self.root.join("postgres").metadata().unwrap_or_else(|_| self.root.metadata().unwrap());
        let mut command = Command::new(self.bin.join(program));
        command.env("PGPORT", self.address.port().to_string());
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command
    }

    /// Returns when it takes connections.
    pub fn start(&mut self, settings: &[&str]) {
        let owner = self.data().metadata().unwrap();
        std::os::unix::fs::chown(&self.root, Some(owner.uid()), Some(owner.gid())).unwrap();
        let log = fs::File::options().create(true).append(true).open(self.root.join("log")).unwrap();
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).args(["-k", self.sockets()]);
        let listen = Some(self.address.ip()).filter(|_| self.address != SOCKET_ONLY);
        let listen = listen.map(|address| address.to_string()).unwrap_or_default();
        postgres.args(["-c", &format!("listen_addresses={listen}")]);
        for setting in settings {
            postgres.args(["-c", setting]);
        }
        self.process = Some(postgres.stderr(log).spawn().unwrap());
        self.eventually("takes connections", || self.asks("SELECT 1").is_some());
    }

    /// What a statement answers; `None` where nobody does.
    pub fn asks(&self, statement: &str) -> Option<String> {
        let mut psql = self.command("psql");
        psql.args(["-h", self.sockets(), "-U", USER, "-d", USER, "-X", "-A", "-t", "-c", statement]);
        let output = psql.stdout(Stdio::piped()).stderr(Stdio::null()).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    pub fn eventually(&self, what: &str, is_so: impl Fn() -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !is_so() {
            let log = || fs::read_to_string(self.root.join("log")).unwrap_or_default();
            assert!(Instant::now() < give_up, "{}: not within {PATIENCE:?}: {what}\n{}", self.name(), log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the processes that a statement finds, until the answer is dropped.
    pub fn stop(&self, pids: &str) -> Stopped {
        let pids = self.asks(pids).unwrap();
        let pids: Vec<Pid> = pids.lines().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect();
        assert!(!pids.is_empty());
        pids.iter().for_each(|pid| kill_process(*pid, Signal::STOP).unwrap());
        Stopped(pids)
    }

    pub fn promote(&self) {
        assert_eq!(self.asks("SELECT pg_promote()").as_deref(), Some("t"));
    }

    /// What a machine that loses its power does.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        kill_process(Pid::from_child(&process), Signal::KILL).unwrap();
        process.wait().unwrap();
        self.eventually("is gone", || self.asks("SELECT 1").is_none());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Its children end with it.
            let _ = kill_process(Pid::from_child(&process), Signal::QUIT);
            let _ = process.wait();
        }
    }
}
