//! `wait`: for a while, until a moment, or for an event.

use super::message::only_one_of;
use crate::flow::document::reader::{Node, Object, TEMPLATE_LENGTH_MAX};
use crate::flow::document::trigger::event_name;
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
        Self::Duration(WaitTime::default())
    }
}

/// A duration that is known, or computed when the step is entered. One second to 30 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitTime {
    Fixed(Duration),
    Template(Template),
}

impl Wait {
    pub(super) fn read(o: &Object<'_>) -> Self {
        let until = match only_one_of(o, &["duration", "until", "event"]) {
            Some("until") => WaitFor::Until(o.need("until", |until| until.text(1..=TEMPLATE_LENGTH_MAX))),
            Some("event") => WaitFor::Event {
                event: o.need("event", event_name),
                save_to: o.optional("saveTo", Node::variable_name),
                timeout: o.optional("timeout", Timeout::read),
            },
            Some(_) => WaitFor::Duration(o.need("duration", WaitTime::read)),
            None => {
                o.missing("duration", "is missing, and so are \"until\" and \"event\"");
                WaitFor::default()
            }
        };
        if !o.has("event") {
            for name in o.which(&["saveTo", "timeout"]) {
                o.at(name, |node| node.invalid("needs \"event\""));
            }
        }
        Self { until, allow_interrupts: o.optional("allowInterrupts", Node::boolean).unwrap_or(true) }
    }
}

impl Default for WaitTime {
    fn default() -> Self {
        Self::Fixed(Duration::default())
    }
}

impl WaitTime {
    /// The bounds of a wait, also of one that is computed.
    pub const RANGE: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_days(30);

    fn read(node: Node<'_>) -> Self {
        match node.value.as_str() {
            Some(text) if text.contains("{{") || text.contains("{%") => Self::Template(node.template()),
            _ => Self::Fixed(node.duration(Self::RANGE)),
        }
    }
}
