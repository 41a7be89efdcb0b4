//! Times, in the zone of whoever looks, with its offset; the exact instant stands in the title of each.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike as _, Offset as _, SecondsFormat, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::outline::DisplayLanguage;

const MONTHS_ES: [&str; 12] =
    ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];
const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// An instant as HTML.
#[derive(Debug, Clone, Copy)]
pub struct When {
    at: DateTime<Utc>,
    zone: Tz,
    language: DisplayLanguage,
    position: Option<i64>,
}

impl When {
    pub fn new(at: DateTime<Utc>, zone: Tz, language: DisplayLanguage) -> Self {
        Self { at, zone, language, position: None }
    }

    /// Of an event, whose position stands in the title too.
    pub fn at_position(self, position: i64) -> Self {
        Self { position: Some(position), ..self }
    }

    /// Without elements: `3 May 2026, 10:12 UTC−6`.
    pub fn text(&self) -> String {
        let local = self.at.with_timezone(&self.zone);
        let months = match self.language {
            DisplayLanguage::Es => &MONTHS_ES,
            DisplayLanguage::En => &MONTHS_EN,
        };
        let month = months[local.month0() as usize % 12];
        let (day, year, hour, minute) = (local.day(), local.year(), local.hour(), local.minute());
        let offset = offset(local.offset().fix().local_minus_utc());
        format!("{day} {month} {year}, {hour:02}:{minute:02} {offset}")
    }
}

impl HtmlSafe for When {}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(f, "<time datetime=\"{exact}\" title=\"{exact}")?;
        if let Some(position) = self.position {
            let word = match self.language {
                DisplayLanguage::Es => "posición",
                DisplayLanguage::En => "position",
            };
            write!(f, " · {word} {position}")?;
        }
        write!(f, "\">{}</time>", self.text())
    }
}

/// A zone with its offset at a time: `America/Mexico_City (UTC−6)`.
pub fn zone_text(zone: Tz, now: DateTime<Utc>) -> String {
    let offset = offset(zone.offset_from_utc_datetime(&now.naive_utc()).fix().local_minus_utc());
    if zone == Tz::UTC { offset } else { format!("{} ({offset})", zone.name()) }
}

fn offset(seconds: i32) -> String {
    let (sign, minutes) = (if seconds < 0 { '−' } else { '+' }, seconds.abs() / 60);
    let mut text = "UTC".to_owned();
    if minutes != 0 {
        let _ = write!(text, "{sign}{}", minutes / 60);
        if minutes % 60 != 0 {
            let _ = write!(text, ":{:02}", minutes % 60);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_in_the_zone_of_the_reader() {
        let at: DateTime<Utc> = "2026-05-03T16:12:09.5Z".parse().unwrap();
        let text = |zone: Tz, language| When::new(at, zone, language).text();
        assert_eq!(text(Tz::America__Mexico_City, DisplayLanguage::En), "3 May 2026, 10:12 UTC−6");
        assert_eq!(text(Tz::Asia__Kolkata, DisplayLanguage::Es), "3 may 2026, 21:42 UTC+5:30");
        assert_eq!(text(Tz::UTC, DisplayLanguage::Es), "3 may 2026, 16:12 UTC");
        assert_eq!(zone_text(Tz::America__Mexico_City, at), "America/Mexico_City (UTC−6)");
        assert_eq!(zone_text(Tz::UTC, at), "UTC");
        let html = When::new(at, Tz::UTC, DisplayLanguage::En).at_position(7).to_string();
        let exact = "2026-05-03T16:12:09.500000Z";
        assert_eq!(
            html,
            format!("<time datetime=\"{exact}\" title=\"{exact} · position 7\">3 May 2026, 16:12 UTC</time>")
        );
    }
}
