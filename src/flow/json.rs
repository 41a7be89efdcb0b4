//! Strict JSON: what every body and every stored document is read with.
//! Refuses what RFC 7493 (I-JSON) warns of, so that a value read here has one canonical form (RFC 8785)
//! and that form reads back as the same value.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::pointer;

/// Containers inside containers, at most.
pub const DEPTH_MAX: usize = 64;

pub use crate::expression::INTEGER_MAX;

/// From here on RFC 8785 writes doubles with an exponent; below, whole ones look like integers.
const EXPONENT_FROM: f64 = 1e21;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonErrorKind {
    /// Not JSON, or not UTF-8.
    Syntax,
    /// Something follows the value.
    Trailing,
    DuplicateKey,
    TooDeep,
    /// An integer beyond ±(2^53 − 1), or a number beyond the doubles.
    Number,
    /// A NUL character or a lone surrogate.
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    pub kind: JsonErrorKind,
    /// The value the error is about (RFC 6901), where there is one.
    pub pointer: Option<String>,
    pub message: String,
}

/// Reads one JSON value that fills `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let syntax = |message: String| JsonError { kind: JsonErrorKind::Syntax, pointer: None, message };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| syntax(format!("not UTF-8 from byte {} on", error.valid_up_to())))?;
    if text.starts_with('\u{feff}') {
        return Err(syntax("begins with a byte order mark".to_owned()));
    }
    let reading = Reading::new(text);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { reading: &reading, depth: 0 }
        .deserialize(&mut deserializer)
        .map_err(|error| reading.explain(&error))?;
    match deserializer.end() {
        Ok(()) => Ok(value),
        Err(error) => {
            Err(JsonError { kind: JsonErrorKind::Trailing, pointer: None, message: error.to_string() })
        }
    }
}

/// What the visitors of one parse share.
struct Reading<'t> {
    text: &'t str,
    /// Numbers met so far, so that the literal of the current one can be found.
    numbers: Cell<usize>,
    literals: OnceCell<Vec<&'t str>>,
    /// Our own refusal; serde's error only carries it out.
    refusal: RefCell<Option<(JsonErrorKind, String)>>,
    /// Tokens from the failing value up to the root, gathered while the error travels.
    trail: RefCell<Vec<String>>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            numbers: Cell::new(0),
            literals: OnceCell::new(),
            refusal: RefCell::new(None),
            trail: RefCell::new(Vec::new()),
        }
    }

    fn refuse<E: serde::de::Error>(&self, kind: JsonErrorKind, message: impl Into<String>) -> E {
        self.refusal.replace(Some((kind, message.into())));
        E::custom("refused")
    }

    /// Notes that the error being handed up came from the member or item `token`.
    fn inside<E>(&self, token: impl ToString, error: E) -> E {
        self.trail.borrow_mut().push(token.to_string());
        error
    }

    fn explain(&self, error: &serde_json::Error) -> JsonError {
        let mut place = String::new();
        for token in self.trail.borrow().iter().rev() {
            pointer::push(&mut place, token);
        }
        let (kind, message) = self.refusal.take().unwrap_or_else(|| self.classify(error));
        let pointer = (kind != JsonErrorKind::Syntax).then_some(place);
        JsonError { kind, pointer, message }
    }

    /// serde_json calls a lone surrogate and a number beyond the doubles syntax errors like any other.
    fn classify(&self, error: &serde_json::Error) -> (JsonErrorKind, String) {
        let kind = if has_lone_surrogate(self.text) {
            JsonErrorKind::Text
        } else if self.literal().is_some_and(|literal| literal.parse().is_ok_and(f64::is_infinite)) {
            JsonErrorKind::Number
        } else {
            JsonErrorKind::Syntax
        };
        (kind, error.to_string())
    }

    /// The number being read, as it is written.
    fn literal(&self) -> Option<&'t str> {
        self.literals.get_or_init(|| number_literals(self.text)).get(self.numbers.get()).copied()
    }

    fn integer<E: serde::de::Error>(&self, number: Option<i64>) -> Result<Value, E> {
        let number = number.filter(|number| number.abs() <= INTEGER_MAX);
        let number = number.ok_or_else(|| {
            self.refuse(JsonErrorKind::Number, "must be an integer within ±9007199254740991")
        })?;
        self.numbers.set(self.numbers.get() + 1);
        Ok(Value::from(number))
    }

    /// A double that is whole becomes an integer, as its canonical form is one.
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked before")]
    fn double<E: serde::de::Error>(&self, number: f64) -> Result<Value, E> {
        let is_integer = if number.abs() < EXPONENT_FROM {
            number.fract() == 0.0
        } else {
            // serde_json hands integers beyond 64 bits over as doubles.
            self.literal().is_none_or(|literal| !literal.contains(['.', 'e', 'E']))
        };
        if is_integer {
            return self.integer((number.abs() <= INTEGER_MAX as f64).then_some(number as i64));
        }
        self.numbers.set(self.numbers.get() + 1);
        Ok(Value::from(number))
    }

    fn text<E: serde::de::Error>(&self, text: String) -> Result<String, E> {
        if text.contains('\0') {
            return Err(self.refuse(JsonErrorKind::Text, "must not contain the NUL character"));
        }
        Ok(text)
    }
}

