//! Flow-wide settings, and the retry and timeout policies that steps share with them.

use std::ops::RangeInclusive;

use chrono_tz::Tz;

use super::duration::Duration;
use super::edge::Target;
use super::names::names;
use super::reader::Cursor;
use super::schema::part::{Field, Leads, Length, ObjectType, Part, TEMPLATE_CHARS_MAX};
use super::source::Template;
use crate::flow::channel::TEXT_CHARS_MAX;

const TIMEOUT_MAX: Duration = Duration::from_days(30);
const TIMEOUT_RANGE: RangeInclusive<Duration> = Duration::from_secs(60)..=TIMEOUT_MAX;
const REMINDER_RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=TIMEOUT_MAX;

/// What happens on a rejected input.
pub(super) const RETRY: Part = Part::Object(&ObjectType {
    name: "Retry",
    docs: "What happens on a rejected input. In a step, members that are absent come from `settings.retry`.",
    fields: &[
        Field::optional(
            "max",
            Part::Integer { least: 0, most: 10 },
            "Further chances to answer; 2 when absent.",
        ),
        Field::optional("text", Part::shown(TEXT_CHARS_MAX), "What is sent with each.").translated(),
        Field::optional(
            "repeatPrompt",
            Part::Boolean,
            "Whether the prompt is sent again after the text; false when absent.",
        ),
        Field::optional(
            "next",
            Part::Target(Leads::RetriesExhausted),
            "Where the run goes when they are used up; without it that is an error.",
        ),
    ],
});

/// How long a wait lasts.
pub(super) const TIMEOUT: Part = Part::Object(&ObjectType {
    name: "Timeout",
    docs: "What happens when no input comes.",
    fields: &[
        Field::required(
            "after",
            Part::Duration(&TIMEOUT_RANGE),
            "How long the wait lasts, from a minute to 30 days.",
        ),
        Field::optional(
            "next",
            Part::Target(Leads::Timeout),
            "Where the run goes then; without it the run ends with status `expired`.",
        ),
        Field::optional(
            "reminders",
            Part::list(&REMINDER, 0, 3),
            "What is sent before, each later than the one before.",
        ),
    ],
});

const REMINDER: Part = Part::Object(&ObjectType {
    name: "Reminder",
    docs: "A message while nothing comes.",
    fields: &[
        Field::required("after", Part::Duration(&REMINDER_RANGE), "When it is sent, from the prompt on."),
        Field::required("text", Part::shown(TEXT_CHARS_MAX), "What is sent.").translated(),
    ],
});

/// What holds for every step.
pub(super) const SETTINGS: Part = Part::Object(&ObjectType {
    name: "Settings",
    docs: "What holds for every step of the flow.",
    fields: &[
        Field::optional("locale", Part::LanguageTag, "The language of the texts; `es` when absent."),
        Field::optional("timezone", Part::TimeZone, "The time zone of dates and times; `UTC` when absent."),
        Field::optional("retry", RETRY, "What a step without `retry` does on a rejected input."),
        Field::optional("timeout", TIMEOUT, "How long a step without `timeout` waits; for ever when absent."),
        Field::optional(
            "onError",
            Part::Target(Leads::Elsewhere),
            "Where errors of steps without `onError` lead.",
        ),
        Field::optional(
            "missing",
            Part::OneOf(MissingValue::WRITTEN),
            "What a needed value does that is not there; `error` when absent.",
        ),
        Field::optional(
            "invalidInputText",
            Part::Template(Length::of(1, TEMPLATE_CHARS_MAX)),
            "What is sent on a rejected input when nothing else says so.",
        ),
    ],
});

/// Flow-wide settings, with defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// BCP-47 tag of the language all base texts are in.
    pub locale: String,
    pub timezone: Tz,
    /// What an `ask` or `choice` without its own `retry` does.
    pub retry: Retry,
    /// What a wait without its own `timeout` does; waits for ever when absent.
    pub timeout: Option<Timeout>,
    /// Receives the errors of steps without `onError`. Never `Target::Next`.
    pub on_error: Option<Target>,
    /// What a condition or text does that needs a value which is not there.
    pub missing: MissingValue,
    /// Sent on a rejected input when neither the rule nor the retry policy has a text.
    pub invalid_input_text: Template,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            locale: "es".to_owned(),
            timezone: Tz::UTC,
            retry: Retry::default(),
            timeout: None,
            on_error: None,
            missing: MissingValue::default(),
            invalid_input_text: default_invalid_input_text("es").to_owned(),
        }
    }
}

impl Settings {
    /// Every target in the settings, with the pointer to it.
    pub fn targets(&self) -> impl Iterator<Item = (&Target, &'static str)> {
        let timeout = self.timeout.as_ref().and_then(|timeout| timeout.next.as_ref());
        let targets = [
            (self.retry.next.as_ref(), "/settings/retry/next"),
            (timeout, "/settings/timeout/next"),
            (self.on_error.as_ref(), "/settings/onError"),
        ];
        targets.into_iter().filter_map(|(target, pointer)| Some((target?, pointer)))
    }

