//! Threads that serve connections, each with a runtime of its own. A request that stays on one thread wakes no other:
//! that costs more than most of what a request is about.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The thread whose runtime this was made on, and others. They last as long as this value, and connections to the
/// database that were opened on one of them no longer.
#[derive(Debug)]
pub struct Threads {
    threads: Vec<Thread>,
    _end: DropGuard,
}

#[derive(Debug)]
pub(super) struct Thread {
    pub(super) runtime: Handle,
    pub(super) connections: TaskTracker,
}

impl Threads {
    /// This thread, and as many others as there are further cores.
    pub fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let end = CancellationToken::new();
        let mut threads = vec![Thread::of(Handle::current())];
        for number in 1..cores {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            threads.push(Thread::of(runtime.handle().clone()));
            let end = end.clone();
            let name = format!("http-{number}");
            thread::Builder::new().name(name).spawn(move || runtime.block_on(end.cancelled_owned()))?;
        }
        Ok(Self { threads, _end: end.drop_guard() })
    }

    /// The thread with the fewest connections.
    pub(super) fn idlest(&self) -> &Thread {
        self.threads.iter().min_by_key(|thread| thread.connections.len()).expect("there is always one")
    }

    pub(super) fn connections(&self) -> usize {
        self.threads.iter().map(|thread| thread.connections.len()).sum()
    }

    /// Waits until no connection is left.
    pub(super) async fn idle(&self) {
        for thread in &self.threads {
            thread.connections.close();
            thread.connections.wait().await;
        }
    }
}

impl Thread {
    fn of(runtime: Handle) -> Self {
        Self { runtime, connections: TaskTracker::new() }
    }
}
