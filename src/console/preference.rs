//! What somebody prefers, told by cookies that hold nothing else: language, theme, the zone of times, single keys, rows.

use axum::http::{HeaderMap, header};
use chrono_tz::Tz;

use super::session::cookie;
use crate::outline::DisplayLanguage;

pub const LANGUAGE: &str = "language";
pub const THEME: &str = "theme";
pub const ZONE: &str = "tz";
pub const KEYS: &str = "keys";
pub const ROWS: &str = "rows";

/// How many rows a page of a list may have.
pub const ROWS_CHOICES: [i64; 3] = [25, 50, 100];
const ROWS_DEFAULT: i64 = 50;

/// The first language of a browser that is one of ours (RFC 9110, 12.5.4); weights are in that order already.
fn accepted(headers: &HeaderMap) -> Option<DisplayLanguage> {
    let wanted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    wanted.split(',').find_map(|part| DisplayLanguage::parse(&part.trim().get(..2)?.to_ascii_lowercase()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Auto, Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name)
    }
}

/// How somebody wants pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    pub language: DisplayLanguage,
    pub theme: Theme,
    pub zone: Tz,
    /// Whether a key without Ctrl does something.
    pub has_keys: bool,
    /// Of a page of a list.
    pub rows: i64,
}

impl Preferences {
    pub fn of(headers: &HeaderMap) -> Self {
        let told = |name: &str| cookie::value(headers, name);
        let language = told(LANGUAGE).and_then(DisplayLanguage::parse).or_else(|| accepted(headers));
        Self {
            language: language.unwrap_or(DisplayLanguage::Es),
            theme: told(THEME).and_then(Theme::parse).unwrap_or(Theme::Auto),
            zone: told(ZONE).and_then(zone).unwrap_or(Tz::UTC),
            has_keys: told(KEYS) != Some("off"),
            rows: told(ROWS).and_then(rows).unwrap_or(ROWS_DEFAULT),
        }
    }
}

/// A number of rows that can be chosen.
pub fn rows(number: &str) -> Option<i64> {
    ROWS_CHOICES.into_iter().find(|rows| rows.to_string() == number)
}

/// A zone by its name. `/` in a cookie may be written as `%2F`.
pub fn zone(name: &str) -> Option<Tz> {
    name.replace("%2F", "/").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(header::HeaderName, &str)]) -> Preferences {
        Preferences::of(&headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect())
    }

    #[test]
    fn cookies_come_before_what_browsers_say() {
        let language = |accepted: &str| of(&[(header::ACCEPT_LANGUAGE, accepted)]).language;
        assert_eq!(of(&[]).language, DisplayLanguage::Es);
        assert_eq!(language("en-US,en;q=0.9,es;q=0.8"), DisplayLanguage::En);
        assert_eq!(language("fr, es-MX;q=0.8"), DisplayLanguage::Es);
        assert_eq!(language("de, *"), DisplayLanguage::Es);
        let told = of(&[
            (header::ACCEPT_LANGUAGE, "en"),
            (header::COOKIE, "other=1; language=es; theme=dark; tz=America%2FMexico_City; keys=off; rows=25"),
        ]);
        assert_eq!(
            told,
            Preferences {
                language: DisplayLanguage::Es,
                theme: Theme::Dark,
                zone: Tz::America__Mexico_City,
                has_keys: false,
                rows: 25,
            }
        );
        let odd = of(&[(header::COOKIE, "language=xx; theme=<b>; tz=../../etc; keys=1; rows=7")]);
        assert_eq!((odd.theme, odd.zone, odd.has_keys, odd.rows), (Theme::Auto, Tz::UTC, true, 50));
    }
}
