//! Regular expressions of a flow: linear-time, compiled with it, and priced by their size, since matching
//! costs at worst the length of the text times the number of positions in the pattern.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use regex::{Captures, Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use super::cost::UNITS_PER_FUEL;
use super::fuel::Fuel;
use crate::flow::language::{PATTERN_BYTES_MAX, PATTERN_LENGTH_MAX};
use crate::flow::text::{composed, typed_forms};
use crate::interpreter::error::StepError;
use crate::interpreter::value::Value;

/// What a byte of text costs per position, in the engine's units. A position is a place in the pattern that
/// one character is held against; in the worst case every byte visits all of them.
const UNITS_PER_POSITION: u64 = 4;

#[derive(Debug, thiserror::Error)]
pub enum BadPattern {
    #[error("a pattern has at most {PATTERN_LENGTH_MAX} characters")]
    TooLong,
    #[error("{}", reason(.0))]
    Syntax(#[from] regex::Error),
}

/// The last line of a syntax error: the lines before it draw the pattern.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// What a byte of text costs, in the engine's units.
    pub weight: u64,
}

impl Pattern {
    pub fn new(source: &str) -> Result<Self, BadPattern> {
        Self::compile(source, false)
    }

    /// A pattern to which capitals and small letters are the same, unless it says `(?-i)`.
    pub fn caseless(source: &str) -> Result<Self, BadPattern> {
        Self::compile(source, true)
    }

    fn compile(source: &str, is_caseless: bool) -> Result<Self, BadPattern> {
        if source.chars().count() > PATTERN_LENGTH_MAX {
            return Err(BadPattern::TooLong);
        }
        let source = &*composed(source);
        let mut builder = RegexBuilder::new(source);
        let regex = builder.case_insensitive(is_caseless).size_limit(PATTERN_BYTES_MAX).build()?;
        let mut parser = regex_syntax::ParserBuilder::new().case_insensitive(is_caseless).build();
        let positions = parser.parse(source).map_or(u64::MAX, |hir| positions(&hir));
        Ok(Self { regex, weight: positions.saturating_mul(UNITS_PER_POSITION).max(1) })
    }

    /// Whether the pattern matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The groups of the first match.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex.captures(text)
    }

    /// Whether it matches a text as a person typed it: as it stands, or without typography and markup around it.
    pub fn is_match_typed(&self, written: &str, fuel: &mut Fuel) -> Result<bool, StepError> {
        let (typed, plain) = typed_forms(written);
        if self.is_match_paid(&typed, fuel)? {
            return Ok(true);
        }
        plain.map_or(Ok(false), |plain| self.is_match_paid(&plain, fuel))
    }

    /// Whether it matches, outside of an evaluation: the run pays.
    pub fn is_match_paid(&self, text: &str, fuel: &mut Fuel) -> Result<bool, StepError> {
        fuel.burn((text.len() as u64).saturating_mul(self.weight) / UNITS_PER_FUEL)?;
        Ok(self.is_match(text))
    }
}

/// Places that a character is held against, counted repetitions written out.
fn positions(hir: &Hir) -> u64 {
    let sum = |parts: &[Hir]| parts.iter().map(positions).fold(0, u64::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(_) => 1,
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min.saturating_add(1));
            positions(&repetition.sub).saturating_mul(u64::from(copies))
        }
        HirKind::Capture(capture) => positions(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
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
    fn the_price_is_the_number_of_positions() {
        for (source, positions) in [
            ("^[A-Za-z]-[0-9]{5}$", 7),
            (r"\w+@\w+", 5),
            ("(ab|c){3,10}", 30),
            ("[ab]*a[ab]{1000}", 1002),
            ("^$", 0),
        ] {
            assert_eq!(Pattern::new(source).unwrap().weight, (4 * positions).max(1), "{source}");
        }
    }

    #[test]
    fn what_is_too_large_or_not_linear_is_refused() {
        use regex::Error::CompiledTooBig;
        assert!(matches!(Pattern::new(r"(\w{100}){100}"), Err(BadPattern::Syntax(CompiledTooBig(_)))));
        assert!(matches!(Pattern::new("(?=a)"), Err(BadPattern::Syntax(_))));
        assert!(matches!(Pattern::new(&"a".repeat(257)), Err(BadPattern::TooLong)));
    }
}
