//! Instants as the export and checkpoints write them: UTC, microseconds, always 27 characters.

use chrono::{DateTime, Datelike, NaiveDateTime};

const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// `2026-05-01T03:42:18.123456Z`; `None` outside the years 0 to 9999, which have no such form.
pub(super) fn to_text(microseconds: i64) -> Option<String> {
    let instant = DateTime::from_timestamp_micros(microseconds)?;
    (0..=9999).contains(&instant.year()).then(|| instant.format(FORMAT).to_string())
}

/// Microseconds since 1970. Reads exactly what [`to_text`] writes.
pub(super) fn from_text(text: &str) -> Option<i64> {
    let microseconds = NaiveDateTime::parse_from_str(text, FORMAT).ok()?.and_utc().timestamp_micros();
    (to_text(microseconds)? == text).then_some(microseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_that_is_written_is_read() {
        for text in
            ["1970-01-01T00:00:00.000000Z", "2026-05-01T03:42:18.123456Z", "9999-12-31T23:59:59.999999Z"]
        {
            assert_eq!(from_text(text).and_then(to_text).as_deref(), Some(text));
        }
        assert_eq!(from_text("1970-01-01T00:00:01.000002Z"), Some(1_000_002));
        for text in
            ["2026-05-01T03:42:18Z", "2026-05-01t03:42:18.123456Z", "2026-05-01T03:42:18.123456+00:00"]
        {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert_eq!(to_text(i64::MAX), None);
    }
}
