//! A directory that is gone after the test.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const GONE_WITHIN: Duration = Duration::from_secs(10);

pub struct Scratch(PathBuf);

impl Scratch {
    /// Passable for the account that runs Postgres for root, closed to nobody's reading by name.
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let parent = std::env::temp_dir().canonicalize().unwrap();
        let path = parent.join(format!("flow-registry-test-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o711).create(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    /// The server of a service that was killed may still be going down in there, and writing.
    fn drop(&mut self) {
        let give_up = Instant::now() + GONE_WITHIN;
        let mut removed = fs::remove_dir_all(&self.0);
        while removed.is_err() && Instant::now() < give_up {
            std::thread::park_timeout(Duration::from_millis(20));
            removed = fs::remove_dir_all(&self.0);
        }
        assert!(removed.is_ok() || std::thread::panicking(), "{}: {removed:?}", self.0.display());
    }
}
