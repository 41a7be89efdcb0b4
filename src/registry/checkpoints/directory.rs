//! A directory of checkpoints: one file for each, so that they can be copied to where nobody alters them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// `<organization>/<position>.checkpoint`, each a signed note as it is.
#[derive(Debug, Clone)]
pub struct CheckpointDirectory(PathBuf);

impl CheckpointDirectory {
    /// Makes the directory where it is missing, and proves that it can be written to.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let trial = path.join(format!(".{}", Uuid::now_v7()));
        File::create_new(&trial)?;
        fs::remove_file(&trial)?;
        Ok(Self(path.to_owned()))
    }

    /// Whoever looks sees the whole file or none, also after a crash.
    pub fn keep(&self, org_id: Uuid, position: i64, note: &str) -> io::Result<()> {
        let directory = self.0.join(org_id.to_string());
        fs::create_dir_all(&directory)?;
        // Replicas may share the directory.
        let unfinished = directory.join(format!(".{}", Uuid::now_v7()));
        let mut file = File::create_new(&unfinished)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, directory.join(format!("{position}.checkpoint")))?;
        File::open(&directory)?.sync_all()
    }
}
