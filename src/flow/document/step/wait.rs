//! `wait`: for a while, until a moment, or for an event.

use crate::flow::document::{Duration, Template, Timeout};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    pub until: WaitFor,
    pub allow_interrupts: bool,
}

impl Default for Wait {
    fn default() -> Self {
        Self { until: WaitFor::default(), allow_interrupts: true }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitFor {
    Duration(WaitTime),
    /// A datetime; one in the past is no wait.
    Until(Template),
    Event {
        event: String,
        save_to: Option<String>,
        timeout: Option<Timeout>,
    },
}

impl Default for WaitFor {
    fn default() -> Self {
        Self::Duration(WaitTime::Fixed(Duration::default()))
    }
}

/// A duration that is known, or computed when the step is entered. One second to 30 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitTime {
    Fixed(Duration),
    Template(Template),
}
