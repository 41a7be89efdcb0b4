//! Why a private cluster cannot be used, each with what to do about it.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "no PostgreSQL {} or later was found (looked in {searched}); install it (Debian: apt-get install \
         postgresql, macOS: brew install postgresql@17), or name the directory of its programs with \
         --postgres-bin-dir, or name another database with DATABASE_URL",
        crate::postgres::binaries::MAJOR_MIN
    )]
    NoBinaries { searched: String },

    #[error("{program} does not run: {reason}")]
    BrokenBinary { program: PathBuf, reason: String },

    #[error(
        "the cluster in {data_dir} was made by PostgreSQL {made_by}, and none of that version was found (looked \
         in {searched}); install PostgreSQL {made_by}, or name the directory of its programs with \
         --postgres-bin-dir; where it is at hand beside a newer one, `flow-registry cluster upgrade` moves the data \
         to the newer"
    )]
    VersionMismatch { data_dir: PathBuf, made_by: u32, searched: String },

    #[error(
        "{data_dir} is in use by another flow-registry{}; stop that one, or choose another --data-dir",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse { data_dir: PathBuf, pid: Option<u32> },

    #[error("the flow-registry that uses {data_dir} has not brought its Postgres up within {waited_s} s")]
    NotUp { data_dir: PathBuf, waited_s: u64 },

    #[error(
        "running as root, and Postgres refuses to: neither the user \"postgres\" nor \"nobody\" exists to run it \
         as; create one (useradd --system postgres), or start as an ordinary user"
    )]
    NoAccount,

    #[error(
        "{closed} is closed to the user {user}, as which Postgres runs; open it (chmod o+x {closed}), or \
         choose a place elsewhere"
    )]
    ClosedParent { closed: PathBuf, user: String },

    #[error("{path} is not empty and holds no cluster of ours; choose another --data-dir")]
    ForeignContent { path: PathBuf },

    #[error("cannot {action} {path}: {source}")]
    File { action: &'static str, path: PathBuf, source: io::Error },

    #[error("neither HOME nor XDG_DATA_HOME is set; choose a directory with --data-dir")]
    NoHome,

    #[error("initdb failed ({status}):\n{output}")]
    InitFailed { status: String, output: String },

    #[error(
        "a Postgres left over from an earlier run (process {pid}) does not stop; end it, then start again"
    )]
    OrphanStays { pid: u32 },

    #[error("Postgres ended while starting ({status}); the end of its log {log}:\n{tail}")]
    StartFailed { status: String, log: PathBuf, tail: String },

    #[error(
        "the setting {name} of the private Postgres is the service's own; take it out of --postgres-setting"
    )]
    OwnSetting { name: String },

    #[error(
        "the setting {name} could let the private Postgres lose acknowledged changes, or hide that it lost them; take it \
         out of --postgres-setting"
    )]
    UnsafeSetting { name: String },

    #[error(
        "{data_dir} is of a restore that did not come to its end, and what is in it may not be whole; restore into \
         another directory, and remove this one once that is served"
    )]
    UnfinishedRestore { data_dir: PathBuf },

    #[error(
        "{path} is there already, from an upgrade that did not come to its end or an earlier one; {what}"
    )]
    LeftOver { path: PathBuf, what: &'static str },

    #[error("{data_dir} is not empty; restore into a directory that is new or empty")]
    NotEmpty { data_dir: PathBuf },

    #[error("{directory} lacks pg_dump or pg_restore; install the client programs of PostgreSQL {major} too")]
    NoDumpPrograms { directory: PathBuf, major: u32 },

    #[error("{program} failed ({status}): {output}")]
    ProgramFailed { program: &'static str, status: String, output: String },

    #[error("{0}")]
    Copying(io::Error),

    #[error(
        "the file system of {data_dir} cannot exchange two directories in one step, which an upgrade in place needs; use \
         `cluster dump`, and `cluster restore` into another directory with the newer programs"
    )]
    NoExchange { data_dir: PathBuf },

    #[error("the start was called off")]
    CalledOff,

    #[error("the thread that supervises Postgres ended unexpectedly")]
    SupervisorLost,
}

impl ClusterError {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
