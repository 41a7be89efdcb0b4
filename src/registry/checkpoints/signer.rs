//! Who signs: the keys of this process, and where it keeps what it has signed beyond the database.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::CheckpointDirectory;
use crate::evidence::Keyring;
use crate::store::StoredCheckpoint;

type Write = fn(&CheckpointDirectory, Uuid, i64, &str) -> io::Result<()>;

/// A handle on the keys of a process; clones share them. Without secret keys it signs nothing.
#[derive(Debug, Clone, Default)]
pub struct Signer {
    keyring: Arc<Keyring>,
    directory: Option<CheckpointDirectory>,
    /// Organizations whose logs were found to contradict themselves, until they no longer do.
    distrusted: Arc<Mutex<HashSet<Uuid>>>,
}

impl Signer {
    pub fn new(keyring: Keyring, directory: Option<CheckpointDirectory>) -> Self {
        Self { keyring: Arc::new(keyring), directory, distrusted: Arc::default() }
    }

    /// Whether there is a secret key.
    pub fn signs(&self) -> bool {
        !self.keyring.signing_keys().is_empty()
    }

    pub fn has_directory(&self) -> bool {
        self.directory.is_some()
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Remembers that a log is not to be signed, and says whether that is news.
    pub(super) fn distrust(&self, org_id: Uuid) -> bool {
        self.distrusted().insert(org_id)
    }

    pub(super) fn trust(&self, org_id: Uuid) {
        self.distrusted().remove(&org_id);
    }

    fn distrusted(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.distrusted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a new checkpoint as a file too, where that is wanted. It is in the database already: a full disk is
    /// reported, and keeps nobody from signing.
    pub(super) async fn keep(&self, org_id: Uuid, checkpoint: &StoredCheckpoint) {
        self.write(org_id, checkpoint, CheckpointDirectory::keep).await;
    }

    /// The same for one that was made before, by whomever, where there is no file of it: the process that made it may
    /// have ended in between, or its disk was full.
    pub(super) async fn keep_missing(&self, org_id: Uuid, checkpoint: &StoredCheckpoint) {
        self.write(org_id, checkpoint, CheckpointDirectory::keep_missing).await;
    }

    async fn write(&self, org_id: Uuid, checkpoint: &StoredCheckpoint, write: Write) {
        let Some(directory) = self.directory.clone() else { return };
        let (position, note) = (checkpoint.position, checkpoint.note.clone());
        let kept = tokio::task::spawn_blocking(move || write(&directory, org_id, position, &note)).await;
        if let Ok(Err(error)) = kept {
            tracing::error!(%error, org = %org_id, position, "a checkpoint was not written to its directory");
        }
    }
}
