//! The log's way to stderr. Lines are gathered in memory and one thread writes them, so that no request waits for whoever
//! reads stderr.
//!
//! Lines that come within a few milliseconds share one wake-up and one write. A thread that is woken for each line
//! (`tracing-appender`) costs a read 8 µs of 50.

#[cfg(feature = "otlp")]
pub mod otlp;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// What may wait while nobody reads stderr: some 5,000 lines. Further lines are dropped and counted: what must not be lost
/// is in the database, not in the log.
const BYTES_MAX: usize = 1024 * 1024;
/// Memory that is kept for the next lines.
const BYTES_KEPT: usize = 64 * 1024;
/// How long the first line waits for others.
const GATHER: Duration = Duration::from_millis(10);
/// How long the last lines may take when the process ends.
const LAST_WRITE_MAX: Duration = Duration::from_secs(1);

/// Takes lines for stderr. Clones share one queue.
#[derive(Debug, Clone, Default)]
pub struct LogLines(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    has_come: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    is_closed: bool,
}

/// Writes what waits when it is dropped, for up to a second.
#[derive(Debug)]
pub struct LogGuard {
    lines: LogLines,
    ended: mpsc::Receiver<()>,
}

impl LogLines {
    /// Starts the thread that writes to stderr.
    pub fn start() -> io::Result<(Self, LogGuard)> {
        let lines = Self::default();
        let (end, ended) = mpsc::channel();
        let queue = Arc::clone(&lines.0);
        let write = move || {
            queue.write_to(&mut io::stderr());
            let _ = end.send(());
        };
        std::thread::Builder::new().name("log".to_owned()).spawn(write)?;
        Ok((lines.clone(), LogGuard { lines, ended }))
    }

    /// How many lines were dropped because nobody read stderr.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.lines.len() + line.len() > BYTES_MAX {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let is_first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if is_first {
            self.has_come.notify_one();
        }
    }

    /// Writes lines until the queue is closed and empty. Nobody can be told that the writer takes nothing.
    fn write_to(&self, writer: &mut impl Write) {
        let mut lines = Vec::new();
        loop {
            let is_idle = |waiting: &mut Waiting| waiting.lines.is_empty() && !waiting.is_closed;
            let waiting = self.has_come.wait_while(self.waiting(), is_idle);
            let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            if waiting.lines.is_empty() {
                return;
            }
            let is_closed = waiting.is_closed;
            drop(waiting);
            if !is_closed {
                std::thread::sleep(GATHER);
            }
            std::mem::swap(&mut self.waiting().lines, &mut lines);
            let _ = writer.write_all(&lines);
            lines.clear();
            lines.shrink_to(BYTES_KEPT);
        }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.lines.0.waiting().is_closed = true;
        self.lines.0.has_come.notify_one();
        let _ = self.ended.recv_timeout(LAST_WRITE_MAX);
    }
}

/// Takes one event, which comes as one write.
impl Write for &LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'l> MakeWriter<'l> for LogLines {
    type Writer = &'l LogLines;

    fn make_writer(&'l self) -> &'l LogLines {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_whole_and_in_order_and_those_beyond_the_limit_are_counted() {
        let lines = LogLines::default();
        let line = [b'x'; 1023];
        let line = [&line[..], b"\n"].concat();
        for _ in 0..BYTES_MAX / line.len() + 3 {
            assert_eq!((&lines).write(&line).unwrap(), line.len());
        }
        (&lines).write_all(b"the last\n").unwrap();
        assert_eq!(lines.dropped(), 4);

        lines.0.waiting().is_closed = true;
        let mut written = Vec::new();
        lines.0.write_to(&mut written);
        assert_eq!(written, line.repeat(BYTES_MAX / line.len()));
    }

    #[test]
    fn a_thread_writes_what_comes_and_ends_when_the_queue_is_closed() {
        let lines = LogLines::default();
        let queue = Arc::clone(&lines.0);
        let writing = std::thread::spawn(move || {
            let mut written = Vec::new();
            queue.write_to(&mut written);
            written
        });
        for number in 0..1000 {
            writeln!(&lines, "{number}").unwrap();
        }
        lines.0.waiting().is_closed = true;
        lines.0.has_come.notify_one();
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        assert_eq!(writing.join().unwrap(), expected.as_bytes());
    }
}
