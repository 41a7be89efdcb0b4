//! A data directory within another, in which a cluster is made whole before it takes its place. What a crash leaves of it
//! is told from a data directory that can be used.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::ClusterError;
use super::directory::{Directory, make_directory, make_with_owner_of, passable, sync};

/// Removed with this value, unless something in it is the only copy.
#[derive(Debug)]
pub struct Staging {
    directory: Directory,
    path: PathBuf,
    /// The data directory was not there before.
    made_directory: bool,
    stays: bool,
}

impl Staging {
    /// In a data directory that is made, or empty.
    pub fn for_restore(data_dir: &Path) -> Result<Self, ClusterError> {
        let made_directory = !data_dir.exists();
        let directory = Directory::create(data_dir)?;
        let path = directory.restoring();
        if path.exists() {
            return Err(ClusterError::UnfinishedRestore { data_dir: directory.root().to_owned() });
        }
        let mut entries =
            directory.root().read_dir().map_err(ClusterError::file("look at", directory.root()))?;
        if entries.next().is_some() {
            return Err(ClusterError::NotEmpty { data_dir: directory.root().to_owned() });
        }
        Self::make(directory, path, made_directory)
    }

    /// Beside the cluster of a data directory, for one that is to replace it. Proves that it can, and that what is
    /// replaced can be kept.
    pub fn for_upgrade(data_dir: &Path) -> Result<Self, ClusterError> {
        let directory = Directory::open(data_dir)?;
        let path = directory.root().join("upgrading");
        let staging = match path.exists() {
            true => {
                let what = "`postgres` beside it is whole: remove the other when nothing in it is needed";
                return Err(ClusterError::LeftOver { path, what });
            }
            false => Self::make(directory, path, false)?,
        };
        let kept = staging.kept();
        if kept.exists() {
            let what = "move it away, as the cluster that is replaced is kept there";
            return Err(ClusterError::LeftOver { path: kept, what });
        }
        let (one, other) = (staging.path.join("one"), staging.path.join("other"));
        make_directory(&one, 0o700)?;
        make_directory(&other, 0o700)?;
        let data_dir = staging.directory.root().to_owned();
        exchange(&one, &other).map_err(|_| ClusterError::NoExchange { data_dir })?;
        for tried in [one, other] {
            fs::remove_dir(&tried).map_err(ClusterError::file("remove", &tried))?;
        }
        make_with_owner_of(&staging.path.join("postgres"), &staging.directory.pgdata())?;
        Ok(staging)
    }

    /// Who makes the directory has it: another restore or upgrade finds it there.
    fn make(directory: Directory, path: PathBuf, made_directory: bool) -> Result<Self, ClusterError> {
        DirBuilder::new().mode(passable()).create(&path).map_err(ClusterError::file("make", &path))?;
        sync(directory.root())?;
        Ok(Self { directory, path, made_directory, stays: false })
    }

    /// The data directory of the cluster that is made.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where an upgrade keeps the cluster that it replaces.
    fn kept(&self) -> PathBuf {
        let made_by = self.directory.made_by().unwrap_or_default();
        self.directory.root().join(format!("postgres-{made_by}"))
    }

    /// Puts the cluster in its place, and before it these files beside it, where they are there. Its server is stopped.
    pub fn settle(self, beside: &[&str]) -> Result<(), ClusterError> {
        let root = self.directory.root();
        for name in beside.iter().copied().filter(|name| self.path.join(name).exists()) {
            move_to(&self.path.join(name), &root.join(name))?;
        }
        sync(root)?;
        move_to(&self.path.join("postgres"), &self.directory.pgdata())?;
        sync(root)
    }

    /// Exchanges the cluster with the one beside it, in one step, and says where that is kept. Neither has a server.
    pub fn replace(mut self) -> Result<PathBuf, ClusterError> {
        let (root, kept) = (self.directory.root().to_owned(), self.kept());
        let (new, old) = (self.path.join("postgres"), self.directory.pgdata());
        exchange(&new, &old).map_err(|error| ClusterError::file("exchange", &old)(error.into()))?;
        self.stays = true;
        sync(&root)?;
        sync(&self.path)?;
        move_to(&new, &kept)?;
        self.stays = false;
        sync(&root)?;
        Ok(kept)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "what was begun was not removed");
        }
        if self.made_directory {
            // It is not empty where the restore came to its end.
            let _ = fs::remove_dir(self.directory.root());
        }
    }
}

fn exchange(one: &Path, other: &Path) -> rustix::io::Result<()> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)
}

fn move_to(from: &Path, to: &Path) -> Result<(), ClusterError> {
    fs::rename(from, to).map_err(ClusterError::file("move", from))
}
