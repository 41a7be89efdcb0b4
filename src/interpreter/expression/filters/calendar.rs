//! Filters that calculate with dates, times and datetimes: `add` and `diff`. Hours, minutes and seconds are elapsed
//! time; days, weeks, months and years are steps on the calendar of the flow's zone.

use chrono::{DateTime, Datelike, Days, Months, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use minijinja::{Environment, Error, State};

use super::super::failure::coded;
use super::argument::text_arg;
use super::date::{moment_arg, needs_date, zone_of};
use crate::flow::document::Duration;
use crate::interpreter::error::code;
use crate::interpreter::moment::{self, Moment, in_zone};
use crate::interpreter::value::Value;

pub fn register(env: &mut Environment<'static>) {
    env.add_filter("add", add);
    env.add_filter("diff", diff);
}

/// A length with a sign: steps on the calendar, then exact time.
#[derive(Debug, Default, PartialEq, Eq)]
struct Length {
    negative: bool,
    months: u32,
    days: u64,
    ms: i64,
}

impl Length {
    /// `P1Y2M3DT4H5M6S`, `P2W`, either with a minus before it.
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let text = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
        let (mut rest, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let (mut months, mut days) = (0_u32, 0_u64);
        let mut units = [('Y', 12, 0), ('M', 1, 0), ('W', 0, 7), ('D', 0, 1)].into_iter();
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
            let designator = rest[end..].chars().next()?;
            let (_, months_each, days_each) = units.find(|&(name, ..)| name == designator)?;
            let count: u32 = rest[..end].parse().ok()?;
            months = months.checked_add(count.checked_mul(months_each)?)?;
            days += u64::from(count) * days_each;
            rest = &rest[end + designator.len_utf8()..];
        }
        let ms = match time {
            Some(time) => format!("PT{time}").parse::<Duration>().ok()?.as_ms(),
            None => 0,
        };
        Some(Self { negative, months, days, ms: i64::try_from(ms).ok()? })
    }

    fn is_exact(&self) -> bool {
        self.months == 0 && self.days == 0
    }

    /// The steps on the calendar.
    fn stepped(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let (months, days) = (Months::new(self.months), Days::new(self.days));
        if self.negative {
            local.checked_sub_months(months)?.checked_sub_days(days)
        } else {
            local.checked_add_months(months)?.checked_add_days(days)
        }
    }

    fn exact(&self) -> Option<TimeDelta> {
        TimeDelta::try_milliseconds(if self.negative { -self.ms } else { self.ms })
    }

    /// Where no clock is looked at, a day is 24 hours.
    fn added_to_local(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let moved = self.stepped(local)?.checked_add_signed(self.exact()?)?;
        (0..=9999).contains(&moved.year()).then_some(moved)
    }

    fn added_to(&self, at: DateTime<Tz>) -> Option<DateTime<Tz>> {
        let zone = at.timezone();
        let stepped = if self.is_exact() { at } else { in_zone(self.stepped(at.naive_local())?, zone) };
        let moved = stepped.checked_add_signed(self.exact()?)?;
        (0..=9999).contains(&moved.year()).then_some(moved)
    }
}

/// Keeps the form: a date stays a date, a time wraps around midnight, a datetime is one of the flow's zone.
fn add(state: &State, value: &Value, length: &Value) -> Result<String, Error> {
    let (moment, length) = (moment_arg(value)?, text_arg(length)?);
    let length = Length::parse(length.trim())
        .ok_or_else(|| coded(code::EXPR_TYPE, "a duration is written as PT30M or P2D"))?;
    let out_of_range = || coded(code::NUMBER_RANGE, "the date is out of range");
    let added = |local| length.added_to_local(local).ok_or_else(out_of_range);
    Ok(match moment {
        Moment::Date(date) => moment::date_text(added(date.and_time(NaiveTime::MIN))?.date()),
        Moment::Time(time) => {
            let day = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
            moment::time_text(added(day.and_time(time))?.time())
        }
        Moment::Local(_) | Moment::Instant(_) => {
            let at = moment.on_clock(zone_of(state)?).ok_or_else(needs_date)?;
            moment::datetime_text(length.added_to(at).ok_or_else(out_of_range)?)
        }
    })
}

