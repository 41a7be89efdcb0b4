//! One run of the server process: started, waited for, stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::account::Account;
use super::binaries::Binaries;
use super::child::{self, OnOrphaned};
use super::directory::{Directory, make_private};
use super::postmaster::{self, PidFile};
use super::{ClusterError, Durability, PORT};

const READY_POLL: Duration = Duration::from_millis(10);
const STILL_STARTING_EVERY: Duration = Duration::from_secs(10);
/// How long the children of a killed server may take to leave its shared memory.
const SHARED_MEMORY_FREE_WITHIN: Duration = Duration::from_secs(10);
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;
const LOG_TAIL_BYTES_MAX: u64 = 4 * 1024;

/// What the supervising thread is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ServerMessage {
    /// The server process ended. Sent exactly once for each that was spawned.
    Exited,
    Stop,
}

/// Everything a server is started with, the first time and after a crash.
#[derive(Debug)]
pub(super) struct Launch {
    pub directory: Directory,
    pub binaries: Binaries,
    pub account: Option<Account>,
    pub durability: Durability,
    pub connections_max: u16,
    /// What whoever runs the service has set beyond that.
    pub more: Vec<(String, String)>,
}

/// Where things lie, which is the business of whoever keeps the data directory.
const PLACES: [&str; 6] = [
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "unix_socket_directories",
];

/// With them a server goes on over writes that failed or pages that are broken.
const UNSAFE: [&str; 4] =
    ["data_sync_retry", "ignore_checksum_failure", "ignore_invalid_pages", "zero_damaged_pages"];

#[derive(Debug)]
pub(super) struct Server {
    child: Child,
}

impl Launch {
    /// Returns when the server takes connections. Recovery after a crash may take long; as long as the
    /// process lives, we wait.
    pub fn start(
        &self,
        inbox: &Receiver<ServerMessage>,
        outbox: &Sender<ServerMessage>,
    ) -> Result<Server, ClusterError> {
        let give_up = Instant::now() + SHARED_MEMORY_FREE_WITHIN;
        loop {
            match self.start_once(inbox, outbox) {
                Err(ClusterError::StartFailed { tail, .. })
                    if tail.contains("pre-existing shared memory block") && Instant::now() < give_up =>
                {
                    thread::sleep(Duration::from_millis(20));
                }
                outcome => return outcome,
            }
        }
    }

