//! Dates, times and datetimes on the clocks of a zone, as texts, and instants as traces write them.
//! Plain forms are read in `flow::moment`; what a person may type is read in `accept`.

use std::fmt;

use chrono::{
    DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
    Timelike, Utc,
};
use chrono_tz::Tz;

pub use crate::flow::moment::Moment;

impl Moment {
    /// The date, in this zone when the moment is an instant.
    pub fn date(self, zone: Tz) -> Option<NaiveDate> {
        self.local(zone).map(|local| local.date()).or(match self {
            Self::Date(date) => Some(date),
            _ => None,
        })
    }

    /// Date and time on a clock in this zone; midnight for a date, nothing for a mere time.
    pub fn local(self, zone: Tz) -> Option<NaiveDateTime> {
        match self {
            Self::Date(date) => Some(date.and_time(NaiveTime::MIN)),
            Self::Time(_) => None,
            Self::Local(local) => Some(local),
            Self::Instant(instant) => Some(instant.with_timezone(&zone).naive_local()),
        }
    }

    /// The point on the line of time, reading what has no offset on a clock in this zone.
    pub fn on_clock(self, zone: Tz) -> Option<DateTime<Tz>> {
        match self {
            Self::Instant(instant) => Some(instant.with_timezone(&zone)),
            other => other.local(zone).map(|local| in_zone(local, zone)),
        }
    }

    /// The moment on the virtual clock, to the millisecond.
    pub fn instant(self, zone: Tz) -> Option<Instant> {
        self.on_clock(zone).map(|at| Instant(at.timestamp_millis()))
    }
}

/// So much earlier the clocks of every zone show the offset they had before a change.
const BEFORE_A_CHANGE: TimeDelta = TimeDelta::hours(25);

/// A local time in a zone. One that the clocks repeat is the first of the two; one that they skip is as much
/// later as they skip.
pub fn in_zone(local: NaiveDateTime, zone: Tz) -> DateTime<Tz> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant,
        LocalResult::None => {
            let before = local.checked_sub_signed(BEFORE_A_CHANGE).unwrap_or(local);
            let offset = zone.from_local_datetime(&before).latest().map(|at| at.offset().fix());
            let utc = offset.and_then(|offset| local.checked_sub_offset(offset)).unwrap_or(local);
            zone.from_utc_datetime(&utc)
        }
    }
}

/// A datetime as a variable holds it: `2025-01-31T15:00-06:00`, with seconds only when there are any.
pub fn datetime_text(at: DateTime<Tz>) -> String {
    let offset = at.format("%:z").to_string();
    let local = at.naive_local();
    format!(
        "{}T{}{}",
        date_text(local.date()),
        time_text(local.time()),
        if offset == "+00:00" { "Z" } else { &offset }
    )
}

pub fn date_text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

/// A time, with seconds only when there are any.
pub fn time_text(time: NaiveTime) -> String {
    let format = match (time.second(), time.nanosecond()) {
        (0, 0) => "%H:%M",
        (_, 0) => "%H:%M:%S",
        (_, nanos) if nanos % 1_000_000 == 0 => "%H:%M:%S%.3f",
        (_, nanos) if nanos % 1000 == 0 => "%H:%M:%S%.6f",
        _ => "%H:%M:%S%.9f",
    };
    time.format(format).to_string()
}

/// An instant on the virtual clock, in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub i64);

impl Instant {
    /// The last instant a run can reach: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);
    /// The first one a run can start at: the beginning of the year 1.
    pub const MIN: Self = Self(-62_135_596_800_000);

    pub fn plus_ms(self, ms: u64) -> Self {
        let later = self.0.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
        Self(later.min(Self::MAX.0))
    }

    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// With milliseconds, in a zone: what `now` is.
    pub fn text_in(self, zone: Tz) -> String {
        self.utc().with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }

    pub fn date_in(self, zone: Tz) -> NaiveDate {
        self.utc().with_timezone(&zone).date_naive()
    }
}

impl Instant {
    /// As traces write instants: UTC with milliseconds, `2025-01-31T15:00:00.000Z`.
    fn written(self) -> [[u8; 6]; 4] {
        let (date, time) = (self.utc().date_naive(), self.0.rem_euclid(86_400_000) as u32);
        let digit = |number: u32| b'0' + (number % 10) as u8;
        let (year, month, day) = (date.year() as u32, date.month(), date.day());
        let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
        [
            [digit(year / 1000), digit(year / 100), digit(year / 10), digit(year), b'-', digit(month / 10)],
            [digit(month), b'-', digit(day / 10), digit(day), b'T', digit(hour / 10)],
            [digit(hour), b':', digit(minute / 10), digit(minute), b':', digit(second / 10)],
            [digit(second), b'.', digit(time % 1000 / 100), digit(time % 100 / 10), digit(time), b'Z'],
        ]
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(self.written().as_flattened()).expect("digits are ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_that_clocks_skip_or_repeat_have_one_reading() {
        for (local, zone, expected) in [
            ("2025-03-30T02:30", Tz::Europe__Madrid, "2025-03-30T03:30+02:00"),
            ("2025-10-26T02:30", Tz::Europe__Madrid, "2025-10-26T02:30+02:00"),
            ("2025-01-31T15:00:05", Tz::UTC, "2025-01-31T15:00:05Z"),
            // Half an hour is skipped here, and here a whole day.
            ("2025-10-05T02:15", Tz::Australia__Lord_Howe, "2025-10-05T02:45+11:00"),
            ("2011-12-30T12:00", Tz::Pacific__Apia, "2011-12-31T12:00+14:00"),
        ] {
            let at = Moment::parse(local).unwrap().on_clock(zone).unwrap();
            assert_eq!(datetime_text(at), expected, "{local}");
        }
    }

    #[test]
    fn instants_are_utc_with_milliseconds() {
        let instant = Moment::parse("2025-01-01T12:00:00.250-06:00").unwrap().instant(Tz::UTC).unwrap();
        assert_eq!(instant.to_string(), "2025-01-01T18:00:00.250Z");
        assert_eq!(instant.text_in(Tz::America__Mexico_City), "2025-01-01T12:00:00.250-06:00");
        assert_eq!(instant.plus_ms(u64::MAX), Instant::MAX);
    }
}
