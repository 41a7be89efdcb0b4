//! A data directory within another, in which a cluster is made whole before it takes its place. What a crash leaves of it
//! is told from a data directory that can be used.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::ClusterError;
use super::directory::{Directory, make_directory, make_with_owner_of, passable, remove_file, sync};

/// Removed with this value, unless something in it is the only copy.
#[derive(Debug)]
pub struct Staging {
    directory: Directory,
    path: PathBuf,
    /// The data directory was not there before.
    made_directory: bool,
    stays: bool,
    /// Of the data directory, where there is no cluster yet whose server would have it. Others may have it after this value.
    #[allow(dead_code)]
    lock: Option<File>,
}

impl Staging {
    /// In a data directory that is made, or empty. Until it ends nobody else uses that.
    pub fn for_restore(data_dir: &Path) -> Result<Self, ClusterError> {
        let made_directory = !data_dir.exists();
        let directory = Directory::create(data_dir)?;
        // Not even a lock is left among what is somebody else's.
        if let Err(refused @ ClusterError::NotEmpty { .. }) = refuse_content(&directory) {
            return Err(refused);
        }
        let lock = directory.lock()?;
        refuse_content(&directory)?;
        let path = directory.restoring();
        let mut staging = Self::make(directory, path)?;
        (staging.made_directory, staging.lock) = (made_directory, Some(lock));
        Ok(staging)
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
            false => Self::make(directory, path)?,
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
    fn make(directory: Directory, path: PathBuf) -> Result<Self, ClusterError> {
        DirBuilder::new().mode(passable()).create(&path).map_err(ClusterError::file("make", &path))?;
        sync(directory.root())?;
        Ok(Self { directory, path, made_directory: false, stays: false, lock: None })
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
    /// Until this succeeds no service starts on the data directory.
    pub fn settle(mut self, beside: &[&str]) -> Result<(), ClusterError> {
        let root = self.directory.root();
        // From here on what is removed would be missed beside what was moved.
        self.stays = true;
        for name in beside.iter().copied().filter(|name| self.path.join(name).exists()) {
            move_to(&self.path.join(name), &root.join(name))?;
        }
        sync(root)?;
        move_to(&self.path.join("postgres"), &self.directory.pgdata())?;
        sync(root)?;
        fs::remove_dir_all(&self.path).map_err(ClusterError::file("remove", &self.path))?;
        // A crash that brought it back would make a directory that was served look like one that never was.
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
            // Where that fails there is an empty directory, which the next restore takes as it is.
            let _ = remove_file(&self.directory.lock_file());
            let _ = fs::remove_dir(self.directory.root());
        }
    }
}

/// What an earlier restore left is told from what somebody else did.
fn refuse_content(directory: &Directory) -> Result<(), ClusterError> {
    let root = directory.root();
    if directory.restoring().exists() {
        return Err(ClusterError::UnfinishedRestore { data_dir: root.to_owned() });
    }
    for entry in root.read_dir().map_err(ClusterError::file("look at", root))? {
        let entry = entry.map_err(ClusterError::file("look at", root))?;
        if entry.path() != directory.lock_file() {
            return Err(ClusterError::NotEmpty { data_dir: root.to_owned() });
        }
    }
    Ok(())
}

fn exchange(one: &Path, other: &Path) -> rustix::io::Result<()> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)
}

fn move_to(from: &Path, to: &Path) -> Result<(), ClusterError> {
    fs::rename(from, to).map_err(ClusterError::file("move", from))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data directory that is not there yet, in one that is gone after the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let temp_dir = std::env::temp_dir().canonicalize().unwrap();
            let path = temp_dir.join(format!("flow-registry-staging-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn data_dir(&self) -> PathBuf {
            self.0.join("data")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_settled_is_all_that_is_left() {
        let place = Place::new("settled");
        let staging = Staging::for_restore(&place.data_dir()).unwrap();
        let refused = Staging::for_restore(&place.data_dir()).unwrap_err();
        assert!(matches!(refused, ClusterError::InUse { .. }), "{refused}");
        fs::create_dir(staging.path().join("postgres")).unwrap();
        fs::write(staging.path().join("key"), "secret").unwrap();
        fs::write(staging.path().join("postgres.log"), "of the restore").unwrap();
        staging.settle(&["key", "absent"]).unwrap();
        let names = place.data_dir().read_dir().unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["key", "lock", "postgres"]);
        Directory::open(&place.data_dir()).unwrap().lock().unwrap();
    }

    #[test]
    fn what_is_not_settled_is_gone_and_its_place_can_be_used() {
        let place = Place::new("dropped");
        drop(Staging::for_restore(&place.data_dir()).unwrap());
        assert!(!place.data_dir().exists());
        fs::create_dir(place.data_dir()).unwrap();
        for _ in 0..2 {
            let staging = Staging::for_restore(&place.data_dir()).unwrap();
            fs::create_dir(staging.path().join("postgres")).unwrap();
        }
        fs::write(place.data_dir().join("thesis.txt"), "years of work").unwrap();
        fs::remove_file(place.data_dir().join("lock")).unwrap();
        let refused = Staging::for_restore(&place.data_dir()).unwrap_err();
        assert!(matches!(refused, ClusterError::NotEmpty { .. }), "{refused}");
        assert!(!place.data_dir().join("lock").exists());
    }

    #[test]
    fn what_is_half_settled_stays_and_is_told_from_a_data_directory() {
        let place = Place::new("half");
        let staging = Staging::for_restore(&place.data_dir()).unwrap();
        fs::write(staging.path().join("key"), "secret").unwrap();
        fs::write(staging.path().join("more"), "of it").unwrap();
        // There is no cluster to move.
        let failed = staging.settle(&["key"]).unwrap_err();
        assert!(matches!(failed, ClusterError::File { action: "move", .. }), "{failed}");
        assert!(place.data_dir().join("key").exists() && place.data_dir().join("restoring/more").exists());
        let refused = Staging::for_restore(&place.data_dir()).unwrap_err();
        assert!(matches!(refused, ClusterError::UnfinishedRestore { .. }), "{refused}");
    }
}
