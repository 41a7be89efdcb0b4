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
         --postgres-bin-dir, or move the data with pg_upgrade"
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
