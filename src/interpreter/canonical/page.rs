//! Canonical JSON in memory, to which structures add themselves piece by piece. What is the same in every run of a
//! program is quoted when it is compiled, and then only copied.

use std::fmt::Write as _;

use super::escape::{is_plain, write_escaped};
use super::{Value, write};
use crate::interpreter::moment::Instant;

/// What writes itself as canonical JSON.
pub trait WriteJson {
    fn write_json(&self, page: &mut CanonicalPage);
}

impl<T: WriteJson> WriteJson for Box<T> {
    fn write_json(&self, page: &mut CanonicalPage) {
        T::write_json(self, page);
    }
}

#[derive(Debug, Default)]
pub struct CanonicalPage {
    json: String,
    /// The instant written last, and how: most parts of a trace are of one moment.
    instant: Option<(Instant, String)>,
}

impl CanonicalPage {
    pub fn with_capacity(bytes: usize) -> Self {
        Self { json: String::with_capacity(bytes), instant: None }
    }

    pub fn len(&self) -> usize {
        self.json.len()
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.json.into_bytes()
    }

    /// Adds what is JSON already, and goes on with what follows.
    #[inline]
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.json.push_str(json);
        self
    }

    /// Adds a text, in quotes.
    pub fn text(&mut self, text: &str) {
        self.json.reserve(text.len() + 2);
        self.json.push('"');
        self.part_of_text(text);
        self.json.push('"');
    }

    /// Adds a piece of a text, without quotes.
    pub fn part_of_text(&mut self, text: &str) {
        if is_plain(text) {
            self.json.push_str(text);
        } else {
            write_escaped(&mut self.json, text).expect("a string takes all text");
        }
    }

    pub fn maybe_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => _ = self.raw("null"),
        }
    }

    pub fn integer(&mut self, integer: impl itoa::Integer) {
        self.json.push_str(itoa::Buffer::new().format(integer));
    }

    pub fn value(&mut self, value: &Value) {
        match value.as_str() {
            Some(text) => self.text(text),
            None => write(&mut self.json, value).expect("a string takes all text"),
        }
    }

    pub fn instant(&mut self, instant: Instant) {
        let json = match &mut self.instant {
            Some((known, json)) if *known == instant => json,
            other => &mut other.insert((instant, format!("\"{instant}\""))).1,
        };
        self.json.push_str(json);
    }

    /// Adds what `Display` shows, as a text that needs no escaping.
    pub fn plain(&mut self, shown: impl std::fmt::Display) {
        write!(self.json, "\"{shown}\"").expect("a string takes all text");
    }

    /// Adds a list, of which `each` writes the items.
    #[inline]
    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.raw("[");
        let mut is_first = true;
        for item in items {
            if !std::mem::replace(&mut is_first, false) {
                self.raw(",");
            }
            each(self, item);
        }
        self.raw("]");
    }

    /// A list of what writes itself.
    pub fn all<'t, T: WriteJson + 't>(&mut self, parts: impl IntoIterator<Item = &'t T>) {
        self.list(parts, |page, part| part.write_json(page));
    }

    /// Adds what writes itself, or null.
    pub fn maybe(&mut self, part: Option<&impl WriteJson>) {
        match part {
            Some(part) => part.write_json(self),
            None => _ = self.raw("null"),
        }
    }
}