/// How much later the value is than `other`, in whole units, towards zero.
fn diff(state: &State, value: &Value, other: &Value, unit: &Value) -> Result<i64, Error> {
    let (later, earlier, unit) = (moment_arg(value)?, moment_arg(other)?, text_arg(unit)?);
    let exact_ms = match &*unit {
        "second" | "seconds" => Some(1000),
        "minute" | "minutes" => Some(60_000),
        "hour" | "hours" => Some(3_600_000),
        _ => None,
    };
    let zone = zone_of(state)?;
    let local = |moment: Moment| moment.local(zone).ok_or_else(needs_date);
    let elapsed = match (later, earlier) {
        (Moment::Time(later), Moment::Time(earlier)) => later - earlier,
        // Two dates are held against each other as dates, whatever clocks did between them.
        (Moment::Date(_), Moment::Date(_)) => local(later)? - local(earlier)?,
        _ => {
            let at = |moment: Moment| moment.on_clock(zone).ok_or_else(needs_date);
            at(later)? - at(earlier)?
        }
    };
    if let Some(unit_ms) = exact_ms {
        return Ok(elapsed.num_milliseconds() / unit_ms);
    }
    let days_each = match &*unit {
        "day" | "days" => 1,
        "week" | "weeks" => 7,
        "month" | "months" | "year" | "years" => 0,
        _ => {
            let units = "units are seconds, minutes, hours, days, weeks, months, years";
            return Err(coded(code::EXPR_TYPE, units));
        }
    };
    if matches!((later, earlier), (Moment::Time(_), Moment::Time(_))) && days_each > 0 {
        return Ok(0);
    }
    let (later, earlier) = (local(later)?, local(earlier)?);
    Ok(match &*unit {
        "year" | "years" => whole_months(later, earlier) / 12,
        "month" | "months" => whole_months(later, earlier),
        _ => whole_days(later, earlier) / days_each,
    })
}

/// The steps between two places on the calendar, less the last one when it is not whole.
fn whole<T: Ord>(steps: i64, later_rest: T, earlier_rest: T) -> i64 {
    match steps {
        1.. if later_rest < earlier_rest => steps - 1,
        ..=-1 if later_rest > earlier_rest => steps + 1,
        _ => steps,
    }
}

fn whole_days(later: NaiveDateTime, earlier: NaiveDateTime) -> i64 {
    whole((later.date() - earlier.date()).num_days(), later.time(), earlier.time())
}

fn whole_months(later: NaiveDateTime, earlier: NaiveDateTime) -> i64 {
    let index = |at: NaiveDateTime| i64::from(at.year()) * 12 + i64::from(at.month0());
    let rest = |at: NaiveDateTime| (at.day(), at.time());
    whole(index(later) - index(earlier), rest(later), rest(earlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_steps_on_the_calendar_and_exact_time() {
        let length = |negative, months, days, ms| Some(Length { negative, months, days, ms });
        for (text, expected) in [
            ("P1D", length(false, 0, 1, 0)),
            ("PT24H", length(false, 0, 0, 86_400_000)),
            ("-PT30M", length(true, 0, 0, 1_800_000)),
            ("P1Y2M3DT4H", length(false, 14, 3, 4 * 3_600_000)),
            ("P1M", length(false, 1, 0, 0)),
            ("P2W", length(false, 0, 14, 0)),
            ("P0M", length(false, 0, 0, 0)),
            ("PT0S", length(false, 0, 0, 0)),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("1D", None),
            ("P1X", None),
            ("PD", None),
            ("P1D1M", None),
        ] {
            assert_eq!(Length::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn months_and_days_count_when_they_are_whole() {
        let at = |text| Moment::parse(text).unwrap().local(Tz::UTC).unwrap();
        assert_eq!(whole_months(at("2025-03-30"), at("2025-01-31")), 1);
        assert_eq!(whole_months(at("2025-01-31"), at("2025-03-30")), -1);
        assert_eq!(whole_months(at("2025-03-31"), at("2025-01-31")), 2);
        assert_eq!(whole_days(at("2025-03-31T11:59"), at("2025-03-30T12:00")), 0);
        assert_eq!(whole_days(at("2025-03-31T12:00"), at("2025-03-30T12:00")), 1);
        assert_eq!(whole_days(at("2025-03-30T12:00"), at("2025-03-31T11:59")), 0);
    }
}
