//! Reading what is neither object nor list: texts, names, numbers, durations, targets and JSON kept by value.

use serde_json::{Map, Value};

use super::duration::Duration;
use super::edge::Target;
use super::reader::Cursor;
use super::schema::part::{EXPRESSION_CHARS_MAX, Length, Part, TEMPLATE_CHARS_MAX};
use super::schema::rules;
use crate::flow::language::PATTERN_LENGTH_MAX;

impl<'a> Cursor<'a> {
    pub fn string(self) -> String {
        self.str().unwrap_or_default().to_owned()
    }

    pub fn str(self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong_type("a string");
        }
        text
    }

    /// A string of as many characters (Unicode scalar values) as is declared.
    pub fn text(self) -> String {
        self.text_of(self.declared("a text", |part| match part {
            Part::Text(length) | Part::Template(length) => Some(*length),
            Part::Shown(_) | Part::Json | Part::NullableJson | Part::JsonObject => {
                Some(Length::of(0, TEMPLATE_CHARS_MAX))
            }
            Part::Address => Some(Length::of(1, TEMPLATE_CHARS_MAX)),
            Part::Expression => Some(Length::of(1, EXPRESSION_CHARS_MAX)),
            Part::Pattern => Some(Length::of(1, PATTERN_LENGTH_MAX)),
            _ => None,
        }))
    }

    /// A string of so many characters.
    pub fn text_of(self, length: Length) -> String {
        let Some(text) = self.str() else { return String::new() };
        self.check_length(text.chars().count(), length, "character");
        text.to_owned()
    }

    /// A name by the rule that is declared.
    pub fn name(self) -> String {
        let rule = self.declared("a name", |part| match part {
            Part::Name(rule) => Some(*rule),
            Part::Written => Some(&rules::VARIABLE),
            _ => None,
        });
        let Some(text) = self.str() else { return String::new() };
        let is_sound = text.chars().enumerate().all(|(index, c)| (rule.allows)(index, c));
        if text.is_empty() || !is_sound || text.len() > rule.chars_max {
            self.invalid(format!("must be {}", rule.words));
        }
        text.to_owned()
    }

    /// JSON kept by value, whose strings are templates.
    pub fn json(self) -> Value {
        self.check_strings();
        self.value.clone()
    }

    /// An object of the author's whose strings are templates.
    pub fn json_object(self) -> Map<String, Value> {
        self.check_strings();
        self.free_object()
    }

    fn check_strings(self) {
        match self.value {
            Value::String(_) => drop(self.text()),
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    Cursor { value, path: self.path.index(index), ..self }.check_strings();
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    Cursor { value, path: self.path.member(name), ..self }.check_strings();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Checks the bytes of the canonical form.
    pub fn check_bytes(self, most: usize) {
        let bytes = crate::flow::canonical_json::to_vec(self.value).len();
        if bytes > most {
            self.limit(format!("must have at most {most} bytes, has {bytes}"));
        }
    }

    pub fn boolean(self) -> bool {
        self.value.as_bool().unwrap_or_else(|| {
            self.wrong_type("true or false");
            false
        })
    }

    pub fn number(self) -> f64 {
        self.value.as_f64().unwrap_or_else(|| {
            self.wrong_type("a number");
            0.0
        })
    }

    pub fn integer(self) -> i64 {
        let (least, most) = self.declared("an integer", |part| match part {
            Part::Integer { least, most } => Some((*least, *most)),
            _ => None,
        });
        match whole(self.value) {
            Some(integer) if (least..=most).contains(&integer) => integer,
            Some(_) => {
                self.invalid(format!("must be between {least} and {most}"));
                least
            }
            None => {
                self.wrong_type("an integer");
                least
            }
        }
    }

    /// An integer that fits a small type because its range does.
    pub fn small(self) -> u32 {
        u32::try_from(self.integer()).expect("the declared range is one of u32")
    }

    /// One of an enumeration's names.
    pub fn one_of<T: Copy + Default>(self, names: &[(&str, T)]) -> T {
        let Some(text) = self.str() else { return T::default() };
        let found = names.iter().find(|&&(name, _)| name == text);
        found.map(|&(_, value)| value).unwrap_or_else(|| {
            let names: Vec<&str> = names.iter().map(|&(name, _)| name).collect();
            self.invalid(format!("must be one of {}", names.join(", ")));
            T::default()
        })
    }

    pub fn duration(self) -> Duration {
        let range = self.declared("a duration", |part| match part {
            Part::Duration(range) => Some(*range),
            _ => None,
        });
        let Some(text) = self.str() else { return Duration::default() };
        match text.parse::<Duration>() {
            Ok(duration) if range.contains(&duration) => duration,
            Ok(_) => {
                self.invalid(format!("must be between {} and {}", range.start(), range.end()));
                Duration::default()
            }
            Err(error) => {
                self.invalid(format!("is {error}"));
                Duration::default()
            }
        }
    }

    pub fn target(self) -> Target {
        let Some(text) = self.str() else { return Target::default() };
        let target = Target::parse(text);
        if text.is_empty() || (text.starts_with('$') && target.step_id().is_some()) {
            self.invalid("must be a step id, \"$next\", \"$end\" or \"$resume\"");
        }
        target
    }
}

/// A number as an integer, however it is written.
#[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        let is_exact = number.fract() == 0.0 && number.abs() <= crate::flow::json::INTEGER_MAX as f64;
        is_exact.then_some(number as i64)
    })
}
