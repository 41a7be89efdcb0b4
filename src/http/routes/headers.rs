//! Headers of requests and answers, as the description has them.

use serde_json::{Value, json};

use super::super::endpoint::Parameter;
use super::super::query::values::position_schema;

fn text() -> Value {
    json!({"type": "string"})
}

fn entity_tag() -> Value {
    json!({"type": "string", "examples": ["\"7\""]})
}

fn list_tag() -> Value {
    json!({"type": "string", "examples": ["W/\"41.0-1f0c3a5b7d9e2468\""]})
}

pub const IF_MATCH: Parameter = Parameter::new(
    "If-Match",
    entity_tag,
    "Act only when the flow is at one of these versions; `*` is any version. Otherwise the answer is 412.",
);
pub const IF_NONE_MATCH: Parameter =
    Parameter::new("If-None-Match", entity_tag, "Act only when the flow is at none of these versions.");
pub const IF_LIST_NONE_MATCH: Parameter = Parameter::new(
    "If-None-Match",
    list_tag,
    "The `ETag` of an earlier answer to the same request. While the list is still so, the answer is 304.",
);
pub const IDEMPOTENCY_KEY: Parameter = Parameter::new(
    "Idempotency-Key",
    || json!({"type": "string", "minLength": 1, "maxLength": 255, "examples": ["7b0f6a52-alta-cliente-4711"]}),
    "The same key with the same request gets the first answer again, for at least 24 hours. Send a new one for each \
     new request, and the same one when you try again.",
);
pub const ON_BEHALF_OF: Parameter = Parameter::new(
    "X-On-Behalf-Of",
    || json!({"type": "string", "maxLength": 200, "examples": ["ana@example.com"]}),
    "The person a backend acts for. It is recorded with the event. Beyond ASCII as UTF-8, Latin-1, or `UTF-8''` with \
     percent-encoding (RFC 8187).",
);
pub const REASON: Parameter = Parameter::new(
    "X-Reason",
    || json!({"type": "string", "maxLength": 500, "examples": ["May campaign"]}),
    "Why the request is made. It is recorded with the event. Beyond ASCII as UTF-8, Latin-1, or `UTF-8''` with \
     percent-encoding (RFC 8187).",
);
pub const LAST_EVENT_ID: Parameter = Parameter::new(
    "Last-Event-ID",
    position_schema,
    "Begin behind this event; 0 is the beginning of the log. Without it the feed begins at the end of the log.",
);

const PREFER: Parameter = Parameter::new(
    "Prefer",
    || json!({"type": "string", "examples": ["return=minimal"]}),
    "`return=minimal`: an answer without a body (RFC 7240), 204 in place of 200.",
);

/// What every command on something with versions takes.
pub const COMMAND: &[Parameter] = &[IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON];
/// What a command takes that answers with the flow.
pub const FLOW_COMMAND: &[Parameter] =
    &[IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON, PREFER];
/// What a command takes that has no version to match.
pub const UNCONDITIONAL: &[Parameter] = &[IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON];
/// What a command takes that answers with flows and has no version to match.
pub const UNCONDITIONAL_FLOW_COMMAND: &[Parameter] = &[IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON, PREFER];
/// What is recorded with an event beside who caused it.
pub const RECORDED: &[Parameter] = &[ON_BEHALF_OF, REASON];

pub const ETAG: Parameter =
    Parameter::new("ETag", entity_tag, "The flow's version in quotes, for `If-Match`.");
pub const LIST_ETAG: Parameter = Parameter::new(
    "ETag",
    list_tag,
    "Changes with the list. Of a list with `version=published` it changes with what is in force alone.",
);
pub const LOCATION: Parameter = Parameter::new("Location", text, "The path of the new flow.");
pub const ERASURE: Parameter = Parameter::new("Location", text, "The path where to follow it.");
pub const POSITION: Parameter = Parameter::new(
    "X-Position",
    position_schema,
    "How far the organization's log had come when this was answered, for `X-Min-Position`.",
);
pub const MIN_POSITION: Parameter = Parameter::new(
    "X-Min-Position",
    position_schema,
    "How far whoever answers must have come: the `X-Position` of a change that is to be seen. A standby of the database \
     may answer then, which is waited for no longer than 200 ms. Without it the answer is of now.",
);
pub const REPLAYED: Parameter = Parameter::new(
    "Idempotent-Replayed",
    || json!({"type": "string", "enum": ["true"]}),
    "Sent when the answer repeats an earlier one.",
);
pub const PREFERENCE_APPLIED: Parameter =
    Parameter::new("Preference-Applied", text, "The preference of the client that the answer follows.");
pub const ACCEPT_PATCH: Parameter =
    Parameter::new("Accept-Patch", text, "The media types that a change may have (RFC 5789).");
pub const LINK: Parameter =
    Parameter::new("Link", text, "The path of the next page as `rel=\"next\"`, while there is one.");
pub const FILE_NAME: Parameter =
    Parameter::new("Content-Disposition", text, "The name of the file, where the answer is one.");
