//! The clock of the database, which gives events their times: held against the last instant of the logs and against the
//! clock of this process. Events go on in order whatever it says; people must know that their times are not true.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::{Store, StoreError};

/// What a busy log may be ahead, as no two of its events have one time.
const BEHIND_MAX: TimeDelta = TimeDelta::seconds(1);
/// Between two machines that are both right.
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(1);

/// By how much the clock is wrong, as far as can be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockFault {
    /// Behind the last instant of a log: it was ahead once, or is behind now.
    pub behind_log: Option<TimeDelta>,
    /// Ahead of the clock of this process.
    pub ahead: Option<TimeDelta>,
}

impl ClockFault {
    fn of(database: DateTime<Utc>, last_recorded: Option<DateTime<Utc>>, own: DateTime<Utc>) -> Self {
        let behind = last_recorded.map(|last| last - database).filter(|behind| *behind > BEHIND_MAX);
        Self { behind_log: behind, ahead: Some(database - own).filter(|ahead| *ahead > AHEAD_MAX) }
    }
}

/// A handle on what was found last; clones share it.
#[derive(Debug, Clone)]
pub struct Clock {
    store: Store,
    fault: Arc<Mutex<ClockFault>>,
}

impl Clock {
    pub(super) fn new(store: Store) -> Self {
        Self { store, fault: Arc::default() }
    }

    /// What was found last.
    pub fn fault(&self) -> ClockFault {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the clock. What is wrong is told when it begins and when it ends.
    pub async fn look(&self) -> Result<ClockFault, StoreError> {
        let before = Utc::now();
        let (database, last) = self.store.in_time(self.store.clock()).await?;
        // An answer that took long makes no clock slow.
        let fault = ClockFault::of(database, last, Utc::now().max(before));
        let seconds = |by: Option<TimeDelta>| by.map_or(0.0, TimeDelta::as_seconds_f64);
        metrics::gauge!("database_clock_behind_log_seconds").set(seconds(fault.behind_log));
        metrics::gauge!("database_clock_ahead_seconds").set(seconds(fault.ahead));
        let known = std::mem::replace(&mut *self.fault.lock().unwrap_or_else(PoisonError::into_inner), fault);
        let is_wrong = |fault: ClockFault| (fault.behind_log.is_some(), fault.ahead.is_some());
        if is_wrong(known) != is_wrong(fault) {
            let (behind_log, ahead) = (seconds(fault.behind_log), seconds(fault.ahead));
            if fault == ClockFault::default() {
                tracing::info!("the clock of the database agrees with the logs again");
            } else {
                tracing::error!(
                    behind_log,
                    ahead,
                    "the clock of the database is wrong, and times of events with it"
                );
            }
        }
        Ok(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_none() {
        let at = |seconds: i64| DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap();
        let fault = |database, last: Option<i64>, own| {
            let ClockFault { behind_log, ahead } = ClockFault::of(at(database), last.map(at), at(own));
            (behind_log.map(|by| by.num_seconds()), ahead.map(|by| by.num_seconds()))
        };
        assert_eq!(fault(0, None, 0), (None, None));
        assert_eq!(fault(0, Some(1), 0), (None, None));
        assert_eq!(fault(0, Some(2), 0), (Some(2), None));
        assert_eq!(fault(60, Some(0), 0), (None, None));
        assert_eq!(fault(61, Some(0), 0), (None, Some(61)));
        assert_eq!(
            fault(0, Some(0), 500),
            (None, None),
            "a database that lags behind this process gives no time twice"
        );
    }
}
