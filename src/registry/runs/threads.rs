//! The threads of runs: their own, so that their priority touches nobody else.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// The lowest: beside fifty heavy runs of another organization a read takes 2.5 times as long as alone at the 99th percentile,
/// and 3.4 times without. Where the machine has nothing to spare it costs a tenth of the runs.
const NICE: i32 = 19;

/// Threads that begin when a run needs one, and end when none has for some seconds. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct RunThreads(Arc<Threads>);

/// A runtime that is there for its blocking threads alone; `None`: it ends.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl RunThreads {
    pub(super) fn new(max: usize) -> Self {
        let runtime = Builder::new_current_thread()
            .thread_name("test-run")
            .max_blocking_threads(max)
            .on_thread_start(lower_priority)
            .build()
            .expect("a runtime without clock and sockets asks nothing of the system");
        Self(Arc::new(Threads(Some(runtime))))
    }

    pub(super) fn spawn<T: Send + 'static>(&self, run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.0.0.as_ref().expect("it ends with the last clone").spawn_blocking(run)
    }
}

/// Of the current thread; on other systems than Linux all threads of a process have one priority.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "a thread of test runs has the priority of all others");
    }
}
