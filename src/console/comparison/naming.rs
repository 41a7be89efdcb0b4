//! What a path of a document is called: the members of the format by their words, ids and keys as they are written.

use crate::flow::document::schema::{DOCUMENT, Part, STEP, part_of_member};
use crate::outline::DisplayLanguage;
use crate::outline::member::Label;
use crate::outline::words::{member, pick};

use super::sheet::BlockSubject;

/// The words for a path below the heading of a block.
pub fn named(path: &str, subject: &BlockSubject, language: DisplayLanguage) -> Vec<Label> {
    let (mut part, kind) = match subject {
        BlockSubject::Document | BlockSubject::Trigger => (DOCUMENT, None),
        BlockSubject::Step { step_type, .. } => (STEP, Some(step_type.as_str())),
        BlockSubject::Variable(_) => (part_of_member("variables").item().unwrap_or(Part::Data), None),
        BlockSubject::Settings => (part_of_member("settings"), None),
        BlockSubject::Interrupts => (part_of_member("interrupts"), None),
        BlockSubject::Translations => (Part::Data, None),
    };
    let mut names = Vec::new();
    for token in path.split('.').filter(|token| !token.is_empty()) {
        let field = part.fields(None, kind).and_then(|fields| fields.find(token));
        let words = field.and_then(|field| member(field.name));
        names.push(match (words, token.parse::<usize>()) {
            (Some(words), _) => Label::Known(pick(words, language)),
            (None, Ok(index)) if part.item().is_some() => Label::Entry(index + 1),
            (None, _) => Label::Own(token.to_owned()),
        });
        part = field.map(|field| field.part).or_else(|| part.item()).unwrap_or(Part::Data);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, subject: &BlockSubject, expected: &str) {
        let word = |label: Label| match label {
            Label::Known(words) => words.to_owned(),
            Label::Own(key) => format!("«{key}»"),
            Label::Entry(number) => number.to_string(),
        };
        let words: Vec<String> = named(path, subject, DisplayLanguage::En).into_iter().map(word).collect();
        assert_eq!(words.join(" / "), expected);
    }

    #[test]
    fn members_have_words_and_ids_do_not() {
        let step = |step_type: &str| BlockSubject::Step {
            id: "a".to_owned(),
            step_type: step_type.to_owned(),
            position: 1,
        };
        check("options.title.title", &step("choice"), "Options / «title» / Title");
        check("cases.0.when", &step("branch"), "Cases / 1 / Condition");
        check("retry.text", &step("ask"), "When an answer is rejected / Text");
        check("body.a.0", &step("http"), "Body / «a» / «0»");
        check("triggerConfig.keywords", &BlockSubject::Trigger, "Trigger / Keywords");
        check("0.keywords", &BlockSubject::Interrupts, "1 / Keywords");
        check("type", &BlockSubject::Variable("x".to_owned()), "Type");
        check("en.text.text", &BlockSubject::Translations, "«en» / «text» / «text»");
        check("", &BlockSubject::Settings, "");
    }
}
