//! The running cluster: one thread starts the server, watches it and starts it again when it dies.

use std::fs::File;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::account::Account;
use super::binaries::Binaries;
use super::directory::Directory;
use super::postmaster::{self, PidFile};
use super::server::{Launch, Server, ServerMessage};
use super::{ClusterError, Connection, Options, initdb};

/// Before a server that was killed is started again. It came up, so it will again: how often that happens makes no
/// difference.
const RESTART_DELAY: Duration = Duration::from_millis(20);
/// After a start that failed; each further one doubles it.
const FAILED_DELAY_MIN: Duration = Duration::from_millis(100);
const FAILED_DELAY_MAX: Duration = Duration::from_secs(2);
const ATTACH_WITHIN: Duration = Duration::from_secs(30);

/// A private Postgres that takes connections. Stops with this value; `stop` waits for it without
/// blocking the runtime.
#[derive(Debug)]
pub struct Cluster {
    connection: Connection,
    /// None: another service runs it, we are guests.
    supervisor: Option<Supervisor>,
}

impl Cluster {
    /// Makes the cluster when the directory holds none, recovers it when it crashed, and starts it.
    pub async fn start(options: Options) -> Result<Self, ClusterError> {
        let (ready, readiness) = oneshot::channel();
        let supervisor = Supervisor::spawn(options, ready)?;
        // When the caller gives up while we wait, the supervisor is dropped here and stops the server.
        let connection = readiness.await.map_err(|_| ClusterError::SupervisorLost)??;
        Ok(Self { connection, supervisor: Some(supervisor) })
    }

    /// Uses the server of the service that runs on this directory.
    pub async fn attach(options: &Options) -> Result<Self, ClusterError> {
        let directory = Directory::open(&options.data_dir)?;
        let pgdata = directory.pgdata();
        let deadline = Instant::now() + ATTACH_WITHIN;
        while Instant::now() < deadline {
            if let Some(PidFile { pid, socket_dir: Some(socket_dir), ready: true }) = PidFile::read(&pgdata)
                && postmaster::is_server_of(pid, &pgdata)
            {
                return Ok(Self { connection: Connection::at(socket_dir), supervisor: None });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(ClusterError::NotUp { data_dir: options.data_dir.clone(), waited_s: ATTACH_WITHIN.as_secs() })
    }

    /// For commands that work beside a running service as well as without one.
    pub async fn attach_or_start(options: Options) -> Result<Self, ClusterError> {
        match Self::start(options.clone()).await {
            Err(ClusterError::InUse { .. }) => Self::attach(&options).await,
            outcome => outcome,
        }
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A clean stop, within 6 s. Servers of others keep running.
    pub async fn stop(self) {
        if let Some(supervisor) = self.supervisor {
            let stopped = tokio::task::spawn_blocking(move || drop(supervisor)).await;
            stopped.expect("stopping does not panic");
        }
    }

    /// A clean stop after which the data directory stays ours. `None`: the server is of another service.
    pub async fn stop_and_hold(self) -> Option<HeldDirectory> {
        let supervisor = self.supervisor?;
        let stopped = tokio::task::spawn_blocking(move || supervisor.end()).await;
        stopped.expect("stopping does not panic").map(HeldDirectory)
    }
}

/// Keeps every service off a data directory, as long as it lives.
#[derive(Debug)]
pub struct HeldDirectory(#[allow(dead_code)] File);

#[derive(Debug)]
struct Supervisor {
    outbox: Sender<ServerMessage>,
    /// Gives back the lock of the data directory.
    thread: Option<JoinHandle<Option<File>>>,
}

impl Supervisor {
    /// A thread of its own: the server is told to stop when the thread that spawned it ends.
    fn spawn(
        options: Options,
        ready: oneshot::Sender<Result<Connection, ClusterError>>,
    ) -> Result<Self, ClusterError> {
        let (outbox, inbox) = mpsc::channel();
        let own_outbox = outbox.clone();
        let thread = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || supervise(&options, &inbox, &own_outbox, ready))
            .map_err(|_| ClusterError::SupervisorLost)?;
        Ok(Self { outbox, thread: Some(thread) })
    }

    fn end(mut self) -> Option<File> {
        self.join()
    }

    fn join(&mut self) -> Option<File> {
        // The thread is gone already when the start failed.
        let _ = self.outbox.send(ServerMessage::Stop);
        self.thread.take().and_then(|thread| thread.join().ok().flatten())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.join());
    }
}

fn supervise(
    options: &Options,
    inbox: &Receiver<ServerMessage>,
    outbox: &Sender<ServerMessage>,
    ready: oneshot::Sender<Result<Connection, ClusterError>>,
) -> Option<File> {
    let started = prepare(options).and_then(|(launch, lock)| {
        let server = launch.start(inbox, outbox)?;
        Ok((launch, lock, server))
    });
    match started {
        Ok((launch, lock, server)) => {
            // A caller that is gone sent Stop on leaving.
            let _ = ready.send(Ok(Connection::at(launch.directory.socket_dir())));
            keep_running(&launch, server, inbox, outbox);
            // Empty after a clean stop; it may lie outside the data directory.
            let _ = std::fs::remove_dir(launch.directory.socket_dir());
            Some(lock)
        }
        Err(error) => {
            drop(ready.send(Err(error)));
            None
        }
    }
}

fn prepare(options: &Options) -> Result<(Launch, File), ClusterError> {
    let directory = Directory::create(&options.data_dir)?;
    let lock = directory.lock()?;
    if directory.restoring().exists() {
        return Err(ClusterError::UnfinishedRestore { data_dir: directory.root().to_owned() });
    }
    let account = Account::choose(&directory.pgdata())?;
    let made_by = directory.made_by().filter(|_| !directory.initializing().exists());
    let binaries = Binaries::find(options.bin_dir.as_deref(), made_by, directory.root())?;
    if let Some(account) = &account {
        account.check_way_to(directory.root())?;
        account.check_way_to(binaries.directory())?;
    }
    initdb::ensure(&directory, &binaries, account.as_ref(), options.durability)?;
    let Options { durability, connections_max, settings, .. } = options.clone();
    let launch = Launch { directory, binaries, account, durability, connections_max, more: settings };
    launch.refuse_settings_of_ours()?;
    Ok((launch, lock))
}

/// Returns when told to stop, with the server stopped.
fn keep_running(
    launch: &Launch,
    server: Server,
    inbox: &Receiver<ServerMessage>,
    outbox: &Sender<ServerMessage>,
) {
    let mut server = server;
    loop {
        match inbox.recv() {
            Ok(ServerMessage::Exited) => {}
            Ok(ServerMessage::Stop) | Err(_) => return server.stop(inbox),
        }
        let status = server.reap().map(|status| status.to_string());
        tracing::error!(status, log = %launch.directory.log().display(), "Postgres died, starting it again");
        let (mut delay, mut failures) = (RESTART_DELAY, 0);
        server = loop {
            match inbox.recv_timeout(delay) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
            match launch.start(inbox, outbox) {
                Ok(server) => break server,
                Err(ClusterError::CalledOff) => return,
                Err(error) => tracing::error!(%error, "Postgres does not start"),
            }
            delay = (FAILED_DELAY_MIN * 2_u32.pow(failures)).min(FAILED_DELAY_MAX);
            failures = (failures + 1).min(8);
        };
    }
}
