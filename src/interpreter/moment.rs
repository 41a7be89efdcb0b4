//! Dates, times and datetimes as texts: the plain forms of ISO 8601 that variables hold, and instants as
//! traces write them. What a person may type is read in `accept`.

use std::fmt;

use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike,
    Utc,
};
use chrono_tz::Tz;

/// A moment in the plain form it was written in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    Date(NaiveDate),
    Time(NaiveTime),
    /// Without offset: local to whoever reads it.
    Local(NaiveDateTime),
    Instant(DateTime<FixedOffset>),
}

impl Moment {
    /// Reads exactly `YYYY-MM-DD`, `HH:MM[:SS[.fff]]`, or both around a `T` with or without an offset.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(date) = parse_date(text) {
            return Some(Self::Date(date));
        }
        if let Some(time) = parse_time(text) {
            return Some(Self::Time(time));
        }
        let (date, rest) = text.split_at_checked(10)?;
        let date = parse_date(date)?;
        let rest = rest.strip_prefix('T')?;
        let split = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
        let (time, offset) = rest.split_at(split);
        let local = date.and_time(parse_time(time)?);
        if offset.is_empty() {
            return Some(Self::Local(local));
        }
        let offset = parse_offset(offset)?;
        offset.from_local_datetime(&local).single().map(Self::Instant)
    }

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

    /// The instant, reading what has no offset on a clock in this zone.
    pub fn instant(self, zone: Tz) -> Option<Instant> {
        match self {
            Self::Instant(instant) => Some(Instant(instant.timestamp_millis())),
            other => other.local(zone).map(|local| Instant(in_zone(local, zone).timestamp_millis())),
        }
    }
}

/// A local time in a zone. One that the clocks skip is read an hour later, one they repeat as the first.
pub fn in_zone(local: NaiveDateTime, zone: Tz) -> DateTime<Tz> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant,
        LocalResult::None => {
            let later = local.checked_add_signed(chrono::TimeDelta::hours(1)).unwrap_or(local);
            zone.from_local_datetime(&later).earliest().unwrap_or_else(|| zone.from_utc_datetime(&local))
        }
    }
}

fn digits(text: &str, len: usize) -> Option<u32> {
    (text.len() == len && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Exactly `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Exactly `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff`.
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, milli) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, 0),
            Some((seconds, fraction)) => (digits(seconds, 2)?, digits(fraction, 3)?),
        },
    };
    if parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_milli_opt(hour, minute, second, milli)
}

fn parse_offset(text: &str) -> Option<FixedOffset> {
    if text == "Z" {
        return FixedOffset::east_opt(0);
    }
    let (sign, clock) = text.split_at_checked(1)?;
    let (hours, minutes) = clock.split_once(':')?;
    let seconds = i32::try_from(digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60).ok()?;
    FixedOffset::east_opt(if sign == "-" { -seconds } else { seconds })
}

/// A datetime as a variable holds it: `2025-01-31T15:00-06:00`, with seconds only when there are any.
pub fn datetime_text(local: NaiveDateTime, zone: Tz) -> String {
    let instant = in_zone(local, zone);
    let format = match (instant.second(), instant.timestamp_subsec_millis()) {
        (0, 0) => "%Y-%m-%dT%H:%M",
        (_, 0) => "%Y-%m-%dT%H:%M:%S",
        _ => "%Y-%m-%dT%H:%M:%S%.3f",
    };
    let offset = instant.format("%:z").to_string();
    format!("{}{}", instant.format(format), if offset == "+00:00" { "Z" } else { &offset })
}

pub fn date_text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

pub fn time_text(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
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
    fn reads_plain_forms_and_nothing_else() {
        for (text, plain) in [
            ("2026-01-31", true),
            ("2026-02-30", false),
            ("2026-1-31", false),
            ("09:30", true),
            ("9:30", false),
            ("24:00", false),
            ("2026-01-31T09:30", true),
            ("2026-01-31T09:30:15.250", true),
            ("2026-01-31T09:30Z", true),
            ("2026-01-31T09:30-06:00", true),
            ("2026-01-31 09:30", false),
            ("2026-01-31T", false),
            ("2026-01-31T09:30+6", false),
            ("ñandú-ñandú", false),
        ] {
            assert_eq!(Moment::parse(text).is_some(), plain, "{text}");
        }
    }

    #[test]
    fn local_times_that_clocks_skip_or_repeat_have_one_reading() {
        let local = |text| Moment::parse(text).unwrap().local(Tz::UTC).unwrap();
        let madrid = Tz::Europe__Madrid;
        assert_eq!(datetime_text(local("2025-03-30T02:30"), madrid), "2025-03-30T03:30+02:00");
        assert_eq!(datetime_text(local("2025-10-26T02:30"), madrid), "2025-10-26T02:30+02:00");
        assert_eq!(datetime_text(local("2025-01-31T15:00:05"), Tz::UTC), "2025-01-31T15:00:05Z");
    }

    #[test]
    fn instants_are_utc_with_milliseconds() {
        let instant = Moment::parse("2025-01-01T12:00:00.250-06:00").unwrap().instant(Tz::UTC).unwrap();
        assert_eq!(instant.to_string(), "2025-01-01T18:00:00.250Z");
        assert_eq!(instant.text_in(Tz::America__Mexico_City), "2025-01-01T12:00:00.250-06:00");
        assert_eq!(instant.plus_ms(u64::MAX), Instant::MAX);
    }
}
