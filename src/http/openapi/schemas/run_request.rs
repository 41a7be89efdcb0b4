//! Schemas of the request of a test run: which document, what the person does, what the world answers.

use serde_json::{Value, json};

use super::build::{
    Direction, Member, always, any, any_object, boolean, count, exactly, instant, integer_of, list_of, maybe,
    name_of, one_of_by, reference, text_of, uuid, word,
};
use crate::flow::document::Method;
use crate::flow::json::INTEGER_MAX;

const REQUEST: Direction = Direction::Request;
/// Characters of what a person types, at most.
const TEXT_MAX: usize = 64 * 1024;
const LIST_MAX: usize = 200;

pub fn all() -> Vec<(String, Value)> {
    let schemas = [
        ("RunRequest", run_request()),
        ("RunTrigger", run_trigger()),
        ("ScriptedInput", run_input()),
        ("ScriptedPerson", contact()),
        ("RunMocks", mocks()),
        ("RunExpectations", expectations()),
        ("ExpectedMessage", expected_message()),
    ];
    let schemas = schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    schemas.chain(triggers()).chain(inputs()).collect()
}

fn run_request() -> Value {
    let version = json!({"anyOf": [word(["draft", "published"]), integer_of(1, INTEGER_MAX)]});
    let clock = REQUEST.object(
        "The clock of the run. It is virtual and moves by waits alone.",
        vec![
            maybe("start", instant(), "When the run begins. Default `2025-01-01T12:00:00Z`."),
            maybe("timezone", text_of(1, 64), "An IANA time zone in place of the flow's."),
        ],
    );
    REQUEST.object(
        "A scripted conversation, and what it runs against.",
        vec![
            maybe("name", text_of(0, 120), "A label for people."),
            maybe("description", text_of(0, 1000), "What the run is for."),
            maybe("version", version, "What is run: a version, `draft` (default) or `published`."),
            maybe(
                "definition",
                reference("FlowDocument"),
                "A document that is run in place of a version. Excludes \
                `version`.",
            ),
            maybe("drafts", boolean(), "True runs called flows by their drafts."),
            maybe("trigger", reference("RunTrigger"), "What starts the run. Default: a person by hand."),
            maybe(
                "messages",
                list_of(text_of(0, TEXT_MAX), 0, LIST_MAX),
                "What the person writes. Excludes `inputs`.",
            ),
            maybe(
                "inputs",
                list_of(json!({"anyOf": [text_of(0, TEXT_MAX), reference("ScriptedInput")]}), 0, LIST_MAX),
                "What the person does; a text is a message.",
            ),
            maybe("variables", any_object(), "Start values of variables by name."),
            maybe("contact", reference("ScriptedPerson"), "The person."),
            maybe(
                "env",
                reference("Env"),
                "Values that flows read as `env.<NAME>`, in place of the organization's.",
            ),
            maybe("mocks", reference("RunMocks"), "What answers HTTP calls, actions and other flows."),
            maybe("clock", clock, "When the run happens."),
            maybe("seed", text_of(0, 64), "What draws depend on. Default `0`."),
            maybe("locale", text_of(1, 35), "The language of the run in place of the flow's."),
            maybe("maxSteps", integer_of(1, 2000), "Visits of steps, at most. Default 500."),
            maybe("breakpoints", list_of(text_of(1, 64), 0, LIST_MAX), "Steps before which the run stops."),
            maybe(
                "trace",
                word(["full", "summary"]),
                "`summary` leaves out evaluations, inputs and outputs of steps.",
            ),
            maybe(
                "expect",
                reference("RunExpectations"),
                "What the run must lead to; the answer says what held.",
            ),
        ],
    )
}

const TRIGGERS: [(&str, &str); 3] =
    [("manual", "ManualRunTrigger"), ("message", "MessageRunTrigger"), ("event", "EventRunTrigger")];

fn run_trigger() -> Value {
    one_of_by("type", TRIGGERS.map(|(kind, name)| (kind, name.to_owned())))
}

fn triggers() -> impl Iterator<Item = (String, Value)> {
    let schemas = TRIGGERS.into_iter().map(|(kind, name)| {
        let own = match kind {
            "manual" => Vec::new(),
            "message" => vec![
                maybe("text", text_of(0, TEXT_MAX), "What the person wrote."),
                maybe("intent", text_of(0, 128), "The intent of the message."),
                maybe("entities", any_object(), "The entities of the message, by name."),
                maybe("payload", any(), "What else the message carries."),
            ],
            _ => vec![
                always("event", text_of(1, 128), "The name of the event."),
                maybe("payload", any(), "What it carries."),
            ],
        };
        let kind = always("type", exactly(kind), "What starts the run.");
        (name.to_owned(), REQUEST.object("What starts a run.", [kind].into_iter().chain(own).collect()))
    });
    schemas.collect::<Vec<_>>().into_iter()
}

