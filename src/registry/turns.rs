//! Turns: inside this process, commands on one flow run one after the other.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;
use uuid::Uuid;

use super::RegistryError;

/// Flows share this many locks by hash: bounded memory, and a wait for another flow's command is rare and harmless.
const LOCKS: usize = 1024;
/// As long as an append may take.
const WAIT_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(super) struct Turns {
    locks: Arc<[Arc<Mutex<()>>]>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { locks: (0..LOCKS).map(|_| Arc::default()).collect(), hasher: RandomState::new() }
    }

    /// Waits for the turn of a command on this flow; it lasts until the guard is dropped. Whoever waits for long is
    /// refused: its caller may have gone, and nothing was done yet.
    pub(super) async fn take(&self, flow_id: Uuid) -> Result<OwnedMutexGuard<()>, RegistryError> {
        self.take_lock(self.lock_of(flow_id)).await
    }

    /// Waits for the turns of several flows at once: each lock once, in one order for everybody, so that no two wait for each other.
    pub(super) async fn take_all(
        &self,
        flow_ids: impl Iterator<Item = Uuid>,
    ) -> Result<Vec<OwnedMutexGuard<()>>, RegistryError> {
        let locks: BTreeSet<usize> = flow_ids.map(|flow_id| self.lock_of(flow_id)).collect();
        let mut turns = Vec::with_capacity(locks.len());
        for index in locks {
            turns.push(self.take_lock(index).await?);
        }
        Ok(turns)
    }

    fn lock_of(&self, flow_id: Uuid) -> usize {
        self.hasher.hash_one(flow_id) as usize % LOCKS
    }

    async fn take_lock(&self, index: usize) -> Result<OwnedMutexGuard<()>, RegistryError> {
        let turn = Arc::clone(&self.locks[index]).lock_owned();
        timeout(WAIT_MAX, turn).await.map_err(|_| RegistryError::Overloaded)
    }
}
