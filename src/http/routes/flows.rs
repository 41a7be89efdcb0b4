//! Endpoints on flows: reading, editing and copying them, and putting them in force.

use serde_json::json;

use super::super::endpoint::{Endpoint, ResponseKind, Tag, delete, empty, get, json, patch, post};
use super::super::{flows, media, steps};
use super::headers::{COMMAND, ETAG, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION, REPLAYED, UNCONDITIONAL};
use super::{FLOW, FLOWS};

const STEPS: &str = "/organizations/{orgId}/bot/flows/{flowId}/steps";
const STEP: &str = "/organizations/{orgId}/bot/flows/{flowId}/steps/{stepId}";

/// One flow, as it is after a command.
pub fn flow(status: u16, description: &'static str) -> ResponseKind {
    json(status, description, "FlowAnswer").with(&[ETAG, REPLAYED])
}

fn new_flow(description: &'static str) -> ResponseKind {
    flow(201, description).with(&[LOCATION])
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get(FLOWS, "listFlows", flows::list)
            .about(
                Tag::Flows,
                "List flows, newest change first",
                "Filters combine. Without `limit` the list comes whole; with it, `Link` leads from page to page. With \
                 `asOf` the list is as it was at a moment, and so are all its pages.",
            )
            .responds(json(200, "The flows.", "FlowListAnswer").with(&[LINK])),
        post(FLOWS, "createFlow", flows::create)
            .about(
                Tag::Flows,
                "Create a flow",
                "The new flow is a draft at version 1. A document with findings is kept too; its errors are what keeps \
                 it from being published.",
            )
            .headers(UNCONDITIONAL)
            .takes("FlowDocument", json!({"name": "Onboarding nuevo cliente", "steps": []}))
            .responds(new_flow("The new flow, a draft.")),
        get(FLOW, "getFlow", flows::get)
            .about(
                Tag::Flows,
                "Get a flow as it is, was, or is in force",
                "A bot engine reads `version=published`. With `If-None-Match` the answer is 304 while the reader has \
                 the version already.",
            )
            .headers(&[IF_MATCH, IF_NONE_MATCH])
            .responds(json(200, "The flow.", "FlowAnswer").with(&[ETAG]))
            .responds(empty(304, "The reader has this version.").with(&[ETAG]))
            .refuses(&[404, 409, 412]),
        update(),
        delete(FLOW, "deleteFlow", flows::delete)
            .about(
                Tag::Flows,
                "Delete a flow; its history stays",
                "The flow leaves lists and is no longer in force. Its versions can still be read, and a restore brings \
                 it back.",
            )
            .headers(COMMAND)
            .responds(empty(204, "The flow is deleted.").with(&[REPLAYED]))
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
        .headers(COMMAND)
        .takes("FlowChange", json!({"steps": [{"type": "end", "text": "¡Listo!"}]}))
        .or_as(media::MERGE_PATCH, Some("FlowMergePatch"), json!({"settings": {"timezone": "Europe/Madrid"}}))
        .or_as(
            media::JSON_PATCH,
            None,
            json!([{"op": "add", "path": "/steps/-", "value": {"type": "end", "text": "¡Listo!"}}]),
        )
        .responds(flow(200, "The flow after the change."))
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
            .headers(COMMAND)
            .takes("NewStep", json!({"step": {"type": "message", "text": "Gracias"}}))
            .responds(flow(201, "The flow after the change."))
            .refuses(&[404]),
        patch(STEP, "changeStep", steps::change)
            .about(
                Tag::Flows,
                "Change members of one step",
                "Members that are left out stay as they are; null removes one.",
            )
            .headers(COMMAND)
            .takes("StepChange", json!({"text": "¡Hola de nuevo!"}))
            .or_as(media::MERGE_PATCH, Some("StepMergePatch"), json!({"meta": {"color": "green"}}))
            .responds(flow(200, "The flow after the change."))
            .refuses(&[404]),
        delete(STEP, "removeStep", steps::remove)
            .about(
                Tag::Flows,
                "Remove a step from the draft",
                "Where other steps lead to it, findings say so.",
            )
            .headers(COMMAND)
            .responds(flow(200, "The flow after the change."))
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
            .headers(COMMAND)
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
            .headers(UNCONDITIONAL)
            .takes(
                "PublishSetOrder",
                json!({"flows": [{"id": "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c"}], "reason": "Campaña"}),
            )
            .responds(json(201, "The flows, in force, in the order asked.", "FlowSetAnswer").with(&[REPLAYED]))
            .refuses(&[404]),
        post("/organizations/{orgId}/bot/flows/{flowId}/unpublish", "unpublishFlow", flows::unpublish)
            .about(
                Tag::Flows,
                "Take the flow out of force",
                "The flow is a draft again. What was in force stays in its history.",
            )
            .headers(COMMAND)
            .may_take("UnpublishOrder", json!({"reason": "Termina la campaña"}))
            .responds(flow(201, "The flow, out of force."))
            .refuses(&[404]),
        get("/organizations/{orgId}/bot/flows/{flowId}/callers", "listCallers", flows::callers)
            .about(
                Tag::Flows,
                "List the flows in force that call this one or hand over to it",
                "While there are any, this flow is taken out of force only with `force`.",
            )
            .responds(json(200, "A page of flows, in the order they were created.", "CallerPageAnswer"))
            .refuses(&[404]),
        post("/organizations/{orgId}/bot/flows/{flowId}/duplicate", "duplicateFlow", flows::duplicate)
            .about(
                Tag::Flows,
                "Copy a flow",
                "The copy is a new flow, a draft, with the document of the draft or of a version. It says what it \
                 was copied from.",
            )
            .headers(COMMAND)
            .may_take("DuplicateOrder", json!({"name": "Copia de prueba"}))
            .responds(new_flow("The copy, a draft."))
            .refuses(&[404]),
    ]
}
