//! What `postmaster.pid` says, and whether the process it names is alive and ours.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::ClusterError;

/// Above any pid a kernel gives out, so that no process ever answers to it.
const NOBODYS_PID: i32 = i32::MAX - 1;
const ORPHAN_STOPS_WITHIN: Duration = Duration::from_secs(30);

/// The lines of `postmaster.pid` that we read; Postgres documents them in `miscadmin.h`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub pid: u32,
    pub socket_dir: Option<PathBuf>,
    pub ready: bool,
}

impl PidFile {
    pub fn read(pgdata: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(path(pgdata)).ok()?)
    }

    /// The file is written piece by piece: lines may still be missing. A single-user server writes a
    /// negative number.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let pid = lines.first()?.parse::<i64>().ok()?.unsigned_abs().try_into().ok()?;
        let socket_dir = lines.get(4).filter(|line| !line.is_empty()).map(PathBuf::from);
        Some(Self { pid, socket_dir, ready: lines.get(7) == Some(&"ready") })
    }
}

/// After it no server runs on the directory and the next one is not misled by the file. The file itself
/// stays: from it Postgres learns which shared memory must be free before it may start.
pub(super) fn clear_stale(pgdata: &Path) -> Result<(), ClusterError> {
    let Some(PidFile { pid, .. }) = PidFile::read(pgdata) else { return Ok(()) };
    if is_server_of(pid, pgdata) {
        stop_orphan(pid, pgdata)?;
    }
    let path = path(pgdata);
    let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    // In place, so that the owner of the file stays the account Postgres runs as.
    let mut file = OpenOptions::new().write(true).truncate(true).open(&path);
    let written = file.as_mut().map_err(|_| ()).map(|file| write!(file, "{NOBODYS_PID}\n{rest}"));
    match (file, written) {
        (Err(error), _) | (_, Ok(Err(error))) => Err(ClusterError::file("write", path)(error)),
        _ => Ok(()),
    }
}

fn stop_orphan(pid: u32, pgdata: &Path) -> Result<(), ClusterError> {
    tracing::warn!(pid, "a Postgres of an earlier run is still there, stopping it");
    let stays = || ClusterError::OrphanStays { pid };
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(stays)?;
    for signal in [Signal::INT, Signal::QUIT] {
        // A refused signal shows in the wait below; the process may also just have ended.
        let _ = kill_process(target, signal);
        let deadline = Instant::now() + ORPHAN_STOPS_WITHIN;
        while Instant::now() < deadline {
            if !is_server_of(pid, pgdata) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    Err(stays())
}

/// Whether the process lives (a zombie does not) and is a Postgres on this directory: after a crash the
/// number may belong to anything else.
pub(super) fn is_server_of(pid: u32, pgdata: &Path) -> bool {
    let Some((program, mut arguments)) = command_line(pid) else { return false };
    let program = Path::new(&program).file_name().and_then(|name| name.to_str());
    matches!(program, Some("postgres" | "postmaster"))
        && arguments.any(|argument| Path::new(&argument) == pgdata)
}

#[cfg(target_os = "linux")]
fn command_line(pid: u32) -> Option<(String, impl Iterator<Item = String>)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may itself hold parentheses and spaces.
    let state = stat.rsplit_once(')')?.1.trim_start().chars().next()?;
    if matches!(state, 'Z' | 'X') {
        return None;
    }
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut words = text.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>().into_iter();
    Some((words.next()?, words))
}

#[cfg(not(target_os = "linux"))]
fn command_line(pid: u32) -> Option<(String, impl Iterator<Item = String>)> {
    let mut ps = std::process::Command::new("ps");
    let output = ps.args(["-o", "stat=,command=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter();
    let alive = !words.next()?.starts_with('Z');
    let program = words.next().filter(|_| alive)?;
    Some((program, words))
}

pub(super) fn path(pgdata: &Path) -> PathBuf {
    pgdata.join("postmaster.pid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_file_whole_and_in_pieces() {
        let whole = "4711\n/d/postgres\n1790000000\n5432\n/d/socket\n\n  5432001    131074\nready   \n";
        let socket_dir = Some(PathBuf::from("/d/socket"));
        assert_eq!(
            PidFile::parse(whole),
            Some(PidFile { pid: 4711, socket_dir: socket_dir.clone(), ready: true })
        );
        let starting = whole.replace("ready   ", "starting");
        assert_eq!(PidFile::parse(&starting), Some(PidFile { pid: 4711, socket_dir, ready: false }));
        assert_eq!(PidFile::parse("4711"), Some(PidFile { pid: 4711, socket_dir: None, ready: false }));
        assert_eq!(PidFile::parse("-4711\n/d"), Some(PidFile { pid: 4711, socket_dir: None, ready: false }));
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("a lot of bytes"), None);
    }

    #[test]
    fn another_process_under_the_same_number_is_not_our_server() {
        assert!(!is_server_of(std::process::id(), Path::new("/d/postgres")));
        assert!(!is_server_of(NOBODYS_PID as u32, Path::new("/d/postgres")));
    }
}
