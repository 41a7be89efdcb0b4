//! Bodies of requests that nobody wanted: read away where they are small, so that the connection can go on. Of others
//! the answer says that it closes the connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};

use super::connection::Progress;

/// How much is read away, in bytes and for how long: a refusal does not wait for a client that is slow.
const BYTES_MAX: u64 = 64 * 1024;
const READ_WITHIN: Duration = Duration::from_millis(50);

/// The body of a request, on its way to whoever reads it.
#[derive(Debug)]
pub struct LentBody {
    body: Option<Incoming>,
    progress: Progress,
    back: Arc<Mutex<Option<Incoming>>>,
}

/// Where the body comes back to, from a reader that did not read it to its end.
#[derive(Debug)]
pub struct Unread {
    back: Arc<Mutex<Option<Incoming>>>,
    progress: Progress,
    /// The client sends nothing before it is asked to.
    is_asked_for: bool,
}

/// Lends a body out.
pub fn lend(body: Incoming, headers: &HeaderMap, progress: Progress) -> (LentBody, Unread) {
    let back = Arc::new(Mutex::new(None));
    let unread = Unread {
        back: Arc::clone(&back),
        progress: progress.clone(),
        is_asked_for: headers.contains_key(header::EXPECT),
    };
    (LentBody { body: Some(body), progress, back }, unread)
}

impl LentBody {
    fn end(&mut self) {
        self.body = None;
        self.progress.body_ended();
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        match self.body.take() {
            Some(body) if body.is_end_stream() => self.progress.body_ended(),
            body => *self.back.lock().unwrap_or_else(PoisonError::into_inner) = body,
        }
    }
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.end();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Unread {
    /// Whether the connection can take a further request: the body was read, or is small and here.
    pub async fn read_away(self) -> bool {
        let Some(body) = self.back.lock().unwrap_or_else(PoisonError::into_inner).take() else { return true };
        if self.is_asked_for || body.size_hint().lower() > BYTES_MAX {
            return false;
        }
        let is_gone = tokio::time::timeout(READ_WITHIN, read_to_end(body)).await.unwrap_or(false);
        if is_gone {
            self.progress.body_ended();
        }
        is_gone
    }
}

async fn read_to_end(mut body: Incoming) -> bool {
    let mut bytes = 0;
    while bytes <= BYTES_MAX {
        match body.frame().await {
            None => return true,
            Some(Ok(frame)) => bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) => return false,
        }
    }
    false
}
