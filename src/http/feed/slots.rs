//! How many feeds a process serves at once, and what they have in common.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The longest a feed is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What all feeds of a process share; clones share it too.
#[derive(Debug, Clone)]
pub struct Feeds {
    slots: Arc<Semaphore>,
    pub heartbeat: Duration,
    pub shutdown: CancellationToken,
}

impl Feeds {
    /// At most `readers_max` feeds at once, which all end with `shutdown`. A connection that is silent for `stall` is
    /// cut, so none of them is.
    pub fn new(readers_max: usize, stall: Duration, shutdown: CancellationToken) -> Self {
        Self { slots: Arc::new(Semaphore::new(readers_max)), heartbeat: HEARTBEAT.min(stall / 3), shutdown }
    }

    /// As many slots of their own, for others who follow logs.
    pub fn beside(&self, readers_max: usize) -> Self {
        Self { slots: Arc::new(Semaphore::new(readers_max)), ..self.clone() }
    }

    /// Takes a slot; `None` while all are taken.
    pub fn slot(&self) -> Option<FeedSlot> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        metrics::gauge!("feed_readers").increment(1.0);
        Some(FeedSlot { _permit: permit })
    }
}

/// The right to one open feed, until it is dropped.
#[derive(Debug)]
pub struct FeedSlot {
    _permit: OwnedSemaphorePermit,
}

impl Drop for FeedSlot {
    fn drop(&mut self) {
        metrics::gauge!("feed_readers").decrement(1.0);
    }
}
