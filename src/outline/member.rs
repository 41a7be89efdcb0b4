//! A value of a document in words: every member that is there, with what it is called and what it holds. Read off the
//! declaration of the format, so that a new type of step needs nothing here.

use serde_json::Value;

use super::language::DisplayLanguage;
use super::span::in_words;
use super::words::{member, pick, word};
use crate::flow::document::schema::{Part, STEP};
use crate::flow::pointer;

/// Members that a heading tells already.
const IN_HEADING: [&str; 2] = ["id", "type"];
/// Characters of JSON that a page shows of one value.
const JSON_CHARS_MAX: usize = 4_000;

/// A member that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedMember {
    /// What it is called; a key of the author's as it is written.
    pub label: Label,
    /// From the document down.
    pub pointer: String,
    pub holds: Holds,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    Known(&'static str),
    /// A key of the author's.
    Own(String),
    /// An entry of a list, counted from 1.
    Entry(usize),
}

/// What a member holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Holds {
    /// A text that a person reads when it is sent.
    Said(String),
    /// A text for authors.
    Text(String),
    /// What is computed, a name, an address: written in the letters of a machine.
    Code(String),
    /// A word of the format, in the reader's language.
    Word(&'static str),
    YesNo(bool),
    /// Where an exit leads, as it is written.
    Target(String),
    /// JSON of the author's, and whether it was cut.
    Json {
        text: String,
        is_cut: bool,
    },
    Members(Vec<DescribedMember>),
}

/// The members of a step, in an order for people. `pointer` is that of the step.
pub fn step_members(step: &Value, pointer: &str, language: DisplayLanguage) -> Vec<DescribedMember> {
    let kind = step.get("type").and_then(Value::as_str);
    let describer = Describer { language };
    let mut members = describer.members(step, STEP, kind, pointer);
    let name = |found: &DescribedMember| found.pointer[pointer.len() + 1..].to_owned();
    members.retain(|found| !IN_HEADING.contains(&name(found).as_str()));
    members.sort_by_key(|found| rank(&name(found)));
    members
}

/// What the step is called and when it runs comes first, where it leads and what an editor keeps last.
fn rank(name: &str) -> u8 {
    match name {
        "name" | "when" => 0,
        "next" | "onError" => 2,
        "meta" => 3,
        _ => 1,
    }
}

struct Describer {
    language: DisplayLanguage,
}

impl Describer {
    fn members(&self, value: &Value, part: Part, kind: Option<&str>, pointer: &str) -> Vec<DescribedMember> {
        let Some(fields) = part.fields(Some(value), kind) else { return Vec::new() };
        let known = fields.iter().filter_map(|field| {
            let pointer = below(pointer, field.name);
            let holds = self.holds(value.get(field.name)?, field.part, kind, &pointer);
            let label = member(field.name)
                .map_or(Label::Own(field.name.to_owned()), |texts| Label::Known(pick(texts, self.language)));
            Some(DescribedMember { label, pointer, holds })
        });
        let mut members: Vec<DescribedMember> = known.collect();
        // What an open object has beside the members of the format.
        for (name, value) in value.as_object().into_iter().flatten() {
            if fields.find(name).is_none() {
                let (pointer, label) = (below(pointer, name), Label::Own(name.clone()));
                members.push(DescribedMember { label, holds: json(value), pointer });
            }
        }
        members
    }

    fn holds(&self, value: &Value, part: Part, kind: Option<&str>, pointer: &str) -> Holds {
        let part = part.meant_by(value);
        match (part, value) {
            (Part::Boolean, Value::Bool(is_so)) => Holds::YesNo(*is_so),
            (Part::List { item, .. }, Value::Array(items)) => self.entries(items, *item, kind, pointer),
            (Part::Keyed(item), Value::Object(members)) => {
                let described = members.iter().map(|(key, value)| {
                    let pointer = below(pointer, key);
                    let holds = self.holds(value, *item, kind, &pointer);
                    DescribedMember { label: Label::Own(key.clone()), pointer, holds }
                });
                Holds::Members(described.collect())
            }
            (Part::JsonObject, Value::Object(members)) => {
                let described = members.iter().map(|(key, value)| DescribedMember {
                    label: Label::Own(key.clone()),
                    pointer: below(pointer, key),
                    holds: json(value),
                });
                Holds::Members(described.collect())
            }
            (part, Value::Object(_)) if part.fields(Some(value), kind).is_some() => {
                Holds::Members(self.members(value, part, kind, pointer))
            }
            (part, Value::String(text)) => self.text(text, part),
            (Part::Number | Part::Integer { .. }, Value::Number(number)) => Holds::Text(number.to_string()),
            (_, value) => json(value),
        }
    }

    /// A list: texts among themselves, objects by their number.
    fn entries(&self, items: &[Value], item: Part, kind: Option<&str>, pointer: &str) -> Holds {
        let described = items.iter().enumerate().map(|(index, value)| {
            let pointer = below(pointer, &index.to_string());
            let holds = self.holds(value, item, kind, &pointer);
            DescribedMember { label: Label::Entry(index + 1), pointer, holds }
        });
        Holds::Members(described.collect())
    }

