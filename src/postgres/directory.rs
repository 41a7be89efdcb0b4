//! What lies where in the data directory, and the lock that gives it to one service.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown, lchown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::account::Account;
use super::{ClusterError, PORT};

/// `sun_path` has 104 bytes on macOS and 108 on Linux, with the closing zero.
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// A child that was just forked holds our lock, already given back, until it has become another program.
const OWN_LOCK_WITHIN: Duration = Duration::from_millis(500);

/// Where the private cluster lives unless told otherwise: for root a place that other accounts can
/// reach, since Postgres will run as one of them; for anybody else the XDG data directory.
pub fn default_data_dir() -> Result<PathBuf, ClusterError> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/flow-registry"));
    }
    let set = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
    let data_home = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data_home = data_home.or_else(|| Some(set("HOME")?.join(".local/share")));
    Ok(data_home.ok_or(ClusterError::NoHome)?.join("flow-registry"))
}

/// Whether a private cluster was made in a directory.
pub fn is_there(data_dir: &Path) -> bool {
    Directory::open(data_dir).is_ok_and(|directory| directory.made_by().is_some())
}

#[derive(Debug, Clone)]
pub(super) struct Directory {
    root: PathBuf,
}

impl Directory {
    /// Makes the directory when missing. Root's must be passable for the account Postgres runs as.
    pub fn create(root: &Path) -> Result<Self, ClusterError> {
        if let Some(parent) = root.parent() {
            fs::create_dir_all(parent).map_err(ClusterError::file("make", parent))?;
        }
        make_directory(root, passable())?;
        Self::open(root)
    }

    pub fn open(root: &Path) -> Result<Self, ClusterError> {
        let root = root.canonicalize().map_err(ClusterError::file("open", root))?;
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn pgdata(&self) -> PathBuf {
        self.root.join("postgres")
    }

    pub fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub fn log_before(&self) -> PathBuf {
        self.root.join("postgres.log.1")
    }

    /// Lies there while `initdb` works: what it left is not a cluster yet.
    pub fn initializing(&self) -> PathBuf {
        self.root.join("postgres.initializing")
    }

    /// Lies there until a restore has come to its end: what is beside it may not be whole, and was never served.
    pub fn restoring(&self) -> PathBuf {
        self.root.join("restoring")
    }

    /// The version that made the cluster, if there is one.
    pub fn made_by(&self) -> Option<u32> {
        fs::read_to_string(self.pgdata().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// In the data directory when its path is short enough for a socket, else under the temp directory.
    pub fn socket_dir(&self) -> PathBuf {
        let near = self.root.join("socket");
        if socket(&near).as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return near;
        }
        let mut hasher = DefaultHasher::new();
        self.root.as_os_str().as_bytes().hash(&mut hasher);
        env::temp_dir().join(format!("flow-registry-{:016x}", hasher.finish()))
    }

    pub fn remove_socket(&self) -> Result<(), ClusterError> {
        let socket = socket(&self.socket_dir());
        remove_file(&socket)?;
        remove_file(&socket.with_added_extension("lock"))
    }

    pub fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Holds until the returned file is closed, also by a crash.
    pub fn lock(&self) -> Result<File, ClusterError> {
        let path = self.lock_file();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(ClusterError::file("open", &path))?;
        let give_up = Instant::now() + OWN_LOCK_WITHIN;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(ClusterError::file("lock", path)(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            let mut holder = String::new();
            let pid = file.rewind().and_then(|()| file.read_to_string(&mut holder)).ok();
            let pid = pid.and_then(|_| holder.trim().parse().ok());
            if pid != Some(std::process::id()) || Instant::now() >= give_up {
                return Err(ClusterError::InUse { data_dir: self.root.clone(), pid });
            }
            thread::sleep(OWN_LOCK_WITHIN / 10);
        }
        // The number is for the message above only; the lock itself is the kernel's.
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| {
            let pid = std::process::id();
            writeln!(file, "{pid}")
        });
        written.map_err(ClusterError::file("write", path))?;
        Ok(file)
    }
}

/// The mode of a directory that Postgres has to pass through.
pub(super) fn passable() -> u32 {
    if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 }
}

/// A directory entry is durable only after its directory is.
pub(super) fn sync(directory: &Path) -> Result<(), ClusterError> {
    let synced = File::open(directory).and_then(|opened| opened.sync_all());
    synced.map_err(ClusterError::file("sync", directory))
}

fn socket(directory: &Path) -> PathBuf {
    directory.join(format!(".s.PGSQL.{PORT}"))
}

/// A directory for the server alone. One that is already there must be its own: in a shared temp
/// directory anybody could have put one in our way.
pub(super) fn make_private(path: &Path, account: Option<&Account>) -> Result<(), ClusterError> {
    make_directory(path, 0o700)?;
    let metadata = path.symlink_metadata().map_err(ClusterError::file("look at", path))?;
    let ourselves = rustix::process::geteuid().as_raw();
    let owner = account.map_or(ourselves, |account| account.uid);
    if !metadata.is_dir() || ![ourselves, owner].contains(&metadata.uid()) {
        return Err(ClusterError::ForeignContent { path: path.to_owned() });
    }
    if let Some(account) = account {
        chown(path, Some(account.uid), Some(account.gid)).map_err(ClusterError::file("hand over", path))?;
    }
    Ok(())
}

/// For a cluster that takes the place of another one: whoever could use that can use this. Nothing that is there already is
/// handed over, nor what a link leads to.
pub(super) fn make_with_owner_of(path: &Path, other: &Path) -> Result<(), ClusterError> {
    DirBuilder::new().mode(0o700).create(path).map_err(ClusterError::file("make", path))?;
    if rustix::process::geteuid().is_root() {
        let owner = other.metadata().map_err(ClusterError::file("look at", other))?;
        let given = lchown(path, Some(owner.uid()), Some(owner.gid()));
        given.map_err(ClusterError::file("hand over", path))?;
    }
    Ok(())
}

pub(super) fn make_directory(path: &Path, mode: u32) -> Result<(), ClusterError> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(ClusterError::file("make", path)(error))
        }
        _ => Ok(()),
    }
}

pub(super) fn remove_file(path: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ClusterError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_a_short_socket() {
        let near = Directory { root: PathBuf::from("/var/lib/flow-registry") };
        assert_eq!(near.socket_dir(), Path::new("/var/lib/flow-registry/socket"));
        let far = Directory { root: PathBuf::from(format!("/{}", "long/".repeat(30))) };
        assert!(socket(&far.socket_dir()).as_os_str().len() <= SOCKET_PATH_BYTES_MAX);
        assert_eq!(far.socket_dir(), far.socket_dir());
        let other = Directory { root: PathBuf::from(format!("/{}", "other/".repeat(30))) };
        assert_ne!(far.socket_dir(), other.socket_dir());
    }
}
