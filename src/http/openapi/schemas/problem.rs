//! Schemas of what many answers have: actors, findings, and problems.

use serde_json::{Value, json};

use super::build::{
    Direction, always, boolean, count, instant, list, maybe, nullable, or_null, positive, reference, text,
    word,
};
use crate::flow::event::ActorKind;
use crate::http::problem::Code;
use crate::registry::caller::Scope;

const RESPONSE: Direction = Direction::Response;

pub fn all() -> Vec<(String, Value)> {
    let schemas = [
        ("ActorType", word(ActorKind::ALL.iter().map(|kind| kind.as_str()))),
        ("ProblemCode", word(Code::ALL.iter().map(|code| code.as_str()))),
        ("Scope", word(Scope::ALL.iter().map(|scope| scope.as_str()))),
        ("Actor", actor()),
        ("Position", position()),
        ("Finding", finding()),
        ("Verdict", verdict()),
        ("FieldError", field_error()),
        ("CurrentVersion", current_version()),
        ("ChangedSince", changed_since()),
        ("Problem", problem()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn actor() -> Value {
    RESPONSE.object(
        "Who acted.",
        vec![
            always("type", reference("ActorType"), "`erased`: the name was erased on legal demand."),
            always("id", text(), "An API key's id, or the subject of a token."),
            or_null("name", text(), "The name of the key or user."),
        ],
    )
}

fn position() -> Value {
    RESPONSE.object(
        "A place inside a template or expression, in characters.",
        vec![always("offset", count(), "Where it begins."), always("length", count(), "How long it is.")],
    )
}

fn finding() -> Value {
    RESPONSE.object(
        "One thing that is wrong or doubtful in a document.",
        vec![
            always("code", text(), "What it is, for programs; the codes are in the format's documentation."),
            always("severity", word(["error", "warning"]), "An error keeps a flow from being published."),
            always("pointer", text(), "RFC 6901, into the document."),
            or_null("stepId", text(), "The step it is in."),
            always("message", text(), "What it is, for people."),
            maybe("hint", text(), "What may have been meant."),
            maybe("position", reference("Position"), "Where in the template or expression."),
        ],
    )
}

fn verdict() -> Value {
    RESPONSE.object(
        "What validation says of a document.",
        vec![
            always("valid", boolean(), "True without errors."),
            always("errorCount", count(), "How many findings are errors."),
            always("warningCount", count(), "How many are warnings."),
            always("findings", list(reference("Finding")), "The findings, in the order of the document."),
        ],
    )
}

fn field_error() -> Value {
    RESPONSE.object(
        "One thing that is wrong with a request: a member of the body, a parameter or a header.",
        vec![
            maybe("pointer", text(), "RFC 6901, into the body."),
            maybe("parameter", text(), "The name of a parameter in path or query."),
            maybe("header", text(), "The name of a header."),
            always("code", text(), "What it is, for programs."),
            always("message", text(), "What it is, for people."),
        ],
    )
}

fn current_version() -> Value {
    RESPONSE.object(
        "Where a flow is, for somebody who had another version in mind.",
        vec![
            always("version", positive(), "The version the flow is at."),
            always("updatedAt", instant(), "When that came to be."),
            or_null(
                "updatedBy",
                reference("Actor"),
                "Who made it; null for credentials that may not see it.",
            ),
            maybe(
                "onBehalfOf",
                nullable(text()),
                "The person it was made for, by `X-On-Behalf-Of`. With 412 and `version_conflict`.",
            ),
            maybe("reason", nullable(text()), "Why it was made. With 412 and `version_conflict`."),
            maybe(
                "since",
                nullable(reference("ChangedSince")),
                "What is different from the version of the request; null where the request names none. With 412 and \
                 `version_conflict`.",
            ),
        ],
    )
}

fn changed_since() -> Value {
    RESPONSE.object(
        "What is different between a version that the client has seen and the current one.",
        vec![
            always("version", positive(), "The version that the client has seen."),
            always(
                "changed",
                list(text()),
                "At most 50 changes in the words of events, such as `steps.pago.text`.",
            ),
            always("changedMore", count(), "How many changes are not listed."),
            always("diff", text(), "The path of the whole difference."),
        ],
    )
}

fn problem() -> Value {
    let message = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]});
    RESPONSE.object(
        "A refusal or failure (RFC 9457).",
        vec![
            always("type", text(), "Leads to an explanation for people."),
            always("title", text(), "What the code means, in a few words."),
            always("status", json!({"type": "integer"}), "The status of the answer."),
            always("detail", text(), "What happened, for people."),
            always("code", reference("ProblemCode"), "What happened, for programs."),
            always("instance", text(), "The path of the request."),
            always("requestId", text(), "The id of the request, which logs have too."),
            always("errors", list(reference("FieldError")), "What is wrong with the request, all of it."),
            always("statusCode", json!({"type": "integer"}), "`status`, for clients that expect it here."),
            always("error", text(), "The reason phrase of the status."),
            always(
                "message",
                message,
                "`detail`, or what `errors` or `findings` say: one text, or a list of several.",
            ),
            always("path", text(), "`instance`, for clients that expect it here."),
            always("timestamp", instant(), "When the answer was made."),
            maybe("findings", list(reference("Finding")), "With `not_publishable`: why."),
            maybe("scope", reference("Scope"), "With `insufficient_scope`: the scope that is lacking."),
            maybe(
                "callers",
                list(reference("CallingFlow")),
                "With `flow_is_called`: flows in force that call this one.",
            ),
            maybe("hasMoreCallers", boolean(), "With `callers`: true where there are others."),
            maybe(
                "current",
                reference("CurrentVersion"),
                "With 409 and 412 that concern one flow: where it is.",
            ),
        ],
    )
}
