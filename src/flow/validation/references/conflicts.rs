//! Two flows of one number that would both start by the same message or event.

use uuid::Uuid;

use super::neighbours::Neighbours;
use crate::flow::document::{Document, MatchMode, Trigger, TriggerType};
use crate::flow::finding::Finding;
use crate::flow::keyword::HeardKeyword;

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
