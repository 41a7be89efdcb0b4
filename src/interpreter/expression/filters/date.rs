//! Filters that read dates, times and datetimes, which are ISO texts. Instants are read in the flow's zone.

use chrono::{Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;
use minijinja::{Environment, Error, State};

use super::super::failure::coded;
use super::argument::{text_arg, with_scope};
use crate::flow::text::cut;
use crate::interpreter::error::code;
use crate::interpreter::locale::Locale;
use crate::interpreter::moment::Moment;
use crate::interpreter::value::Value;

pub fn register(env: &mut Environment<'static>) {
    env.add_filter("date", date);
    env.add_filter("weekday", weekday);
}

pub(super) fn moment_arg(value: &Value) -> Result<Moment, Error> {
    let text = text_arg(value)?;
    Moment::parse(text.trim())
        .ok_or_else(|| coded(code::EXPR_TYPE, format!("“{}” is no date, time or datetime", cut(&text, 40))))
}

pub(super) fn zone_of(state: &State) -> Result<Tz, Error> {
    with_scope(state, |scope| scope.shared.zone)
}

pub(super) fn needs_date() -> Error {
    coded(code::EXPR_TYPE, "a time alone has no date")
}

fn date(state: &State, value: &Value, format: &Value) -> Result<String, Error> {
    let (moment, format) = (moment_arg(value)?, text_arg(format)?);
    with_scope(state, |scope| {
        let zone = scope.shared.zone;
        // On a clock that skips an hour there is no such time: it is the one that it is compared and added to as.
        let moment = match moment {
            Moment::Local(_) => moment.on_clock(zone).map_or(moment, |at| Moment::Instant(at.fixed_offset())),
            other => other,
        };
        Written { moment, zone, locale: &scope.shared.locale }.by(&format)
    })?
}

/// A moment that is written by a format.
struct Written<'s> {
    moment: Moment,
    zone: Tz,
    locale: &'s Locale,
}

impl Written<'_> {
    fn by(&self, format: &str) -> Result<String, Error> {
        let mut text = String::with_capacity(format.len() * 2);
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => text += &self.code(chars.next())?,
                other => text.push(other),
            }
        }
        Ok(text)
    }

    /// What stands for a code; which exist says `expression::language::DATE_CODES`.
    fn code(&self, code: Option<char>) -> Result<String, Error> {
        let time = match self.moment {
            Moment::Time(time) => time,
            dated => dated.local(self.zone).ok_or_else(needs_date)?.time(),
        };
        let date = || self.moment.date(self.zone).ok_or_else(needs_date);
        let at = || self.moment.on_clock(self.zone).ok_or_else(needs_date);
        let from_monday = |date: NaiveDate| date.weekday().num_days_from_monday() as usize;
        Ok(match code {
            Some('%') => "%".to_owned(),
            Some('a') => self.locale.short_weekday(from_monday(date()?)).to_owned(),
            Some('A') => self.locale.weekday(from_monday(date()?)).to_owned(),
            Some('b') => self.locale.short_month(date()?.month0() as usize).to_owned(),
            Some('B') => self.locale.month(date()?.month0() as usize).to_owned(),
            Some('d') => format!("{:02}", date()?.day()),
            Some('e') => format!("{:2}", date()?.day()),
            Some('H') => format!("{:02}", time.hour()),
            Some('I') => format!("{:02}", time.hour12().1),
            Some('j') => format!("{:03}", date()?.ordinal()),
            Some('m') => format!("{:02}", date()?.month()),
            Some('M') => format!("{:02}", time.minute()),
            Some('p') => self.locale.half_of_day(time.hour12().0).to_owned(),
            Some('S') => format!("{:02}", time.second()),
            Some('y') => format!("{:02}", date()?.year().rem_euclid(100)),
            Some('Y') => format!("{:04}", date()?.year()),
            Some('z') => at()?.format("%z").to_string(),
            Some('Z') => at()?.format("%Z").to_string(),
            other => {
                let name = other.map(String::from).unwrap_or_default();
                return Err(coded(code::EXPR_TYPE, format!("there is no date format %{name}")));
            }
        })
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
    use crate::flow::language::DATE_CODES;

    #[test]
    fn the_codes_of_the_language_exist_and_no_others() {
        let locale = Locale::default();
        let moment = Moment::parse("2025-01-31T15:04:05Z").unwrap();
        let written = Written { moment, zone: Tz::UTC, locale: &locale };
        for code in '!'..='~' {
            assert_eq!(written.code(Some(code)).is_ok(), DATE_CODES.contains(&code), "{code}");
        }
    }
}