/// The number tokens of a JSON text in order. Sound because the text up to the one asked for was parsed.
fn number_literals(text: &str) -> Vec<&str> {
    let (mut literals, mut start, mut in_string, mut escaped) = (Vec::new(), None, false, false);
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        let in_number = !in_string && matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        match start {
            // `e` alone opens no number: it is part of `true`, `false` and nothing else.
            None if in_number && !byte.is_ascii_alphabetic() => start = Some(at),
            Some(from) if !in_number => {
                literals.push(&text[from..at]);
                start = None;
            }
            _ => {}
        }
        in_string ^= byte == b'"' && !escaped;
        escaped = in_string && byte == b'\\' && !escaped;
    }
    literals
}

/// Whether a `\u` escape is half of a surrogate pair without the other half.
fn has_lone_surrogate(text: &str) -> bool {
    let mut rest = text;
    let mut expects_low = false;
    while let Some(at) = rest.find('\\') {
        let is_adjacent = at == 0;
        let escape = &rest[at + 1..];
        let code = escape.strip_prefix('u').and_then(|hex| u16::from_str_radix(hex.get(..4)?, 16).ok());
        let is_low = code.is_some_and(|code| (0xdc00..0xe000).contains(&code));
        let is_high = code.is_some_and(|code| (0xd800..0xdc00).contains(&code));
        if is_low != (expects_low && is_adjacent) || (expects_low && !is_adjacent) {
            return true;
        }
        expects_low = is_high;
        rest = match code {
            Some(_) => &escape[5..],
            None => escape.get(escape.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default(),
        };
    }
    expects_low
}

/// Reads one value at a depth.
#[derive(Clone, Copy)]
struct Strict<'r, 't> {
    reading: &'r Reading<'t>,
    depth: usize,
}

impl Strict<'_, '_> {
    /// The reader of what stands inside a container met here.
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            let message = format!("is nested deeper than {DEPTH_MAX} levels");
            return Err(self.reading.refuse(JsonErrorKind::TooDeep, message));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.reading.integer(i64::try_from(number).ok())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        self.reading.integer((number != i64::MIN).then_some(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        self.reading.double(number)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.reading.text(text.to_owned()).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        loop {
            match seq.next_element_seed(inner) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::Array(items)),
                Err(error) => return Err(self.reading.inside(items.len(), error)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let key = self.reading.text(key)?;
            if members.contains_key(&key) {
                let error = self.reading.refuse(JsonErrorKind::DuplicateKey, "stands in the object twice");
                return Err(self.reading.inside(key, error));
            }
            match map.next_value_seed(inner) {
                Ok(value) => members.insert(key, value),
                Err(error) => return Err(self.reading.inside(key, error)),
            };
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests;
