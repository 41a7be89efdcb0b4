//! The outline of a document: its steps in order with what they say, where they lead and what is wrong with them. It
//! tells what the picture tells, in words.

use serde_json::Value;

use super::language::DisplayLanguage;
use super::member::{DescribedMember, Holds, Label, step_members};
use super::sentence::{Piece, Sentence};
use super::ways::{WayOut, Ways};
use super::words::step_type;
use crate::flow::document::Canonical;
use crate::flow::document::schema::{Part, STEP, walk};

/// A step as the outline shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlinedStep {
    /// Counted from 1.
    pub number: usize,
    pub id: String,
    /// The type as documents write it, and in words.
    pub kind: String,
    pub kind_words: String,
    /// What its author calls it.
    pub name: Option<String>,
    /// What is sent or asked, and what the step works with.
    pub facts: Vec<StepFact>,
    pub ways: Vec<WayOut>,
}

/// Something that a step says, in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFact {
    /// The labels down to it.
    pub labels: Vec<Label>,
    pub holds: Holds,
}

impl StepFact {
    /// The labels down to it, as a list.
    pub fn label(&self) -> Sentence {
        let label = |label: &Label| match label {
            Label::Known(label) => Sentence::words(label),
            Label::Own(key) => Sentence(vec![Piece::Written(key.clone())]),
            Label::Entry(number) => Sentence::words(&number.to_string()),
        };
        Sentence::listed(self.labels.iter().map(label).collect(), ", ")
    }
}

/// Members of a step that its heading, its ways or the step's own page tell.
const ELSEWHERE: [&str; 8] =
    ["name", "meta", "retry", "timeout", "sampleResponse", "sampleResult", "allowInterrupts", "preview"];

/// The steps of a document in the order of the array.
pub fn outline(canonical: &Canonical, language: DisplayLanguage) -> Vec<OutlinedStep> {
    let ways = Ways { document: &canonical.document, language };
    let values = step_values(canonical);
    let outlined = values.iter().enumerate().map(|(index, value)| {
        let step = &canonical.document.steps[index];
        let kind = step.kind.as_str();
        OutlinedStep {
            number: index + 1,
            id: step.id.clone(),
            kind: kind.to_owned(),
            kind_words: step_type(kind, language),
            name: step.name.clone(),
            facts: facts(value, language),
            ways: ways.ways_out(index, value),
        }
    });
    outlined.collect()
}

/// The steps as they are written.
pub fn step_values(canonical: &Canonical) -> &[Value] {
    canonical.value.get("steps").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn facts(step: &Value, language: DisplayLanguage) -> Vec<StepFact> {
    let leading = leading_lists(step);
    let mut facts = Vec::new();
    for member in step_members(step, "", language) {
        let name = &member.pointer[1..];
        let is_name_of_contact = name == "name" && step.get("type").is_some_and(|kind| kind == "contact");
        let is_told = ELSEWHERE.contains(&name) && !is_name_of_contact;
        if !is_told && !leading.contains(&member.pointer) {
            flatten(member, &mut Vec::new(), &mut facts);
        }
    }
    facts
}

/// The lists whose entries lead somewhere: their exits say what they are.
fn leading_lists(step: &Value) -> Vec<String> {
    // With several options chosen at once none of them is an exit.
    if step.get("multiple").is_some() {
        return Vec::new();
    }
    let mut lists: Vec<String> = Vec::new();
    walk(step, STEP, None, &mut |found| {
        if matches!(found.part, Part::Target(_)) && found.entry.is_some() {
            let list = found.pointer.rsplitn(3, '/').nth(2).unwrap_or_default();
            if lists.last().is_none_or(|last| last != list) {
                lists.push(list.to_owned());
            }
        }
    });
    lists
}

/// Lines of all that a member holds, down to the innermost. Where a target leads the ways say.
fn flatten(member: DescribedMember, around: &mut Vec<Label>, facts: &mut Vec<StepFact>) {
    around.push(member.label);
    match member.holds {
        Holds::Members(members) => members.into_iter().for_each(|member| flatten(member, around, facts)),
        Holds::Target(_) => {}
        holds => facts.push(StepFact { labels: around.clone(), holds }),
    }
    around.pop();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::document::STEP_TYPES;

    fn said(fact: &StepFact) -> String {
        let label = |label: &Label| match label {
            Label::Known(label) => (*label).to_owned(),
            Label::Own(key) => key.clone(),
            Label::Entry(number) => number.to_string(),
        };
        let labels: Vec<String> = fact.labels.iter().map(label).collect();
        let held = match &fact.holds {
            Holds::Said(text) | Holds::Text(text) | Holds::Code(text) | Holds::Json { text, .. } => {
                text.clone()
            }
            Holds::Word(word) => (*word).to_owned(),
            Holds::YesNo(is_so) => is_so.to_string(),
            Holds::Target(_) | Holds::Members(_) => unreachable!("they are no facts"),
        };
        format!("{}: {held}", labels.join(" "))
    }

    fn check(step: Value, expected: &[&str]) {
        let flow = Canonical::create(json!({ "name": "x", "steps": [step] })).unwrap();
        let found: Vec<String> = outline(&flow, DisplayLanguage::En)[0].facts.iter().map(said).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn steps_say_what_they_say_and_work_with() {
        check(
            json!({ "type": "choice", "text": "¿Cuál?", "saveTo": "x", "options": [
                { "id": "a", "title": "A", "next": "$end" }, { "id": "b", "title": "B" } ] }),
            &["Text: ¿Cuál?", "Saved to: x"],
        );
        check(
            json!({ "type": "choice", "text": "¿Cuáles?", "saveTo": "x", "multiple": { "min": 1 }, "options": [
                { "id": "a", "title": "A" }, { "id": "b", "title": "B" } ] }),
            &[
                "Text: ¿Cuáles?",
                "Options 1 Id: a",
                "Options 1 Title: A",
                "Options 2 Id: b",
                "Options 2 Title: B",
                "Saved to: x",
                "Several at once At least: 1",
            ],
        );
        check(
            json!({ "type": "contact", "name": "{{ x }}", "addTags": ["lead"] }),
            &["Name: {{ x }}", "Tags that are added 1: lead"],
        );
        check(json!({ "type": "branch", "cases": [{ "when": "a", "next": "$end" }] }), &[]);
    }

    /// No type of step is silent: it says something, or leads somewhere by a condition of its own.
    #[test]
    fn every_type_of_step_says_something() {
        for known in STEP_TYPES {
            let example: Value = serde_json::from_str(known.example).unwrap();
            let flow = Canonical::create(json!({ "name": "x", "steps": [example] })).unwrap();
            let step = &outline(&flow, DisplayLanguage::Es)[0];
            assert!(!step.facts.is_empty() || !step.ways.is_empty(), "{}", known.name);
            assert!(!step.ways.is_empty(), "{} has a way out", known.name);
        }
    }
}
