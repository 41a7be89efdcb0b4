//! What a service remembers of organizations, and how it goes when content is erased: at once where that is done here, within
//! a second or so where another process does it, which is found in the table of erasures.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::access::ApiKeyVerifier;
use super::feed::Hub;
use super::reads::FlowReads;
use super::runs::Runs;
use crate::store::{Store, StoreError};

/// How far back a look goes. Who looked last longer ago than most of it may have missed something.
const BACK: Duration = Duration::from_secs(60);

/// Everything of this process that holds content of organizations between requests; clones share it.
#[derive(Debug, Clone)]
pub(super) struct ServiceMemory {
    reads: FlowReads,
    runs: Runs,
    keys: ApiKeyVerifier,
    hub: Hub,
}

impl ServiceMemory {
    pub(super) fn new(reads: &FlowReads, runs: &Runs, keys: &ApiKeyVerifier, hub: Hub) -> Self {
        Self { reads: reads.clone(), runs: runs.clone(), keys: keys.clone(), hub }
    }

    /// Lets go of all that is remembered of an organization.
    pub(super) fn forget(&self, org_id: Uuid) {
        self.reads.forget_organization(org_id);
        self.keys.forget_organization(org_id);
        self.hub.forget(org_id);
        // Programs are kept by digest, whosever they are; they are compiled again from what is there.
        self.runs.forget_programs();
    }
}

/// Looks for erasures of other processes.
#[derive(Debug)]
pub struct ErasureWatch {
    store: Store,
    remembered: ServiceMemory,
    /// By erasure, when it last took something away, and whether that was seen twice: what a request had just read before
    /// may have been remembered after the first time.
    seen: HashMap<Uuid, (DateTime<Utc>, bool)>,
    looked_at: Instant,
}

impl ErasureWatch {
    pub(super) fn new(store: Store, remembered: ServiceMemory) -> Self {
        Self { store, remembered, seen: HashMap::new(), looked_at: Instant::now() }
    }

    /// Forgets the organizations of which something was erased since the last look.
    pub async fn look(&mut self) -> Result<(), StoreError> {
        let began_at = Instant::now();
        let back = BACK.max(began_at.duration_since(self.looked_at) * 2);
        let touched = self.store.in_time(self.store.touched_erasures(back)).await?;
        let mut seen = HashMap::with_capacity(touched.len());
        for (org_id, erasure, touched_at) in touched {
            let known = self.seen.get(&erasure).filter(|(at, _)| *at == touched_at);
            if known.is_none_or(|(_, is_twice)| !is_twice) {
                self.remembered.forget(org_id);
            }
            seen.insert(erasure, (touched_at, known.is_some()));
        }
        (self.seen, self.looked_at) = (seen, began_at);
        Ok(())
    }
}