const INPUTS: [(&str, &str); 11] = [
    ("text", "ScriptedText"),
    ("option", "ScriptedOption"),
    ("image", "ScriptedImage"),
    ("audio", "ScriptedAudio"),
    ("video", "ScriptedVideo"),
    ("document", "ScriptedDocument"),
    ("location", "ScriptedLocation"),
    ("contact", "ScriptedContact"),
    ("form", "ScriptedForm"),
    ("event", "ScriptedEvent"),
    ("timeout", "ScriptedTimeout"),
];

fn run_input() -> Value {
    one_of_by("type", INPUTS.map(|(kind, name)| (kind, name.to_owned())))
}

fn inputs() -> impl Iterator<Item = (String, Value)> {
    let schemas = INPUTS.into_iter().map(|(kind, name)| {
        let common = vec![
            always("type", exactly(kind), "What the person does."),
            maybe("after", reference("Duration"), "How long after what came before. Default: at once."),
            maybe("intent", text_of(0, 128), "The intent of the message."),
            maybe("entities", any_object(), "The entities of the message, by name."),
        ];
        let members = common.into_iter().chain(own_input(kind)).collect();
        (name.to_owned(), REQUEST.object("Something the person does, or that happens.", members))
    });
    schemas.collect::<Vec<_>>().into_iter()
}

fn own_input(kind: &str) -> Vec<Member> {
    let degrees = |most: i64| json!({"type": "number", "minimum": -most, "maximum": most});
    match kind {
        "text" => vec![always("text", text_of(0, TEXT_MAX), "The text.")],
        "option" => vec![always("id", text_of(0, 256), "The id of the option that is chosen.")],
        "location" => vec![
            always("latitude", degrees(90), "Degrees."),
            always("longitude", degrees(180), "Degrees."),
            maybe("name", any(), "The name of the place."),
            maybe("address", any(), "Its address."),
        ],
        "contact" => ["name", "phone", "email", "organization"]
            .map(|name| maybe(name, any(), "As the card says."))
            .into(),
        "form" => vec![maybe("data", any_object(), "What was filled in.")],
        "event" => vec![
            always("event", text_of(1, 128), "The name of the event."),
            maybe("payload", any(), "What it carries."),
        ],
        "timeout" => Vec::new(),
        _ => ["url", "mediaId", "mimeType", "filename", "size", "caption"]
            .map(|name| maybe(name, any(), "As the medium says."))
            .into(),
    }
}

fn contact() -> Value {
    let member = |name, description| maybe(name, text_of(0, 256), description);
    REQUEST.object(
        "The person of the run.",
        vec![
            member("id", "Default `sandbox`."),
            member("name", "Default `Test`."),
            member("phone", "Default `+10000000000`."),
            member("language", "The language of the person."),
            maybe("tags", list_of(text_of(1, 64), 0, 1000), "The tags of the person."),
            maybe("attributes", any_object(), "The attributes of the person by name."),
        ],
    )
}

fn times() -> Member {
    maybe("times", integer_of(1, 100_000), "How often it answers. Default: always.")
}

fn secret() -> Value {
    let allow_list = REQUEST.object(
        "Where a secret may go.",
        vec![always("hosts", list_of(text_of(1, 253), 0, 50), "The hosts it may be sent to.")],
    );
    json!({"anyOf": [text_of(0, 4096), allow_list]})
}