    fn text(&self, text: &str, part: Part) -> Holds {
        match part {
            Part::Shown(_) => Holds::Said(text.to_owned()),
            Part::Target(_) => Holds::Target(text.to_owned()),
            Part::OneOf(_) => match word(text) {
                Some(texts) => Holds::Word(pick(texts, self.language)),
                None => Holds::Code(text.to_owned()),
            },
            Part::Duration(_) => match text.parse() {
                Ok(duration) => Holds::Text(in_words(duration, self.language)),
                Err(_) => Holds::Code(text.to_owned()),
            },
            Part::Template(_) | Part::Text(_) => Holds::Text(text.to_owned()),
            Part::Json | Part::NullableJson | Part::Data => json(&Value::from(text)),
            _ => Holds::Code(text.to_owned()),
        }
    }
}

fn below(pointer: &str, token: &str) -> String {
    let mut longer = pointer.to_owned();
    pointer::push(&mut longer, token);
    longer
}

/// JSON as authors write it, cut where a page would drown in it.
fn json(value: &Value) -> Holds {
    let text = match value {
        Value::Array(_) | Value::Object(_) => serde_json::to_string_pretty(value),
        value => serde_json::to_string(value),
    }
    .expect("a value is plain JSON");
    match text.char_indices().nth(JSON_CHARS_MAX) {
        Some((end, _)) => Holds::Json { text: text[..end].to_owned(), is_cut: true },
        None => Holds::Json { text, is_cut: false },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::document::Canonical;
    use crate::flow::json as strict;

    /// A line for each member: its label with those around it, and what it holds.
    fn lines(members: &[DescribedMember], around: &str, lines: &mut Vec<String>) {
        for member in members {
            let label = match &member.label {
                Label::Known(label) => (*label).to_owned(),
                Label::Own(key) => format!("«{key}»"),
                Label::Entry(number) => number.to_string(),
            };
            let label = format!("{around}{label}");
            let held = match &member.holds {
                Holds::Members(members) => {
                    self::lines(members, &format!("{label} / "), lines);
                    continue;
                }
                Holds::Said(text) => format!("\"{text}\""),
                Holds::Text(text) => text.clone(),
                Holds::Code(code) => format!("`{code}`"),
                Holds::Word(word) => format!("({word})"),
                Holds::YesNo(is_so) => is_so.to_string(),
                Holds::Target(target) => format!("→ {target}"),
                Holds::Json { text, .. } => text.split_whitespace().collect::<Vec<_>>().join(" "),
            };
            lines.push(format!("{label}: {held}"));
        }
    }

    fn check(step: Value, language: DisplayLanguage, expected: &[&str]) {
        let mut found = Vec::new();
        lines(&step_members(&step, "/steps/0", language), "", &mut found);
        assert_eq!(found, expected);
    }

    #[test]
    fn members_are_said_by_what_they_are() {
        let menu = json!({ "id": "m", "type": "choice", "text": "¿Cuál?", "display": "list", "options": [
            { "id": "a", "title": "A", "match": ["primera"], "value": { "n": 1 }, "next": "$end" } ],
            "allowInterrupts": false, "saveTo": "cosa", "retry": { "max": 1, "next": "fin" } });
        check(
            menu.clone(),
            DisplayLanguage::En,
            &[
                "Text: \"¿Cuál?\"",
                "Shown as: (list)",
                "Options / 1 / Id: `a`",
                "Options / 1 / Title: \"A\"",
                "Options / 1 / Value: { \"n\": 1 }",
                "Options / 1 / Also chosen by / 1: primera",
                "Options / 1 / Leads to: → $end",
                "Saved to: `cosa`",
                "When an answer is rejected / At most: 1",
                "When an answer is rejected / Leads to: → fin",
                "Interrupts are heard: false",
            ],
        );
        check(
            json!({ "id": "h", "type": "http", "url": "https://a.example/", "headers": { "X-A": "b" },
                "body": { "a": ["{{ x }}"] } }),
            DisplayLanguage::Es,
            &[
                "Dirección web: `https://a.example/`",
                "Cabeceras / «X-A»: b",
                "Cuerpo: { \"a\": [ \"{{ x }}\" ] }",
            ],
        );
    }

    /// Every member of every step is said, with a pointer to the place where it stands.
    #[test]
    fn nothing_that_a_step_has_is_left_out() {
        let document = strict::parse(include_bytes!("../../tests/flows/every-member.json")).unwrap();
        let document = Canonical::create(document).unwrap();
        let steps = document.value["steps"].as_array().unwrap();
        for (index, step) in steps.iter().enumerate() {
            let pointer = format!("/steps/{index}");
            let members = step_members(step, &pointer, DisplayLanguage::Es);
            let names: Vec<&String> = step
                .as_object()
                .unwrap()
                .keys()
                .filter(|name| !IN_HEADING.contains(&name.as_str()))
                .collect();
            assert_eq!(members.len(), names.len(), "{step}");
            assert!(members.iter().all(|found| document.value.pointer(&found.pointer).is_some()), "{step}");
            let is_unknown = members.iter().any(|found| matches!(&found.label, Label::Own(_)));
            assert!(!is_unknown, "a member without words: {members:#?}");
        }
    }

    #[test]
    fn long_json_is_cut_and_says_so() {
        let Holds::Json { text, is_cut } = json(&json!("ñ".repeat(5_000))) else { panic!("JSON") };
        assert_eq!((text.chars().count(), is_cut), (JSON_CHARS_MAX, true));
    }
}
