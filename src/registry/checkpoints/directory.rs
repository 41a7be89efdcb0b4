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
        let written = File::create_new(&unfinished).and_then(|mut file| {
            file.write_all(note.as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, self.file(org_id, position))
        });
        if written.is_err() {
            // A full disk must not fill up with what was begun.
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        File::open(&directory)?.sync_all()
    }

    /// The same where there is no file yet.
    pub fn keep_missing(&self, org_id: Uuid, position: i64, note: &str) -> io::Result<()> {
        match self.file(org_id, position).try_exists()? {
            true => Ok(()),
            false => self.keep(org_id, position, note),
        }
    }

    fn file(&self, org_id: Uuid, position: i64) -> PathBuf {
        self.0.join(org_id.to_string()).join(format!("{position}.checkpoint"))
    }
}
