//! How many requests a credential and an organization may make, where whoever runs the service says so. Each process counts
//! for itself. A client is told where it stands with every answer.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::problem::{Code, Problem};
use crate::registry::caller::Caller;

pub const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
pub const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
pub const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// draft-ietf-httpapi-ratelimit-headers-10
pub const STANDING: HeaderName = HeaderName::from_static("ratelimit");
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// After so many requests what is remembered of those that have not asked for long is forgotten.
const FORGET_EVERY: u64 = 4096;

/// So many requests in a time, evenly, and as many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub requests: NonZeroU32,
    pub window: Duration,
}

/// The limits there are; clones count together.
#[derive(Debug, Clone, Default)]
pub struct RateLimits {
    of_credential: Option<Arc<Limiter<(Uuid, String)>>>,
    of_organization: Option<Arc<Limiter<Uuid>>>,
}

#[derive(Debug)]
struct Limiter<K: std::hash::Hash + Eq + Clone, C: Clock = DefaultClock> {
    name: &'static str,
    rate: Rate,
    clock: C,
    limiter: RateLimiter<K, HashMapStateStore<K>, C, StateInformationMiddleware>,
    asked: AtomicU64,
}

/// Where a client stands with one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    name: &'static str,
    rate: Rate,
    remaining: u32,
    /// Seconds until as many requests as ever may be made at once.
    reset_s: u64,
}

/// Where a client stands with every limit there is.
#[derive(Debug, Clone, Default)]
pub struct Standings(Vec<Standing>);

impl RateLimits {
    /// Limits for each key or token, and for all of an organization together.
    pub fn new(of_credential: Option<Rate>, of_organization: Option<Rate>) -> Self {
        Self {
            of_credential: of_credential
                .map(|rate| Arc::new(Limiter::new("key", rate, DefaultClock::default()))),
            of_organization: of_organization
                .map(|rate| Arc::new(Limiter::new("organization", rate, DefaultClock::default()))),
        }
    }

    /// Counts a request of a caller, and says where the caller stands; an error where it is one too many.
    pub fn count(&self, caller: &Caller) -> (Standings, Result<(), Problem>) {
        let mut standings = Standings::default();
        let mut wait_s = None;
        let mut note = |(standing, wait): (Standing, Option<Duration>)| {
            standings.0.push(standing);
            wait_s = wait.map(|wait| (wait.as_secs_f64().ceil() as u32).max(1));
            wait.is_none()
        };
        let is_free = match &self.of_credential {
            Some(limiter) => note(limiter.count(&(caller.org_id, caller.actor.opaque_id()))),
            None => true,
        };
        // A credential that is held back takes nothing from the others of its organization.
        if let (true, Some(limiter)) = (is_free, &self.of_organization) {
            note(limiter.count(&caller.org_id));
        }
        let refused = wait_s.map(|wait_s| {
            let name = standings.0.last().map_or("", |standing| standing.name);
            let detail = format!("The {name} makes more requests than it may. Wait {wait_s} s.");
            Problem::retry(Code::RateLimited, wait_s, detail)
        });
        (standings, refused.map_or(Ok(()), Err))
    }
}

impl<K: std::hash::Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    fn new(name: &'static str, rate: Rate, clock: C) -> Self {
        let each = (rate.window / rate.requests.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).expect("a time that is not none").allow_burst(rate.requests);
        let limiter = RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        Self { name, rate, clock, limiter, asked: AtomicU64::new(0) }
    }

    /// Counts a request, if it is not one too many; else says how long to wait.
    fn count(&self, key: &K) -> (Standing, Option<Duration>) {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        match self.limiter.check_key(key) {
            Ok(state) => (self.standing(state.remaining_burst_capacity()), None),
            Err(until) => (self.standing(0), Some(until.wait_time_from(self.clock.now()))),
        }
    }

    fn standing(&self, remaining: u32) -> Standing {
        let used = self.rate.requests.get().saturating_sub(remaining);
        let reset = self.rate.window.mul_f64(f64::from(used) / f64::from(self.rate.requests.get()));
        Standing { name: self.name, rate: self.rate, remaining, reset_s: reset.as_secs_f64().ceil() as u64 }
    }
}

impl Standings {
    /// Tells a client where it stands: by the limit it will meet first, and by all of them.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Some(nearest) = self.0.iter().min_by_key(|standing| standing.remaining) else { return };
        headers.insert(LIMIT, nearest.rate.requests.get().into());
        headers.insert(REMAINING, nearest.remaining.into());
        headers.insert(RESET, nearest.reset_s.into());
        let mut set = |name, written: &dyn Fn(&Standing) -> String| {
            let list: Vec<String> = self.0.iter().map(written).collect();
            let list =
                HeaderValue::try_from(list.join(", ")).expect("numbers and our own names are header text");
            headers.insert(name, list);
        };
        set(POLICY, &|it| format!("\"{}\";q={};w={}", it.name, it.rate.requests, it.rate.window.as_secs()));
        set(STANDING, &|it| format!("\"{}\";r={};t={}", it.name, it.remaining, it.reset_s));
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn rate(requests: u32, seconds: u64) -> Rate {
        Rate { requests: NonZeroU32::new(requests).unwrap(), window: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_rate_is_spent_and_comes_back() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::new("key", rate(3, 60), clock.clone());
        let remaining = |key: u8| {
            let (standing, wait) = limiter.count(&key);
            (standing.remaining, standing.reset_s, wait.map(|wait| wait.as_secs()))
        };
        assert_eq!([remaining(1), remaining(1), remaining(1)], [(2, 20, None), (1, 40, None), (0, 60, None)]);
        assert_eq!((remaining(1), remaining(2)), ((0, 60, Some(20)), (2, 20, None)));
        clock.advance(Duration::from_secs(20));
        assert_eq!((remaining(1), remaining(1)), ((0, 60, None), (0, 60, Some(20))));
        clock.advance(Duration::from_secs(600));
        assert_eq!(remaining(1), (2, 20, None));
    }

    #[test]
    fn those_that_ask_no_longer_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::new("key", rate(10, 1), clock.clone());
        for key in 0..FORGET_EVERY - 1 {
            limiter.count(&key);
        }
        assert_eq!(limiter.limiter.len() as u64, FORGET_EVERY - 1);
        clock.advance(Duration::from_secs(5));
        limiter.count(&0);
        assert_eq!(limiter.limiter.len(), 1);
    }

    #[test]
    fn a_client_is_told_by_headers() {
        let mut headers = HeaderMap::new();
        let standing = |name, remaining| Standing { name, rate: rate(100, 60), remaining, reset_s: 7 };
        Standings(vec![standing("key", 90), standing("organization", 12)]).tell(&mut headers);
        let mut told: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("ratelimit", "\"key\";r=90;t=7, \"organization\";r=12;t=7"),
                ("ratelimit-policy", "\"key\";q=100;w=60, \"organization\";q=100;w=60"),
                ("x-ratelimit-limit", "100"),
                ("x-ratelimit-remaining", "12"),
                ("x-ratelimit-reset", "7"),
            ]
        );
        let mut none = HeaderMap::new();
        Standings::default().tell(&mut none);
        assert!(none.is_empty());
    }
}
