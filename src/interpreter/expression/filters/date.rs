//! Filters over dates, times and datetimes, which are ISO texts. Instants are read in the flow's zone.

use chrono::{Datelike, Months, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Tz;
use minijinja::{Environment, Error, State};

use super::super::failure::coded;
use super::{text_arg, with_scope};
use crate::interpreter::error::code;
use crate::interpreter::locale::Locale;
use crate::interpreter::moment::{self, Moment};
use crate::interpreter::value::Value;

pub fn register(env: &mut Environment<'static>) {
    env.add_filter("date", date);
    env.add_filter("add", add);
    env.add_filter("diff", diff);
    env.add_filter("weekday", weekday);
}

fn moment_arg(value: &Value) -> Result<Moment, Error> {
    let text = text_arg(value)?;
    Moment::parse(text.trim()).ok_or_else(|| {
        coded(code::EXPR_TYPE, format!("“{}” is no date, time or datetime", super::text::cut(&text, 40)))
    })
}

fn zone_of(state: &State) -> Result<Tz, Error> {
    with_scope(state, |scope| scope.shared.zone)
}

fn needs_date() -> Error {
    coded(code::EXPR_TYPE, "a time alone has no date")
}

fn date(state: &State, value: &Value, format: &Value) -> Result<String, Error> {
    let (moment, format) = (moment_arg(value)?, text_arg(format)?);
    let local = match moment {
        Moment::Time(time) => chrono::NaiveDate::default().and_time(time),
        dated => dated.local(zone_of(state)?).ok_or_else(needs_date)?,
    };
    let has_date = !matches!(moment, Moment::Time(_));
    with_scope(state, |scope| formatted(local, has_date, &format, &scope.shared.locale))?
}

fn formatted(local: NaiveDateTime, has_date: bool, format: &str, locale: &Locale) -> Result<String, Error> {
    let mut text = String::with_capacity(format.len() * 2);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let specifier = chars.next();
        if !has_date && matches!(specifier, Some('d' | 'm' | 'Y' | 'A' | 'B')) {
            return Err(needs_date());
        }
        match specifier {
            Some('d') => text += &format!("{:02}", local.day()),
            Some('m') => text += &format!("{:02}", local.month()),
            Some('Y') => text += &format!("{:04}", local.year()),
            Some('H') => text += &format!("{:02}", local.hour()),
            Some('M') => text += &format!("{:02}", local.minute()),
            Some('A') => text += locale.weekday(local.weekday().num_days_from_monday() as usize),
            Some('B') => text += locale.month(local.month0() as usize),
            Some('%') => text.push('%'),
            other => {
                let name = other.map(String::from).unwrap_or_default();
                return Err(coded(code::EXPR_TYPE, format!("there is no date format %{name}")));
            }
        }
    }
    Ok(text)
}

/// A length of calendar months and exact time, with a sign.
#[derive(Debug, Default, PartialEq, Eq)]
struct Length {
    negative: bool,
    months: u32,
    ms: i64,
}

impl Length {
    /// `P1Y2M3DT4H5M6S`, `P2W`, either with a minus before it.
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (date, time) = match text.strip_prefix('P')?.split_once('T') {
            Some((_, "")) => return None,
            Some((date, time)) => (date, Some(time)),
            None => (text.strip_prefix('P')?, None),
        };
        let mut months: u32 = 0;
        let mut exact = String::new();
        let mut rest = date;
        while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()) {
            let (part, tail) = (&rest[..end], &rest[end..]);
            let designator = tail.chars().next()?;
            match designator {
                'Y' => months = months.checked_add(part.parse::<u32>().ok()?.checked_mul(12)?)?,
                'M' => months = months.checked_add(part.parse().ok()?)?,
                _ => exact += &rest[..end + designator.len_utf8()],
            }
            rest = &tail[designator.len_utf8()..];
        }
        exact += rest;
        let time = time.map(|time| format!("T{time}")).unwrap_or_default();
        let ms = match (exact.is_empty() && time.is_empty(), months) {
            (true, 0) if !date.contains(['Y', 'M']) => return None,
            (true, _) => 0,
            _ => format!("P{exact}{time}").parse::<crate::flow::document::Duration>().ok()?.as_ms(),
        };
        Some(Self { negative, months, ms: i64::try_from(ms).ok()? })
    }

    fn added_to(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let (months, time) = (Months::new(self.months), TimeDelta::try_milliseconds(self.ms)?);
        let moved = if self.negative {
            local.checked_sub_months(months)?.checked_sub_signed(time)?
        } else {
            local.checked_add_months(months)?.checked_add_signed(time)?
        };
        (0..=9999).contains(&moved.year()).then_some(moved)
    }
}

