//! Schemas of flows: as they are created, changed, put in force, and shown.

use serde_json::{Value, json};

use super::build::{
    Direction, Member, always, any, any_object, boolean, described, digest, instant, integer_of, list,
    list_of, maybe, maybe_not_null, or_null, positive, reference, text, text_of, uuid, word,
};
use super::document::{change_members, definition_members, graph_members, sent_members, shown_members};
use crate::flow::json::INTEGER_MAX;
use crate::http::wire::SERVICE_MEMBERS;
use crate::registry::SET_MAX;

const REQUEST: Direction = Direction::Request;
const RESPONSE: Direction = Direction::Response;

pub fn all() -> Vec<(String, Value)> {
    let schemas = [
        ("FlowDocument", flow_document()),
        ("UnvalidatedDocument", unvalidated_document()),
        ("FlowChange", flow_change()),
        (
            "FlowMergePatch",
            described(flow_change(), "A merge patch (RFC 7396): objects inside are merged too."),
        ),
        ("NewStep", new_step()),
        (
            "StepChange",
            described(any_object(), "Members to change. Those that are left out stay; null removes one."),
        ),
        (
            "StepMergePatch",
            described(any_object(), "A merge patch (RFC 7396): objects inside are merged too."),
        ),
        ("GoneFlow", gone_flow()),
        ("Definition", definition()),
        ("Graph", graph()),
        ("PublishOrder", publish_order()),
        ("PublishSetOrder", publish_set_order()),
        ("UnpublishOrder", unpublish_order()),
        ("DuplicateOrder", duplicate_order()),
        ("CallingFlow", calling_flow()),
        ("RestoreOrder", restore_order()),
        ("Flow", flow(false)),
        ("FlowSummary", flow(true)),
        ("Rehearsal", rehearsal()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn flow_document() -> Value {
    REQUEST.object(
        "A flow as its author writes it; at most 256 KiB. A member that is null counts as absent.",
        sent_members(),
    )
}

/// Everything that is wrong with a document is told by findings, so nothing of it is needed here.
fn unvalidated_document() -> Value {
    let members = sent_members().into_iter().map(Member::optional).collect();
    REQUEST.open_object("A document to judge. What is wrong with it is told by findings.", members)
}

fn flow_change() -> Value {
    let document = sent_members().into_iter().map(Member::optional);
    let echoed = SERVICE_MEMBERS.iter().map(|name| {
        maybe_not_null(name, any(), "Set by the service. Sent back as it was read, it changes nothing.")
    });
    REQUEST.object(
        "Members to change. One that is absent stays, one that is null goes back to its default. `enabled` needs the \
         scope `flows:publish`.",
        change_members().into_iter().chain(forcing()).chain(document).chain(echoed).collect(),
    )
}

fn new_step() -> Value {
    REQUEST.object(
        "A step, and where it is added: behind the last one, or beside another. At most one of `before` and `after`.",
        vec![
            always("step", reference("StepInput"), "The step."),
            maybe("before", reference("StepId"), "The step that it comes before."),
            maybe("after", reference("StepId"), "The step that it comes after."),
            maybe("reason", text_of(0, 500), "Why; recorded with the event."),
        ],
    )
}

fn definition() -> Value {
    REQUEST.object("The definition of a flow.", definition_members())
}

fn graph() -> Value {
    REQUEST.object("The definition as an editor draws it. It is turned into steps.", graph_members())
}

fn version(description: &str) -> Member {
    maybe("version", integer_of(1, INTEGER_MAX), description)
}

fn publish_order() -> Value {
    REQUEST.object(
        "Which version is put in force, and why.",
        vec![
            version("The version; without it the draft."),
            maybe("reason", text_of(0, 500), "Why; recorded with the event."),
            maybe("label", text_of(1, 120), "A name for what is put in force; recorded with the event."),
        ],
    )
}

fn publish_set_order() -> Value {
    let entry = REQUEST.object(
        "A flow of the set.",
        vec![always("id", uuid(), "The flow."), version("The version; without it the draft.")],
    );
    REQUEST.object(
        "Which flows are put in force together, and why.",
        vec![
            always("flows", list_of(entry, 1, SET_MAX), "The flows, each once."),
            maybe("reason", text_of(0, 500), "Why; recorded with the events."),
            maybe("label", text_of(1, 120), "A name for what is put in force; recorded with the events."),
        ],
    )
}

/// What takes a flow out of force although others call it.
fn forcing() -> [Member; 2] {
    [
        maybe("force", boolean(), "True: also while flows in force call it. It needs a `reason`."),
        maybe("reason", text_of(0, 500), "Why; recorded with the event."),
    ]
}

fn unpublish_order() -> Value {
    REQUEST.object("How a flow is taken out of force, and why.", forcing().into())
}

fn calling_flow() -> Value {
    let version = json!({"anyOf": [positive(), word(["published"])]});
    let step = RESPONSE.object(
        "A step that calls the flow.",
        vec![
            always("stepId", text(), "The step."),
            always("mode", reference("CallMode"), "Whether the run comes back."),
            always("version", version, "Which version it calls."),
        ],
    );
    RESPONSE.object(
        "A flow in force that calls another one.",
        vec![
            always("flowId", uuid(), "The flow that calls."),
            always("name", text(), "What people call it."),
            always("publishedVersion", positive(), "Its version in force."),
            always("steps", list(step), "The steps that call."),
        ],
    )
}

fn duplicate_order() -> Value {
    REQUEST.object(
        "What is copied, and how the copy is called.",
        vec![
            version("The version; without it the draft."),
            maybe("name", text_of(1, 120), "The name of the copy."),
        ],
    )
}

fn restore_order() -> Value {
    let version = json!({"anyOf": [integer_of(1, INTEGER_MAX), word(["published"])]});
    REQUEST.object(
        "Which version comes back, how far, and why.",
        vec![
            always("version", version, "A version, or `published`: the one in force."),
            maybe(
                "reason",
                text_of(3, 500),
                "Why; recorded with the event. Needed but for a `dryRun`, here or as \
                `X-Reason`.",
            ),
            maybe(
                "mode",
                word(["draft", "live"]),
                "`draft` (default) restores the draft, `live` puts it in force too.",
            ),
            maybe("dryRun", boolean(), "True changes nothing and says what would be."),
        ],
    )
}

fn duplicated_from() -> Value {
    RESPONSE.object(
        "The flow, and its version, that a copy was made of.",
        vec![always("flowId", uuid(), "The flow."), always("version", positive(), "Its version.")],
    )
}

/// A flow as it is shown: the document and the state.
fn flow(is_summary: bool) -> Value {
    let first =
        vec![always("id", uuid(), "The flow's id."), always("organizationId", uuid(), "Whose it is.")];
    let state = vec![
        always("status", word(["draft", "published", "deleted"]), "`published` once it was put in force."),
        always("published", boolean(), "True while a version is published."),
        always("enabled", boolean(), "False while it is paused."),
        always("inForce", boolean(), "Published, enabled and not deleted: what a bot engine runs."),
        or_null("publishedVersion", positive(), "The version whose document is published."),
        or_null("publishedAt", instant(), "When it was published."),
        always("hasUnpublishedChanges", boolean(), "True where the draft differs from what is published."),
        always("version", positive(), "Counts the flow's events from 1, without holes. Also its `ETag`."),
        always("documentDigest", digest(), "SHA-256 of the canonical document that is shown."),
        or_null("duplicatedFrom", duplicated_from(), "What it is a copy of."),
        or_null("restoredFrom", positive(), "The version that the latest restore brought back."),
        always("createdAt", instant(), "When it was created."),
        always("createdBy", reference("Actor"), "Who created it."),
        always("updatedAt", instant(), "When its latest event happened."),
        or_null(
            "updatedBy",
            reference("Actor"),
            "Who caused it. Null only in an earlier version, for credentials that may not see who changed what.",
        ),
        or_null("deletedAt", instant(), "When it was deleted."),
    ];
    let findings =
        always("findings", list(reference("Finding")), "What is wrong or doubtful in the document shown.");
    let findings = (!is_summary).then_some(findings);
    let members = first.into_iter().chain(shown_members(is_summary)).chain(state).chain(findings).collect();
    let description = match is_summary {
        false => "A flow: the document, and its state.",
        true => "A flow without its large members, as `view=summary` lists it.",
    };
    RESPONSE.object(description, members)
}

/// What `listFlows` answers.
/// A page of flows has its place beside the entries: they are a plain array.
pub fn list_of_flows() -> Value {
    let either = json!({"anyOf": [reference("Flow"), reference("FlowSummary"), reference("GoneFlow")]});
    RESPONSE.object(
        "Flows, and where the page ends.",
        vec![
            always(
                "data",
                list(either),
                "Whole flows; with `view=summary` summaries; after `updatedAfter` gone ones too.",
            ),
            always("pageInfo", reference("PageInfo"), "How to go on."),
            always("timestamp", instant(), "When the answer was made."),
        ],
    )
}

fn gone_flow() -> Value {
    RESPONSE.object(
        "A flow that who keeps a copy lets go of: deleted, or no longer in force.",
        vec![
            always("id", uuid(), "The flow."),
            always("version", positive(), "The version it is at."),
            always(
                "status",
                word(["draft", "published", "deleted"]),
                "What it is now; paused, if `published`.",
            ),
            or_null("deletedAt", instant(), "When it was deleted; null if it is there."),
        ],
    )
}

fn rehearsal() -> Value {
    RESPONSE.object(
        "What a restore would do.",
        vec![
            always("dryRun", json!({"type": "boolean", "const": true}), "Nothing was changed."),
            always("flowId", uuid(), "The flow."),
            always("restoredFrom", positive(), "The version that would come back."),
            or_null("version", positive(), "The version it would become; null where nothing would happen."),
            always("refused", boolean(), "True where errors of the document forbid putting it in force."),
            always("enabled", boolean(), "The state afterwards: false while paused."),
            or_null(
                "publishedVersion",
                positive(),
                "The state afterwards: the version whose document is published.",
            ),
            always("inForce", boolean(), "The state afterwards: published, enabled and not deleted."),
            always("diff", reference("Diff"), "From the draft of now to the restored one."),
            always(
                "findings",
                list(reference("Finding")),
                "What is wrong or doubtful in the restored document.",
            ),
        ],
    )
}
