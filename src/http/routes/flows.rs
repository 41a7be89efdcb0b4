//! Endpoints on flows: reading, editing and copying them, and putting them in force.

use serde_json::json;

use super::super::endpoint::{Endpoint, ResponseKind, Tag, delete, empty, get, json, patch, post};
use super::super::{flows, lists, media, merge, steps};
use super::headers::{
    ACCEPT_PATCH, COMMAND, ETAG, FLOW_COMMAND, IF_LIST_NONE_MATCH, IF_MATCH, IF_NONE_MATCH, LINK, LIST_ETAG,
    LOCATION, MIN_POSITION, POSITION, PREFERENCE_APPLIED, REPLAYED, UNCONDITIONAL_FLOW_COMMAND,
};
use super::{FLOW, FLOWS};

const STEPS: &str = "/organizations/{orgId}/bot/flows/{flowId}/steps";
const STEP: &str = "/organizations/{orgId}/bot/flows/{flowId}/steps/{stepId}";

/// One flow, as it is after a command.
pub fn flow(status: u16, description: &'static str) -> ResponseKind {
    json(status, description, "FlowAnswer").with(&[ETAG, POSITION, REPLAYED, PREFERENCE_APPLIED])
}

/// In place of a flow, where the client prefers no more than that the change happened.
fn no_flow() -> ResponseKind {
    empty(204, "The change is made, and the client prefers not to see the flow.").with(&[
        ETAG,
        POSITION,
        REPLAYED,
        PREFERENCE_APPLIED,
    ])
}

fn new_flow(description: &'static str) -> ResponseKind {
    flow(201, description).with(&[LOCATION])
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get(FLOWS, "listFlows", lists::list)
            .about(
                Tag::Flows,
                "List flows, newest change first",
                "Filters combine. Without `limit` the list comes whole; with it, `pageInfo` and `Link` lead from page to \
                 page. All pages are of the moment the first one was read, or of `asOf`.",
            )
            .headers(&[IF_LIST_NONE_MATCH, MIN_POSITION])
            .responds(json(200, "The flows.", "FlowListAnswer").with(&[LINK, LIST_ETAG]))
            .responds(empty(304, "The list is still as it was under this tag.").with(&[LIST_ETAG])),
        post(FLOWS, "createFlow", flows::create)
            .about(
                Tag::Flows,
                "Create a flow",
                "The new flow is a draft at version 1. A document with findings is kept too; its errors are what keeps \
                 it from being published.",
            )
            .headers(UNCONDITIONAL_FLOW_COMMAND)
            .takes("FlowDocument", json!({"name": "Onboarding nuevo cliente", "steps": []}))
            .responds(new_flow("The new flow, a draft.")),
        get(FLOW, "getFlow", flows::get)
            .about(
                Tag::Flows,
                "Get a flow as it is, was, or is in force",
                "A bot engine reads `version=published`. With `If-None-Match` the answer is 304 while the reader has \
                 the version already. `view=document`, or `Accept` with the media type of documents, leaves out what only \
                 the service sets.",
            )
            .headers(&[IF_MATCH, IF_NONE_MATCH, MIN_POSITION])
            .responds(
                json(200, "The flow; with `view=document` its document.", "FlowAnswer")
                    .or(media::DOCUMENT, "DocumentAnswer")
                    .with(&[ETAG, ACCEPT_PATCH]),
            )
            .responds(empty(304, "The reader has this version.").with(&[ETAG]))
            .refuses(&[404, 409, 412]),
    ]
}

pub fn drafts() -> Vec<Endpoint> {
    vec![
        update(),
        post("/organizations/{orgId}/bot/flows/{flowId}/merge", "mergeDocument", merge::merge)
            .about(
                Tag::Flows,
                "Merge a document with what became of the draft meanwhile",
                "Three-way, by step and member: `document` was made of the version `base`. The answer has the merged \
                 document, or the conflicts. Nothing is written: send the document by PATCH, with the `ETag` of the \
                 answer as `If-Match`.",
            )
            .takes("MergeOrder", json!({"base": 1, "document": {"name": "Onboarding", "steps": []}}))
            .responds(json(200, "The merged document, or the conflicts.", "MergeAnswer").with(&[ETAG]))
            .refuses(&[404]),
        post("/organizations/{orgId}/bot/flows/{flowId}/duplicate", "duplicateFlow", flows::duplicate)
            .about(
                Tag::Flows,
                "Copy a flow",
                "The copy is a new flow, a draft, with the document of the draft or of a version. It says what it \
                 was copied from.",
            )
            .headers(FLOW_COMMAND)
            .may_take("DuplicateOrder", json!({"name": "Copia de prueba"}))
            .responds(new_flow("The copy, a draft."))
            .refuses(&[404]),
        delete(FLOW, "deleteFlow", flows::delete)
            .about(
                Tag::Flows,
                "Delete a flow; its history stays",
                "The flow leaves lists and is no longer in force. Its versions can still be read, and a restore brings \
                 it back.",
            )
            .headers(COMMAND)
            .responds(empty(204, "The flow is deleted.").with(&[POSITION, REPLAYED]))
            .refuses(&[404]),
    ]
}

