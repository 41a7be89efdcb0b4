//! Regular expressions: whether they can be used, and whether any text can match them.

use std::collections::HashMap;

use regex::RegexBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::flow::language::{PATTERN_BYTES_MAX, PATTERN_LENGTH_MAX};
use crate::flow::text::composed;

/// Compiled sizes that are tried in turn, so that a small pattern is never compiled at the cost of a large one.
const SIZE_STEPS: [usize; 4] = [16 * 1024, 64 * 1024, 256 * 1024, PATTERN_BYTES_MAX];
/// Bytes that all patterns of a flow may take when compiled. Those of the smallest size are free: the size of
/// the document bounds them.
const FLOW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The patterns of one flow.
#[derive(Debug, Default)]
pub struct Patterns {
    /// What was found out about each.
    known: HashMap<(String, bool), Option<String>>,
    bytes: usize,
}

impl Patterns {
    /// Why a pattern cannot be used, as a sentence.
    pub fn fault(&mut self, pattern: &str) -> Option<String> {
        self.fault_of(pattern, false)
    }

    /// What is wrong with a pattern to which capitals and small letters are the same, if anything.
    pub fn caseless_fault(&mut self, pattern: &str) -> Option<String> {
        self.fault_of(pattern, true)
    }

    fn fault_of(&mut self, pattern: &str, is_caseless: bool) -> Option<String> {
        let key = (pattern.to_owned(), is_caseless);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let fault = self.compile(pattern, is_caseless);
        self.known.insert(key, fault.clone());
        fault
    }

    fn compile(&mut self, pattern: &str, is_caseless: bool) -> Option<String> {
        if pattern.chars().count() > PATTERN_LENGTH_MAX {
            return Some(format!("A pattern has at most {PATTERN_LENGTH_MAX} characters."));
        }
        for size in SIZE_STEPS {
            let is_free = size == SIZE_STEPS[0];
            if !is_free && self.bytes + size > FLOW_BYTES_MAX {
                return Some("The patterns of this flow are too large together.".to_owned());
            }
            match RegexBuilder::new(&composed(pattern)).case_insensitive(is_caseless).size_limit(size).build()
            {
                Ok(_) => {
                    self.bytes += if is_free { 0 } else { size };
                    return None;
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    // The message draws the pattern first; its last line says what is wrong.
                    let message = error.to_string();
                    let reason =
                        message.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
                    return Some(format!("The pattern is not valid: {reason}."));
                }
            }
        }
        // To find that out was as dear as to compile it.
        self.bytes += PATTERN_BYTES_MAX;
        Some("The pattern is too large when compiled.".to_owned())
    }
}

/// Whether no text at all matches a pattern that is sound.
pub fn is_dead(pattern: &str) -> bool {
    regex_syntax::parse(&composed(pattern)).is_ok_and(|hir| matches_nothing(&hir))
}

fn matches_nothing(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => false,
        HirKind::Class(Class::Unicode(class)) => class.ranges().is_empty(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().is_empty(),
        HirKind::Repetition(repetition) => repetition.min > 0 && matches_nothing(&repetition.sub),
        HirKind::Capture(capture) => matches_nothing(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().all(matches_nothing),
        HirKind::Concat(parts) => parts.iter().any(matches_nothing) || has_anchor_inside(parts),
    }
}

/// Whether the beginning of the text is asked for behind a character, or its end before one.
fn has_anchor_inside(parts: &[Hir]) -> bool {
    let takes_room = |parts: &[Hir]| parts.iter().any(|part| part.properties().minimum_len() > Some(0));
    parts.iter().enumerate().any(|(index, part)| {
        let properties = part.properties();
        (properties.look_set_prefix().contains(Look::Start) && takes_room(&parts[..index]))
            || (properties.look_set_suffix().contains(Look::End) && takes_room(&parts[index + 1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_dead_where_no_text_matches_it() {
        for pattern in ["$a", "a^b", "(a$)b", r"[^\s\S]", r"[a&&b]", r"(x\A|y^)z", "a+(^b)"] {
            assert!(is_dead(pattern), "{pattern}");
        }
        for pattern in ["^$", "a*^b", "a|b^", "(?m)a$\nb", "", "a?$", "^^a$$", "(a$|b)c", "x(^b)?"] {
            assert!(!is_dead(pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns_are_bounded_one_by_one_and_together() {
        let mut patterns = Patterns::default();
        assert_eq!(patterns.fault("^[A-Za-z]-[0-9]{5}$"), None);
        assert_eq!(patterns.bytes, 0);
        assert!(patterns.fault(r"(\w{100}){100}").is_some(), "one alone is too large");
        assert_eq!(patterns.fault(r"\w{20}"), None);
        assert!(patterns.bytes > PATTERN_BYTES_MAX);
        patterns.bytes = FLOW_BYTES_MAX;
        assert!(patterns.fault(r"\w{21}").is_some(), "there is no room for another large one");
        assert_eq!(patterns.fault(r"\w{20}"), None, "a pattern used again costs nothing");
        assert_eq!(patterns.fault("hola|adi[oó]s"), None, "small ones are free");
    }
}
