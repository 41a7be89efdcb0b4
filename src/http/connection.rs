//! A connection that does not wait forever: for the first byte of a request, for the rest of its head, for a client
//! that stopped reading or sending in the middle.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::framing::Framing;

/// How long a connection may be in each phase.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between requests.
    pub idle: Duration,
    /// From a request's first byte, or from the acceptance of the connection, to the end of the head.
    pub head: Duration,
    /// Without a byte in either direction while a request is under way.
    pub stall: Duration,
}

/// What the connection is waiting for, and since when.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Idle(Instant),
    Head(Instant),
    Request(Instant),
}

#[derive(Debug)]
struct State {
    phase: Phase,
    framing: Framing,
    has_asked: bool,
    /// A line of a head ended without a carriage return.
    has_bare_lines: bool,
    /// Since when a body is awaited.
    body_since: Option<Instant>,
    /// Since when the client takes no bytes of what there is for it.
    unread_since: Option<Instant>,
    /// Bytes of the answer that were handed to the connection since it had sent all it was given.
    handed: usize,
    /// Who has more of the answer.
    more: Option<Waker>,
}

/// Bytes of an answer that a connection is given before it has sent what it was given.
/// A client that takes nothing of a whole list of 5 MB holds 23 KiB, 12 of them its connection (200 such, resident). More is
/// held while many begin at once: each then reads what its list begins with.
pub const HANDED_MAX: usize = 16 * 1024;

/// A connection that waits for its client.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub since: Instant,
    /// Whether a request is under way, of which more is to be sent or read by the client.
    pub in_request: bool,
    /// Whether the head of a request ever came.
    pub has_asked: bool,
}

/// The phase of a connection, shared by its two ends: the bytes, and the requests they carry.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<State>>);