    fn start_once(
        &self,
        inbox: &Receiver<ServerMessage>,
        outbox: &Sender<ServerMessage>,
    ) -> Result<Server, ClusterError> {
        let pgdata = self.directory.pgdata();
        let socket_dir = self.directory.socket_dir();
        make_private(&socket_dir, self.account.as_ref())?;
        postmaster::clear_stale(&pgdata)?;
        self.directory.remove_socket()?;
        let (log, log_start) = self.open_log()?;

        let mut command = child::command(&self.binaries.postgres(), self.account.as_ref(), &pgdata);
        command.arg("-D").arg(&pgdata);
        for (name, value) in &self.more {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        for (name, value) in self.settings() {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.arg("-c").arg(format!("unix_socket_directories={}", quoted(&socket_dir)));
        let stderr = log.try_clone().map_err(ClusterError::file("open", self.directory.log()))?;
        command.stdout(log).stderr(stderr);
        let broken = |error: io::Error| ClusterError::BrokenBinary {
            program: self.binaries.postgres(),
            reason: error.to_string(),
        };
        let child = child::spawn(&mut command, OnOrphaned::Interrupt).map_err(broken)?;
        let mut server = Server::watch(child, outbox.clone()).map_err(broken)?;

        let started = Instant::now();
        let mut reported = started;
        loop {
            if PidFile::read(&pgdata).is_some_and(|file| file.ready && file.pid == server.child.id()) {
                let elapsed_ms = started.elapsed().as_millis() as u64;
                tracing::info!(pid = server.child.id(), elapsed_ms, "Postgres is up");
                return Ok(server);
            }
            match inbox.recv_timeout(READY_POLL) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(ServerMessage::Exited) => return Err(self.failed(server.reap(), log_start)),
                Ok(ServerMessage::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    server.stop(inbox);
                    return Err(ClusterError::CalledOff);
                }
            }
            if reported.elapsed() > STILL_STARTING_EVERY {
                reported = Instant::now();
                tracing::info!("Postgres is still starting, after a crash it recovers first");
            }
        }
    }

    /// Refuses settings that would have no effect, or take away what the service depends on.
    pub fn refuse_settings_of_ours(&self) -> Result<(), ClusterError> {
        let settings = self.settings();
        for (name, _) in &self.more {
            let (named, name) = (name.to_ascii_lowercase(), name.clone());
            if PLACES.contains(&&*named) || settings.iter().any(|(own, _)| *own == named) {
                return Err(ClusterError::OwnSetting { name });
            }
            if UNSAFE.contains(&&*named) {
                return Err(ClusterError::UnsafeSetting { name });
            }
        }
        Ok(())
    }

    /// Set on the command line, so that a new release's settings reach old clusters.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let durable = match self.durability {
            Durability::Full => "on",
            Durability::Disposable => "off",
        };
        let mut settings = vec![
            ("listen_addresses", String::new()),
            ("port", PORT.to_string()),
            ("unix_socket_permissions", "0700".to_owned()),
            ("max_connections", self.connections_max.to_string()),
            ("fsync", durable.to_owned()),
            ("full_page_writes", durable.to_owned()),
            ("synchronous_commit", durable.to_owned()),
            ("timezone", "UTC".to_owned()),
            ("log_timezone", "UTC".to_owned()),
            ("logging_collector", "off".to_owned()),
            // Statements carry what authors write; that belongs in the tables, not in a log.
            ("log_min_error_statement", "panic".to_owned()),
            ("log_checkpoints", "off".to_owned()),
        ];
        if says_what_syncfs_failed_at() {
            // After a kill all files are written out before anything else. One call for the file system does it in a
            // fraction of the time of a call for each of a thousand files.
            settings.push(("recovery_init_sync_method", "syncfs".to_owned()));
        }
        settings
    }

    /// Also answers where in the file this run's lines begin.
    fn open_log(&self) -> Result<(File, u64), ClusterError> {
        let path = self.directory.log();
        if path.metadata().is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
            fs::rename(&path, self.directory.log_before()).map_err(ClusterError::file("rename", &path))?;
        }
        let mut options = OpenOptions::new();
        let log = options.append(true).create(true).mode(0o600).open(&path);
        let log = log.map_err(ClusterError::file("open", &path))?;
        let length = log.metadata().map_err(ClusterError::file("look at", &path))?.len();
        Ok((log, length))
    }

    fn failed(&self, status: Option<ExitStatus>, log_start: u64) -> ClusterError {
        let log = self.directory.log();
        let tail = tail(&log, log_start).unwrap_or_default();
        let status = status.map_or_else(|| "status unknown".to_owned(), |status| status.to_string());
        ClusterError::StartFailed { status, log, tail }
    }
}

/// Whether the kernel reports what `syncfs` could not write: Linux does from 5.8 on.
fn says_what_syncfs_failed_at() -> bool {
    let Ok(release) = fs::read_to_string("/proc/sys/kernel/osrelease") else { return false };
    let mut numbers = release.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(5), Some(8))
}

/// The setting is a list: a comma or a space in a path would make two of it.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}

fn tail(log: &Path, from: u64) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(from.max(length.saturating_sub(LOG_TAIL_BYTES_MAX))))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

impl Server {
    /// A second thread waits for the end without collecting the status, so that until `reap` the number
    /// stays ours and no signal can hit a stranger.
    fn watch(child: Child, outbox: Sender<ServerMessage>) -> io::Result<Self> {
        let server = Self { child };
        let pid = server.pid();
        thread::Builder::new().name("postgres-watch".to_owned()).spawn(move || {
            while let Err(rustix::io::Errno::INTR) =
                waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {}
            // Nobody listens any more once the cluster was stopped.
            let _ = outbox.send(ServerMessage::Exited);
        })?;
        Ok(server)
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn reap(&mut self) -> Option<ExitStatus> {
        self.child.wait().ok()
    }

    /// "Fast shutdown": sessions are cut, what was committed is written out. When that takes too long,
    /// the ways that make the next start recover.
    pub fn stop(mut self, inbox: &Receiver<ServerMessage>) {
        let steps = [(Signal::INT, 4), (Signal::QUIT, 1), (Signal::KILL, 1)];
        for (signal, patience_s) in steps {
            // It may have ended by itself: the number is still ours, the signal goes nowhere.
            let _ = kill_process(self.pid(), signal);
            let deadline = Instant::now() + Duration::from_secs(patience_s);
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                match inbox.recv_timeout(left) {
                    Ok(ServerMessage::Exited) => {
                        self.reap();
                        return;
                    }
                    Ok(ServerMessage::Stop) => {}
                    Err(_) => break,
                }
            }
            tracing::warn!(?signal, patience_s, "Postgres did not stop in time");
        }
    }
}
