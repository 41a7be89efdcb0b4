//! How much memory large bodies may take together, and the wait for a share of it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies up to this size are read whenever they come.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of larger bodies that may be in memory as values at once, where they take up to forty times as much.
const LARGE_BYTES_MAX: usize = 1024 * 1024;

/// The memory that larger bodies share. Clones share it too.
#[derive(Debug, Clone)]
pub struct BodyBudget(Arc<Semaphore>);

/// A body's share of the memory, given back when it is dropped; `None` for small bodies, which need none.
pub type BodyShare = Option<OwnedSemaphorePermit>;

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_BYTES_MAX)))
    }
}

impl BodyBudget {
    /// Waits until a body of this size may be read.
    pub async fn share(&self, bytes: usize) -> BodyShare {
        if bytes <= SMALL_BYTES_MAX {
            return None;
        }
        let bytes = u32::try_from(bytes.min(LARGE_BYTES_MAX)).expect("a limit of few megabytes");
        Some(Arc::clone(&self.0).acquire_many_owned(bytes).await.expect("the semaphore is never closed"))
    }
}
