//! Dates and times as people write them.

use chrono::{Datelike, Days, NaiveDate, NaiveTime};

use super::context::AnswerContext;
use crate::flow::text::fold;
use crate::interpreter::moment::{Moment, date_text, datetime_text, in_zone, time_text};
use crate::interpreter::value::Value;

/// A leap day comes back within this many years.
const LEAP_YEARS: i32 = 8;

pub fn date(text: &str, reading: AnswerContext<'_>) -> Option<Value> {
    read_date(text, reading).map(date_text).map(Value::from)
}

pub fn time(text: &str) -> Option<Value> {
    read_time(text).map(time_text).map(Value::from)
}

/// A date and a time, parted by space, `T`, `a las` or `at`; local to the flow, kept with the offset. Also the whole form,
/// with seconds and an offset of its own, as programs write it.
pub fn datetime(text: &str, reading: AnswerContext<'_>) -> Option<Value> {
    if let Some(moment) = Moment::parse_datetime(text) {
        return moment.on_clock(reading.zone).map(datetime_text).map(Value::from);
    }
    let lower = text.to_lowercase();
    let by_word = [" a las ", " at ", "t"].into_iter().filter_map(|word| lower.rsplit_once(word));
    let by_space = lower.match_indices(' ').map(|(at, _)| (&lower[..at], &lower[at + 1..]));
    by_word.chain(by_space).find_map(|(date, time)| {
        let local = read_date(date.trim(), reading)?.and_time(read_time(time.trim())?);
        Some(Value::from(datetime_text(in_zone(local, reading.zone))))
    })
}

fn read_date(text: &str, reading: AnswerContext<'_>) -> Option<NaiveDate> {
    let days = match &*fold(text) {
        "hoy" | "today" => Some(0),
        "manana" | "tomorrow" => Some(1),
        "pasado manana" => Some(2),
        _ => None,
    };
    if let Some(days) = days {
        return reading.today().checked_add_days(Days::new(days));
    }
    let separator = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| "/-.".contains(*c))?;
    let parts: Vec<&str> = text.split(separator).collect();
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        (digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    let ordered = |first: u32, second: u32| {
        if reading.locale.month_first() { (second, first) } else { (first, second) }
    };
    match parts[..] {
        [year, month, day] if year.len() == 4 => {
            let year = i32::try_from(number(year, 4..=4)?).ok()?;
            NaiveDate::from_ymd_opt(year, number(month, 1..=2)?, number(day, 1..=2)?)
        }
        [first, second, year] => {
            let (day, month) = ordered(number(first, 1..=2)?, number(second, 1..=2)?);
            NaiveDate::from_ymd_opt(i32::try_from(number(year, 4..=4)?).ok()?, month, day)
        }
        [first, second] => {
            let (day, month) = ordered(number(first, 1..=2)?, number(second, 1..=2)?);
            let today = reading.today();
            let year = today.year();
            (year..=year + LEAP_YEARS)
                .filter_map(|year| NaiveDate::from_ymd_opt(year, month, day))
                .find(|date| *date >= today)
        }
        _ => None,
    }
}

/// `HH:MM`, `H`, `3pm`, `3:30 p.m.`, `15h`, `15h30`.
fn read_time(text: &str) -> Option<NaiveTime> {
    let compact: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
    let (clock, half) = match (compact.strip_suffix("am"), compact.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (&*compact, None),
    };
    let (hour, minute) = match clock.split_once([':', 'h']) {
        Some((hour, "")) if clock.ends_with('h') => (hour, "00"),
        Some((hour, minute)) => (hour, minute),
        None => (clock, "00"),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let hour = match half {
        Some(half) => (1..=12).contains(&hour).then_some(hour % 12 + half)?,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use crate::flow::document::Input;

    #[test]
    fn dates_are_read_in_the_order_of_the_locale() {
        check(
            Input::Date,
            &[
                ("2025-02-28", "es", "\"2025-02-28\""),
                ("2025-02-29", "es", "-"),
                ("24/01/2025", "es", "\"2025-01-24\""),
                ("24.1.2025", "es", "\"2025-01-24\""),
                ("01-24-2025", "en-US", "\"2025-01-24\""),
                ("24/01/2025", "en-US", "-"),
                ("24/01/2025", "en", "\"2025-01-24\""),
                ("31/1", "es", "\"2025-01-31\""),
                ("30/1", "es", "\"2026-01-30\""),
                ("29/2", "es", "\"2028-02-29\""),
                ("2/14", "en-US", "\"2025-02-14\""),
                ("Hoy", "es", "\"2025-01-31\""),
                ("¡Mañana!", "es", "\"2025-02-01\""),
                ("pasado mañana", "es", "\"2025-02-02\""),
                ("tomorrow", "en", "\"2025-02-01\""),
                ("24/01-2025", "es", "-"),
                ("٢٤/٠١/٢٠٢٥", "ar", "\"2025-01-24\""),
                ("２０２５－０１－２４", "ja", "\"2025-01-24\""),
                ("24–01–2025", "es", "\"2025-01-24\""),
                ("\u{200f}24/01/2025", "es", "\"2025-01-24\""),
                ("2²/01/2025", "es", "-"),
                ("24/01/25", "es", "-"),
                ("ayer", "es", "-"),
                ("24", "es", "-"),
            ],
        );
    }

    #[test]
    fn times_may_be_short() {
        check(
            Input::Time,
            &[
                ("09:30", "es", "\"09:30\""),
                ("9:30", "es", "\"09:30\""),
                ("9", "es", "\"09:00\""),
                ("3pm", "es", "\"15:00\""),
                ("3:30 p.m.", "es", "\"15:30\""),
                ("12 am", "en", "\"00:00\""),
                ("12 PM", "en", "\"12:00\""),
                ("15h", "es", "\"15:00\""),
                ("15h30", "es", "\"15:30\""),
                ("١٥:٣٠", "ar", "\"15:30\""),
                ("15：30", "zh", "\"15:30\""),
                ("3:30\u{202f}p.\u{a0}m.", "es", "\"15:30\""),
                ("①5:30", "es", "-"),
                ("13pm", "es", "-"),
                ("24:00", "es", "-"),
                ("9:3", "es", "-"),
                ("nueve", "es", "-"),
            ],
        );
    }

    #[test]
    fn datetimes_are_local_and_keep_the_offset() {
        check(
            Input::Datetime,
            &[
                ("2025-02-28T15:00", "es", "\"2025-02-28T15:00-06:00\""),
                ("2025-02-28T15:00:30", "es", "\"2025-02-28T15:00:30-06:00\""),
                ("2025-02-28T22:00:00Z", "es", "\"2025-02-28T16:00-06:00\""),
                ("2025-02-28T15:00:05.250+02:00", "es", "\"2025-02-28T07:00:05.250-06:00\""),
                ("2025-02-30T15:00Z", "es", "-"),
                ("28/02/2025 15:00", "es", "\"2025-02-28T15:00-06:00\""),
                ("mañana a las 3pm", "es", "\"2025-02-01T15:00-06:00\""),
                ("pasado mañana 10:00", "es", "\"2025-02-02T10:00-06:00\""),
                ("tomorrow at 9:30 am", "en", "\"2025-02-01T09:30-06:00\""),
                ("mañana", "es", "-"),
                ("15:00", "es", "-"),
            ],
        );
    }
}
