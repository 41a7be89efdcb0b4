//! Whether the runtime is late with its tasks: a task that comes again and again says when it came.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

const LATE: Duration = Duration::from_millis(400);
/// Requests begun since the runtime was asked, below which it is not they that make it late.
const BEGUN_MIN: u64 = 8;

/// When the runtime was asked last, and what came since.
#[derive(Debug)]
pub struct Runtime {
    start: Instant,
    /// In milliseconds since `start`; `NEVER` where nobody asks.
    asked_ms: AtomicU64,
    begun: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Runtime {
    pub fn new() -> Self {
        Self { start: Instant::now(), asked_ms: AtomicU64::new(NEVER), begun: AtomicU64::new(0) }
    }

    /// Notes that the runtime has come to ask.
    pub fn asked(&self) {
        self.asked_ms.store(self.ms(Instant::now()), Ordering::Relaxed);
        self.begun.store(0, Ordering::Relaxed);
    }

    /// Whether it should have come again long ago, counting a request that is about to begin.
    pub fn is_late(&self, now: Instant) -> bool {
        let asked_ms = self.asked_ms.load(Ordering::Relaxed);
        if asked_ms == NEVER || self.begun.fetch_add(1, Ordering::Relaxed) < BEGUN_MIN {
            return false;
        }
        self.ms(now).saturating_sub(asked_ms) > LATE.as_millis() as u64
    }

    fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.start).as_millis()).unwrap_or(NEVER - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_that_is_late_takes_nothing_more() {
        let start = Instant::now();
        let runtime = Runtime { start, asked_ms: AtomicU64::new(0), begun: AtomicU64::new(0) };
        let late = start + LATE + Duration::from_millis(1);
        for _ in 0..BEGUN_MIN {
            assert!(!runtime.is_late(late));
        }
        assert!(runtime.is_late(late) && !runtime.is_late(start + LATE));
        runtime.asked();
        assert!(!runtime.is_late(late));
        runtime.asked_ms.store(NEVER, Ordering::Relaxed);
        runtime.begun.store(BEGUN_MIN, Ordering::Relaxed);
        assert!(!runtime.is_late(late));
    }
}
