//! Values inside a text: what `find` looks for. Candidates are cut out of the text by their shape, and the first that is
//! accepted as an answer of its kind is the value.

use std::sync::LazyLock;

use regex::{Match, Regex};

use super::context::AnswerContext;
use super::{address, date, number};
use crate::flow::text::{has_other_digits, plain_and_written};
use crate::interpreter::value::Value;

/// One kind of value that can be found in a text.
struct Kind {
    name: &'static str,
    /// What a candidate looks like.
    shape: LazyLock<Regex>,
    accept: fn(&str, AnswerContext<'_>) -> Option<Value>,
}

macro_rules! kinds {
    ($($name:literal: $shape:literal, $accept:expr;)+) => {
        [$(Kind {
            name: $name,
            shape: LazyLock::new(|| Regex::new($shape).expect("the pattern is sound")),
            accept: $accept,
        }),+]
    };
}

/// In the order of `expression::language::FIND_KINDS`.
static KINDS: [Kind; 7] = kinds! {
    "date": r"(?i)\d{1,4}[/.-]\d{1,2}(?:[/.-]\d{1,4})?|\b(?:pasado mañana|mañana|hoy|today|tomorrow)\b",
        |text, reading| date::date(text, reading);
    "email": r#"[^\s@<>()\[\]",;:]+@[^\s@<>()\[\]",;:]+\.[^\s@<>()\[\]",;:.!?]+"#, |text, _| address::email(text);
    "integer": r"-?\d+(?:[.,'٬٫]\d+| \d{3}\b)*", |text, reading| number::integer(text, reading.locale);
    "number": r"-?\d+(?:[.,'٬٫]\d+| \d{3}\b)*", |text, reading| number::number(text, reading.locale);
    "phone": r"\+?\(?\d[\d ().-]{6,}\d", |text, _| address::phone(text);
    "time": r"(?i)\b\d{1,2}[:h]\d{2}(?:\s?[ap]\.?\s?m\b\.?)?|\b\d{1,2}\s?(?:[ap]\.?\s?m\b\.?|h\b)", |text, _| date::time(text);
    "url": r#"(?i)https?://[^\s<>"]+|\b[\p{L}\d-]+(?:\.[\p{L}\d-]+)+(?:/[^\s<>"]*)?"#, |text, _| address::url(without_sentence(text), text);
};

/// Whether there is such a kind.
pub fn is_kind(name: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == name)
}

/// The first value of a kind in a text.
pub fn find(text: &str, kind: &str, reading: AnswerContext<'_>) -> Option<Value> {
    let kind = KINDS.iter().find(|known| known.name == kind)?;
    let (text, written) = plain_and_written(text);
    let stands_alone = |candidate: &Match<'_>| {
        let (before, after) = (&text[..candidate.start()], &text[candidate.end()..]);
        let is_joined =
            |c: char| c.is_alphanumeric() || c == '@' || has_other_digits(c.encode_utf8(&mut [0; 4]));
        !before.ends_with(is_joined) && !after.starts_with(is_joined)
    };
    let mut candidates = kind.shape.find_iter(&text).filter(stands_alone);
    let found = candidates.find_map(|candidate| {
        (kind.accept)(candidate.as_str(), reading).map(|value| (candidate.start(), candidate.as_str(), value))
    });
    let (start, candidate, value) = found?;
    if kind.name != "url" {
        return Some(value);
    }
    let address = without_sentence(candidate);
    let (before, length) = (text[..start].chars().count(), address.chars().count());
    address::url(address, &written.chars().skip(before).take(length).collect::<String>())
}

/// An address without the punctuation of the sentence around it. A bracket belongs to it where it closes one inside.
fn without_sentence(text: &str) -> &str {
    let mut address = text;
    loop {
        let trimmed = address.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let count = |bracket: char| trimmed.chars().filter(|&c| c == bracket).count();
        address = match trimmed.strip_suffix(')') {
            Some(inner) if count(')') > count('(') => inner,
            _ => return trimmed,
        };
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::flow::language::FIND_KINDS;
    use crate::interpreter::canonical;
    use crate::interpreter::locale::Locale;
    use crate::interpreter::moment::Moment;

    #[test]
    fn the_first_of_a_kind_is_found() {
        let zone = Tz::America__Mexico_City;
        let (now, locale) =
            (Moment::parse("2025-01-31").and_then(|date| date.instant(zone)).unwrap(), Locale::new("es"));
        let reading = AnswerContext { locale: &locale, zone, now };
        for (kind, text, expected) in [
            ("number", "Quiero 12.500,50 o 3", "12500.5"),
            ("number", "unas ٣ cajas", "3"),
            ("number", "ninguna", "-"),
            ("number", "10² y 7", "7"),
            ("integer", "1,5 no, 2 sí", "2"),
            ("integer", "somos 4.", "4"),
            ("integer", "pedido A-12 o B2, serán 3", "3"),
            ("email", "escríbeme a <Ana@Correo.COM>, gracias", "\"Ana@correo.com\""),
            ("email", "a @ b", "-"),
            ("phone", "mi tel. es +52 (55) 1234-5678.", "\"+525512345678\""),
            ("url", "mira acme.com/ofertas, o http://b.co", "\"https://acme.com/ofertas\""),
            ("url", "(mira https://acme.com/a_(b)).", "\"https://acme.com/a_(b)\""),
            ("url", "a ana.b@acme.com o a b.co", "\"https://b.co\""),
            ("url", "en https://x.com/a–b’s!", "\"https://x.com/a–b’s\""),
            ("date", "el 24/01/2026 o el 1/2", "\"2026-01-24\""),
            ("date", "mejor mañana", "\"2025-02-01\""),
            ("date", "el 31/02/2025", "-"),
            ("time", "a las 3:30 p. m. o 17h", "\"15:30\""),
        ] {
            let found = find(text, kind, reading).map_or("-".to_owned(), |value| canonical::text(&value));
            assert_eq!(found, expected, "{kind} in {text}");
        }
        assert!(KINDS.iter().map(|kind| kind.name).eq(FIND_KINDS.iter().copied()));
    }
}