    pub(super) fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let locale = o.optional("locale", locale).unwrap_or_else(|| "es".to_owned());
        let default_text = default_invalid_input_text(&locale);
        Self {
            timezone: o.optional("timezone", timezone).unwrap_or(Tz::UTC),
            retry: o.or_default("retry", Retry::read),
            timeout: o.optional("timeout", Timeout::read),
            on_error: o.optional("onError", on_error),
            missing: o.or_default("missing", |missing| missing.one_of(MissingValue::NAMES)),
            invalid_input_text: o
                .optional("invalidInputText", Cursor::text)
                .unwrap_or_else(|| default_text.to_owned()),
            locale,
        }
    }
}

/// What becomes of a value that is needed and not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MissingValue {
    /// The step fails.
    #[default]
    Error,
    /// It counts as empty, or as false, and the run warns.
    Empty,
}

names! {
    MissingValue { Error = "error", Empty = "empty" }
}

/// A language tag of BCP-47: a language, and optionally a script, a region and variants.
pub(super) fn locale(node: Cursor<'_>) -> String {
    let Some(text) = node.str() else { return String::new() };
    check_locale(text, node);
    text.to_owned()
}

/// Reports at `node` when `text` is no language tag.
pub(super) fn check_locale(text: &str, node: Cursor<'_>) {
    if !is_language_tag(text) {
        node.invalid("must be a BCP-47 language tag such as \"es\" or \"en-US\"");
    }
}

pub fn is_language_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    let language = subtags.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && text.len() <= 35
        && subtags
            .all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn timezone(node: Cursor<'_>) -> Tz {
    let Some(text) = node.str() else { return Tz::UTC };
    text.parse().unwrap_or_else(|_| {
        node.invalid("must be an IANA time zone such as \"Europe/Madrid\"");
        Tz::UTC
    })
}

/// Where errors go: falling through is no answer to one.
pub(super) fn on_error(node: Cursor<'_>) -> Target {
    let target = node.target();
    if target == Target::Next {
        node.invalid("must be a step id or \"$end\"");
    }
    target
}

/// The text for a rejected input in a flow of this locale that names none.
pub fn default_invalid_input_text(locale: &str) -> &'static str {
    if is_spanish(locale) { "No entendí tu respuesta." } else { "Sorry, I did not understand that." }
}

/// Whether the primary language of a BCP-47 tag is Spanish.
pub fn is_spanish(locale: &str) -> bool {
    locale.split('-').next().is_some_and(|language| language.eq_ignore_ascii_case("es"))
}

/// What happens on a rejected input. Absent members leave the choice to `settings.retry`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retry {
    /// Rejected inputs that are answered with another chance, 0–10.
    pub max: Option<u32>,
    pub text: Option<Template>,
    /// Whether the prompt is sent again after the text.
    pub repeat_prompt: Option<bool>,
    /// Where the run goes when the chances are used up (edge `retries_exhausted`).
    pub next: Option<Target>,
}

impl Retry {
    /// Chances given when neither the step nor the settings say how many.
    pub const MAX_DEFAULT: u32 = 2;

    pub(super) fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            max: o.optional("max", Cursor::small),
            text: o.optional("text", Cursor::text),
            repeat_prompt: o.optional("repeatPrompt", Cursor::boolean),
            next: o.optional("next", Cursor::target),
        }
    }
}

/// How long a wait lasts, and what happens meanwhile and then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeout {
    /// From the moment the prompt of this visit was sent; one minute to 30 days.
    pub after: Duration,
    /// Edge `timeout`. Without it the run ends as `expired`.
    pub next: Option<Target>,
    /// At most three, each later than the one before and earlier than `after`.
    pub reminders: Vec<Reminder>,
}

impl Timeout {
    pub(super) fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let after = o.need("after", Cursor::duration);
        let mut latest = Duration::default();
        let reminders = o.or_default("reminders", |reminders| {
            reminders.list(|reminder| {
                let reminder = Reminder::read(reminder, latest, after);
                latest = latest.max(reminder.after);
                reminder
            })
        });
        Self { after, next: o.optional("next", Cursor::target), reminders }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reminder {
    pub after: Duration,
    pub text: Template,
}

impl Reminder {
    fn read(node: Cursor<'_>, previous: Duration, timeout: Duration) -> Self {
        let o = node.object();
        let after = o.need("after", |after| {
            let duration = after.duration();
            if duration != Duration::default() && duration <= previous {
                after.invalid("must be later than the reminder before it");
            }
            if timeout != Duration::default() && duration >= timeout {
                after.invalid("must be earlier than the timeout");
            }
            duration
        });
        Self { after, text: o.need("text", Cursor::text) }
    }
}
