//! Regular expressions: of `ask` steps, of keywords, and of `matches`.

use regex::RegexBuilder;

use crate::flow::document::{Document, MatchMode, StepKind, TriggerType};
use crate::flow::finding::Finding;
use crate::flow::language::{PATTERN_BYTES_MAX, PATTERN_LENGTH_MAX};

/// Why a pattern cannot be used, as a sentence.
pub fn pattern_fault(pattern: &str) -> Option<String> {
    if pattern.chars().count() > PATTERN_LENGTH_MAX {
        return Some(format!("A pattern has at most {PATTERN_LENGTH_MAX} characters."));
    }
    match RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build() {
        Ok(_) => None,
        Err(regex::Error::CompiledTooBig(_)) => Some("The pattern is too large when compiled.".to_owned()),
        Err(error) => {
            // The message draws the pattern first; its last line says what is wrong.
            let message = error.to_string();
            let reason = message.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            Some(format!("The pattern is not valid: {reason}."))
        }
    }
}

pub fn check(document: &Document, findings: &mut Vec<Finding>) {
    let mut check = |pattern: &str, pointer: String| {
        findings.extend(pattern_fault(pattern).map(|message| Finding::error("BAD_REGEX", pointer, message)));
    };
    if let TriggerType::Keyword { keywords, match_mode: MatchMode::Regex } = &document.trigger.kind {
        for (index, keyword) in keywords.iter().enumerate() {
            check(keyword, format!("/triggerConfig/keywords/{index}"));
        }
    }
    for (index, step) in document.steps.iter().enumerate() {
        if let StepKind::Ask(ask) = &step.kind
            && let Some(pattern) = &ask.pattern
        {
            check(pattern, format!("/steps/{index}/pattern"));
        }
    }
    for (index, interrupt) in document.interrupts.iter().enumerate() {
        if interrupt.match_mode == MatchMode::Regex {
            for (keyword, pattern) in interrupt.keywords.iter().enumerate() {
                check(pattern, format!("/interrupts/{index}/keywords/{keyword}"));
            }
        }
    }
}
