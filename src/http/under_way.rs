//! Answers while they are sent: what is not answered to its end yet, and no more of an answer than its connection sends.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::connection::Progress;

/// A request that is not answered to its end yet.
#[derive(Debug)]
pub struct UnderWay(Progress);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.request_ended();
    }
}

impl UnderWay {
    /// A request began, whose body has so many bytes, if that is known.
    pub fn begin(progress: Progress, body_bytes: Option<u64>) -> Self {
        progress.request_began(body_bytes);
        Self(progress)
    }

    /// Keeps the request under way until this body is sent.
    pub fn until_sent(self, body: Body) -> Answer {
        Answer { body, under_way: self }
    }
}

/// The body of an answer, and the mark that its request is not over. It is given out no faster than it is sent: what waits
/// for its reader is memory.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    under_way: UnderWay,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        ready!(self.under_way.0.poll_room(cx));
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref)) {
            self.under_way.0.hand(data.map_or(0, Bytes::len));
        }
        Poll::Ready(frame)
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
    use std::io::Error;

    use futures_util::{FutureExt as _, stream};
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::http::connection::HANDED_MAX;

    #[tokio::test]
    async fn an_answer_is_given_out_no_faster_than_it_is_sent() {
        let frame = Bytes::from_static(&[0; HANDED_MAX / 4]);
        let frames = (0..10).map(|_| Ok::<_, Error>(frame.clone()));
        let progress = Progress::new();
        let body = Body::from_stream(stream::iter(frames.collect::<Vec<_>>()));
        let mut answer = UnderWay::begin(progress.clone(), Some(0)).until_sent(body);
        let mut taken = 0;
        for expected in [4, 8, 10] {
            while let Some(frame) = answer.frame().now_or_never() {
                let Some(frame) = frame else { break };
                frame.unwrap();
                taken += 1;
            }
            assert_eq!(taken, expected);
            progress.sent();
        }
    }

    #[tokio::test]
    async fn who_has_more_of_an_answer_is_told_that_there_is_room() {
        let progress = Progress::new();
        let body = Body::from_stream(stream::iter(
            [(), ()].map(|()| Ok::<_, Error>(Bytes::from_static(&[0; HANDED_MAX]))),
        ));
        let mut answer = UnderWay::begin(progress.clone(), Some(0)).until_sent(body);
        answer.frame().await.unwrap().unwrap();
        let next = tokio::spawn(async move { answer.frame().await.is_some() });
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        progress.sent();
        assert!(next.await.unwrap());
    }
}
