//! A connection that does not wait forever: for the first byte of a request, for the rest of its head, for a client
//! that stopped reading or sending in the middle.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a connection may be in each phase.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between requests.
    pub idle: Duration,
    /// From a request's first byte to the end of its head.
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

/// The phase of a connection, shared by its two ends: the bytes, and the requests they carry.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<Phase>>);

impl Progress {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Phase::Idle(Instant::now()))))
    }

    /// A request's head is complete. The answer's body ends the request, when it is sent or given up.
    pub fn request_began(&self) -> UnderWay {
        self.set(Phase::Request(Instant::now()));
        UnderWay(self.clone())
    }

    /// Bytes went in or out.
    fn moved(&self, inward: bool) {
        let now = Instant::now();
        let phase = match self.get() {
            Phase::Idle(_) if inward => Phase::Head(now),
            Phase::Request(_) => Phase::Request(now),
            phase => phase,
        };
        self.set(phase);
    }

    fn deadline(&self, patience: &Patience) -> Instant {
        match self.get() {
            Phase::Idle(since) => since + patience.idle,
            Phase::Head(since) => since + patience.head,
            Phase::Request(since) => since + patience.stall,
        }
    }

    fn get(&self) -> Phase {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }
}

/// A request that is not answered to its end yet.
#[derive(Debug)]
pub struct UnderWay(Progress);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.set(Phase::Idle(Instant::now()));
    }
}

impl UnderWay {
    /// Keeps the request under way until this body is sent.
    pub fn until_sent(self, body: Body) -> Answer {
        Answer { body, _under_way: self }
    }
}

/// The body of an answer, and the mark that its request is not over.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The bytes of a connection, which end with an error when patience does.
#[derive(Debug)]
pub struct WatchedConnection<C> {
    connection: C,
    progress: Progress,
    patience: Patience,
    alarm: Pin<Box<Sleep>>,
}

impl<C> WatchedConnection<C> {
    pub fn new(connection: C, progress: Progress, patience: Patience) -> Self {
        let alarm = Box::pin(sleep_until(progress.deadline(&patience)));
        Self { connection, progress, patience, alarm }
    }

    pub fn into_inner(self) -> C {
        self.connection
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
            Poll::Pending => self.poll_deadline(cx).map(Err),
        }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for WatchedConnection<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.connection).poll_read(cx, buffer);
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
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}
