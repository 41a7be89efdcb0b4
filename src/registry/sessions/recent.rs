//! Sessions that this process opened or found lately. That one is among them lets nobody in: it tells a token that stands or
//! stood for somebody from one that was made up.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;
use uuid::Uuid;

use crate::flow::digest::Digest;

/// As long as browsers go on to send the cookie of a session that is over, as a rule.
const REMEMBERED_FOR: Duration = Duration::from_hours(24);
/// Sessions remembered, some 100 bytes each. Those that are asked for often stay.
const REMEMBERED_MAX: usize = 10_000;

/// When sessions were found last, by organization and hash of the token. Clones share what they remember.
#[derive(Debug, Clone)]
pub(super) struct RecentSessions(Arc<Cache<(Uuid, Digest), Instant>>);

impl Default for RecentSessions {
    fn default() -> Self {
        Self(Arc::new(Cache::new(REMEMBERED_MAX)))
    }
}

impl RecentSessions {
    pub(super) fn found(&self, org_id: Uuid, token_hash: Digest) {
        self.found_at(org_id, token_hash, Instant::now());
    }

    fn found_at(&self, org_id: Uuid, token_hash: Digest, now: Instant) {
        self.0.insert((org_id, token_hash), now);
    }

    pub(super) fn remembers(&self, org_id: Uuid, token_hash: Digest) -> bool {
        self.remembers_at(org_id, token_hash, Instant::now())
    }

    fn remembers_at(&self, org_id: Uuid, token_hash: Digest, now: Instant) -> bool {
        let found_at = self.0.get(&(org_id, token_hash));
        found_at.is_some_and(|found_at| now.duration_since(found_at) < REMEMBERED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_remembered_for_a_while_in_its_organization() {
        let (recent, now) = (RecentSessions::default(), Instant::now());
        let (org_id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (found, made_up) = (Digest::of(b"found"), Digest::of(b"made up"));
        recent.found_at(org_id, found, now);
        let later = now + REMEMBERED_FOR - Duration::from_secs(1);
        assert!(recent.remembers_at(org_id, found, later));
        assert!(!recent.remembers_at(org_id, made_up, now));
        assert!(!recent.remembers_at(other, found, now));
        assert!(!recent.remembers_at(org_id, found, now + REMEMBERED_FOR));
        recent.found_at(org_id, found, later);
        assert!(recent.remembers_at(org_id, found, now + REMEMBERED_FOR), "it was found again");
    }

    #[test]
    fn no_more_than_so_many_sessions_are_remembered() {
        let (recent, now, org_id) = (RecentSessions::default(), Instant::now(), Uuid::from_u128(1));
        let hash = |n: usize| Digest::of(&n.to_le_bytes());
        for n in 0..3 * REMEMBERED_MAX {
            recent.found_at(org_id, hash(n), now);
        }
        let remembered =
            (0..3 * REMEMBERED_MAX).filter(|n| recent.remembers_at(org_id, hash(*n), now)).count();
        // The cache has parts, each with a share of what there is room for, rounded up.
        assert!((1..REMEMBERED_MAX * 11 / 10).contains(&remembered), "{remembered}");
    }
}
