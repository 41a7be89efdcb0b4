//! Where long reads come from: a standby as long as it answers, so that they cost the primary nothing, and then the primary.

use std::time::Duration;

use crate::store::{Standby, Store, StoreError};

/// How long a standby is waited for that has everything.
const CAUGHT_UP_WITHIN: Duration = Duration::from_millis(200);

/// A database that is read for a while, from one server after the other.
#[derive(Debug, Clone)]
pub(super) struct ReadSource {
    store: Store,
    /// While a standby is read: that one, and the primary that is read after it.
    left: Option<(Standby, Store)>,
}

impl ReadSource {
    fn of(primary: &Store, standby: Option<&Standby>) -> Self {
        match standby {
            Some(standby) => {
                Self { store: primary.on(standby), left: Some((standby.clone(), primary.clone())) }
            }
            None => Self { store: primary.clone(), left: None },
        }
    }

    /// For what may be a moment old.
    pub(super) fn near(primary: &Store) -> Self {
        Self::of(primary, primary.near_standby())
    }

    /// For what needs everything that was committed until now.
    pub(super) async fn caught_up(primary: &Store) -> Self {
        Self::of(primary, primary.caught_up_standby(CAUGHT_UP_WITHIN).await)
    }

    /// The server that is read at the moment.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Goes over to the primary, which has what a standby lacks. Whether there is anything to go over to.
    pub(super) fn leave_standby(&mut self) -> bool {
        let Some((_, primary)) = self.left.take() else { return false };
        self.store = primary;
        true
    }

    /// Goes over to the primary because the standby failed.
    pub(super) fn fail_over(&mut self, error: &StoreError) -> bool {
        if let Some((standby, _)) = &self.left {
            tracing::warn!(%error, "a standby did not answer to the end: the primary is read");
            standby.failed();
        }
        self.leave_standby()
    }
}
