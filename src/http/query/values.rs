//! Values that several query parameters share: positive integers, days, instants, moments of a log.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Query;
use crate::flow::json::INTEGER_MAX;
use crate::http::endpoint::Parameter;
use crate::http::problem::Problem;
use crate::registry::LogMoment;

/// Schema of free text.
pub fn text_schema() -> Value {
    json!({"type": "string"})
}

/// Schema of a day or an instant.
pub fn instant_schema() -> Value {
    json!({"type": "string", "examples": ["2026-05-01", "2026-05-01T03:42:18.123Z"]})
}

/// Schema of a position of an organization's log; 0 is before its first event.
pub fn position_schema() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": INTEGER_MAX})
}

/// Reads an integer from 1, in digits alone.
pub fn positive(text: &str) -> Option<i64> {
    non_negative(text).filter(|number| *number > 0)
}

/// Reads an integer from 0, in digits alone.
pub fn non_negative(text: &str) -> Option<i64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number <= INTEGER_MAX)
}

/// `asOf` as it is described.
pub const AS_OF: Parameter = Parameter::new(
    "asOf",
    || json!({"type": "string", "examples": ["2026-05-01T03:42:18.123Z", "position:41", "now"]}),
    "As it was at an instant, or at a position of the organization's log; `now` is where the log ends.",
);

/// Reads `asOf`: an instant, which includes all of itself, a position of the log, or its end now.
pub fn as_of(query: &mut Query) -> Result<Option<LogMoment>, Problem> {
    query.value("asOf", "now, an instant such as 2026-05-01T03:42:18.123Z, or position:41", |text| match text
    {
        "now" => Some(LogMoment::NOW),
        text => moment(text),
    })
}

/// Reads a position of the log, or an instant, which includes all of itself.
pub fn moment(text: &str) -> Option<LogMoment> {
    match text.strip_prefix("position:") {
        // 0 is before the first event: there was nothing yet.
        Some("0") => Some(LogMoment::Position(0)),
        Some(number) => positive(number).map(LogMoment::Position),
        None => just_after(text).map(LogMoment::Before),
    }
}

/// Reads a day as its first instant in UTC.
pub fn day(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc())
}

/// Reads an RFC 3339 instant. A `+` that nobody encoded arrives as a space.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?.with_timezone(&Utc))
}

/// The first instant after the one that is written: a millisecond includes all of itself, as answers show no more of a
/// time than that; an instant with more decimals, as histories show it, includes its microsecond.
pub fn just_after(text: &str) -> Option<DateTime<Utc>> {
    let decimals =
        text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    let step = if decimals <= 3 { TimeDelta::milliseconds(1) } else { TimeDelta::microseconds(1) };
    instant(text)?.checked_add_signed(step)
}
