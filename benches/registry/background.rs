//! What goes on beside a measurement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Done again and again on a thread of its own, until this value is dropped or it fails.
pub struct Background {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Background {
    pub fn every(period: Duration, act: impl FnMut() -> anyhow::Result<()> + Send + 'static) -> Self {
        Self::every_from(Instant::now(), period, act)
    }

    /// What came late is made up for.
    pub fn every_from(
        first: Instant,
        period: Duration,
        mut act: impl FnMut() -> anyhow::Result<()> + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut due = first;
            loop {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if stopped.load(Ordering::Relaxed) {
                    return Ok(());
                }
                act()?;
                due += period;
            }
        });
        Self { stop, thread: Some(thread) }
    }

    /// Ends it, and says whether it failed.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.join()
    }

    fn join(&mut self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(done)) => done,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.join();
        }
    }
}
