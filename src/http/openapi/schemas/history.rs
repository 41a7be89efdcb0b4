//! Schemas of what happened: events, the audit log, differences, exports and checkpoints.

use serde_json::{Value, json};

use super::build::{
    Direction, Member, always, any, boolean, count, digest, exactly, instant, list, maybe, nullable,
    one_of_by, or_null, positive, reference, text, uuid, word,
};
use crate::flow::event::{EventType, StreamKind};

const RESPONSE: Direction = Direction::Response;

pub fn all() -> Vec<(String, Value)> {
    let schemas = [
        ("EventType", word(EventType::ALL.iter().map(|event_type| event_type.as_str()))),
        ("Event", event()),
        ("AuditEntry", audit_entry()),
        ("ExportLink", export_link()),
        ("JsonPatch", list(reference("JsonPatchOperation"))),
        ("JsonPatchOperation", json_patch_operation()),
        ("ComparedVersion", compared_version()),
        ("Comparison", comparison()),
        ("Diff", diff()),
        ("ListDiff", list_diff()),
        ("MemberChange", one_of_by("kind", CHANGES.iter().map(|(kind, name)| (*kind, (*name).to_owned())))),
        ("Blame", blame()),
        ("BlamedStep", blamed_step()),
        ("Checkpoint", checkpoint()),
        ("TreeHead", tree_head()),
    ];
    let schemas = schemas.into_iter().chain(changes());
    schemas.map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// What an event says, in histories and in the audit log.
fn event_members() -> Vec<Member> {
    vec![
        always("version", positive(), "The version it made."),
        always("position", positive(), "Its position in the organization's log."),
        always("type", reference("EventType"), "What happened."),
        always("at", instant(), "When, with microseconds."),
        or_null("actor", reference("Actor"), "Who caused it."),
        or_null("onBehalfOf", text(), "The person a backend acted for."),
        or_null("reason", text(), "Why."),
        or_null("label", text(), "The name given to what was put in force."),
        or_null("requestId", text(), "The id of the request."),
        always("changed", list(text()), "The first 50 paths that changed, such as `steps.pago.text`."),
        always("changedMore", count(), "How many further paths changed."),
        or_null("enabled", boolean(), "What `enabled` was set to."),
        or_null("fromVersion", positive(), "The version that was published or restored."),
        or_null("mode", word(["draft", "live"]), "How far a restore went."),
        or_null("publishedVersion", positive(), "The version whose document is published since."),
        or_null("sourceFlowId", uuid(), "The flow that was copied."),
        or_null("sourceVersion", positive(), "Its version."),
    ]
}

fn event() -> Value {
    RESPONSE.object("An event of a flow.", event_members())
}

fn audit_entry() -> Value {
    let prefix = maybe("keyPrefix", nullable(text()), "The readable part of the API key.");
    let metadata = event_members().into_iter().chain([prefix]).collect();
    RESPONSE.object(
        "An event of the organization's log.",
        vec![
            always("id", uuid(), "The event's id."),
            always("organizationId", uuid(), "Whose log it is."),
            or_null("actorUserId", text(), "The user who caused it; null where it was a key."),
            always("action", reference("EventType"), "What happened."),
            always(
                "resource",
                word(StreamKind::ALL.iter().map(|kind| kind.as_str())),
                "What kind of thing it happened to.",
            ),
            always("resourceId", uuid(), "What it happened to."),
            or_null("resourceName", text(), "What that was called at the event."),
            always(
                "metadata",
                RESPONSE.object("What the event says; more members by type.", metadata),
                "The event.",
            ),
            or_null("ip", text(), "The address the request came from."),
            or_null("userAgent", text(), "The program that sent it."),
            always("createdAt", instant(), "When it happened."),
        ],
    )
}

fn export_link() -> Value {
    RESPONSE.object(
        "A link that exports the log without a credential.",
        vec![
            always("url", json!({"type": "string", "format": "uri"}), "The link."),
            always("expiresAt", instant(), "Until when it is good."),
        ],
    )
}

fn json_patch_operation() -> Value {
    RESPONSE.object(
        "An operation of RFC 6902.",
        vec![
            always("op", word(["add", "remove", "replace", "move", "copy", "test"]), "What is done."),
            always("path", text(), "RFC 6901: where."),
            maybe("from", text(), "With `move` and `copy`: from where."),
            maybe("value", any(), "With `add`, `replace` and `test`: the value."),
        ],
    )
}

fn compared_version() -> Value {
    RESPONSE.object(
        "One side of a comparison.",
        vec![
            always("flowId", uuid(), "The flow."),
            always("version", positive(), "The version whose document it is."),
            always("documentDigest", digest(), "SHA-256 of the document."),
        ],
    )
}

fn comparison() -> Value {
    RESPONSE.object(
        "Two versions, and what is different.",
        vec![
            always("from", reference("ComparedVersion"), "The side before."),
            always("to", reference("ComparedVersion"), "The side after."),
            always("changes", reference("Diff"), "What is different."),
        ],
    )
}

fn diff() -> Value {
    let changes = || list(reference("MemberChange"));
    RESPONSE.object(
        "What is different between two documents.",
        vec![
            always("document", changes(), "Name, description, number, account, format version."),
            always("trigger", changes(), "Trigger type and its configuration."),
            always("variables", reference("ListDiff"), "Variables by name."),
            always("steps", reference("ListDiff"), "Steps by id."),
            always("settings", changes(), "Settings."),
            always("interrupts", changes(), "Interrupts."),
            always("translations", changes(), "Translations."),
            always("layout", boolean(), "True where editor data (`meta`) differs."),
        ],
    )
}

fn list_diff() -> Value {
    let entry = || {
        RESPONSE.object(
            "An entry that only one side has.",
            vec![
                always("id", text(), "Its id or name."),
                always("position", positive(), "Its place on that side, from 1."),
                always("value", any(), "The entry."),
            ],
        )
    };
    let moved = RESPONSE.object(
        "An entry at another place.",
        vec![
            always("id", text(), "Its id or name."),
            always("from", positive(), "Its place before, from 1."),
            always("to", positive(), "Its place after, from 1."),
        ],
    );
    let changed = RESPONSE.object(
        "An entry that both sides have.",
        vec![
            always("id", text(), "Its id or name."),
            always("changes", list(reference("MemberChange")), "What changed in it."),
        ],
    );
    RESPONSE.object(
        "What is different between two lists.",
        vec![
            always("added", list(entry()), "Entries that only the side after has."),
            always("removed", list(entry()), "Entries that only the side before has."),
            always("moved", list(moved), "Entries that changed their place."),
            always("changed", list(changed), "Entries that changed."),
        ],
    )
}

const CHANGES: [(&str, &str); 4] = [
    ("changed", "MemberChanged"),
    ("added", "MemberAdded"),
    ("removed", "MemberRemoved"),
    ("moved", "MemberMoved"),
];

fn changes() -> [(&'static str, Value); 4] {
    let before = || always("before", any(), "The value before; null where there was none.");
    let after = || always("after", any(), "The value after; null where there is none.");
    let places = || {
        vec![
            always("from", positive(), "Its place before, from 1."),
            always("to", positive(), "Its place after."),
        ]
    };
    CHANGES.map(|(kind, name)| {
        let (description, own) = match kind {
            "changed" => ("A member has another value.", vec![before(), after()]),
            "added" => ("An entry of a list is new.", vec![after()]),
            "removed" => ("An entry of a list is gone.", vec![before()]),
            _ => ("An entry of a list is at another place.", places()),
        };
        let first = [
            always("kind", exactly(kind), "What happened to it."),
            always("path", text(), "Its path with dots."),
        ];
        (name, RESPONSE.object(description, first.into_iter().chain(own).collect()))
    })
}

fn blame() -> Value {
    RESPONSE.object(
        "For each step of the draft the last event that touched it.",
        vec![
            always("flowId", uuid(), "The flow."),
            always("version", positive(), "The version the draft is at."),
            always("steps", list(reference("BlamedStep")), "The steps, in the order of the document."),
        ],
    )
}

fn blamed_step() -> Value {
    RESPONSE.object(
        "A step, and the last event that touched it.",
        vec![
            always("stepId", text(), "The step."),
            or_null(
                "event",
                reference("Event"),
                "The event; null where it cannot be told since content was erased.",
            ),
        ],
    )
}

fn tree_head() -> Value {
    RESPONSE.object(
        "A signed statement of where the Merkle trees (RFC 6962) of the log are.",
        vec![
            always("organizationId", uuid(), "Whose log it is."),
            always("size", positive(), "How many events, which is the position of the last of them."),
            always(
                "eventRoot",
                digest(),
                "The root over the events' hashes, in the order of their positions.",
            ),
            always(
                "mapRoot",
                digest(),
                "The root over the last event of each stream, in the order of their ids.",
            ),
            always("chainHash", digest(), "The hash of the chain up to there."),
            always("signedAt", instant(), "When it was signed, with microseconds."),
            always("note", text(), "A C2SP signed note (Ed25519) over all of this."),
        ],
    )
}

fn checkpoint() -> Value {
    RESPONSE.object(
        "A signed statement of where the log is.",
        vec![
            always("organizationId", uuid(), "Whose log it is."),
            always("position", count(), "The position of the last event it covers."),
            always("chainHash", digest(), "The hash of the chain up to there."),
            always("signedAt", instant(), "When it was signed, with microseconds."),
            always("note", text(), "A C2SP signed note (Ed25519) over all of this."),
            always(
                "headPosition",
                count(),
                "Where the log is now; beyond `position` only where this replica does not \
                sign.",
            ),
            always("signsHere", boolean(), "False: it is the latest that another replica made."),
        ],
    )
}
