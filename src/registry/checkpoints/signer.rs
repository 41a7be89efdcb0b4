//! Who signs: the keys of this process, and where it keeps what it has signed beyond the database.

use std::sync::Arc;

use uuid::Uuid;

use super::CheckpointDirectory;
use crate::evidence::Keyring;
use crate::store::StoredCheckpoint;

/// A handle on the keys of a process; clones share them. Without secret keys it signs nothing.
#[derive(Debug, Clone, Default)]
pub struct Signer {
    keyring: Arc<Keyring>,
    directory: Option<CheckpointDirectory>,
}

impl Signer {
    pub fn new(keyring: Keyring, directory: Option<CheckpointDirectory>) -> Self {
        Self { keyring: Arc::new(keyring), directory }
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

    /// Keeps a new checkpoint as a file too, where that is wanted. It is in the database already: a full disk is
    /// reported, and keeps nobody from signing.
    pub(super) async fn keep(&self, org_id: Uuid, checkpoint: &StoredCheckpoint) {
        let Some(directory) = self.directory.clone() else { return };
        let (position, note) = (checkpoint.position, checkpoint.note.clone());
        let kept = tokio::task::spawn_blocking(move || directory.keep(org_id, position, &note)).await;
        if let Ok(Err(error)) = kept {
            tracing::error!(%error, org = %org_id, position, "a checkpoint was not written to its directory");
        }
    }
}
