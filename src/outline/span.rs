//! Lengths of time in words.

use super::language::DisplayLanguage;
use super::words::{Both, pick};
use crate::flow::document::Duration;

/// A unit: its milliseconds, one of it and several, each in Spanish and English.
const UNITS: [(u64, Both, Both); 4] = [
    (86_400_000, ["1 día", "1 day"], ["días", "days"]),
    (3_600_000, ["1 hora", "1 hour"], ["horas", "hours"]),
    (60_000, ["1 minuto", "1 minute"], ["minutos", "minutes"]),
    (1000, ["1 segundo", "1 second"], ["segundos", "seconds"]),
];

/// `2 hours 30 minutes`. Below a second it counts milliseconds.
pub fn in_words(duration: Duration, language: DisplayLanguage) -> String {
    let mut rest = duration.as_ms();
    let mut words = Vec::new();
    for (unit_ms, one, several) in UNITS {
        match rest / unit_ms {
            0 => {}
            1 => words.push(pick(one, language).to_owned()),
            count => words.push(format!("{count} {}", pick(several, language))),
        }
        rest %= unit_ms;
    }
    if rest > 0 || words.is_empty() {
        words.push(format!("{rest} ms"));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_words() {
        let check = |written: &str, es: &str, en: &str| {
            let duration = written.parse().unwrap();
            assert_eq!(
                [DisplayLanguage::Es, DisplayLanguage::En].map(|language| in_words(duration, language)),
                [es, en]
            );
        };
        check("PT24H", "1 día", "1 day");
        check("PT90M", "1 hora 30 minutos", "1 hour 30 minutes");
        check("P2DT1M1.5S", "2 días 1 minuto 1 segundo 500 ms", "2 days 1 minute 1 second 500 ms");
        check("PT0S", "0 ms", "0 ms");
    }
}
