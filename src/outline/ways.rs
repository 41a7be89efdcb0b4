//! The ways out of a step and into it, in words. What an exit is for is read off the entry that declares it.

use serde_json::Value;

use super::language::DisplayLanguage;
use super::sentence::{Piece, Sentence};
use super::span::in_words;
use super::texts::OutlineTexts;
use crate::flow::document::schema::{Leads, Part, STEP, walk};
use crate::flow::document::{Document, Edge, Step, Target};

/// Keywords of an interrupt that a sentence names at most.
pub const WORDS_MAX: usize = 6;

/// One way on.
#[derive(Debug, Clone, PartialEq)]
pub struct WayOut {
    pub edge: Edge,
    /// When it is gone.
    pub when: Sentence,
    pub to: WayTarget,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayTarget {
    Step { id: String, exists: bool },
    End,
    Resume,
}

/// One way into a step.
#[derive(Debug, Clone, PartialEq)]
pub struct WayIn {
    /// The step it comes from; `None`: the beginning, or every step.
    pub from: Option<String>,
    pub when: Sentence,
}

/// The steps of a document with their ways.
#[derive(Debug, Clone, Copy)]
pub struct Ways<'d> {
    pub document: &'d Document,
    pub language: DisplayLanguage,
}

impl Ways<'_> {
    fn texts(&self) -> &'static OutlineTexts {
        OutlineTexts::of(self.language)
    }

    /// Where a target leads from the step at an index.
    pub fn destination(&self, index: usize, target: &Target) -> WayTarget {
        let step = |id: &str, exists| WayTarget::Step { id: id.to_owned(), exists };
        match target {
            Target::Next => match self.document.steps.get(index + 1) {
                Some(following) => step(&following.id, true),
                None => WayTarget::End,
            },
            Target::End => WayTarget::End,
            Target::Resume => WayTarget::Resume,
            Target::Step(id) => step(id, self.document.step_index(id).is_some()),
        }
    }

    /// The ways out of the step at an index; `value` is the step as it is written.
    pub fn ways_out(&self, index: usize, value: &Value) -> Vec<WayOut> {
        let step = &self.document.steps[index];
        let entries = entries(value);
        let way = |exit: &crate::flow::document::Exit| WayOut {
            edge: exit.edge.clone(),
            when: self.when(step, &exit.edge, &entries),
            to: self.destination(index, &exit.target),
        };
        step.exits().iter().map(way).collect()
    }

    /// The ways into the step at an index. `values` are the steps as they are written.
    pub fn ways_in(&self, index: usize, values: &[Value]) -> Vec<WayIn> {
        let wanted = &self.document.steps[index].id;
        let leads_here = |to: &WayTarget| matches!(to, WayTarget::Step { id, .. } if id == wanted);
        let mut ways = Vec::new();
        if index == 0 {
            ways.push(WayIn { from: None, when: Sentence::words(self.texts().beginning) });
        }
        for (from, (step, value)) in self.document.steps.iter().zip(values).enumerate() {
            if !step.exits().iter().any(|exit| leads_here(&self.destination(from, &exit.target))) {
                continue;
            }
            let ways_out = self.ways_out(from, value).into_iter().filter(|way| leads_here(&way.to));
            ways.extend(ways_out.map(|way| WayIn { from: Some(step.id.clone()), when: way.when }));
        }
        let everywhere = self.everywhere(WORDS_MAX).into_iter().filter(|way| leads_here(&way.to));
        ways.extend(everywhere.map(|way| WayIn { from: None, when: way.when }));
        ways
    }

    /// The ways that lead on from every step: interrupts, of whose words so many are named, and what the settings say.
    pub fn everywhere(&self, words_max: usize) -> Vec<WayOut> {
        let texts = self.texts();
        // Behind the last step `$next` is the end.
        let to = |target: &Target| self.destination(self.document.steps.len(), target);
        let interrupts = self.document.interrupts.iter().enumerate().map(|(index, interrupt)| {
            let words = interrupt.keywords.iter().chain(&interrupt.intents);
            let words: Vec<Sentence> = words.map(|word| quoted(word, self.language)).collect();
            let when = match (words.is_empty(), &interrupt.when) {
                (true, Some(when)) => written(texts.case, "when", when),
                (_, when) => {
                    let mut heard = within(texts.heard, "words", some_of(words, texts.or, words_max));
                    let when = when.iter().map(|when| written(texts.with_condition, "when", when));
                    when.for_each(|when| heard.append(when));
                    heard
                }
            };
            WayOut { edge: Edge::Interrupt(index), when, to: to(&interrupt.next) }
        });
        let mut ways: Vec<WayOut> = interrupts.collect();
        let settings = &self.document.settings;
        if let Some(target) = &settings.on_error {
            ways.push(WayOut { edge: Edge::Error, when: Sentence::words(texts.error), to: to(target) });
        }
        if let Some(timeout) = &settings.timeout {
            let after = in_words(timeout.after, self.language);
            let to = timeout.next.as_ref().map_or(WayTarget::End, to);
            ways.push(WayOut {
                edge: Edge::Timeout,
                when: written(texts.timeout_after, "after", &after),
                to,
            });
        }
        ways
    }

    fn when(&self, step: &Step, edge: &Edge, entries: &[(Edge, &Value)]) -> Sentence {
        let texts = self.texts();
        let entry = entries.iter().find(|(known, _)| known == edge).map(|(_, entry)| *entry);
        let member = |name: &str| entry.and_then(|entry| entry.get(name)).and_then(Value::as_str);
        match edge {
            Edge::Next => Sentence::words(texts.next),
            Edge::End => Sentence::words(texts.end),
            Edge::Option(id) => written(texts.option, "title", member("title").unwrap_or(id)),
            Edge::Case(_) => {
                let when = ("when", Piece::Written(member("when").unwrap_or_default().to_owned()));
                match member("label") {
                    Some(label) => {
                        let label = ("label", Piece::Written(label.to_owned()));
                        Sentence::of(texts.case_labelled, &[label, when])
                    }
                    None => Sentence::of(texts.case, &[when]),
                }
            }
            Edge::Path(id) => {
                let weight = entry.and_then(|entry| entry.get("weight")).map(Value::to_string);
                Sentence::of(
                    texts.path,
                    &[
                        ("id", Piece::Written(id.clone())),
                        ("weight", Piece::Words(weight.unwrap_or_default())),
                    ],
                )
            }
            Edge::Status(status) if status == "default" => Sentence::words(texts.any_status),
            Edge::Status(status) => written(texts.status, "status", status),
            Edge::Outcome(id) => written(texts.outcome, "id", id),
            Edge::Else => Sentence::words(texts.otherwise),
            Edge::RetriesExhausted => Sentence::words(texts.retries_exhausted),
            Edge::Timeout => match step.timeout() {
                Some(timeout) => {
                    written(texts.timeout_after, "after", &in_words(timeout.after, self.language))
                }
                None => Sentence::words(texts.timeout),
            },
            Edge::Empty => Sentence::words(texts.empty),
            Edge::Skip => Sentence::words(texts.skip),
            Edge::Error => Sentence::words(texts.error),
            Edge::Interrupt(_) => Sentence::words(texts.interrupt),
        }
    }
}

