//! Schemas of the steps: what all have, and one schema for each type. A client tells them apart by `type`.

mod common;
mod conversation;

use serde_json::{Value, json};

use super::build::{
    Direction, Member, always, any, any_object, described, exactly, integer_of, list_of, maybe, one_of_by,
    pattern, reference, text_of, uuid,
};
use super::document::{media, word_or};
use super::values::{TEMPLATE_LENGTH_MAX, expression, target, template, variable_name};
use common::{save_to, waiting};
use conversation::{ask, choice, message, template_message};

/// A type of step: its name in documents, the name of its schema, what it does, and its own members.
type StepType = (&'static str, &'static str, &'static str, fn(Direction) -> Vec<Member>);

const STEP_TYPES: &[StepType] = &[
    (
        "message",
        "MessageStep",
        "Sends something and goes on. Exactly one of `text`, `media`, `location`, `contacts` and \
        `template`.",
        message,
    ),
    ("ask", "AskStep", "Asks, and waits for free input.", ask),
    (
        "choice",
        "ChoiceStep",
        "Shows a menu, and waits for one of its options. Exactly one of `options` and \
        `optionsFrom`.",
        choice,
    ),
    ("set", "SetStep", "Writes variables.", set),
    ("branch", "BranchStep", "Goes where the first condition that is true leads.", branch),
    ("split", "SplitStep", "Goes one of several ways, drawn by weight.", split),
    ("http", "HttpStep", "Calls an address and reads its answer.", http),
    ("action", "ActionStep", "Calls a named function of the organization's own backend.", action),
    (
        "wait",
        "WaitStep",
        "Waits for a time, until a moment, or for an event. Exactly one of `duration`, `until` and \
        `event`.",
        wait,
    ),
    ("contact", "ContactStep", "Changes what is known of the person.", contact),
    ("flow", "FlowStep", "Runs another flow.", flow),
    ("handoff", "HandoffStep", "Gives the conversation to people; the run is over.", handoff),
    ("goto", "GotoStep", "Goes to another step.", |_| Vec::new()),
    ("end", "EndStep", "Ends the run.", end),
];

/// Every type of step, what they share, and `Step`, which is any of them.
pub fn all(direction: Direction) -> Vec<(String, Value)> {
    let types = STEP_TYPES.iter().map(|&(name, schema, description, own)| {
        let members = common(direction, name).into_iter().chain(own(direction)).collect();
        (direction.name(schema), direction.object(description, members))
    });
    let step = one_of_by("type", STEP_TYPES.iter().map(|(name, schema, ..)| (*name, direction.name(schema))));
    let shared = [
        ("Step", described(step, "A step. Its members depend on its `type`.")),
        ("Media", media(direction)),
        ("TemplateMessage", template_message(direction)),
    ];
    types.chain(shared.map(|(name, schema)| (direction.name(name), schema))).collect()
}

/// What every step has. Ids are given to steps that come without.
fn common(direction: Direction, kind: &'static str) -> Vec<Member> {
    let id = maybe(
        "id",
        reference("StepId"),
        "Unique in the flow. A step that is sent without one gets `step_<n>`.",
    );
    let mut members = vec![
        if direction == Direction::Response { id.required() } else { id },
        always("type", exactly(kind), "The type of the step."),
        maybe(
            "when",
            expression(),
            "Where it is false the step is skipped, and the run goes to the following one.",
        ),
        maybe("onError", target(), "A step id or `$end`: where the run goes when this step fails."),
        maybe("meta", reference("Meta"), "The author's own data."),
    ];
    let next = maybe("next", target(), "Where the run goes on. Default `$next`.");
    match kind {
        "branch" => {}
        "goto" => members.push(always("next", target(), "Where the run goes.")),
        _ => members.push(next),
    }
    let name = match kind {
        "contact" => maybe("name", template(), "The new name of the person, at most 256 characters."),
        _ => maybe("name", text_of(0, 120), "A label for people."),
    };
    members.push(name);
    members
}

fn set(direction: Direction) -> Vec<Member> {
    let assignment = direction.object(
        "A change of one variable.",
        vec![
            always("variable", variable_name(), "The variable."),
            maybe("op", reference("AssignmentOperation"), "Default `set`."),
            maybe(
                "value",
                any(),
                "Any JSON; strings in it are templates. `set` and `append` need it, `unset` excludes \
                it.",
            ),
        ],
    );
    vec![always("assign", list_of(assignment, 1, 50), "In order; each sees what those before it wrote.")]
}

fn branch(direction: Direction) -> Vec<Member> {
    let case = direction.object(
        "A condition and where it leads.",
        vec![
            always("when", expression(), "The condition."),
            always("next", target(), "Where the run goes when it is true."),
            maybe("label", text_of(0, 120), "A label for people."),
        ],
    );
    vec![
        always("cases", list_of(case, 1, 30), "In order; the first that is true wins."),
        maybe("else", target(), "Where the run goes when none is true. Default `$next`."),
    ]
}

fn split(direction: Direction) -> Vec<Member> {
    let path = direction.object(
        "A way, and how often it is taken.",
        vec![
            always("id", reference("ExitId"), "Unique in the step."),
            always("weight", integer_of(1, 1000), "Its share among the weights of all."),
            maybe("next", target(), "Where the run goes; without it where the step's `next` leads."),
        ],
    );
    vec![
        always("paths", list_of(path, 2, 10), "The ways."),
        save_to("The variable that gets the id of the way."),
    ]
}

fn http(direction: Direction) -> Vec<Member> {
    let extract = direction.object(
        "A part of the answer for a variable.",
        vec![
            always("variable", variable_name(), "The variable."),
            always("value", expression(), "Over `response.status`, `response.headers` and `response.body`."),
        ],
    );
    let on = direction.object(
        "Where a status leads.",
        vec![
            always(
                "status",
                pattern("^([1-5][0-9][0-9]|[1-5]xx|default)$"),
                "`404`, a class `4xx`, or `default`.",
            ),
            always("next", target(), "Where the run goes."),
        ],
    );
    let sample = direction.object(
        "What the sandbox answers when no mock does.",
        vec![
            maybe("status", integer_of(100, 599), "Default 200."),
            maybe("headers", direction.keyed(json!({"type": "string"})), "The headers."),
            maybe("body", any(), "The body."),
        ],
    );
    let mut texts = direction.keyed(template());
    texts["maxProperties"] = 30.into();
    vec![
        maybe("method", reference("HttpMethod"), "Default `GET`."),
        always(
            "url",
            text_of(1, TEMPLATE_LENGTH_MAX),
            "An https address with a literal host; its path and query may \
            be templates.",
        ),
        maybe("headers", texts.clone(), "Headers by literal name."),
        maybe("query", texts, "Parameters of the query by literal name."),
        maybe("body", any(), "JSON whose strings are templates. Excludes `bodyText`."),
        maybe("bodyText", template(), "The body as text."),
        maybe("timeout", reference("Duration"), "From `PT1S` to `PT30S`, default `PT10S`."),
        maybe("retries", integer_of(0, 3), "Further tries after trouble that may pass. Default 0."),
        save_to("The variable that gets the body."),
        maybe("extract", list_of(extract, 0, 30), "Parts of the answer for variables."),
        maybe(
            "on",
            list_of(on, 0, 10),
            "Where a status leads. An exact one beats a class, a class `default`.",
        ),
        maybe("sampleResponse", sample, "What the sandbox answers when no mock does."),
    ]
}

fn outcomes(direction: Direction) -> Member {
    let outcome = direction.object(
        "Where an outcome leads.",
        vec![
            always("id", reference("ExitId"), "The outcome."),
            always("next", target(), "Where the run goes."),
        ],
    );
    maybe("outcomes", list_of(outcome, 0, 30), "Where outcomes lead; others leave by `next`.")
}

fn action(direction: Direction) -> Vec<Member> {
    let sample = direction.object(
        "What the sandbox answers when no mock does.",
        vec![maybe("outcome", reference("ExitId"), "Default `ok`."), maybe("data", any(), "The data.")],
    );
    vec![
        always("action", pattern("^[A-Za-z0-9._:/-]{1,128}$"), "The name of the function."),
        maybe("args", any_object(), "Its arguments; strings are templates."),
        save_to("The variable that gets the data of the result."),
        outcomes(direction),
        maybe("sampleResult", sample, "What the sandbox answers when no mock does."),
    ]
}

fn wait(direction: Direction) -> Vec<Member> {
    let [_, timeout, allow_interrupts] = waiting(direction);
    vec![
        maybe("duration", template(), "A duration from `PT1S` to `P30D`, or a template that gives one."),
        maybe("until", text_of(1, TEMPLATE_LENGTH_MAX), "A template that gives a date or datetime."),
        maybe("event", reference("EventName"), "The event that is waited for."),
        save_to("With `event`: the variable that gets its payload."),
        timeout,
        allow_interrupts,
    ]
}

fn contact(direction: Direction) -> Vec<Member> {
    let tags = || list_of(template(), 0, 20);
    let attribute = direction.object(
        "A change of one attribute.",
        vec![
            always("name", text_of(1, 64), "The attribute."),
            always("value", any(), "Any JSON; strings in it are templates. Null removes the attribute."),
        ],
    );
    vec![
        maybe("addTags", tags(), "Tags to add, each at most 64 characters once rendered."),
        maybe("removeTags", word_or("all", tags()), "Tags to remove, or `all`."),
        maybe("attributes", list_of(attribute, 0, 50), "Attributes to change."),
        maybe("language", template(), "The new language of the person; the run goes on in it."),
    ]
}

fn flow(direction: Direction) -> Vec<Member> {
    let output = direction.object(
        "A variable that is copied when the other flow has ended.",
        vec![
            always("from", variable_name(), "The variable of the other flow."),
            always("to", variable_name(), "The variable of this one."),
        ],
    );
    vec![
        always("flowId", uuid(), "The other flow."),
        maybe(
            "version",
            word_or("published", integer_of(1, crate::flow::json::INTEGER_MAX)),
            "Default `published`.",
        ),
        maybe("mode", reference("CallMode"), "Default `call`."),
        maybe(
            "inputs",
            any_object(),
            "Start values by name of the other flow's variables; strings are templates.",
        ),
        maybe("outputs", list_of(output, 0, 100), "What comes back."),
        outcomes(direction),
    ]
}

fn handoff(_: Direction) -> Vec<Member> {
    vec![
        maybe("queue", text_of(1, 64), "Where the conversation goes; a template."),
        maybe("text", template(), "Sent to the person."),
        maybe("note", template(), "For those who take over."),
        maybe("priority", reference("Priority"), "Default `normal`."),
    ]
}

fn end(_: Direction) -> Vec<Member> {
    vec![
        maybe("outcome", pattern("^[a-z0-9_]{1,64}$"), "How the flow ended. Default `completed`."),
        maybe("text", template(), "Sent to the person."),
    ]
}
