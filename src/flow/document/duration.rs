//! ISO-8601 durations of a fixed length: weeks, days, hours, minutes and seconds, never months or years.

use std::fmt;
use std::str::FromStr;

/// A length of time in whole milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    ms: u64,
}

impl Duration {
    pub const fn from_secs(seconds: u64) -> Self {
        Self { ms: seconds * 1000 }
    }

    pub const fn from_days(days: u64) -> Self {
        Self::from_secs(days * 24 * 60 * 60)
    }

    pub const fn as_ms(self) -> u64 {
        self.ms
    }
}

/// The text is no duration such as `PT30M` or `P1DT12H`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO-8601 duration such as PT30M or P2D")]
pub struct NotADuration;

/// Designators in the order ISO-8601 wants them, with their length in milliseconds; `true` after the `T`.
const UNITS: [(char, bool, u64); 5] = [
    ('W', false, 604_800_000),
    ('D', false, 86_400_000),
    ('H', true, 3_600_000),
    ('M', true, 60_000),
    ('S', true, 1000),
];

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let mut rest = text.strip_prefix('P').ok_or(NotADuration)?;
        let mut in_time = false;
        let mut units = UNITS.iter();
        let mut total: u64 = 0;
        loop {
            if let Some(time) = rest.strip_prefix('T').filter(|_| !in_time) {
                (rest, in_time) = (time, true);
            }
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(NotADuration)?;
            let (number, tail) = rest.split_at(end);
            let designator = tail.chars().next().ok_or(NotADuration)?;
            let &(_, _, unit_ms) =
                units.find(|&&(name, time, _)| name == designator && time == in_time).ok_or(NotADuration)?;
            let part = amount_ms(number, unit_ms, designator == 'S').ok_or(NotADuration)?;
            total = total.checked_add(part).ok_or(NotADuration)?;
            rest = &tail[designator.len_utf8()..];
            if rest.is_empty() {
                return Ok(Self { ms: total });
            }
        }
    }
}

/// `number` units in milliseconds. Only seconds may have a fraction, of at most three digits.
fn amount_ms(number: &str, unit_ms: u64, may_have_fraction: bool) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if may_have_fraction && (1..=3).contains(&fraction.len()) => {
            (whole, fraction)
        }
        Some(_) => return None,
        None => (number, "0"),
    };
    let fraction_ms = format!("{fraction:0<3}").parse::<u64>().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(unit_ms)?.checked_add(fraction_ms)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ms == 0 {
            return f.write_str("PT0S");
        }
        let (days, in_day_ms) = (self.ms / 86_400_000, self.ms % 86_400_000);
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if in_day_ms == 0 {
            return Ok(());
        }
        f.write_str("T")?;
        let (hours, minutes) = (in_day_ms / 3_600_000, in_day_ms / 60_000 % 60);
        let (seconds, ms) = (in_day_ms / 1000 % 60, in_day_ms % 1000);
        if hours > 0 {
            write!(f, "{hours}H")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}M")?;
        }
        match (seconds, ms) {
            (0, 0) => Ok(()),
            (_, 0) => write!(f, "{seconds}S"),
            _ => write!(f, "{seconds}.{ms:03}S"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_iso_8601_writes() {
        for (text, ms) in [
            ("PT0S", 0),
            ("PT10S", 10_000),
            ("PT1.5S", 1500),
            ("PT1M", 60_000),
            ("P2D", 172_800_000),
            ("P1W", 604_800_000),
            ("P1DT2H3M4S", 93_784_000),
        ] {
            let duration = Duration { ms };
            assert_eq!(text.parse(), Ok(duration), "{text}");
            assert_eq!(duration.to_string().parse(), Ok(duration), "{text}");
        }
    }

    #[test]
    fn refuses_what_has_no_fixed_length_or_no_sense() {
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "P1Y",
            "P1M",
            "PT1D",
            "P1H",
            "PT1S1M",
            "PT1M1M",
            "P1DT",
            "PT-1S",
            "PT1.5H",
            "PT.5S",
            "PT1.S",
            "PT1,5S",
            "P1D2H",
            "PTT1S",
            "pt1s",
            "PT1S ",
            "PT99999999999999999999S",
            "P1é",
        ] {
            assert_eq!(text.parse::<Duration>(), Err(NotADuration), "{text}");
        }
    }
}
