//! Where long reads come from: a standby as long as it answers, so that they cost the primary nothing, and then the primary.

use std::time::Duration;

use crate::store::{Standby, Store, StoreError};

/// How long a standby is waited for that has everything.
const CAUGHT_UP_WITHIN: Duration = Duration::from_millis(200);

/// A database that is read for a while, from one server after the other.
#[derive(Debug, Clone)]
pub(super) struct ReadSource {
    store: Store,
    /// While a standby is read.
    left: Option<ReadStandby>,
}

/// A standby that is read for a while.
#[derive(Debug, Clone)]
struct ReadStandby {
    standby: Standby,
    /// Of the standby when it was chosen.
    generation: u64,
    /// What is read after it.
    primary: Store,
}

impl ReadSource {
    fn of(primary: &Store, chosen: Option<(&Standby, u64)>) -> Self {
        let Some((standby, generation)) = chosen else {
            return Self { store: primary.clone(), left: None };
        };
        let left = ReadStandby { standby: standby.clone(), generation, primary: primary.clone() };
        Self { store: primary.on(standby), left: Some(left) }
    }

    /// For what may be a moment old.
    pub(super) fn near(primary: &Store) -> Self {
        Self::of(primary, primary.near_standby().map(|standby| (standby, standby.generation())))
    }

    /// For what needs everything that was committed until now. What was read counts only while [`Self::is_moved`] is not
    /// so.
    pub(super) async fn caught_up(primary: &Store) -> Self {
        Self::of(primary, primary.caught_up_standby(CAUGHT_UP_WITHIN).await)
    }

    /// Whether the address of the standby leads to another server than when it was chosen: that one may have less.
    pub(super) fn is_moved(&self) -> bool {
        self.left.as_ref().is_some_and(|read| read.standby.generation() != read.generation)
    }

    /// The server that is read at the moment.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Goes over to the primary, which has what a standby lacks. Whether there is anything to go over to.
    pub(super) fn leave_standby(&mut self) -> bool {
        let Some(read) = self.left.take() else { return false };
        self.store = read.primary;
        true
    }

    /// Goes over to the primary because the standby did not answer.
    pub(super) fn fail_over(&mut self, error: &StoreError) -> bool {
        if let Some(read) = &self.left {
            tracing::warn!(%error, "a standby did not answer to the end: the primary is read");
            if error.lost_server() {
                read.standby.failed();
            }
        }
        self.leave_standby()
    }
}