impl Progress {
    /// Of a connection that is accepted now, whose first request should come.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            phase: Phase::Head(Instant::now()),
            framing: Framing::HEAD,
            has_asked: false,
            has_bare_lines: false,
            body_since: None,
            unread_since: None,
            handed: 0,
            more: None,
        })))
    }

    /// A request's head is complete, and its body has so many bytes, if that is known.
    pub fn request_began(&self, body_bytes: Option<u64>) {
        let now = Instant::now();
        let mut state = self.state();
        state.phase = Phase::Request(now);
        state.has_asked = true;
        state.body_since = (body_bytes != Some(0)).then_some(now);
        if !state.has_bare_lines {
            state.framing = Framing::of_body(body_bytes);
        }
    }

    /// The request is answered to its end, or given up.
    pub fn request_ended(&self) {
        self.state().phase = Phase::Idle(Instant::now());
    }

    /// The body of the request is read to its end.
    pub fn body_ended(&self) {
        let mut state = self.state();
        state.body_since = None;
        if matches!(state.framing, Framing::Chunked) {
            state.framing = Framing::HEAD;
        }
    }

    /// Whether the head of this request, or of one before it, had lines that end without a carriage return.
    pub fn has_bare_lines(&self) -> bool {
        self.state().has_bare_lines
    }

    /// What the client keeps us waiting with.
    pub fn waiting(&self) -> Option<Waiting> {
        let state = self.state();
        let (since, in_request) = match (state.phase, state.unread_since) {
            (Phase::Idle(_), Some(unread_since)) => (unread_since, true),
            (Phase::Idle(since) | Phase::Head(since), _) => (since, false),
            (Phase::Request(_), _) => (state.body_since.into_iter().chain(state.unread_since).min()?, true),
        };
        Some(Waiting { since, in_request, has_asked: state.has_asked })
    }

    /// Bytes went in or out.
    fn moved(&self, inward: bool) {
        let now = Instant::now();
        let mut state = self.state();
        state.phase = match state.phase {
            Phase::Idle(_) if inward => Phase::Head(now),
            Phase::Idle(_) if state.unread_since.is_some() => Phase::Idle(now),
            Phase::Request(_) => Phase::Request(now),
            phase => phase,
        };
    }

    /// How many of the bytes that came may be handed on.
    fn cut(&self, bytes: &[u8]) -> usize {
        let mut state = self.state();
        let cut = state.framing.cut(bytes);
        state.has_bare_lines |= cut.is_bare;
        cut.bytes
    }

    /// The client takes no bytes.
    fn unread(&self) {
        self.state().unread_since.get_or_insert_with(Instant::now);
    }

    /// Ready when the connection may be given more of the answer.
    pub fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.handed < HANDED_MAX {
            return Poll::Ready(());
        }
        state.more = Some(cx.waker().clone());
        Poll::Pending
    }

    pub fn hand(&self, bytes: usize) {
        self.state().handed += bytes;
    }

    /// The connection has sent all it was given.
    pub fn sent(&self) {
        let mut state = self.state();
        (state.unread_since, state.handed) = (None, 0);
        let more = state.more.take();
        drop(state);
        if let Some(more) = more {
            more.wake();
        }
    }

    fn deadline(&self, patience: &Patience) -> Instant {
        let state = self.state();
        match state.phase {
            // The answer is complete, but the client has not taken all of it.
            Phase::Idle(since) if state.unread_since.is_some() => since + patience.stall,
            Phase::Idle(since) => since + patience.idle,
            Phase::Head(since) => since + patience.head,
            Phase::Request(since) => since + patience.stall,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a connection, which end with an error when patience does.
#[derive(Debug)]
pub struct WatchedConnection<C> {
    connection: C,
    progress: Progress,
    patience: Patience,
    alarm: Pin<Box<Sleep>>,
    /// What came with the end of something else, and was not asked for yet.
    held: Bytes,
}

impl<C> WatchedConnection<C> {
    pub fn new(connection: C, progress: Progress, patience: Patience) -> Self {
        let alarm = Box::pin(sleep_until(progress.deadline(&patience)));
        Self { connection, progress, patience, alarm, held: Bytes::new() }
    }

    pub fn into_inner(self) -> C {
        self.connection
    }

    /// Hands on what belongs to what is being read; what came after it is for the next question.
    fn hold_back(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let came = &buffer.filled()[before..];
        if came.is_empty() {
            return;
        }
        let bytes = self.progress.cut(came);
        if bytes < came.len() {
            let later = [&came[bytes..], &self.held].concat();
            self.held = later.into();
            buffer.set_filled(before + bytes);
        }
    }

    /// Ready with an error when what is waited for should have come by now.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let deadline = self.progress.deadline(&self.patience);
            if self.alarm.deadline() != deadline {
                self.alarm.as_mut().reset(deadline);
            }
            ready!(self.alarm.as_mut().poll(cx));
            if self.progress.deadline(&self.patience) <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
        }
    }

    fn or_deadline<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
        inward: bool,
    ) -> Poll<io::Result<T>> {
        match poll {
            Poll::Ready(done) => {
                self.progress.moved(inward);
                Poll::Ready(done)
            }
            Poll::Pending => {
                if !inward {
                    self.progress.unread();
                }
                self.poll_deadline(cx).map(Err)
            }
        }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for WatchedConnection<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = match self.held.is_empty() {
            true => Pin::new(&mut self.connection).poll_read(cx, buffer),
            false => {
                let bytes = self.held.len().min(buffer.remaining());
                buffer.put_slice(&self.held.split_to(bytes));
                Poll::Ready(Ok(()))
            }
        };
        self.hold_back(buffer, before);
        self.or_deadline(cx, poll, true)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for WatchedConnection<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.connection).poll_write(cx, bytes);
        self.or_deadline(cx, poll, false)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.connection).poll_write_vectored(cx, slices);
        self.or_deadline(cx, poll, false)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nobody flushes before all is written.
        self.progress.sent();
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}
