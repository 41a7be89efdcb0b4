//! Schemas of the flow document but for its steps: variables, trigger, settings, and what steps share with them.

use serde_json::{Value, json};

use super::build::{
    Direction, Member, always, any, boolean, described, exactly, integer_of, list_of, maybe, number,
    reference, text_of,
};
use super::values::{TEMPLATE_LENGTH_MAX, expression, target, template, variable_name};

/// Objects that a document has in several places, and those of its top level.
pub fn shared(direction: Direction) -> Vec<(String, Value)> {
    let schemas = [
        ("Variable", variable(direction)),
        ("TriggerConfig", trigger_config(direction)),
        ("Settings", settings(direction)),
        ("Interrupt", interrupt(direction)),
        ("Retry", retry(direction)),
        ("Timeout", timeout(direction)),
        ("Translations", translations(direction)),
    ];
    schemas.into_iter().map(|(name, schema)| (direction.name(name), schema)).collect()
}

/// The members of a document as an author sends them.
pub fn sent_members(direction: Direction) -> Vec<Member> {
    let own = |name: &str| direction.reference(name);
    vec![
        maybe("description", text_of(0, 1000), "What the flow is for."),
        maybe(
            "phoneNumberId",
            text_of(1, 64),
            "The number that runs the flow; absent: any number of the organization.",
        ),
        maybe("wabaId", text_of(1, 64), "The WhatsApp Business account of the number."),
        maybe("triggerType", reference("TriggerType"), "What starts the flow. Default `MANUAL`."),
        maybe("triggerConfig", own("TriggerConfig"), "What the trigger needs to know."),
        maybe(
            "variables",
            list_of(own("Variable"), 0, 100),
            "The variables of a run. A run creates no others.",
        ),
        maybe(
            "steps",
            list_of(own("Step"), 0, 200),
            "The steps. A run begins at the first and goes on to the following \
            one unless a step says otherwise.",
        ),
        maybe("settings", own("Settings"), "What holds for all steps."),
        maybe("interrupts", list_of(own("Interrupt"), 0, 20), "Commands that are heard while a step waits."),
        maybe("translations", own("Translations"), "Texts in other languages."),
        maybe("meta", reference("Meta"), "The author's own data."),
        maybe("formatVersion", json!({"type": "integer", "const": 1}), "The version of the format."),
    ]
}

/// The same members as a flow shows them: all are there.
pub fn shown_members(is_summary: bool) -> Vec<Member> {
    const LARGE: [&str; 6] = ["variables", "steps", "settings", "interrupts", "translations", "meta"];
    const NULLABLE: [&str; 3] = ["description", "phoneNumberId", "wabaId"];
    let members = sent_members(Direction::Response).into_iter();
    let shown = members.filter(|member| !(is_summary && LARGE.contains(&member.name()))).map(|member| {
        if NULLABLE.contains(&member.name()) { member.required_or_null() } else { member.required() }
    });
    shown.collect()
}

fn variable(direction: Direction) -> Value {
    direction.object(
        "A variable of the flow.",
        vec![
            always("name", variable_name(), "Unique, and none of the reserved names."),
            always("type", reference("VariableType"), "What values it has."),
            maybe(
                "default",
                any(),
                "The start value: literal JSON that coerces to the type. Absent means null.",
            ),
            maybe("description", text_of(0, 1000), "What it is for."),
            maybe("scope", reference("VariableScope"), "Default `local`."),
            maybe("pii", boolean(), "True masks the value in test runs that are read later. Default false."),
        ],
    )
}

fn keywords() -> Value {
    list_of(text_of(1, 256), 0, 50)
}

fn intents() -> Value {
    list_of(text_of(1, 80), 0, 50)
}

const TRIGGER_CONFIG: &str =
    "What the trigger needs to know. Members beside these are kept by value; at most 16 KiB.";

fn trigger_config(direction: Direction) -> Value {
    let further = direction.object(
        "A further trigger.",
        vec![
            always("triggerType", reference("TriggerType"), "What starts the flow too."),
            maybe("triggerConfig", direction.open_object(TRIGGER_CONFIG, trigger_members()), TRIGGER_CONFIG),
        ],
    );
    let also = maybe(
        "also",
        json!({"anyOf": [list_of(further, 0, 5), any()]}),
        "Up to 5 further triggers, by any of which the flow starts too. One that is malformed is a finding and keeps \
         nothing from being saved.",
    );
    direction.open_object(TRIGGER_CONFIG, trigger_members().into_iter().chain([also]).collect())
}