fn mocks() -> Value {
    let respond = REQUEST.object(
        "An answer.",
        vec![
            maybe("status", integer_of(100, 599), "Default 200."),
            maybe("headers", REQUEST.keyed(text_of(0, 4096)), "Headers by name."),
            maybe("body", any(), "The body."),
            maybe("delay", reference("Duration"), "How long it takes, on the clock of the run."),
        ],
    );
    let http = REQUEST.object(
        "Answers HTTP calls that fit every member given. One of `respond` and `fail`.",
        vec![
            maybe("stepId", text_of(0, 64), "Only calls of this step."),
            maybe("method", name_of(Method::NAMES), "Only calls by this method."),
            maybe("url", text_of(0, 4000), "Only calls of this address; `*` is any run of characters."),
            maybe("bodyContains", text_of(0, 4000), "Only calls whose body contains this."),
            times(),
            maybe("respond", respond, "What it answers."),
            maybe("fail", word(["timeout", "network"]), "How the call fails."),
        ],
    );
    let result = REQUEST.object(
        "The result of an action.",
        vec![maybe("outcome", text_of(1, 64), "Default `ok`."), maybe("data", any(), "The data.")],
    );
    let action = REQUEST.object(
        "Answers actions that fit every member given. It needs `action` or `stepId`.",
        vec![
            maybe("action", text_of(0, 128), "Only this action."),
            maybe("stepId", text_of(0, 64), "Only calls of this step."),
            maybe("args", any_object(), "Only calls whose arguments have these members."),
            times(),
            always("result", result, "What it answers."),
        ],
    );
    let flow = REQUEST.object(
        "Stands in for another flow.",
        vec![
            always("flowId", uuid(), "The flow."),
            maybe("outcome", text_of(1, 64), "How it ends. Default `completed`."),
            maybe("outputs", any_object(), "Its variables when it has ended."),
        ],
    );
    REQUEST.object(
        "What stands in for the world outside.",
        vec![
            maybe("http", list_of(http, 0, LIST_MAX), "Answers to HTTP calls, tried in order."),
            maybe("actions", list_of(action, 0, LIST_MAX), "Answers to actions, tried in order."),
            maybe("flows", list_of(flow, 0, LIST_MAX), "Flows that are not run."),
            maybe(
                "secrets",
                REQUEST.keyed(secret()),
                "Secrets there are, by name. No run ever sees a value.",
            ),
        ],
    )
}

fn expected_message() -> Value {
    REQUEST.object(
        "A message to look for. Exactly one of `equals`, `contains` and `matches`.",
        vec![
            maybe("equals", text_of(0, 8192), "The text."),
            maybe("contains", text_of(0, 8192), "A part of the text."),
            maybe("matches", text_of(0, 8192), "A regular expression that matches in it."),
            maybe("stepId", text_of(0, 8192), "The step that sends it."),
        ],
    )
}

fn expectations() -> Value {
    let text = || text_of(0, 8192);
    let texts = || list_of(text_of(0, 8192), 0, 500);
    let message = || json!({"anyOf": [text_of(0, 8192), reference("ExpectedMessage")]});
    let path = REQUEST.object(
        "Which steps are visited.",
        vec![
            maybe("visits", texts(), "Steps that are visited, in this order, others between them."),
            maybe("avoids", texts(), "Steps that are not."),
            maybe("exact", texts(), "All visited steps in order."),
        ],
    );
    let contact = REQUEST.object(
        "What is known of the person in the end.",
        vec![
            maybe("hasTags", texts(), "Tags there are."),
            maybe("lacksTags", texts(), "Tags there are not."),
            maybe("attributes", any_object(), "Attributes by name."),
        ],
    );
    let call = REQUEST.object(
        "HTTP calls of a step.",
        vec![
            always("stepId", text_of(1, 64), "The step."),
            maybe("times", count(), "How many there are."),
            maybe("bodyContains", text(), "A part of the body."),
            maybe("url", text(), "The address; `*` is any run of characters."),
        ],
    );
    let warnings = json!({"anyOf": [word(["none"]), list_of(text_of(1, 64), 0, 500)]});
    REQUEST.object(
        "What a run must lead to. Each member that is given is checked.",
        vec![
            maybe("status", text(), "The status."),
            maybe("outcome", text(), "The outcome."),
            maybe("path", path, "Which steps are visited."),
            maybe(
                "messages",
                list_of(message(), 0, 500),
                "What the bot says, in this order, other messages between. A \
                text is a part of a message.",
            ),
            maybe("lastMessage", message(), "The last message of the bot."),
            maybe("noMessage", texts(), "Parts that no message has."),
            maybe("variables", any_object(), "Final values by name, or `{\"expr\": …}` over `value`."),
            maybe("contact", contact, "What is known of the person in the end."),
            maybe("calls", list_of(call, 0, 500), "HTTP calls."),
            maybe("handoffQueue", text(), "The queue of the handoff."),
            maybe("errorCode", text(), "The code of the error."),
            maybe("maxMessages", integer_of(0, 1_000_000), "How many messages the bot sends at most."),
            maybe("warnings", warnings, "`none`, or the codes of all warnings there may be."),
            maybe("digest", text(), "The digest of the trace."),
        ],
    )
}
