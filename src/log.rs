//! Lines for stderr, gathered for a moment: a line for each request, written by itself, would cost the request more than
//! all that is said in it. Warnings and errors go out at once, and take along what waits.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait.
const WAIT_MAX: Duration = Duration::from_millis(100);
const BYTES_MAX: usize = 16 * 1024;

/// What waits to be written.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Writes what waits, ten times a second, for as long as the process lives.
    pub fn keep_flowing(&self) {
        let lines = self.clone();
        let flow = move || loop {
            std::thread::sleep(WAIT_MAX);
            lines.flush();
        };
        // Where no thread can be had, lines wait for others to push them out.
        let _ = std::thread::Builder::new().name("log".to_owned()).spawn(flow);
    }

    /// Writes what waits.
    pub fn flush(&self) {
        write_out(&mut self.waiting());
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody can be told that stderr takes nothing.
fn write_out(waiting: &mut Vec<u8>) {
    if !waiting.is_empty() {
        let _ = io::stderr().write_all(waiting);
        waiting.clear();
    }
}

/// Takes the lines of one event.
#[derive(Debug)]
pub struct Line<'l> {
    lines: &'l Lines,
    may_wait: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.lines.waiting();
        waiting.extend_from_slice(line);
        if !self.may_wait || waiting.len() > BYTES_MAX {
            write_out(&mut waiting);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush();
        Ok(())
    }
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Line<'l>;

    fn make_writer(&'l self) -> Line<'l> {
        Line { lines: self, may_wait: false }
    }

    fn make_writer_for(&'l self, event: &Metadata<'_>) -> Line<'l> {
        Line { lines: self, may_wait: *event.level() > Level::WARN }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn a_line_waits_until_a_warning_takes_it_along() {
        let lines = Lines::default();
        let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone()).with_ansi(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!("first");
            tracing::info!("second");
            let waiting = String::from_utf8(lines.waiting().clone()).unwrap();
            assert!(waiting.contains("first") && waiting.ends_with("second\n"), "{waiting}");
            tracing::warn!("now");
            assert!(lines.waiting().is_empty());
        });
    }
}