/// The entries of lists that declare exits, each with the edge by which the step is left.
fn entries(step: &Value) -> Vec<(Edge, &Value)> {
    let mut entries = Vec::new();
    walk(step, STEP, None, &mut |found| {
        let (Part::Target(leads), Some(entry)) = (found.part, found.entry) else { return };
        let name = |member| entry.text(member).map(str::to_owned);
        let edge = match leads {
            Leads::Option => name("id").map(Edge::Option),
            Leads::Path => name("id").map(Edge::Path),
            Leads::Outcome => name("id").map(Edge::Outcome),
            Leads::Status => name("status").map(Edge::Status),
            Leads::Case => Some(Edge::Case(entry.index)),
            _ => None,
        };
        entries.extend(edge.map(|edge| (edge, entry.value)));
    });
    entries
}

/// A text with what somebody wrote in its one place.
pub fn written(text: &str, place: &str, what: &str) -> Sentence {
    Sentence::of(text, &[(place, Piece::Written(what.to_owned()))])
}

/// A word between the marks of the language.
pub fn quoted(word: &str, language: DisplayLanguage) -> Sentence {
    written(OutlineTexts::of(language).quoted, "word", word)
}

/// A text with a sentence in its one place.
pub fn within(text: &str, place: &str, what: Sentence) -> Sentence {
    let place = format!("{{{place}}}");
    let (before, after) = text.split_once(&place).unwrap_or((text, ""));
    let mut sentence = Sentence::words(before);
    sentence.append(what);
    sentence.say(after);
    sentence
}

