//! Schemas of values that many members of a document have: kinds of text, and enumerations.

use serde_json::{Value, json};

use super::build::{any_object, described, name_of, pattern, reference, text_of, word};
use crate::flow::document::{
    CallMode, Display, Input, MatchMode, MediaKind, Method, MissingValue, Op, Priority, TriggerType,
    VariableScope, VariableType,
};

/// Characters of a template, at most.
pub const TEMPLATE_LENGTH_MAX: usize = 8192;

/// A name, its schema, and what it is.
type Named = (&'static str, Value, &'static str);

/// Every such value; they do not differ by direction.
pub fn all() -> Vec<(String, Value)> {
    let named = texts().into_iter().chain(enumerations());
    named.map(|(name, schema, description)| (name.to_owned(), described(schema, description))).collect()
}

fn texts() -> [Named; 10] {
    [
        (
            "Template",
            text_of(0, TEMPLATE_LENGTH_MAX),
            "Text with `{{ }}`, `{% %}` and `{# #}`, rendered when the step runs.",
        ),
        ("Expression", text_of(1, 1000), "What may be inside `{{ }}`, without the braces."),
        (
            "Target",
            json!({"type": "string", "minLength": 1, "examples": ["$next", "$end", "$resume", "step_2"]}),
            "Where a run goes: the id of a step, `$next` (the following step), `$end`, or `$resume` (back to the step \
             that an interrupt left).",
        ),
        (
            "VariableName",
            pattern("^[a-z][A-Za-z0-9_]{0,63}$"),
            "A lower-case letter followed by up to 63 letters, digits and `_`.",
        ),
        (
            "StepId",
            pattern("^[A-Za-z][A-Za-z0-9_-]{0,63}$"),
            "A letter, then up to 63 letters, digits, `_` and `-`.",
        ),
        ("ExitId", pattern("^[A-Za-z0-9_-]{1,64}$"), "1 to 64 letters, digits, `_` and `-`."),
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
            "EventName",
            pattern("^[a-z0-9._-]{1,80}$"),
            "The name of a business event: 1 to 80 lower-case letters, digits, `.`, `_` and `-`.",
        ),
        (
            "LanguageTag",
            pattern("^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"),
            "A BCP 47 language tag such as `es` or `en-US`.",
        ),
        ("Meta", any_object(), "The author's own data, kept by value without meaning; at most 4 KiB."),
    ]
}

fn enumerations() -> [Named; 12] {
    [
        ("TriggerType", word(TriggerType::names()), "What starts a flow."),
        ("MatchMode", name_of(MatchMode::NAMES), "How keywords are compared with the text of a message."),
        (
            "VariableType",
            name_of(VariableType::NAMES),
            "What values a variable has. Null is a value of every type.",
        ),
        ("VariableScope", name_of(VariableScope::NAMES), "Whether calling flows set or read a variable."),
        ("MediaKind", name_of(MediaKind::NAMES), "The kind of a medium."),
        ("AnswerKind", name_of(Input::NAMES), "What an `ask` accepts as an answer."),
        ("MenuDisplay", name_of(Display::NAMES), "How a menu is shown."),
        ("AssignmentOperation", name_of(Op::NAMES), "How an assignment changes its variable."),
        ("HttpMethod", name_of(Method::NAMES), "The method of an HTTP call."),
        ("CallMode", name_of(CallMode::NAMES), "Whether the run comes back from the other flow."),
        ("Priority", name_of(Priority::NAMES), "How urgent a handoff is."),
        ("MissingValuePolicy", name_of(MissingValue::NAMES), "What becomes of a value that is missing."),
    ]
}

pub fn template() -> Value {
    reference("Template")
}

pub fn expression() -> Value {
    reference("Expression")
}

pub fn target() -> Value {
    reference("Target")
}

pub fn variable_name() -> Value {
    reference("VariableName")
}
