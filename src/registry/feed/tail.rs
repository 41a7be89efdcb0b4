//! The end of a log, kept for those who read along: its last events, all of them. So whoever knows a position can tell
//! whether everything that follows it is here or has to be read from the log.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::store::FeedEntry;

/// How many events are read at once.
pub(super) const PAGE: usize = 256;

/// Events that are kept. Readers further behind read the log itself, at their own pace.
const KEPT_MAX: usize = 512;

#[derive(Debug)]
pub(super) struct Tail {
    head: i64,
    kept: VecDeque<Arc<FeedEntry>>,
    failures: u64,
}

impl Tail {
    /// The end of a log that stands at this position, of which nothing is kept yet.
    pub(super) fn at(head: i64) -> Self {
        Self { head, kept: VecDeque::new(), failures: 0 }
    }

    pub(super) fn head(&self) -> i64 {
        self.head
    }

    /// Lets go of the events that are kept: readers read them from the log again.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }

    /// What follows the head could not be read.
    pub(super) fn fail(&mut self) {
        self.failures += 1;
    }

    /// How often that has happened.
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// Adds what follows the head, in order.
    pub(super) fn extend(&mut self, events: Vec<FeedEntry>) {
        for event in events {
            self.head = event.entry.position;
            self.kept.push_back(Arc::new(event));
        }
        self.kept.drain(..self.kept.len().saturating_sub(KEPT_MAX));
    }

    /// The first events after a position, at most `limit`; `None` where the tail does not reach back that far.
    pub(super) fn after(&self, position: i64, limit: usize) -> Option<Vec<Arc<FeedEntry>>> {
        let first = self.kept.front()?.entry.position;
        if first > position.saturating_add(1) {
            return None;
        }
        let known = self.kept.partition_point(|event| event.entry.position <= position);
        Some(self.kept.range(known..).take(limit).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Map;
    use uuid::Uuid;

    use super::*;
    use crate::flow::event::StreamKind;
    use crate::store::LogEntry;

    fn event(position: i64) -> FeedEntry {
        let entry = LogEntry {
            position,
            stream_kind: StreamKind::Flow,
            stream_id: Uuid::nil(),
            version: position,
            event_id: Uuid::nil(),
            event_type: "flow.updated".to_owned(),
            recorded_at: chrono::DateTime::UNIX_EPOCH,
            actor: Uuid::nil(),
            payload: Some(Map::new()),
            context: None,
            document: None,
            resource_name: None,
        };
        FeedEntry { entry, phone_number_id: None }
    }

    fn positions(events: &[Arc<FeedEntry>]) -> Vec<i64> {
        events.iter().map(|event| event.entry.position).collect()
    }

    #[test]
    fn nothing_is_kept_at_first() {
        let tail = Tail::at(7);
        assert_eq!((tail.head(), tail.after(7, 10).is_none(), tail.after(3, 10).is_none()), (7, true, true));
    }

    proptest! {
        /// Whatever was added in whatever parts: a reader gets exactly what follows, or is sent to the log.
        #[test]
        fn no_gap_and_no_repetition(
            start in 0..50_i64, parts in prop::collection::vec(1..400_usize, 1..8), back in 0..1500_i64,
            limit in 1..300_usize,
        ) {
            let mut tail = Tail::at(start);
            for part in parts {
                let from = tail.head() + 1;
                tail.extend((from..from + part as i64).map(event).collect());
            }
            let position = tail.head() - back;
            let expected: Vec<i64> = (position + 1..=tail.head()).take(limit).collect();
            match tail.after(position, limit) {
                Some(events) => prop_assert_eq!(positions(&events), expected),
                None => prop_assert!(back > KEPT_MAX as i64 || position < start),
            }
        }
    }
}
