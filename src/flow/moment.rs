//! Dates, times and datetimes as texts: the plain forms of ISO 8601 that variables keep and filters read.
//! One reader for both, so that what is kept can be read. What clocks in a zone make of them is the interpreter's.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

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
    /// Reads exactly `YYYY-MM-DD`, `HH:MM[:SS[.fraction]]`, or both around a `T` with or without an offset.
    pub fn parse(text: &str) -> Option<Self> {
        match text.len() {
            10 => parse_date(text).map(Self::Date),
            16.. => Self::parse_datetime(text),
            _ => None,
        }
        .or_else(|| parse_time(text).map(Self::Time))
    }

    /// Reads `YYYY-MM-DDTHH:MM[:SS[.fraction]]` with or without an offset, and nothing shorter.
    pub fn parse_datetime(text: &str) -> Option<Self> {
        // Of most texts that are compared one byte tells that they are no datetimes.
        if text.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        let date = parse_date(&text[..10])?;
        let rest = &text[11..];
        let (time, offset) = rest.split_at(rest.find(['Z', '+', '-']).unwrap_or(rest.len()));
        let local = date.and_time(parse_time(time)?);
        if offset.is_empty() {
            return Some(Self::Local(local));
        }
        parse_offset(offset)?.from_local_datetime(&local).single().map(Self::Instant)
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

/// Exactly `HH:MM`, `HH:MM:SS` or the latter with a fraction of one to nine digits.
pub fn parse_time(text: &str) -> Option<NaiveTime> {
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, nano) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, 0),
            Some((seconds, fraction)) => (digits(seconds, 2)?, nanoseconds(fraction)?),
        },
    };
    if parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_nano_opt(hour, minute, second, nano)
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    let length = fraction.len();
    (1..=9)
        .contains(&length)
        .then(|| digits(fraction, length))?
        .map(|number| number * 10_u32.pow(9 - length as u32))
}

/// `Z`, `+02:00`, `+0200` or `+02`.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    if text == "Z" {
        return FixedOffset::east_opt(0);
    }
    let (sign, clock) = text.split_at_checked(1)?;
    let (hours, minutes) = match clock.split_once(':') {
        Some(parts) => parts,
        None if clock.len() == 2 => (clock, "00"),
        None => clock.split_at_checked(2)?,
    };
    let minutes = digits(minutes, 2).filter(|minutes| *minutes < 60)?;
    let seconds = i32::try_from(digits(hours, 2)? * 3600 + minutes * 60).ok()?;
    FixedOffset::east_opt(if sign == "-" { -seconds } else { seconds })
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
            ("09:30:15", true),
            ("09:30:15.25", true),
            ("9:30", false),
            ("24:00", false),
            ("23:59:60", false),
            ("2026-01-31T09:30", true),
            ("2026-01-31T09:30:15.250", true),
            ("2026-01-31T09:30:15.123456789Z", true),
            ("2026-01-31T09:30:15.1234567890Z", false),
            ("2026-01-31T09:30:15.Z", false),
            ("2026-01-31T09:30Z", true),
            ("2026-01-31T09:30-06:00", true),
            ("2026-01-31T09:30+0530", true),
            ("2026-01-31T09:30+05", true),
            ("2026-01-31T09:30+05:60", false),
            ("2026-01-31T9:30", false),
            ("2026-01-31 09:30", false),
            ("2026-01-31T", false),
            ("2026-01-31T09:30+6", false),
            ("2026-01-31T09:30zz", false),
            ("ñandú-ñandú", false),
            ("ñañañañañTñañañ", false),
            ("", false),
        ] {
            assert_eq!(Moment::parse(text).is_some(), plain, "{text}");
        }
    }
}
