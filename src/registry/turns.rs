//! Turns: inside this process, commands on one flow run one after the other, and who depends on what is in force can keep
//! it as it is for a moment.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
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
    /// By organization: shared by whoever changes what is in force there.
    in_force: Arc<[Arc<RwLock<()>>]>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            locks: (0..LOCKS).map(|_| Arc::default()).collect(),
            in_force: (0..LOCKS).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
        }
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

    /// Waits until nobody keeps what is in force of an organization as it is.
    pub(super) async fn change_in_force(
        &self,
        org_id: Uuid,
    ) -> Result<OwnedRwLockReadGuard<()>, RegistryError> {
        let turn = Arc::clone(&self.in_force[self.lock_of(org_id)]).read_owned();
        timeout(WAIT_MAX, turn).await.map_err(|_| RegistryError::Overloaded)
    }

    /// Keeps what is in force of an organization as it is, but for what is appended with this guard. Whoever takes it has
    /// the turns of flows already, and asks for no further one.
    pub(super) async fn keep_in_force(&self, org_id: Uuid) -> Result<InForceKept, RegistryError> {
        let turn = Arc::clone(&self.in_force[self.lock_of(org_id)]).write_owned();
        timeout(WAIT_MAX, turn).await.map(InForceKept).map_err(|_| RegistryError::Overloaded)
    }

    fn lock_of(&self, id: Uuid) -> usize {
        self.hasher.hash_one(id) as usize % LOCKS
    }

    async fn take_lock(&self, index: usize) -> Result<OwnedMutexGuard<()>, RegistryError> {
        let turn = Arc::clone(&self.locks[index]).lock_owned();
        timeout(WAIT_MAX, turn).await.map_err(|_| RegistryError::Overloaded)
    }
}

/// As long as it lives, no other command of this process changes what is in force of an organization.
#[derive(Debug)]
pub(super) struct InForceKept(#[expect(dead_code, reason = "held")] OwnedRwLockWriteGuard<()>);
