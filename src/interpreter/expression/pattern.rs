//! Regular expressions of a flow: linear-time, compiled with it, and priced by their size, since matching
//! costs the length of the text times the size of the automaton.

use minijinja::value::{Enumerator, Object, ObjectRepr};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

use crate::interpreter::value::Value;

pub const PATTERN_CHARS_MAX: usize = 256;
const SIZE_BYTES_MAX: usize = 1024 * 1024;
/// Every factor of four in size makes a byte of text four times as dear.
const SIZE_STEPS: [(usize, u64); 4] =
    [(16 * 1024, 1), (64 * 1024, 4), (256 * 1024, 16), (SIZE_BYTES_MAX, 64)];

#[derive(Debug, thiserror::Error)]
pub enum BadPattern {
    #[error("a pattern has at most {PATTERN_CHARS_MAX} characters")]
    TooLong,
    #[error("{0}")]
    Syntax(#[from] regex::Error),
}

#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// What a byte of text costs, in the engine's units.
    pub weight: u64,
}

impl Pattern {
    pub fn new(source: &str) -> Result<Self, BadPattern> {
        if source.chars().count() > PATTERN_CHARS_MAX {
            return Err(BadPattern::TooLong);
        }
        let mut last = None;
        for (size, weight) in SIZE_STEPS {
            match RegexBuilder::new(source).size_limit(size).build() {
                Ok(regex) => return Ok(Self { regex, weight }),
                Err(error @ regex::Error::CompiledTooBig(_)) => last = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.expect("every step has failed").into())
    }

    /// Whether the pattern matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// As the constant argument that lowering gives to `matches`.
impl Object for Pattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_automata_are_dearer_and_the_largest_refused() {
        assert_eq!(Pattern::new("^[A-Za-z]-[0-9]{5}$").unwrap().weight, 1);
        assert!(Pattern::new(r"(?:[a-z]{20}){40}").unwrap().weight > 1);
        assert!(matches!(
            Pattern::new(r"(\w{100}){100}"),
            Err(BadPattern::Syntax(regex::Error::CompiledTooBig(_)))
        ));
        assert!(matches!(Pattern::new("(?=a)"), Err(BadPattern::Syntax(_))));
        assert!(matches!(Pattern::new(&"a".repeat(257)), Err(BadPattern::TooLong)));
    }
}