/// Keeps the form: a date stays a date, a time wraps around midnight, an instant keeps the flow's zone.
fn add(state: &State, value: &Value, length: &Value) -> Result<String, Error> {
    let (moment, length) = (moment_arg(value)?, text_arg(length)?);
    let length = Length::parse(length.trim())
        .ok_or_else(|| coded(code::EXPR_TYPE, "a duration is written as PT30M or P2D"))?;
    let zone = zone_of(state)?;
    let out_of_range = || coded(code::NUMBER_RANGE, "the date is out of range");
    let added = |local| length.added_to(local).ok_or_else(out_of_range);
    Ok(match moment {
        Moment::Date(date) => moment::date_text(added(date.and_time(NaiveTime::MIN))?.date()),
        Moment::Time(time) => {
            let day = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
            moment::time_text(added(day.and_time(time))?.time())
        }
        Moment::Local(local) => moment::datetime_text(added(local)?, zone),
        // Months move on the local calendar, hours on the line of time.
        Moment::Instant(instant) => {
            let months = Length { negative: length.negative, months: length.months, ms: 0 };
            let local = instant.with_timezone(&zone).naive_local();
            let moved = months.added_to(local).ok_or_else(out_of_range)?;
            let exact = Length { negative: length.negative, months: 0, ms: length.ms };
            let utc = moment::in_zone(moved, zone).naive_utc();
            let utc = exact.added_to(utc).ok_or_else(out_of_range)?;
            moment::datetime_text(utc.and_utc().with_timezone(&zone).naive_local(), zone)
        }
    })
}

/// How much later the value is than `other`, in whole units, towards zero.
fn diff(state: &State, value: &Value, other: &Value, unit: &Value) -> Result<i64, Error> {
    let (later, earlier, unit) = (moment_arg(value)?, moment_arg(other)?, text_arg(unit)?);
    let zone = zone_of(state)?;
    if let (Moment::Time(later), Moment::Time(earlier)) = (later, earlier) {
        return in_units((later - earlier).num_milliseconds(), &unit);
    }
    if matches!(&*unit, "month" | "months" | "year" | "years") {
        let months = whole_months(
            later.local(zone).ok_or_else(needs_date)?,
            earlier.local(zone).ok_or_else(needs_date)?,
        );
        return Ok(if unit.starts_with("month") { months } else { months / 12 });
    }
    // Days of the calendar are not always 24 hours long: two dates are held against each other as dates.
    let ms = match (later, earlier) {
        (Moment::Instant(later), Moment::Instant(earlier)) => (later - earlier).num_milliseconds(),
        (later, earlier) => {
            let local = |moment: Moment| moment.local(zone).ok_or_else(needs_date);
            (local(later)? - local(earlier)?).num_milliseconds()
        }
    };
    in_units(ms, &unit)
}

fn in_units(ms: i64, unit: &str) -> Result<i64, Error> {
    let unit_ms = match unit {
        "second" | "seconds" => 1000,
        "minute" | "minutes" => 60_000,
        "hour" | "hours" => 3_600_000,
        "day" | "days" => 86_400_000,
        "week" | "weeks" => 604_800_000,
        _ => {
            return Err(coded(
                code::EXPR_TYPE,
                "units are seconds, minutes, hours, days, weeks, months, years",
            ));
        }
    };
    Ok(ms / unit_ms)
}

fn whole_months(later: NaiveDateTime, earlier: NaiveDateTime) -> i64 {
    let index = |at: NaiveDateTime| i64::from(at.year()) * 12 + i64::from(at.month0());
    let rest = |at: NaiveDateTime| (at.day(), at.time());
    let months = index(later) - index(earlier);
    match months {
        1.. if rest(later) < rest(earlier) => months - 1,
        ..=-1 if rest(later) > rest(earlier) => months + 1,
        _ => months,
    }
}

/// 1 for Monday to 7 for Sunday.
fn weekday(state: &State, value: &Value) -> Result<u32, Error> {
    let date = moment_arg(value)?.date(zone_of(state)?).ok_or_else(needs_date)?;
    Ok(date.weekday().number_from_monday())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_months_and_exact_time() {
        let length = |negative, months, ms| Some(Length { negative, months, ms });
        for (text, expected) in [
            ("P1D", length(false, 0, 86_400_000)),
            ("-PT30M", length(true, 0, 1_800_000)),
            ("P1Y2M3DT4H", length(false, 14, 3 * 86_400_000 + 4 * 3_600_000)),
            ("P1M", length(false, 1, 0)),
            ("P2W", length(false, 0, 14 * 86_400_000)),
            ("P0M", length(false, 0, 0)),
            ("P", None),
            ("P1DT", None),
            ("1D", None),
            ("P1X", None),
        ] {
            assert_eq!(Length::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn months_count_when_they_are_whole() {
        let at = |text| Moment::parse(text).unwrap().local(Tz::UTC).unwrap();
        assert_eq!(whole_months(at("2025-03-30"), at("2025-01-31")), 1);
        assert_eq!(whole_months(at("2025-01-31"), at("2025-03-30")), -1);
        assert_eq!(whole_months(at("2025-03-31"), at("2025-01-31")), 2);
    }
}
