//! Whoever sends nothing but nonsense is answered later, for as long as others are served: it then costs its sender more
//! than it costs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::sleep;

/// How many refusals in a row a connection gets at once: a client that errs, or a proxy that carries the requests of
/// many, hardly ever comes to as many.
const AT_ONCE: usize = 8;
/// What each further one waits: far more than a refusal costs.
const PAUSE: Duration = Duration::from_millis(50);

/// How many requests are handled at the moment, of all connections; one is until its answer begins.
#[derive(Debug, Clone, Default)]
pub struct Handled(Arc<AtomicUsize>);

/// The pace of one connection.
#[derive(Debug, Clone)]
pub struct Pace {
    handled: Handled,
    refusals_in_a_row: Arc<AtomicUsize>,
}

impl Pace {
    pub fn new(handled: Handled) -> Self {
        Self { handled, refusals_in_a_row: Arc::default() }
    }

    /// A request of this connection is handled from now on.
    pub fn begin(&self) -> Turn<'_> {
        self.handled.0.fetch_add(1, Ordering::Relaxed);
        Turn(self)
    }

    /// Counts an answer; whether it is a refusal after too many others.
    fn is_one_too_many(&self, status: StatusCode) -> bool {
        if status.as_u16() < StatusCode::BAD_REQUEST.as_u16() {
            self.refusals_in_a_row.store(0, Ordering::Relaxed);
        }
        is_refusal(status) && self.refusals_in_a_row.fetch_add(1, Ordering::Relaxed) >= AT_ONCE
    }
}

/// A request that is handled.
#[derive(Debug)]
pub struct Turn<'a>(&'a Pace);

impl Turn<'_> {
    /// Returns when its answer may be sent.
    pub async fn answered(self, status: StatusCode) {
        if self.0.is_one_too_many(status) && self.0.handled.0.load(Ordering::Relaxed) > 1 {
            drop(self);
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.handled.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether the request itself was wrong. One that found nothing, met a newer state or too many others was not.
fn is_refusal(status: StatusCode) -> bool {
    const IN_GOOD_FAITH: [StatusCode; 5] = [
        StatusCode::NOT_FOUND,
        StatusCode::CONFLICT,
        StatusCode::PRECONDITION_FAILED,
        StatusCode::PRECONDITION_REQUIRED,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_client_error() && !IN_GOOD_FAITH.contains(&status)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const REFUSED: StatusCode = StatusCode::BAD_REQUEST;

    /// Two connections of one service.
    fn two() -> [Pace; 2] {
        let handled = Handled::default();
        [Pace::new(handled.clone()), Pace::new(handled)]
    }

    fn is_answered_at_once(pace: &Pace, status: StatusCode) -> bool {
        pace.begin().answered(status).now_or_never().is_some()
    }

    #[tokio::test]
    async fn refusals_wait_after_many_in_a_row_while_others_are_served() {
        let [pace, other] = two();
        let under_way = other.begin();
        for _ in 0..AT_ONCE {
            assert!(is_answered_at_once(&pace, REFUSED));
        }
        for refused in [REFUSED, StatusCode::UNAUTHORIZED, StatusCode::UNPROCESSABLE_ENTITY] {
            assert!(!is_answered_at_once(&pace, refused), "{refused}");
        }
        assert!(is_answered_at_once(&other, REFUSED), "another connection waits for it");
        drop(under_way);
        assert!(is_answered_at_once(&pace, REFUSED), "it waits with nobody there");
    }

    #[tokio::test]
    async fn success_ends_the_row_and_what_is_in_good_faith_is_not_of_it() {
        let [pace, other] = two();
        let _under_way = other.begin();
        for _ in 0..AT_ONCE {
            assert!(is_answered_at_once(&pace, REFUSED));
        }
        for status in
            [StatusCode::NOT_FOUND, StatusCode::PRECONDITION_FAILED, StatusCode::SERVICE_UNAVAILABLE]
        {
            assert!(is_answered_at_once(&pace, status), "{status}");
            assert!(!is_answered_at_once(&pace, REFUSED), "after {status}");
        }
        for status in [StatusCode::OK, StatusCode::NOT_MODIFIED] {
            assert!(!is_answered_at_once(&pace, REFUSED));
            assert!(is_answered_at_once(&pace, status));
            for _ in 0..AT_ONCE {
                assert!(is_answered_at_once(&pace, REFUSED), "after {status}");
            }
        }
    }

    #[tokio::test]
    async fn the_wait_ends_and_whoever_waits_is_not_counted() {
        let [pace, other] = two();
        let _under_way = other.begin();
        for _ in 0..AT_ONCE {
            pace.begin().answered(REFUSED).await;
        }
        let mut waits = Box::pin(pace.begin().answered(REFUSED));
        assert!(waits.as_mut().now_or_never().is_none());
        assert_eq!(pace.handled.0.load(Ordering::Relaxed), 1);
        waits.await;
    }
}
