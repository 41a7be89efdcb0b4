//! How far long work has come, for somebody who watches a terminal.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(200);

/// One line on standard error that is written over again; nothing where that is no terminal.
#[derive(Debug)]
pub struct ProgressLine {
    shown_at: Option<Instant>,
    is_shown: bool,
}

impl ProgressLine {
    pub fn new() -> Self {
        let shown_at = io::stderr().is_terminal().then(Instant::now);
        Self { shown_at, is_shown: false }
    }

    /// Shows the text that `text` writes, if the last one has been there for a while.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        if let Some(shown_at) = &mut self.shown_at
            && shown_at.elapsed() >= EVERY
        {
            *shown_at = Instant::now();
            self.is_shown = true;
            let _ = write!(io::stderr(), "\r\x1b[K{}", text());
        }
    }

    pub fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// `42 %`, of nothing all.
pub fn percent(done: u64, all: u64) -> String {
    let share = (u128::from(done) * 100).checked_div(u128::from(all)).unwrap_or(100);
    format!("{share} %")
}

/// Tells how many bytes have been read.
#[derive(Debug)]
pub struct CountingReader<R, F> {
    reader: R,
    read: u64,
    tell: F,
}

impl<R, F> CountingReader<R, F> {
    pub fn new(reader: R, tell: F) -> Self {
        Self { reader, read: 0, tell }
    }
}

impl<R: BufRead, F: FnMut(u64)> Read for CountingReader<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read += read as u64;
        (self.tell)(self.read);
        Ok(read)
    }
}

impl<R: BufRead, F: FnMut(u64)> BufRead for CountingReader<R, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
        self.read += amount as u64;
        (self.tell)(self.read);
    }
}
