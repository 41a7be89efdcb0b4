//! Credentials that lead nowhere, counted for each address. Who keeps guessing is told to wait, at once: an answer that
//! came later would hold a connection, and tell nothing more.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

/// Wrong credentials of one address that are answered as such, at once.
const FAILURES_MAX: f64 = 60.0;
/// How long one of them counts.
const FORGIVEN_AFTER: Duration = Duration::from_secs(2);
/// Addresses remembered; those that failed lately stay.
const ADDRESSES_MAX: usize = 10_000;

/// What an IPv6 client usually has all addresses of.
const NETWORK_MASK: u128 = !0 << 64;

/// The address that stands for all that may be of one client.
pub fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK_MASK)),
        address => address,
    }
}

/// Clones count together.
#[derive(Debug, Clone)]
pub struct Guesses(Arc<Cache<IpAddr, Failures>>);

/// How many failures count at a time, one less with each time that one is forgiven.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: f64,
    at: Instant,
}

impl Failures {
    fn now(self, now: Instant) -> f64 {
        let forgiven = now.duration_since(self.at).as_secs_f64() / FORGIVEN_AFTER.as_secs_f64();
        (self.count - forgiven).max(0.0)
    }
}

impl Default for Guesses {
    fn default() -> Self {
        Self(Arc::new(Cache::new(ADDRESSES_MAX)))
    }
}

impl Guesses {
    /// Counts a credential that led nowhere.
    pub fn failed(&self, address: IpAddr) {
        self.failed_at(address, Instant::now());
    }

    fn failed_at(&self, address: IpAddr, now: Instant) {
        let address = counted_as(address);
        let before = self.0.get(&address).map_or(0.0, |failures| failures.now(now));
        self.0.insert(address, Failures { count: (before + 1.0).min(FAILURES_MAX + 1.0), at: now });
    }

    /// After how many seconds an address may try again that has tried too often.
    pub fn wait_s(&self, address: IpAddr) -> Option<u32> {
        self.wait_s_at(address, Instant::now())
    }

    fn wait_s_at(&self, address: IpAddr, now: Instant) -> Option<u32> {
        let beyond = self.0.get(&counted_as(address))?.now(now) - FAILURES_MAX;
        (beyond > 0.0).then(|| (beyond * FORGIVEN_AFTER.as_secs_f64()).ceil() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_often_waits_and_is_forgiven() {
        let (guesses, address) = (Guesses::default(), IpAddr::from([192, 0, 2, 1]));
        let now = Instant::now();
        for _ in 0..FAILURES_MAX as usize {
            guesses.failed_at(address, now);
            assert_eq!(guesses.wait_s_at(address, now), None);
        }
        guesses.failed_at(address, now);
        assert_eq!(guesses.wait_s_at(address, now), Some(2));
        assert_eq!(guesses.wait_s_at(IpAddr::from([192, 0, 2, 2]), now), None);
        assert_eq!(guesses.wait_s_at(address, now + FORGIVEN_AFTER), None);
    }
}
