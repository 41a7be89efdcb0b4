//! What an `ask` accepts (the table of docs/flow-format.md, 3.2): one file per group of kinds.
//! Free text stays what was written; values are read in plain signs, whatever keyboard they were typed on.

mod address;
mod boolean;
mod context;
mod currency;
mod date;
mod find;
mod number;
mod place;

pub use context::AnswerContext;
pub use find::{find, is_kind};
pub use place::of_value as place_of;

use super::inbound::{Inbound, InboundContent};
use super::value::Value;
use crate::flow::channel::ANSWER_CHARS_MAX;
use crate::flow::document::{Input, MediaKind};
use crate::flow::text::{is_blank, plain, plain_and_written};

/// The value of an answer as this kind of input, or nothing when it is none.
pub fn accept(input: Input, inbound: &Inbound, reading: AnswerContext<'_>) -> Option<Value> {
    match input {
        Input::Any => return Some(inbound.json.clone()),
        Input::Image => return media(inbound, &[MediaKind::Image]),
        Input::Audio => return media(inbound, &[MediaKind::Audio]),
        Input::Video => return media(inbound, &[MediaKind::Video]),
        Input::Document => return media(inbound, &[MediaKind::Document]),
        Input::File => {
            return media(
                inbound,
                &[MediaKind::Image, MediaKind::Audio, MediaKind::Video, MediaKind::Document],
            );
        }
        Input::Contact => return matching(inbound, |content| matches!(content, InboundContent::Contact(_))),
        Input::Form => return matching(inbound, |content| matches!(content, InboundContent::Form(_))),
        Input::Location if matches!(inbound.content, InboundContent::Location(_)) => {
            return matching(inbound, |_| true);
        }
        _ => {}
    }
    let written = inbound.text()?.trim();
    if input == Input::Text {
        let fits = !is_blank(written) && written.chars().count() <= ANSWER_CHARS_MAX;
        return fits.then(|| Value::from(written));
    }
    if input == Input::Url {
        let (text, written) = plain_and_written(written);
        return address::url(&text, &written);
    }
    let text = &*plain(written);
    match input {
        Input::Number => number::number(text, reading.locale),
        Input::Integer => number::integer(text, reading.locale),
        Input::Boolean => boolean::boolean(text),
        Input::Email => address::email(text),
        Input::Phone => address::phone(text),
        Input::Date => date::date(text, reading),
        Input::Time => date::time(text),
        Input::Datetime => date::datetime(text, reading),
        Input::Location => place::location(text),
        _ => None,
    }
}

fn media(inbound: &Inbound, kinds: &[MediaKind]) -> Option<Value> {
    matching(inbound, |content| matches!(content, InboundContent::Media(kind, _) if kinds.contains(kind)))
}

fn matching(inbound: &Inbound, wanted: impl FnOnce(&InboundContent) -> bool) -> Option<Value> {
    if !wanted(&inbound.content) {
        return None;
    }
    match &inbound.content {
        InboundContent::Media(_, value)
        | InboundContent::Location(value)
        | InboundContent::Contact(value)
        | InboundContent::Form(value) => Some(value.clone()),
        _ => None,
    }
}

#[cfg(test)]
pub mod testing {
    use chrono_tz::Tz;

    use super::*;
    use crate::interpreter::locale::Locale;
    use crate::interpreter::moment::Moment;

    /// Reads a text as `input` on 2025-01-31 in Mexico City.
    pub fn read(input: Input, text: &str, locale: &str) -> Option<Value> {
        let zone = Tz::America__Mexico_City;
        let now = Moment::parse("2025-01-31").and_then(|date| date.instant(zone)).unwrap();
        let locale = Locale::new(locale);
        let reading = AnswerContext { locale: &locale, zone, now };
        accept(input, &Inbound::of_text(text), reading)
    }

    /// Checks a table of texts, locales and canonical values (`-` for rejected).
    pub fn check(input: Input, cases: &[(&str, &str, &str)]) {
        for (text, locale, expected) in cases {
            let accepted = read(input, text, locale);
            let accepted =
                accepted.map_or("-".to_owned(), |value| crate::interpreter::canonical::text(&value));
            assert_eq!(accepted, *expected, "{text:?} in {locale}");
        }
    }
}
