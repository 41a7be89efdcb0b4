//! Who signs: the keys of this process, and what it remembers of what was signed.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretSlice;
use uuid::Uuid;

use super::memory::{Reached, Remembered, RememberedTree, SignatureMemory};
use crate::evidence::{Keyring, TreeHead};
use crate::registry::RegistryError;

/// A handle on the keys of a process; clones share them. Without secret keys it signs nothing.
#[derive(Debug, Clone, Default)]
pub struct Signer {
    keyring: Arc<Keyring>,
    memory: Option<SignatureMemory>,
    /// Organizations whose logs are refused a signature, until they no longer are.
    refused: Arc<Mutex<HashSet<(Uuid, SignedNote)>>>,
}

/// What is signed of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SignedNote {
    Checkpoint,
    TreeHead,
}

impl Signer {
    /// Without a memory only the checkpoints in the database tell what was signed.
    pub fn new(keyring: Keyring, memory: Option<SignatureMemory>) -> Self {
        Self { keyring: Arc::new(keyring), memory, refused: Arc::default() }
    }

    /// Whether there is a secret key.
    pub fn signs(&self) -> bool {
        !self.keyring.signing_keys().is_empty()
    }

    /// Secrets for another purpose, one of each secret key, in the order of the file.
    pub fn derived(&self, purpose: &[u8]) -> Vec<SecretSlice<u8>> {
        self.keyring.signing_keys().iter().map(|key| key.derived(purpose)).collect()
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Remembers whether a log is refused a signature, and says whether that is news.
    pub(super) fn refuse(&self, org_id: Uuid, what: SignedNote, is_refused: bool) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (org_id, what);
        let is_news = if is_refused { refused.insert(place) } else { refused.remove(&place) };
        let logs = u32::try_from(logs(&refused)).unwrap_or(u32::MAX);
        metrics::gauge!("signing_refused_logs").set(logs);
        is_news
    }

    /// How many logs are refused a signature.
    pub(super) fn refused(&self) -> usize {
        logs(&self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last checkpoint that is remembered of a log.
    pub(super) async fn reached(&self, org_id: Uuid) -> Result<Option<Reached>, RegistryError> {
        self.remember(move |memory| memory.reached(org_id)).await.map(Option::flatten)
    }

    /// Of which organizations anything is remembered.
    pub(super) async fn organizations(&self) -> Result<Vec<Uuid>, RegistryError> {
        self.remember(SignatureMemory::organizations).await.map(Option::unwrap_or_default)
    }

    /// Remembers a checkpoint before anybody sees it. `None` where nothing is remembered.
    pub(super) async fn keep(
        &self,
        from: Option<Reached>,
        new: Reached,
        note: String,
    ) -> Result<Option<Remembered>, RegistryError> {
        self.remember(move |memory| memory.keep(from.as_ref(), &new, &note)).await
    }

    /// The last tree head that is remembered of a log, in the series that its checkpoints have come to.
    pub(super) async fn reached_tree(&self, org_id: Uuid) -> Result<Option<TreeHead>, RegistryError> {
        let reached = move |memory: &SignatureMemory| {
            let series = memory.reached(org_id)?.map_or(1, |reached| reached.series);
            memory.reached_tree(org_id, series)
        };
        self.remember(reached).await.map(Option::flatten)
    }

    /// Remembers a tree head before anybody sees it. `None` where nothing is remembered.
    pub(super) async fn keep_tree(
        &self,
        new: TreeHead,
        note: String,
    ) -> Result<Option<RememberedTree>, RegistryError> {
        let keep = move |memory: &SignatureMemory| {
            let series = memory.reached(new.organization)?.map_or(1, |reached| reached.series);
            memory.keep_tree(series, &new, &note)
        };
        self.remember(keep).await
    }

    /// Work on files, on a thread that may wait.
    async fn remember<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SignatureMemory) -> io::Result<T> + Send + 'static,
    ) -> Result<Option<T>, RegistryError> {
        let Some(memory) = self.memory.clone().filter(|_| self.signs()) else { return Ok(None) };
        match tokio::task::spawn_blocking(move || work(&memory)).await {
            Ok(done) => Ok(Some(done.map_err(RegistryError::SignaturesNotKept)?)),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

fn logs(refused: &HashSet<(Uuid, SignedNote)>) -> usize {
    refused.iter().map(|(org_id, _)| org_id).collect::<HashSet<_>>().len()
}
