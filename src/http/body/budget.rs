//! How much memory large bodies may take together, and the wait for a share of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::problem::{Code, Problem};

/// Bodies up to this size are read whenever they come.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of larger bodies that may be in memory as values at once, where they take up to forty times as much.
const LARGE_BYTES_MAX: usize = 1024 * 1024;
/// How long a larger body waits for those before it.
const SHARE_WITHIN: Duration = Duration::from_secs(5);

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
    /// Waits until a body of this size may be read, but not for long.
    pub async fn share(&self, bytes: usize) -> Result<BodyShare, Problem> {
        if bytes <= SMALL_BYTES_MAX {
            return Ok(None);
        }
        let bytes = u32::try_from(bytes.min(LARGE_BYTES_MAX)).expect("a limit of few megabytes");
        let share = Arc::clone(&self.0).acquire_many_owned(bytes);
        match tokio::time::timeout(SHARE_WITHIN, share).await {
            Ok(share) => Ok(Some(share.expect("the semaphore is never closed"))),
            Err(_) => {
                let detail = "More large bodies are under way than this process takes.";
                Err(Problem::retry(Code::Overloaded, 1, detail))
            }
        }
    }
}
