//! Two flows of one number that would both start by the same message or event.

use regex::{Regex, RegexBuilder};
use uuid::Uuid;

use super::neighbours::Neighbours;
use crate::flow::document::{Document, MatchMode, Trigger, TriggerType};
use crate::flow::finding::Finding;
use crate::flow::language::PATTERN_BYTES_MAX;
use crate::flow::reference::ReferenceKind;
use crate::flow::text::{composed, fold, spaced};

pub fn check(
    document: &Document,
    own_id: Option<Uuid>,
    neighbours: &Neighbours<'_>,
    findings: &mut Vec<Finding>,
) {
    let share_a_number = |other: &Document| match (&document.phone_number_id, &other.phone_number_id) {
        (Some(own), Some(other)) => own == other,
        _ => true,
    };
    let others =
        neighbours.published.iter().filter(|(id, other)| Some(*id) != own_id && share_a_number(other));
    let others: Vec<&Document> = others.map(|(_, other)| other.as_ref()).collect();
    for (place, trigger) in document.trigger.each() {
        match &trigger.kind {
            TriggerType::Keyword { keywords, match_mode } => {
                check_keywords(keywords, *match_mode, &place, &others, findings);
            }
            own => {
                // Conditions may part what the triggers do not.
                let meets = |(_, other): (String, &Trigger)| other.when.is_none() && meet(own, &other.kind);
                let mut rivals = others.iter().filter(|_| trigger.when.is_none());
                if let Some(other) = rivals.find(|other| other.trigger.each().any(meets)) {
                    let message = format!("The published flow \"{}\" starts by the same.", other.name);
                    let around = place.strip_suffix("/triggerConfig").unwrap_or_default();
                    let pointer = format!("{around}/triggerType");
                    findings.push(Finding::warning("TRIGGER_CONFLICT", pointer, message));
                }
            }
        }
    }
}

fn check_keywords(
    keywords: &[String],
    mode: MatchMode,
    place: &str,
    others: &[&Document],
    findings: &mut Vec<Finding>,
) {
    let rivals: Vec<(&Document, Vec<HeardKeyword>)> =
        others.iter().map(|other| (*other, heard(other))).collect();
    for (index, keyword) in keywords.iter().enumerate() {
        let own = HeardKeyword::new(keyword, mode);
        let is_rival =
            |(_, claimed): &&(&Document, Vec<HeardKeyword>)| claimed.iter().any(|other| own.meets(other));
        if let Some((other, _)) = rivals.iter().find(is_rival) {
            let message =
                format!("The published flow \"{}\" claims the keyword \"{keyword}\" too.", other.name);
            let pointer = format!("{place}/keywords/{index}");
            findings.push(Finding::warning("KEYWORD_CONFLICT", pointer, message));
        }
    }
}

/// Whether something starts by both triggers, neither of which is a keyword's.
fn meet(one: &TriggerType, other: &TriggerType) -> bool {
    let share = |one: &[String], other: &[String]| one.iter().any(|entry| other.contains(entry));
    match (one, other) {
        (TriggerType::AnyMessage, TriggerType::AnyMessage) => true,
        (TriggerType::Intent { intents: one }, TriggerType::Intent { intents: other }) => share(one, other),
        (TriggerType::Event { event: Some(one) }, TriggerType::Event { event: Some(other) }) => one == other,
        (TriggerType::Referral { sources: one }, TriggerType::Referral { sources: other }) => {
            (one.is_empty() && other.is_empty()) || share(one, other)
        }
        _ => false,
    }
}

fn heard(document: &Document) -> Vec<HeardKeyword> {
    let mut heard = Vec::new();
    for (_, trigger) in document.trigger.each() {
        if let TriggerType::Keyword { keywords, match_mode } = &trigger.kind {
            heard.extend(keywords.iter().map(|keyword| HeardKeyword::new(keyword, *match_mode)));
        }
    }
    heard
}

/// A keyword and how it is heard, made ready to be compared with many others.
#[derive(Debug)]
pub struct HeardKeyword {
    keyword: String,
    folded: String,
    spaced: String,
    mode: MatchMode,
    regex: Option<Regex>,
}

impl HeardKeyword {
    /// A keyword as an index holds it; `None` where it is a reference of another kind.
    pub fn of_reference(kind: i16, value: &str) -> Option<Self> {
        Some(Self::new(value, ReferenceKind::match_mode(kind)?))
    }

    fn new(keyword: &str, mode: MatchMode) -> Self {
        let source = composed(keyword);
        let regex =
            || RegexBuilder::new(&source).case_insensitive(true).size_limit(PATTERN_BYTES_MAX).build().ok();
        Self {
            keyword: keyword.trim().to_owned(),
            folded: fold(keyword),
            spaced: spaced(keyword),
            mode,
            regex: (mode == MatchMode::Regex).then(regex).flatten(),
        }
    }

    /// Whether one of two is heard where the other is written.
    pub fn meets(&self, other: &Self) -> bool {
        let is_same = self.mode == other.mode && self.folded == other.folded && !self.folded.is_empty();
        is_same || self.hears(other) || other.hears(self)
    }

    fn hears(&self, other: &Self) -> bool {
        // What a pattern looks like nobody writes.
        if other.mode == MatchMode::Regex || (self.folded.is_empty() && self.mode != MatchMode::Regex) {
            return false;
        }
        match self.mode {
            MatchMode::Exact => self.folded == other.folded,
            MatchMode::StartsWith => other.folded.starts_with(&self.folded),
            MatchMode::Contains => other.folded.contains(&self.folded),
            MatchMode::Word => other.spaced.contains(&self.spaced),
            MatchMode::Regex => self.regex.as_ref().is_some_and(|regex| regex.is_match(&other.keyword)),
        }
    }
}
