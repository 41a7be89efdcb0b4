//! Flow-wide settings and interrupts, and the retry and timeout policies that steps share with them.

use chrono_tz::Tz;

use super::{Duration, Expression, MatchMode, Target, Template};

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
            invalid_input_text: default_invalid_input_text("es").to_owned(),
        }
    }
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

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reminder {
    pub after: Duration,
    pub text: Template,
}

/// A command that is heard at every wait. It applies when a keyword or an intent matches
/// (or when none is listed) and `when`, if given, holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interrupt {
    pub keywords: Vec<String>,
    pub match_mode: MatchMode,
    pub intents: Vec<String>,
    pub when: Option<Expression>,
    pub next: Target,
}
