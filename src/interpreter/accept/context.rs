//! What the reading of an answer depends on: language, time zone and time.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::interpreter::locale::Locale;
use crate::interpreter::moment::Instant;

/// What the reading of an answer depends on.
#[derive(Debug, Clone, Copy)]
pub struct AnswerContext<'a> {
    pub locale: &'a Locale,
    pub zone: Tz,
    pub now: Instant,
}

impl AnswerContext<'_> {
    pub fn today(&self) -> NaiveDate {
        self.now.date_in(self.zone)
    }
}
