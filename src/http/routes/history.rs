//! Endpoints on a flow's past, and the way back.

use serde_json::json;

use super::super::endpoint::{Endpoint, Tag, get, json, post};
use super::super::{history, restore};
use super::flows::flow;
use super::headers::{ETAG, FLOW_COMMAND, LINK, MIN_POSITION};

const VERSION: &str = "/organizations/{orgId}/bot/flows/{flowId}/versions/{version}";

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/organizations/{orgId}/bot/flows/{flowId}/events", "listFlowEvents", history::events)
            .about(
                Tag::History,
                "List what happened to a flow, newest first",
                "Each event says who caused it, for whom, why, and which members changed. Deleted flows have a history \
                 too.",
            )
            .headers(&[MIN_POSITION])
            .responds(json(200, "A page of events.", "EventPageAnswer").with(&[LINK]))
            .refuses(&[404]),
        get(VERSION, "getFlowVersion", history::version)
        .about(
            Tag::History,
            "Get the whole flow as it was after an event",
            "Every event of a flow makes a version, numbered from 1 without holes.",
        )
        .headers(&[MIN_POSITION])
        .responds(json(200, "The flow at that version.", "FlowAnswer").with(&[ETAG]))
        .refuses(&[404]),
        get("/organizations/{orgId}/bot/flows/{flowId}/diff", "diffFlow", history::diff)
            .about(
                Tag::History,
                "Compare two versions",
                "Without parameters: what publishing the draft would change. Either side may be a version of another \
                 flow.",
            )
            .headers(&[MIN_POSITION])
            .responds(
                json(200, "What changed, step by step; or an RFC 6902 patch.", "DiffAnswer")
                    .or("application/json-patch+json", "JsonPatch"),
            )
            .refuses(&[404, 409]),
        get("/organizations/{orgId}/bot/flows/{flowId}/blame", "blameFlow", history::blame)
            .about(
                Tag::History,
                "Get for each step the last event that touched it",
                "Answers who wrote a step as it is now in the draft, and why.",
            )
            .headers(&[MIN_POSITION])
            .responds(json(200, "The steps of the draft.", "BlameAnswer"))
            .refuses(&[404]),
        post("/organizations/{orgId}/bot/flows/{flowId}/restore", "restoreFlow", restore::restore)
            .about(
                Tag::History,
                "Put an earlier version back, or say what that would do",
                "`mode` `live` puts the version in force as well. With `dryRun` nothing changes. A deleted flow comes \
                 back by this.",
            )
            .headers(FLOW_COMMAND)
            .takes("RestoreOrder", json!({"version": 1, "reason": "Volvemos a la que funcionaba"}))
            .responds(json(200, "With `dryRun`: what would be.", "RehearsalAnswer"))
            .responds(flow(201, "The flow, restored."))
            .refuses(&[404]),
    ]
}
