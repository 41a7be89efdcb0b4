//! What starts a flow, in words.

use super::language::DisplayLanguage;
use super::sentence::Sentence;
use super::texts::OutlineTexts;
use super::ways::{WORDS_MAX, quoted, some_of, within, written};
use super::words::{pick, word};
use crate::flow::document::{Trigger, TriggerType};

/// What starts the flow: its trigger, and the further ones.
pub fn trigger(trigger: &Trigger, language: DisplayLanguage) -> Sentence {
    let each = trigger.each().map(|(_, trigger)| one(trigger, language)).collect();
    Sentence::listed(each, OutlineTexts::of(language).or)
}

fn one(trigger: &Trigger, language: DisplayLanguage) -> Sentence {
    let texts = OutlineTexts::of(language);
    let named = |text: &str, words: &[String], none: &str| match words {
        [] => Sentence::words(none),
        words => {
            let words = words.iter().map(|word| quoted(word, language)).collect();
            within(text, "words", some_of(words, texts.or, WORDS_MAX))
        }
    };
    let starts = match &trigger.kind {
        TriggerType::Manual => Sentence::words(texts.manual),
        TriggerType::Keyword { keywords, match_mode } => {
            let mode = word(match_mode.as_str()).map_or("", |both| pick(both, language));
            named(&texts.keyword.replace("{mode}", mode), keywords, texts.nothing_yet)
        }
        TriggerType::Intent { intents } => named(texts.intent, intents, texts.nothing_yet),
        TriggerType::AutoReply { .. } => Sentence::words(texts.auto_reply),
        TriggerType::AnyMessage => Sentence::words(texts.any_message),
        TriggerType::Event { event } => named(texts.event, event.as_slice(), texts.nothing_yet),
        TriggerType::Referral { sources } => named(texts.referral, sources, texts.any_referral),
    };
    let mut said = starts;
    if let Some(when) = &trigger.when {
        said.append(written(texts.with_condition, "when", when));
    }
    said
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::flow::document::Canonical;

    fn check(kind: &str, config: Value, es: &str, en: &str) {
        let flow = json!({ "name": "x", "triggerType": kind, "triggerConfig": config });
        let flow = Canonical::create(flow).unwrap();
        let said = [DisplayLanguage::Es, DisplayLanguage::En]
            .map(|language| trigger(&flow.document.trigger, language).plain());
        assert_eq!(said, [es, en]);
    }

    #[test]
    fn what_starts_a_flow() {
        check(
            "KEYWORD",
            json!({ "keywords": ["hola", "alta"], "matchMode": "STARTS_WITH" }),
            "se inicia con «hola» o «alta» (empieza así)",
            "starts with “hola” or “alta” (begins with)",
        );
        let many: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        check(
            "KEYWORD",
            json!({ "keywords": many }),
            "se inicia con «0», «1», «2», «3», «4», «5» +44 (exacta)",
            "starts with “0”, “1”, “2”, “3”, “4”, “5” +44 (exact)",
        );
        check("MANUAL", json!({}), "lo inicia la API u otro flujo", "started by the API or another flow");
        check("EVENT", json!({}), "aún sin nada que lo inicie", "nothing starts it yet");
        check(
            "REFERRAL",
            json!({ "when": "contact.name", "also": [{ "triggerType": "ANY_MESSAGE" }] }),
            "lo inicia cualquier anuncio, si contact.name o se inicia con cualquier mensaje",
            "started by any advertisement, when contact.name or starts with any message",
        );
    }
}