fn update() -> Endpoint {
    patch("/organizations/{orgId}/bot/flows/{flowId}", "updateFlow", flows::update)
        .about(
            Tag::Flows,
            "Change members of the draft",
            "Members that are left out stay as they are; null removes one. A flow may be sent back as it was read, \
             changed: 412 tells that it is another version by now. As a merge patch (RFC 7396) objects inside are \
             merged too; a JSON Patch (RFC 6902) edits the document by pointers. What is in force does not \
             change until the flow is published. A change that changes nothing is no event.",
        )
        .headers(FLOW_COMMAND)
        .takes("FlowChange", json!({"steps": [{"type": "end", "text": "¡Listo!"}]}))
        .or_as(media::MERGE_PATCH, Some("FlowMergePatch"), json!({"settings": {"timezone": "Europe/Madrid"}}))
        .or_as(
            media::JSON_PATCH,
            None,
            json!([{"op": "add", "path": "/steps/-", "value": {"type": "end", "text": "¡Listo!"}}]),
        )
        .responds(flow(200, "The flow after the change.").with(&[ACCEPT_PATCH]))
        .responds(no_flow())
        .refuses(&[404])
}

pub fn steps() -> Vec<Endpoint> {
    vec![
        post(STEPS, "addStep", steps::add)
            .about(
                Tag::Flows,
                "Add a step to the draft",
                "Behind the last step, or before or after another one. The other steps stay as they are.",
            )
            .headers(FLOW_COMMAND)
            .takes("NewStep", json!({"step": {"type": "message", "text": "Gracias"}}))
            .responds(flow(201, "The flow after the change."))
            .refuses(&[404]),
        patch(STEP, "changeStep", steps::change)
            .about(
                Tag::Flows,
                "Change members of one step",
                "Members that are left out stay as they are; null removes one.",
            )
            .headers(FLOW_COMMAND)
            .takes("StepChange", json!({"text": "¡Hola de nuevo!"}))
            .or_as(media::MERGE_PATCH, Some("StepMergePatch"), json!({"meta": {"color": "green"}}))
            .responds(flow(200, "The flow after the change.").with(&[ACCEPT_PATCH]))
            .responds(no_flow())
            .refuses(&[404]),
        delete(STEP, "removeStep", steps::remove)
            .about(
                Tag::Flows,
                "Remove a step from the draft",
                "Where other steps lead to it, findings say so.",
            )
            .headers(FLOW_COMMAND)
            .responds(flow(200, "The flow after the change."))
            .responds(no_flow())
            .refuses(&[404]),
    ]
}

pub fn publication() -> Vec<Endpoint> {
    vec![
        post("/organizations/{orgId}/bot/flows/{flowId}/publish", "publishFlow", flows::publish)
            .about(
                Tag::Flows,
                "Put the draft, or an earlier version, in force",
                "A document with errors is refused with its findings. What is in force already is no new event.",
            )
            .headers(FLOW_COMMAND)
            .may_take("PublishOrder", json!({"reason": "Aprobado por ventas", "label": "campaña de mayo"}))
            .responds(flow(201, "The flow, in force."))
            .refuses(&[404]),
        post("/organizations/{orgId}/bot/flows/publish", "publishFlows", flows::publish_set)
            .about(
                Tag::Flows,
                "Put flows in force together, or none of them",
                "For flows that call each other. What keeps one of them from being published keeps all, with findings \
                 by the flow's place in the list.",
            )
            .headers(UNCONDITIONAL_FLOW_COMMAND)
            .takes(
                "PublishSetOrder",
                json!({"flows": [{"id": "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c"}], "reason": "Campaña"}),
            )
            .responds(
                json(201, "The flows, in force, in the order asked.", "FlowSetAnswer")
                    .with(&[POSITION, REPLAYED, PREFERENCE_APPLIED]),
            )
            .refuses(&[404]),
        post("/organizations/{orgId}/bot/flows/{flowId}/unpublish", "unpublishFlow", flows::unpublish)
            .about(
                Tag::Flows,
                "Take the flow out of force",
                "The flow is a draft again. What was in force stays in its history.",
            )
            .headers(FLOW_COMMAND)
            .may_take("UnpublishOrder", json!({"reason": "Termina la campaña"}))
            .responds(flow(201, "The flow, out of force."))
            .refuses(&[404]),
        get("/organizations/{orgId}/bot/flows/{flowId}/callers", "listCallers", flows::callers)
            .about(
                Tag::Flows,
                "List the flows in force that call this one or hand over to it",
                "While there are any, this flow is taken out of force only with `force`.",
            )
            .headers(&[MIN_POSITION])
            .responds(
                json(200, "A page of flows, in the order they were created.", "CallerPageAnswer").with(&[LINK]),
            )
            .refuses(&[404]),
    ]
}
