//! The load generator: one thread, keep-alive connections, one request under way on each. It shares two cores with
//! what it measures, so requests come as bytes and of an answer only the status and the end are looked at.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::answer;
use crate::stats::percentile;

/// How long answers may still take when the window is over.
const DRAIN_WITHIN: Duration = Duration::from_secs(60);
const READ_BYTES: usize = 64 * 1024;

/// What is sent, and what may come back.
pub trait Requests {
    /// Writes the next request of a connection; `false`: it waits until another one was answered.
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool;

    fn expects(&self, _connection: usize, status: u16) -> bool {
        (200..300).contains(&status)
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
    let end = began + window;
    for connection in 0..connections {
        load.begin(connection)?;
    }
    load.exchange_until(Some(end), end)?;
    let seconds = began.elapsed().as_secs_f64();
    let mut latencies_us = std::mem::take(&mut load.latencies_us);
    load.exchange_until(None, Instant::now() + DRAIN_WITHIN)?;
    latencies_us.sort_unstable();
    Ok(Window { seconds, latencies_us })
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

    /// New requests are begun until `end`; returns then or, without one, when every answer is there.
    fn exchange_until(&mut self, end: Option<Instant>, give_up: Instant) -> anyhow::Result<()> {
        while end.is_some() || self.lines.iter().any(|line| line.began.is_some()) {
            let now = Instant::now();
            if now >= give_up {
                if end.is_some() {
                    return Ok(());
                }
                bail!("answers are missing {} s after the load", DRAIN_WITHIN.as_secs());
            }
            let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
            match self.poll.poll(&mut events, Some(give_up - now)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            for event in &events {
                self.advance(event.token().0, end.is_some())?;
            }
            self.events = events;
        }
        Ok(())
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
