//! What is in a cluster, taken out and put into another one by `pg_dump` and `pg_restore`. Whatever else holds up, neither
//! outlives the call that started it.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};

use super::binaries::Binaries;
use super::child::{self, OnOrphaned};
use super::directory::Directory;
use super::{ClusterError, Connection};

const CHUNK_BYTES: usize = 256 * 1024;
/// Of what a program complains, the beginning.
const COMPLAINT_BYTES_MAX: u64 = 4 * 1024;

/// `pg_dump` and `pg_restore` of one version.
#[derive(Debug, Clone)]
pub struct DumpPrograms {
    pub major: u32,
    binaries: Binaries,
}

/// How much work goes into making an archive small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compressed {
    Yes,
    /// For an archive that is read at once.
    No,
}

impl DumpPrograms {
    /// Of the version that made the cluster of a data directory, else of any that can make one there.
    pub fn of_cluster(named: Option<&Path>, data_dir: &Path) -> Result<Self, ClusterError> {
        let made_by = Directory::open(data_dir).ok().and_then(|directory| directory.made_by());
        Self::with(Binaries::find(named, made_by, data_dir)?)
    }

    /// Of the newest version.
    pub fn newest(named: Option<&Path>) -> Result<Self, ClusterError> {
        Self::with(Binaries::newest(named)?)
    }

    fn with(binaries: Binaries) -> Result<Self, ClusterError> {
        if ["pg_dump", "pg_restore"].iter().all(|name| binaries.program(name).is_file()) {
            return Ok(Self { major: binaries.major, binaries });
        }
        let (directory, major) = (binaries.directory().to_owned(), binaries.major);
        Err(ClusterError::NoDumpPrograms { directory, major })
    }

    /// Where they are, and the server of their version.
    pub fn directory(&self) -> PathBuf {
        self.binaries.directory().to_owned()
    }

    /// Writes the database as it is at one moment, in the custom format of `pg_dump`. What was written is whole only when
    /// this succeeds.
    pub fn dump(
        &self,
        from: &Connection,
        compressed: Compressed,
        out: &mut dyn Write,
    ) -> Result<(), ClusterError> {
        let mut command = self.command("pg_dump", from);
        command.arg("--format=custom").stdin(Stdio::null()).stdout(Stdio::piped());
        if compressed == Compressed::No {
            command.arg("--compress=0");
        }
        let mut running = Running::spawn("pg_dump", command)?;
        let stdout: ChildStdout = running.child.stdout.take().expect("stdout is piped");
        if let Err(error) = copy(stdout, out) {
            running.kill();
            return Err(ClusterError::Copying(error));
        }
        running.end()
    }

    /// Puts what `feed` writes into an empty database; `feed` writes all that `dump` wrote.
    pub fn restore<E: From<ClusterError>>(
        &self,
        into: &Connection,
        feed: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut command = self.command("pg_restore", into);
        command.args(["--exit-on-error", "--no-owner"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut running = Running::spawn("pg_restore", command)?;
        let mut stdin = Reached { stdin: running.child.stdin.take().expect("stdin is piped"), gone: false };
        let fed = feed(&mut stdin);
        let gone = stdin.gone;
        drop(stdin);
        match fed {
            // It ended before it had read everything, and says why.
            Err(error) if gone => running.end().map_err(E::from).and(Err(error)),
            Err(error) => {
                running.kill();
                Err(error)
            }
            Ok(()) => Ok(running.end()?),
        }
    }

    fn command(&self, name: &'static str, connection: &Connection) -> Command {
        let mut command = child::command(&self.binaries.program(name), None, Path::new("/"));
        command.arg("--host").arg(&connection.socket_dir).arg("--port").arg(connection.port.to_string());
        command.args(["--username", &connection.user, "--dbname", &connection.database, "--no-password"]);
        command
    }
}

/// The standard input of a program, which may be gone.
struct Reached {
    stdin: ChildStdin,
    gone: bool,
}

impl Write for Reached {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stdin.write(bytes);
        self.gone |= written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.flush()
    }
}

fn copy(mut from: impl Read, to: &mut dyn Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match from.read(&mut chunk)? {
            0 => return to.flush(),
            read => to.write_all(&chunk[..read])?,
        }
    }
}

struct Running {
    name: &'static str,
    child: Child,
    /// Reads along, as a program whose complaints nobody takes stands still.
    complaint: JoinHandle<String>,
}

impl Running {
    fn spawn(name: &'static str, mut command: Command) -> Result<Self, ClusterError> {
        let program = PathBuf::from(command.get_program());
        let broken = |error: io::Error| ClusterError::BrokenBinary { program, reason: error.to_string() };
        let mut child = child::spawn(command.stderr(Stdio::piped()), OnOrphaned::Kill).map_err(broken)?;
        let stderr = child.stderr.take().expect("stderr is piped");
        Ok(Self { name, child, complaint: thread::spawn(|| read_complaint(stderr)) })
    }

    fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.complaint.join();
    }

    fn end(mut self) -> Result<(), ClusterError> {
        let status = self.child.wait();
        let output = self.complaint.join().unwrap_or_default();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                Err(ClusterError::ProgramFailed { program: self.name, status: status.to_string(), output })
            }
            Err(error) => Err(ClusterError::Copying(error)),
        }
    }
}

fn read_complaint(mut stderr: ChildStderr) -> String {
    let mut complaint = Vec::new();
    let _ = stderr.by_ref().take(COMPLAINT_BYTES_MAX).read_to_end(&mut complaint);
    let _ = io::copy(&mut stderr, &mut io::sink());
    String::from_utf8_lossy(&complaint).trim().to_owned()
}