/// The first of them, at most so many, and how many more there are.
pub fn some_of(mut sentences: Vec<Sentence>, last: &str, max: usize) -> Sentence {
    let more = sentences.len().saturating_sub(max);
    sentences.truncate(max);
    if more == 0 {
        return Sentence::listed(sentences, last);
    }
    let mut said = Sentence::listed(sentences, ", ");
    said.say(&format!(" +{more}"));
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::document::Canonical;
    use crate::flow::json as strict;

    fn said(way: &WayOut) -> String {
        let to = match &way.to {
            WayTarget::Step { id, exists: true } => id.clone(),
            WayTarget::Step { id, exists: false } => format!("{id}?"),
            WayTarget::End => "end".to_owned(),
            WayTarget::Resume => "back".to_owned(),
        };
        format!("{} → {to}", way.when.plain())
    }

    fn check(step: Value, language: DisplayLanguage, expected: &[&str]) {
        let flow = Canonical::create(json!({ "name": "x", "steps": [step, { "id": "z", "type": "end" }] }));
        let flow = flow.unwrap();
        let ways = Ways { document: &flow.document, language };
        let out: Vec<String> = ways.ways_out(0, &flow.value["steps"][0]).iter().map(said).collect();
        assert_eq!(out, expected);
    }

    #[test]
    fn exits_say_when_they_are_taken() {
        check(
            json!({ "type": "choice", "text": "?", "saveTo": "x", "options": [
                { "id": "a", "title": "Sí", "next": "z" }, { "id": "b", "title": "No", "next": "nada" } ],
                "timeout": { "after": "PT1H" }, "when": "true" }),
            DisplayLanguage::Es,
            &[
                "Si elige «Sí» → z",
                "Si elige «No» → nada?",
                "Sin respuesta en 1 hora → end",
                "Si no se cumple la condición → z",
            ],
        );
        check(
            json!({ "type": "branch", "cases": [
                { "when": "a > 1", "next": "z" }, { "when": "b", "next": "$end", "label": "B" } ] }),
            DisplayLanguage::En,
            &["When a > 1 → z", "B: when b → end", "Otherwise → z"],
        );
        check(
            json!({ "type": "split", "paths": [{ "id": "A", "weight": 9 }, { "id": "B", "weight": 1 }] }),
            DisplayLanguage::En,
            &["A, with weight 9 → z", "B, with weight 1 → z"],
        );
        check(
            json!({ "type": "http", "url": "https://a.example/", "onError": "$resume", "on": [
                { "status": "404", "next": "z" }, { "status": "default", "next": "$end" } ] }),
            DisplayLanguage::En,
            &["Goes on to → z", "On the answer 404 → z", "On any other answer → end", "On failure → back"],
        );
    }

    /// Every exit of every type of step has words, and the ways in are the ways out seen from the other end.
    #[test]
    fn ways_in_are_the_ways_out() {
        let document = strict::parse(include_bytes!("../../tests/flows/every-member.json")).unwrap();
        let flow = Canonical::create(document).unwrap();
        let values = flow.value["steps"].as_array().unwrap();
        let ways = Ways { document: &flow.document, language: DisplayLanguage::En };
        let (mut out, mut within) = (0, 0);
        for (index, value) in values.iter().enumerate() {
            let ways_out = ways.ways_out(index, value);
            assert!(ways_out.iter().all(|way| !way.when.is_empty()));
            out += ways_out.iter().filter(|way| matches!(way.to, WayTarget::Step { .. })).count();
            within += ways.ways_in(index, values).iter().filter(|way| way.from.is_some()).count();
        }
        assert_eq!(out, within);
        let everywhere: Vec<String> = ways.everywhere(WORDS_MAX).iter().map(said).collect();
        assert_eq!(
            everywhere,
            [
                "On “agente” or “help”, when not logico → traspaso",
                "On failure → fin",
                "After 1 day without an answer → end",
            ]
        );
    }
}
