//! What is listened for: keywords of triggers and interrupts, further texts of options, and the patterns of answers.
//! Whether the patterns are sound, and whether any message can match.

use super::collect::Findings;
use super::pattern::{Patterns, is_dead};
use crate::flow::document::{ChoiceOptions, Document, MatchMode, StepKind, TriggerType};
use crate::flow::finding::Finding;
use crate::flow::pointer;
use crate::flow::text::{fold, spaced};

pub fn check(document: &Document, patterns: &mut Patterns, findings: &mut Findings) {
    for (place, trigger) in document.trigger.each() {
        if let TriggerType::Keyword { keywords, match_mode } = &trigger.kind {
            check_keywords(keywords, *match_mode, &place, patterns, findings);
        }
    }
    for (index, step) in document.steps.iter().enumerate() {
        match &step.kind {
            StepKind::Ask(ask) => {
                if let Some(pattern) = &ask.pattern {
                    let fault = patterns.fault(pattern);
                    check_pattern(pattern, fault, format!("/steps/{index}/pattern"), findings);
                }
            }
            StepKind::Choice(choice) => {
                let ChoiceOptions::Fixed(options) = &choice.options else { continue };
                for (option, kept) in options.iter().enumerate() {
                    for (entry, _) in
                        kept.matches.iter().enumerate().filter(|(_, text)| fold(text).is_empty())
                    {
                        dead("text", format!("/steps/{index}/options/{option}/match/{entry}"), findings);
                    }
                }
            }
            _ => {}
        }
    }
    for (locale, steps) in &document.translations {
        for (id, paths) in steps {
            let lists =
                paths.iter().filter(|(path, _)| path.starts_with("options.") && path.ends_with(".match"));
            for (path, _) in lists.filter(|(_, lines)| lines.lines().all(|line| fold(line).is_empty())) {
                let mut pointer = "/translations".to_owned();
                [locale, id, path].into_iter().for_each(|token| pointer::push(&mut pointer, token));
                dead("text", pointer, findings);
            }
        }
    }
    for (index, interrupt) in document.interrupts.iter().enumerate() {
        let place = format!("/interrupts/{index}");
        check_keywords(&interrupt.keywords, interrupt.match_mode, &place, patterns, findings);
    }
}

fn check_keywords(
    keywords: &[String],
    mode: MatchMode,
    place: &str,
    patterns: &mut Patterns,
    findings: &mut Findings,
) {
    for (index, keyword) in keywords.iter().enumerate() {
        let pointer = format!("{place}/keywords/{index}");
        let hears_nothing = match mode {
            MatchMode::Regex => {
                let fault = patterns.caseless_fault(keyword);
                check_pattern(keyword, fault, pointer, findings);
                continue;
            }
            MatchMode::Word => spaced(keyword).trim().is_empty(),
            MatchMode::Exact | MatchMode::StartsWith | MatchMode::Contains => fold(keyword).is_empty(),
        };
        if hears_nothing {
            dead("keyword", pointer, findings);
        }
    }
}

fn check_pattern(pattern: &str, fault: Option<String>, pointer: String, findings: &mut Findings) {
    match fault {
        Some(message) => findings.push(Finding::error("BAD_REGEX", pointer, message)),
        None if is_dead(pattern) => dead("pattern", pointer, findings),
        None => {}
    }
}

fn dead(what: &str, pointer: String, findings: &mut Findings) {
    let message = format!("No message can match this {what}.");
    findings.push(Finding::warning("DEAD_MATCH", pointer, message));
}
