//! A body that has to come at a pace: who sends a byte a second would hold what a request holds for hours.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// The least that must come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub bytes: usize,
    pub every: Duration,
}

/// 1 KiB a second, looked at every 15 seconds.
pub const PACE: Pace = Pace { bytes: 15 * 1024, every: Duration::from_secs(15) };

/// Less came than must.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
pub struct TooSlow;

/// A body that fails where it comes too slowly.
#[derive(Debug)]
pub struct Paced {
    body: Body,
    pace: Pace,
    /// Since the alarm was set.
    bytes: usize,
    /// Set when the body has to be waited for.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    pub fn new(body: Body, pace: Pace) -> Self {
        Self { body, pace, bytes: 0, alarm: None }
    }

    /// Ready when too little came.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let every = self.pace.every;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + every)));
        loop {
            ready!(alarm.as_mut().poll(cx));
            if self.bytes < self.pace.bytes {
                return Poll::Ready(());
            }
            self.bytes = 0;
            alarm.as_mut().reset(Instant::now() + every);
        }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    self.bytes += frame.data_ref().map_or(0, Bytes::len);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)))
            }
            Poll::Pending => self.poll_alarm(cx).map(|()| Some(Err(TooSlow.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::BodyExt as _;

    use super::*;

    const SHORT: Pace = Pace { bytes: 10, every: Duration::from_millis(100) };

    /// A body in so many parts of so many bytes, with a pause before each.
    fn body(parts: usize, bytes: usize, pause: Duration) -> Paced {
        let parts = stream::unfold(parts, move |left| async move {
            tokio::time::sleep(pause).await;
            (left > 0).then(|| (Ok::<_, Infallible>(Bytes::from(vec![b'x'; bytes])), left - 1))
        });
        Paced::new(Body::from_stream(parts), SHORT)
    }

    #[tokio::test]
    async fn who_drips_is_cut_and_who_is_slow_is_not() {
        let dripping = body(1000, 1, Duration::from_millis(20)).collect().await;
        assert!(dripping.unwrap_err().is::<TooSlow>());
        let slow = body(8, 10, Duration::from_millis(40)).collect().await.unwrap();
        assert_eq!(slow.to_bytes().len(), 80);
        let silent = body(1, 100, Duration::from_secs(20)).collect().await;
        assert!(silent.unwrap_err().is::<TooSlow>());
    }
}
