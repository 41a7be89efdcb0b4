//! `wait`: for a while, until a moment, or for an event.

use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{Field, Leaves, Length, Part, StepType, TEMPLATE_CHARS_MAX};
use crate::flow::document::schema::rules;
use crate::flow::document::schema::{Family, Sign};
use crate::flow::document::settings::TIMEOUT;
use crate::flow::document::{Duration, Template, Timeout};
use crate::flow::language::is_template;

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

/// What is waited for: exactly one of these members.
const WAITED_FOR: &[&str] = &["duration", "until", "event"];

impl Wait {
    pub(super) const TYPE: StepType = StepType {
        name: "wait",
        docs: "Waits for a time, or for an event of your backend.",
        words: ["espera", "wait"],
        sign: Sign::new(Family::Waits, "M8 2a6 6 0 1 0 .1 0M8 5v3l2 2"),
        example: r#"{ "type": "wait", "event": "order.shipped", "saveTo": "shipment",
            "timeout": { "after": "P2D", "next": "$end" }, "allowInterrupts": false }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::one_of(
                "duration",
                WAITED_FOR,
                Part::Either(&[Part::Duration(&WaitTime::RANGE), Part::TEMPLATE]),
                "How long to wait, from one second to 30 days, or a template of that.",
            )
            .called("Duración", "Duration"),
            Field::one_of(
                "until",
                WAITED_FOR,
                Part::Template(Length::of(1, TEMPLATE_CHARS_MAX)),
                "The datetime to wait for; one in the past is no wait.",
            )
            .called("Hasta", "Until"),
            Field::one_of("event", WAITED_FOR, Part::Name(&rules::EVENT), "The business event to wait for."),
            Field::optional("saveTo", Part::Written, "The variable that gets the payload of the event."),
            Field::optional("timeout", TIMEOUT, "How long to wait for the event."),
            Field::optional(
                "allowInterrupts",
                Part::Boolean,
                "Whether interrupts are heard; true when absent.",
            ),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        let until = match o.only_one_of(WAITED_FOR) {
            Some("until") => WaitFor::Until(o.need("until", Cursor::text)),
            Some("event") => WaitFor::Event {
                event: o.need("event", Cursor::name),
                save_to: o.optional("saveTo", Cursor::name),
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
        Self { until, allow_interrupts: o.optional("allowInterrupts", Cursor::boolean).unwrap_or(true) }
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

    fn read(node: Cursor<'_>) -> Self {
        match node.value.as_str() {
            Some(text) if is_template(text) => Self::Template(node.text()),
            _ => Self::Fixed(node.duration()),
        }
    }
}
