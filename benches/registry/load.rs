//! The load generator: one thread, keep-alive connections, one request under way on each. It shares two cores with
//! what it measures, so requests come as bytes and of an answer only the status and the end are looked at.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::answer;
use crate::stats::percentile;

/// How long answers may still take when the window is over.
const DRAIN_WITHIN: Duration = Duration::from_secs(60);
/// The longest that all requests of a seed may take.
const ALL_WITHIN: Duration = Duration::from_secs(3600);
const READ_BYTES: usize = 64 * 1024;

/// What is sent, and what may come back.
pub trait Requests {
    /// Writes the next request of a connection; `false`: it waits until another one was answered.
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool;

    fn expects(&self, _connection: usize, status: u16) -> bool {
        (200..300).contains(&status)
    }

    /// Takes note of a whole answer, head and body.
    fn answered(&mut self, _connection: usize, _answer: &[u8]) -> anyhow::Result<()> {
        Ok(())
    }

    /// Whether the answers of a connection count, or are only what others are measured beside.
    fn counts(&self, _connection: usize) -> bool {
        true
    }
}

/// One measured window.
#[derive(Debug)]
pub struct Window {
    pub seconds: f64,
    /// Of every answer that counts, in microseconds, ascending.
    latencies_us: Vec<u32>,
}

impl Window {
    pub fn answers(&self) -> usize {
        self.latencies_us.len()
    }

    pub fn rate(&self) -> f64 {
        self.answers() as f64 / self.seconds
    }

    pub fn percentile_us(&self, share: f64) -> u32 {
        percentile(&self.latencies_us, share)
    }
}

struct Line {
    stream: TcpStream,
    out: Vec<u8>,
    sent: usize,
    inbox: Vec<u8>,
    /// When the request under way was begun.
    began: Option<Instant>,
}

/// Keeps every connection busy for so long. An answer that is not expected is an error.
pub fn run(
    address: SocketAddr,
    connections: usize,
    window: Duration,
    requests: &mut dyn Requests,
) -> anyhow::Result<Window> {
    let mut load = Load::connect(address, connections, requests)?;
    let began = Instant::now();
    load.begin_all()?;
    load.exchange(true, began + window)?;
    let mut seconds = began.elapsed().as_secs_f64();
    let in_window = load.latencies_us.len();
    load.exchange(false, Instant::now() + DRAIN_WITHIN)?;
    ensure!(load.is_idle(), "answers are missing {} s after the load", DRAIN_WITHIN.as_secs());
    let mut latencies_us = load.latencies_us;
    match in_window {
        // What takes longer than the window was measured all the same.
        0 => seconds = began.elapsed().as_secs_f64(),
        _ => latencies_us.truncate(in_window),
    }
    latencies_us.sort_unstable();
    Ok(Window { seconds, latencies_us })
}

/// Sends requests on every connection until there are no more, and waits for their answers.
pub fn all(address: SocketAddr, connections: usize, requests: &mut dyn Requests) -> anyhow::Result<()> {
    let mut load = Load::connect(address, connections, requests)?;
    load.begin_all()?;
    load.exchange(true, Instant::now() + ALL_WITHIN)?;
    ensure!(load.is_idle(), "the requests took longer than {} s", ALL_WITHIN.as_secs());
    Ok(())
}

struct Load<'a> {
    poll: Poll,
    events: Events,
    lines: Vec<Line>,
    waiting: Vec<usize>,
    requests: &'a mut dyn Requests,
    latencies_us: Vec<u32>,
    chunk: Box<[u8]>,
}

impl<'a> Load<'a> {
    fn connect(
        address: SocketAddr,
        connections: usize,
        requests: &'a mut dyn Requests,
    ) -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        let mut lines = Vec::with_capacity(connections);
        for connection in 0..connections {
            let stream = std::net::TcpStream::connect(address).context("the service takes no connection")?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(
                &mut stream,
                Token(connection),
                Interest::READABLE | Interest::WRITABLE,
            )?;
            lines.push(Line { stream, out: Vec::new(), sent: 0, inbox: Vec::new(), began: None });
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            lines,
            waiting: Vec::new(),
            requests,
            latencies_us: Vec::new(),
            chunk: vec![0; READ_BYTES].into(),
        })
    }

    /// Returns when nothing is under way any more, or it is time. `goes_on`: new requests are begun meanwhile.
    fn exchange(&mut self, goes_on: bool, until: Instant) -> anyhow::Result<()> {
        while !self.is_idle() {
            let now = Instant::now();
            if now >= until {
                break;
            }
            let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
            match self.poll.poll(&mut events, Some(until - now)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            for event in &events {
                self.advance(event.token().0, goes_on)?;
            }
            self.events = events;
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.lines.iter().all(|line| line.began.is_none())
    }

    fn begin_all(&mut self) -> anyhow::Result<()> {
        (0..self.lines.len()).try_for_each(|connection| self.begin(connection))
    }

    fn begin(&mut self, connection: usize) -> anyhow::Result<()> {
        let line = &mut self.lines[connection];
        line.out.clear();
        line.sent = 0;
        if !self.requests.write(connection, &mut line.out) {
            self.waiting.push(connection);
            return Ok(());
        }
        line.began = Some(Instant::now());
        line.flush()
    }

    fn advance(&mut self, connection: usize, goes_on: bool) -> anyhow::Result<()> {
        self.lines[connection].flush()?;
        if !self.receive(connection)? || !goes_on {
            return Ok(());
        }
        self.begin(connection)?;
        for waiting in std::mem::take(&mut self.waiting) {
            self.begin(waiting)?;
        }
        Ok(())
    }

    /// Whether the answer is complete. What comes after one is read with the next event.
    fn receive(&mut self, connection: usize) -> anyhow::Result<bool> {
        let line = &mut self.lines[connection];
        while let Some(began) = line.began {
            match line.stream.read(&mut self.chunk) {
                Ok(0) => bail!("the service closed a connection with a request under way"),
                Ok(read) => line.inbox.extend_from_slice(&self.chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            let answer = answer::complete(&line.inbox);
            let Some(answer) = answer.map_err(|_| anyhow::anyhow!("what came is no HTTP answer"))? else {
                continue;
            };
            if !self.requests.expects(connection, answer.status) || answer.length != line.inbox.len() {
                let text = String::from_utf8_lossy(&line.inbox);
                bail!("answered with {} to {}", text.trim_end(), excerpt(&line.out));
            }
            if self.requests.counts(connection) {
                let latency = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
                self.latencies_us.push(latency);
            }
            self.requests.answered(connection, &line.inbox)?;
            line.inbox.clear();
            line.began = None;
            return Ok(true);
        }
        Ok(false)
    }
}

impl Line {
    fn flush(&mut self) -> anyhow::Result<()> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn excerpt(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    text.lines().next().unwrap_or_default().to_owned()
}
