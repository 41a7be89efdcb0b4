//! Turns: inside this process, commands on one flow run one after the other.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

/// Flows share this many locks by hash: bounded memory, and a wait for another flow's command is rare and harmless.
const LOCKS: usize = 1024;

#[derive(Debug, Clone)]
pub(super) struct Turns {
    locks: Arc<[Arc<Mutex<()>>]>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { locks: (0..LOCKS).map(|_| Arc::default()).collect(), hasher: RandomState::new() }
    }

    /// Waits for the turn of a command on this flow; it lasts until the guard is dropped.
    pub(super) async fn take(&self, flow_id: Uuid) -> OwnedMutexGuard<()> {
        let index = self.hasher.hash_one(flow_id) as usize % LOCKS;
        Arc::clone(&self.locks[index]).lock_owned().await
    }
}
