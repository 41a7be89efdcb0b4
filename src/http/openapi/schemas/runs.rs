//! Schemas of test runs as they are answered: labels, result and trace.

use serde_json::{Value, json};

use super::build::{
    Direction, Member, always, any, any_object, boolean, count, digest, instant, list, maybe, or_null,
    positive, reference, text, uuid, word,
};

const RESPONSE: Direction = Direction::Response;
/// How a run ended, or where it is.
const STATUSES: [&str; 10] = [
    "completed",
    "waiting_for_input",
    "waiting_for_event",
    "handed_off",
    "transferred",
    "expired",
    "stopped",
    "not_triggered",
    "failed",
    "budget_exhausted",
];

pub fn all() -> Vec<(String, Value)> {
    let schemas = [
        ("RunStatus", word(STATUSES)),
        ("RunEntry", RESPONSE.object("A test run in a list.", entry_members())),
        ("Run", RESPONSE.object("A test run: its labels, its result and its trace.", run_members())),
        ("StoredRun", stored_run()),
        ("ExpectationCheck", check()),
        ("RanFlow", ran_flow()),
        ("RunStep", step()),
        ("RunError", error()),
        ("RunWarning", warning()),
        ("TranscriptLine", line()),
        ("Coverage", coverage()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn labels() -> Vec<Member> {
    vec![
        always("id", uuid(), "The run's id."),
        always("flowId", uuid(), "The flow."),
        or_null(
            "version",
            positive(),
            "The version that ran; null where a definition came with the request.",
        ),
        or_null("name", text(), "The label of the request."),
        or_null("description", text(), "What the run was for."),
        always("executedAt", instant(), "When it was run."),
        always("durationMs", count(), "How long it ran, in milliseconds, without waits for its turns."),
        always("digest", digest(), "SHA-256 of the canonical trace."),
        or_null("passed", boolean(), "Whether all expectations held; null without any."),
    ]
}

fn entry_members() -> Vec<Member> {
    let own = [
        always("status", reference("RunStatus"), "How it ended, or where it is."),
        always("engine", text(), "The rules it ran by."),
        maybe("createdBy", reference("Actor"), "Who ran it."),
    ];
    labels().into_iter().chain(own).collect()
}

fn run_members() -> Vec<Member> {
    let own = vec![
        always(
            "expectations",
            list(reference("ExpectationCheck")),
            "What was expected, and whether it held.",
        ),
        always("status", reference("RunStatus"), "How it ended, or where it is."),
        or_null("outcome", text(), "The outcome of the `end` it came to."),
        always("steps", list(reference("RunStep")), "Every visit of a step, in order."),
        always("transcript", list(reference("TranscriptLine")), "What bot and person said."),
        always("finalVariables", any_object(), "The variables in the end, by name. Long values are cut."),
        or_null("error", reference("RunError"), "Why it failed."),
        or_null("handoff", handoff(), "Where the conversation was handed."),
        or_null("waitingFor", waiting_for(), "What it waits for."),
        always("warnings", list(reference("RunWarning")), "What the author should know."),
        always("coverage", reference("Coverage"), "Which steps and edges were taken."),
        always("stats", stats(), "Counts."),
        always("contact", contact(), "What is known of the person in the end."),
        always("clock", clock(), "When the run began and ended, on its own clock."),
        always("locale", text(), "The language it ran in."),
        always("seed", text(), "What draws depended on."),
        always("flow", reference("RanFlow"), "What ran."),
        maybe("calledFlows", list(reference("RanFlow")), "Flows it called."),
        always("engine", text(), "The rules it ran by."),
        always("format", text(), "The form of the trace."),
    ];
    labels().into_iter().chain(own).collect()
}

/// A run that is read: run again, its trace is there too.
fn stored_run() -> Value {
    const ALWAYS: [&str; 2] = ["status", "engine"];
    let noted = labels().len();
    let members = run_members().into_iter().enumerate().map(|(index, member)| {
        let is_noted = index < noted || ALWAYS.contains(&member.name());
        if is_noted { member } else { member.optional() }
    });
    let own = [
        or_null(
            "reproducible",
            boolean(),
            "Whether running it again led to the same trace; null for a run by the rules \
            of another engine, which has no trace.",
        ),
        maybe("createdBy", reference("Actor"), "Who ran it."),
    ];
    RESPONSE.object(
        "A test run that was kept: its labels and, run again, its trace.",
        members.chain(own).collect(),
    )
}

fn check() -> Value {
    RESPONSE.object(
        "One expectation, and whether the run met it.",
        vec![
            always("check", text(), "What was expected."),
            always("passed", boolean(), "Whether it held."),
            maybe("expected", any(), "What was expected, where it did not hold."),
            maybe("actual", any(), "What was found, where it did not hold."),
            maybe("stepIndex", count(), "The entry of `steps` that decided."),
        ],
    )
}

fn ran_flow() -> Value {
    let version = json!({"anyOf": [positive(), word(["inline"])]});
    RESPONSE.object(
        "A document that ran.",
        vec![
            always("id", text(), "The flow."),
            always("version", version, "Its version; `inline` where it came with the request."),
            always("documentDigest", digest(), "SHA-256 of the document."),
        ],
    )
}

fn step() -> Value {
    let output = RESPONSE.object(
        "What was sent.",
        vec![always("messages", list(any_object()), "Each has a `kind`, and what that kind has.")],
    );
    RESPONSE.object(
        "One visit of a step.",
        vec![
            always("n", positive(), "The number of the visit in the run."),
            always("stepId", text(), "The step."),
            always("type", text(), "Its type."),
            always("pointer", text(), "RFC 6901: where it is in its document."),
            always("visit", positive(), "The number of the visit of this step."),
            always("depth", count(), "0 in the flow of the run, one more in every called one."),
            maybe("flowPath", list(text()), "The called flows that lead here."),
            always("status", word(["ok", "skipped", "waiting", "error", "stopped"]), "How it went."),
            maybe("edge", text(), "The exit it was left by."),
            maybe("next", text(), "The step that was entered next, or `$end`."),
            always("enteredAt", instant(), "When it was entered, on the clock of the run."),
            maybe("leftAt", instant(), "When it was left."),
            maybe(
                "output",
                json!({"anyOf": [output, {"type": "null"}]}),
                "What was sent; null: nothing. Absent in a \
                summary.",
            ),
            maybe("input", any(), "The event that was waited for."),
            maybe(
                "attempts",
                list(any_object()),
                "Inputs that were judged, and what happened while it waited.",
            ),
            maybe("changes", list(any_object()), "Variables that were written, from what to what."),
            maybe(
                "evaluations",
                list(any_object()),
                "Templates and expressions, what they gave and what they saw.",
            ),
            maybe("call", any(), "Request and answer of an HTTP call, an action or another flow."),
            maybe("error", reference("RunError"), "What went wrong."),
            maybe("warnings", list(reference("RunWarning")), "What the author should know."),
        ],
    )
}

fn error() -> Value {
    RESPONSE.object(
        "What went wrong in a run.",
        vec![
            always("code", text(), "What it is, for programs."),
            always("message", text(), "What it is, for people."),
            always("stepId", text(), "The step."),
            always("pointer", text(), "RFC 6901: where in the document."),
            maybe("flowId", text(), "The called flow that has the step."),
            maybe("position", reference("Position"), "Where in the template or expression."),
        ],
    )
}

fn warning() -> Value {
    RESPONSE.object(
        "Something the author should know, which does not stop a run.",
        vec![
            always("code", text(), "What it is, for programs."),
            always("message", text(), "What it is, for people."),
            or_null("pointer", text(), "RFC 6901: where in the document."),
            or_null("stepId", text(), "The step."),
        ],
    )
}

fn line() -> Value {
    RESPONSE.object(
        "A line of the conversation. Other members by `kind`.",
        vec![
            always("seq", positive(), "Its number, from 1."),
            always("at", instant(), "When, on the clock of the run."),
            always("from", word(["bot", "user", "system"]), "Who said it."),
            always("kind", text(), "What it is: `text`, `image`, a menu, an event."),
            maybe("text", json!({"type": ["string", "null"]}), "Its text."),
            or_null("stepId", text(), "The step it belongs to."),
        ],
    )
}

fn coverage() -> Value {
    let covered = |missed: &str| {
        RESPONSE.object(
            "How much was taken.",
            vec![
                always("covered", count(), "How many were taken."),
                always("total", count(), "How many there are."),
                always("missed", list(text()), missed),
            ],
        )
    };
    RESPONSE.object(
        "Which parts of the flow a run has seen.",
        vec![
            always("steps", covered("The ids of the others."), "Steps."),
            always("edges", covered("The others, as `step→exit`."), "Exits of steps."),
        ],
    )
}

fn handoff() -> Value {
    RESPONSE.object(
        "Where a conversation was handed.",
        vec![
            or_null("queue", text(), "The queue."),
            or_null("note", text(), "For those who take over."),
            always("priority", reference("Priority"), "How urgent it is."),
        ],
    )
}

fn waiting_for() -> Value {
    let option = RESPONSE.object(
        "An option that can be chosen.",
        vec![always("id", any(), "Its id."), always("title", any(), "What is shown.")],
    );
    RESPONSE.object(
        "What a run waits for.",
        vec![
            always("stepId", text(), "The step that waits."),
            always("kind", text(), "The kind of wait."),
            always("pointer", text(), "RFC 6901: where the step is in its document."),
            always("attempt", count(), "How many inputs it has rejected."),
            maybe("input", text(), "What is accepted."),
            maybe("options", list(option), "What can be chosen."),
            maybe("event", text(), "The event it waits for."),
            maybe("timeoutAt", instant(), "When the wait is over."),
        ],
    )
}

fn stats() -> Value {
    let names = ["actionCalls", "httpCalls", "inputsUnused", "inputsUsed", "messagesOut", "steps", "waits"];
    RESPONSE
        .object("Counts of a run.", names.map(|name| always(name, count(), "How many there were.")).into())
}

fn contact() -> Value {
    RESPONSE.object(
        "What is known of the person in the end.",
        vec![
            always("attributes", any_object(), "The attributes by name."),
            always("tags", list(text()), "The tags."),
        ],
    )
}

fn clock() -> Value {
    RESPONSE.object(
        "The clock of a run.",
        vec![always("start", instant(), "When it began."), always("end", instant(), "When it ended.")],
    )
}