/// What every trigger may have.
fn trigger_members() -> Vec<Member> {
    vec![
        maybe(
            "keywords",
            keywords(),
            "`KEYWORD`: texts that start the flow, each 1 to 80 characters; a pattern of up to 256 where \
             `matchMode` is `REGEX`.",
        ),
        maybe("matchMode", reference("MatchMode"), "`KEYWORD`: how they are compared. Default `EXACT`."),
        maybe("intents", intents(), "`INTENT`: a message that carries one of them starts the flow."),
        maybe("autoReplyId", text_of(1, 128), "`AUTO_REPLY`: the rule of the platform that starts the flow."),
        maybe("event", reference("EventName"), "`EVENT`: the business event that starts the flow."),
        maybe(
            "sources",
            list_of(text_of(1, 128), 0, 1000),
            "`REFERRAL`: the ads or posts that start the flow; none: any of them.",
        ),
        maybe(
            "when",
            expression(),
            "Must be true for the flow to start. Names are `trigger.*`, `contact.*` and the variables with their \
             start values.",
        ),
    ]
}

fn settings(direction: Direction) -> Value {
    direction.object(
        "What holds for all steps of the flow.",
        vec![
            maybe(
                "locale",
                reference("LanguageTag"),
                "The language that all base texts are in. Default `es`.",
            ),
            maybe(
                "timezone",
                json!({"type": "string", "examples": ["Europe/Madrid"]}),
                "An IANA time zone, used by \
                dates. Default `UTC`.",
            ),
            maybe(
                "retry",
                direction.reference("Retry"),
                "What an `ask` or `choice` does where its own `retry` says \
                nothing.",
            ),
            maybe(
                "timeout",
                direction.reference("Timeout"),
                "The timeout of every wait for input or an event that has \
                none of its own.",
            ),
            maybe("onError", target(), "A step id or `$end`: where errors of steps without `onError` lead."),
            maybe(
                "missing",
                reference("MissingValuePolicy"),
                "Whether a missing value is an error (default) or empty.",
            ),
            maybe(
                "invalidInputText",
                text_of(1, TEMPLATE_LENGTH_MAX),
                "Sent for a rejected input when neither the \
                rule nor the retry has a text.",
            ),
        ],
    )
}

fn interrupt(direction: Direction) -> Value {
    direction.object(
        "A command that is heard while a step waits. One of `keywords`, `intents` and `when` is needed.",
        vec![
            maybe("keywords", keywords(), "Texts it is heard by."),
            maybe("matchMode", reference("MatchMode"), "How they are compared. Default `EXACT`."),
            maybe("intents", intents(), "Intents it is heard by."),
            maybe("when", expression(), "Must be true for it to be heard."),
            always("next", target(), "Where the run goes."),
        ],
    )
}

fn retry(direction: Direction) -> Value {
    direction.object(
        "What happens to rejected inputs. Members that are absent come from `settings.retry`.",
        vec![
            maybe("max", integer_of(0, 10), "How many rejections are answered by another try. Default 2."),
            maybe("text", template(), "Sent for a rejected input, unless the rule has a message."),
            maybe("repeatPrompt", boolean(), "True sends the prompt again. Default false."),
            maybe(
                "next",
                target(),
                "Where the run goes after the last rejection; without it that is an error.",
            ),
        ],
    )
}

fn timeout(direction: Direction) -> Value {
    let reminder = direction.object(
        "A message while nothing comes.",
        vec![
            always(
                "after",
                reference("Duration"),
                "Later than the reminder before it, earlier than the timeout.",
            ),
            always("text", template(), "What is sent."),
        ],
    );
    direction.object(
        "What happens when no input comes.",
        vec![
            always("after", reference("Duration"), "From `PT1M` to `P30D`, counted from the prompt."),
            maybe("next", target(), "Where the run goes; without it the run ends with status `expired`."),
            maybe("reminders", list_of(reminder, 0, 3), "Messages before the timeout."),
        ],
    )
}

fn translations(direction: Direction) -> Value {
    let translated = json!({"anyOf": [template(), list_of(text_of(1, 80), 0, 50)]});
    described(
        direction.keyed(direction.keyed(direction.keyed(translated))),
        "Locale, step id, dotted path of a text in that step, text. `options.<id>.match` may be a list of texts.",
    )
}

/// A name that other members have too: a medium of a message or an option.
pub fn media(direction: Direction) -> Value {
    direction.object(
        "A picture, film, recording or file. Exactly one of `url` and `mediaId`.",
        vec![
            always("kind", reference("MediaKind"), "What it is."),
            maybe("url", text_of(1, TEMPLATE_LENGTH_MAX), "An https address, or a template that gives one."),
            maybe("mediaId", text_of(1, 512), "The id of a medium that the platform has; a template."),
            maybe("caption", template(), "At most 1,024 characters; not for audio and stickers."),
            maybe("filename", template(), "For documents only."),
        ],
    )
}

/// A degree of latitude or longitude, or a template that gives one.
pub fn degrees(most: i64) -> Value {
    let mut degrees = number();
    degrees["minimum"] = (-most).into();
    degrees["maximum"] = most.into();
    json!({"anyOf": [degrees, text_of(1, TEMPLATE_LENGTH_MAX)]})
}

/// A word, or text that is a template.
pub fn word_or(word: &str, other: Value) -> Value {
    json!({"anyOf": [exactly(word), other]})
}
