//! Schemas of values that many members of a document have: kinds of text, and enumerations.

use serde_json::{Value, json};

use super::build::{any_object, described, pattern, text_of, word};
use crate::flow::document::schema::part::{EXPRESSION_CHARS_MAX, NameRule, TEMPLATE_CHARS_MAX};
use crate::flow::document::schema::rules;
use crate::flow::document::{
    CallMode, Display, Input, MatchMode, MediaKind, Method, MissingValue, Op, Priority, TriggerType,
    VariableScope, VariableType,
};

/// A name, its schema, and what it is.
type Named = (&'static str, Value, &'static str);

/// Every such value; they do not differ by direction.
pub fn all() -> Vec<(String, Value)> {
    let texts = texts().map(|(name, schema, docs)| (name.to_owned(), described(schema, docs)));
    let words = ENUMERATIONS
        .iter()
        .map(|&(name, words, docs)| (name.to_owned(), described(word(words.iter().copied()), docs)));
    let names = NAMES.iter().map(|&(name, rule, docs)| {
        (name.to_owned(), described(pattern(rule.pattern), &format!("{docs}: {}.", rule.words)))
    });
    texts.into_iter().chain(words).chain(names).collect()
}

fn texts() -> [Named; 6] {
    [
        (
            "Template",
            text_of(0, TEMPLATE_CHARS_MAX),
            "Text with `{{ }}`, `{% %}` and `{# #}`, rendered when the step runs.",
        ),
        ("Expression", text_of(1, EXPRESSION_CHARS_MAX), "What may be inside `{{ }}`, without the braces."),
        (
            "Target",
            json!({"type": "string", "minLength": 1, "examples": ["$next", "$end", "$resume", "step_2"]}),
            "Where a run goes: the id of a step, `$next` (the following step), `$end`, or `$resume` (back to the step \
             that an interrupt left).",
        ),
        (
            "Duration",
            json!({
                "type": "string",
                "pattern": r"^P(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d{1,3})?S)?)?$",
                "examples": ["PT30M", "P1DT12H"]
            }),
            "An ISO 8601 duration in weeks, days, hours, minutes and seconds.",
        ),
        (
            "LanguageTag",
            pattern("^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"),
            "A BCP 47 language tag such as `es` or `en-US`.",
        ),
        ("Meta", any_object(), "The author's own data, kept by value without meaning; at most 4 KiB."),
    ]
}

/// An enumeration of the format: the name of its schema, its words, and what it is.
type Enumeration = (&'static str, &'static [&'static str], &'static str);

const ENUMERATIONS: &[Enumeration] = &[
    ("TriggerType", TriggerType::WRITTEN, "What starts a flow."),
    ("MatchMode", MatchMode::WRITTEN, "How keywords are compared with the text of a message."),
    ("VariableType", VariableType::WRITTEN, "What values a variable has. Null is a value of every type."),
    ("VariableScope", VariableScope::WRITTEN, "Whether calling flows set or read a variable."),
    ("MediaKind", MediaKind::WRITTEN, "The kind of a medium."),
    ("AnswerKind", Input::WRITTEN, "What an `ask` accepts as an answer."),
    ("MenuDisplay", Display::WRITTEN, "How a menu is shown."),
    ("AssignmentOperation", Op::WRITTEN, "How an assignment changes its variable."),
    ("HttpMethod", Method::WRITTEN, "The method of an HTTP call."),
    ("CallMode", CallMode::WRITTEN, "Whether the run comes back from the other flow."),
    ("Priority", Priority::WRITTEN, "How urgent a handoff is."),
    ("MissingValuePolicy", MissingValue::WRITTEN, "What becomes of a value that is missing."),
];

/// The name of the schema of an enumeration with these words.
pub fn name_of_words(words: &[&str]) -> Option<&'static str> {
    ENUMERATIONS.iter().find(|(_, known, _)| *known == words).map(|&(name, ..)| name)
}

/// The rules of names that have a schema: its name, the rule, and what such a name is.
const NAMES: &[(&str, &NameRule, &str)] = &[
    ("VariableName", &rules::VARIABLE, "The name of a variable"),
    ("StepId", &rules::STEP_ID, "The id of a step"),
    ("ExitId", &rules::EXIT_ID, "An id that is unique among its neighbours"),
    ("EventName", &rules::EVENT, "The name of a business event"),
];

/// The name of the schema of names by a rule.
pub fn name_of_rule(rule: &NameRule) -> Option<&'static str> {
    NAMES.iter().find(|(_, known, _)| known.pattern == rule.pattern).map(|&(name, ..)| name)
}
