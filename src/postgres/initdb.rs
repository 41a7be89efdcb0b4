//! Makes a new cluster, so that a half-made one is never taken for whole.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, Stdio};

use super::account::Account;
use super::binaries::Binaries;
use super::child::{self, OnOrphaned};
use super::directory::{Directory, make_private, remove_file, sync};
use super::{ClusterError, Durability, NAME};

/// Does nothing when the cluster is there and whole.
pub(super) fn ensure(
    directory: &Directory,
    binaries: &Binaries,
    account: Option<&Account>,
    durability: Durability,
) -> Result<(), ClusterError> {
    let (pgdata, marker) = (directory.pgdata(), directory.initializing());
    let interrupted = marker.exists();
    if !interrupted && directory.made_by().is_some() {
        return Ok(());
    }
    if interrupted && pgdata.exists() {
        tracing::warn!(path = %pgdata.display(), "the first start was interrupted, starting over");
        clear(&pgdata).map_err(ClusterError::file("remove", &pgdata))?;
    }
    // The next start removes what lies beside the marker: none comes before it is certain that there is nothing to lose.
    refuse_content(&pgdata)?;
    make_private(&pgdata, account)?;
    let file = File::create(&marker).map_err(ClusterError::file("make", &marker))?;
    file.sync_all().map_err(ClusterError::file("sync", &marker))?;
    sync(directory.root())?;
    tracing::info!(path = %pgdata.display(), major = binaries.major, "making a new Postgres cluster");
    let made = make(&pgdata, binaries, account, durability);
    if made.is_err()
        && let Err(error) = clear(&pgdata)
    {
        // Then it is still half-made, and the marker says so.
        tracing::warn!(path = %pgdata.display(), %error, "what the first start began was not removed");
        return made;
    }
    // Whoever puts another cluster in the place of a half-made one would lose that to the marker.
    let unmarked = remove_file(&marker).and_then(|()| sync(directory.root()));
    made.and(unmarked)
}

/// Removes a directory, or what is in it where a file system is mounted there. What a link leads to is not ours.
fn clear(directory: &Path) -> io::Result<()> {
    if directory.is_symlink() {
        return fs::remove_file(directory);
    }
    let entries = match directory.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    match fs::remove_dir(directory) {
        Ok(()) => Ok(()),
        Err(_) => File::open(directory)?.sync_all(),
    }
}

fn make(
    pgdata: &Path,
    binaries: &Binaries,
    account: Option<&Account>,
    durability: Durability,
) -> Result<(), ClusterError> {
    let mut initdb = child::command(&binaries.initdb(), account, pgdata);
    initdb.arg("-D").arg(pgdata);
    initdb.args(["--username", NAME, "--encoding=UTF8", "--locale=C", "--data-checksums"]);
    // The directory of the socket is closed to everybody else; passwords would add a file to guard.
    initdb.args(["--auth-local=trust", "--auth-host=reject", "--no-instructions"]);
    if durability == Durability::Disposable {
        initdb.arg("--no-sync");
    }
    run(initdb, None)?;

    let mut single = child::command(&binaries.postgres(), account, pgdata);
    single.arg("--single").arg("-D").arg(pgdata).arg("postgres");
    run(single, Some(&format!("CREATE DATABASE {NAME}\n")))
}

/// Whatever cannot be looked into may be a cluster.
fn refuse_content(pgdata: &Path) -> Result<(), ClusterError> {
    match pgdata.read_dir() {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(ClusterError::ForeignContent { path: pgdata.to_owned() }),
            None => Ok(()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ClusterError::file("open", pgdata)(error)),
    }
}

fn run(mut command: Command, input: Option<&str>) -> Result<(), ClusterError> {
    use std::io::Write;

    let program = command.get_program().to_owned();
    let broken = |error: std::io::Error| ClusterError::BrokenBinary {
        program: program.clone().into(),
        reason: error.to_string(),
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child::spawn(&mut command, OnOrphaned::Kill).map_err(broken)?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    // A child that ended early shows in its status and output.
    let _ = stdin.write_all(input.unwrap_or_default().as_bytes());
    drop(stdin);
    let output = child.wait_with_output().map_err(broken)?;
    // A single-user server reports a failed statement in its log and still exits with 0.
    let complaint = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && !complaint.contains("ERROR:") {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Err(ClusterError::InitFailed {
        status: output.status.to_string(),
        output: format!("{said}{complaint}").trim().to_owned(),
    })
}
