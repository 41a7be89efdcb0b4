//! As whom the server runs. Postgres refuses root, so root hands it to an account without privileges.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::ClusterError;

/// An account other than our own; `None` at call sites means "as ourselves".
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// The account to change to, if any. A cluster that exists keeps its owner: installing a
    /// `postgres` account later must not lock us out of what `nobody` owns.
    pub fn choose(pgdata: &Path) -> Result<Option<Self>, ClusterError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        if let Ok(metadata) = pgdata.metadata()
            && metadata.uid() != 0
        {
            let (uid, gid) = (metadata.uid(), metadata.gid());
            return Ok(Some(Self { name: format!("with id {uid}"), uid, gid }));
        }
        ["postgres", "nobody"].into_iter().find_map(Self::look_up).map(Some).ok_or(ClusterError::NoAccount)
    }

    /// `id` asks every source of accounts the system is configured with, not only /etc/passwd.
    fn look_up(name: &str) -> Option<Self> {
        let number = |flag: &str| {
            let output = Command::new("id").args([flag, name]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse::<u32>().ok()
        };
        let (uid, gid) = (number("-u")?, number("-g")?);
        (uid != 0).then(|| Self { name: name.to_owned(), uid, gid })
    }

    /// The first directory on the way to `path` that this account may not pass through.
    pub fn check_way_to(&self, path: &Path) -> Result<(), ClusterError> {
        let mut way: Vec<&Path> = path.ancestors().collect();
        way.reverse();
        for directory in way {
            let metadata = directory.metadata().map_err(ClusterError::file("look at", directory))?;
            if !self.may_pass(&metadata) {
                let closed = directory.to_owned();
                return Err(ClusterError::ClosedParent { closed, user: self.name.clone() });
            }
        }
        Ok(())
    }

    fn may_pass(&self, directory: &Metadata) -> bool {
        let bit = match () {
            () if directory.uid() == self.uid => 0o100,
            () if directory.gid() == self.gid => 0o010,
            () => 0o001,
        };
        directory.mode() & bit != 0
    }

    pub fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_open_by_the_bit_that_applies() {
        let directory = tempfile_dir();
        let metadata = directory.metadata().unwrap();
        let owner = Account { name: "owner".into(), uid: metadata.uid(), gid: metadata.gid() };
        let stranger = Account { name: "stranger".into(), uid: metadata.uid() + 1, gid: metadata.gid() + 1 };
        assert!(owner.may_pass(&metadata));
        assert!(!stranger.may_pass(&metadata));
        let refused = stranger.check_way_to(&directory).unwrap_err();
        assert!(refused.to_string().contains(directory.to_str().unwrap()), "{refused}");
        std::fs::remove_dir(&directory).unwrap();
    }

    fn tempfile_dir() -> std::path::PathBuf {
        use std::os::unix::fs::DirBuilderExt;
        let path = std::env::temp_dir()
            .canonicalize()
            .unwrap()
            .join(format!("flow-registry-way-{}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        path
    }
}
