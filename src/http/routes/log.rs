//! Endpoints on an organization's log: reading, exporting and following it, and the proof that it was not altered.

use serde_json::json as value;

use super::super::endpoint::{Endpoint, Tag, content, get, json, post};
use super::super::{audit, checkpoint, erasure, feed};
use super::headers::{
    ERASURE, FILE_NAME, LAST_EVENT_ID, LINK, MIN_POSITION, POSITION, RECORDED, UNCONDITIONAL,
};

pub fn audit() -> Vec<Endpoint> {
    vec![
        get("/organizations/{orgId}/audit", "listAudit", audit::list)
            .about(
                Tag::History,
                "List the organization's log, newest first",
                "The log has every event of the organization: flows, API keys, exports.",
            )
            .headers(&[MIN_POSITION])
            .responds(json(200, "A page of the log.", "AuditPageAnswer").with(&[LINK])),
        get("/organizations/{orgId}/audit/export", "exportAudit", audit::export)
            .about(
                Tag::History,
                "Export the organization's log, oldest first, or get a link to do so",
                "With `format` the answer is the file itself, sent as it is read. An event `audit.exported` is recorded \
                 first, and the file goes up to it. A file that lacks its proper end was cut short. Without `format` \
                 the answer is a link that exports the rows for 10 minutes without a credential.",
            )
            .headers(RECORDED)
            .responds(
                json(200, "A link; with `format`, the file.", "ExportLinkAnswer")
                    .or("text/csv", "AuditTable")
                    .or("application/x-ndjson", "EvidenceFile")
                    .with(&[FILE_NAME]),
            )
            .refuses(&[404]),
        get("/organizations/{orgId}/audit/export/{link}", "followExportLink", audit::linked_export)
            .about(
                Tag::History,
                "Export the log by a link, without a credential",
                "The export is recorded in the name of whoever asked for the link.",
            )
            .responds(content(200, "The rows.", "text/csv", "AuditTable").with(&[FILE_NAME]))
            .refuses(&[400, 401]),
        get("/organizations/{orgId}/audit/stream", "followAudit", feed::follow)
            .about(
                Tag::History,
                "Follow the organization's log: every event once, in order, none skipped",
                "Server-Sent Events: the position as `id`, the type as `event`, an entry of the audit log as `data`. \
                 With `flows:read` alone the events of flows, without who did it, for whom and from where. Comments \
                 are signs of life.",
            )
            .headers(&[LAST_EVENT_ID])
            .responds(content(200, "The events, as they happen.", "text/event-stream", "EventFeed")),
    ]
}

pub fn evidence() -> Vec<Endpoint> {
    vec![
        get("/organizations/{orgId}/audit/checkpoint", "getCheckpoint", checkpoint::checkpoint)
            .about(
                Tag::Evidence,
                "Get a signed note over the log as it is now",
                "Whoever keeps a checkpoint elsewhere can show any later edit, cut or reordering of what came before \
                 it. As `text/plain` the note comes alone, to be kept as it is.",
            )
            .responds(json(200, "The checkpoint.", "CheckpointAnswer").or("text/plain", "SignedNote"))
            .refuses(&[409]),
        get("/organizations/{orgId}/audit/tree", "getTreeHead", checkpoint::tree_head)
            .about(
                Tag::Evidence,
                "Get a signed note over the Merkle trees of the log",
                "With it single events and flows are proven without the rest of the log. The note is over the log as it is \
                 now, or as it was a little earlier where trees of a large log were made lately. As `text/plain` it comes \
                 alone.",
            )
            .responds(json(200, "The tree head.", "TreeHeadAnswer").or("text/plain", "SignedNote"))
            .refuses(&[409]),
        get("/.well-known/flow-registry-keys", "listPublicKeys", checkpoint::keys)
            .about(
                Tag::Evidence,
                "Get the public keys that checkpoints are verified with",
                "A file for a verifier, one key a line.",
            )
            .responds(content(200, "One key a line, `<name>+<id>+<base64>`.", "text/plain", "PublicKeys")),
    ]
}

pub fn erasures() -> Vec<Endpoint> {
    vec![
        post("/organizations/{orgId}/audit/erasures", "erase", erasure::begin)
            .about(
                Tag::Evidence,
                "Erase content on legal demand, on record",
                "Everything that names a person, or what versions of a flow hold. It goes in batches, each of which is \
                 an event `content.erased`; the log stays provable. With `dryRun` only what would go is told. A document \
                 that a flow shows is 409 `content_in_use`. Asked for again, it goes on where it stands.",
            )
            .headers(UNCONDITIONAL)
            .takes(
                "ErasureOrder",
                value!({
                    "flowId": "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c", "from": 1, "to": 1, "reason": "art. 17",
                    "dryRun": true
                }),
            )
            .responds(json(200, "What would go.", "ErasureAnswer"))
            .responds(json(202, "It is under way.", "ErasureAnswer").with(&[ERASURE, POSITION]))
            .refuses(&[404]),
        get("/organizations/{orgId}/audit/erasures/{erasureId}", "getErasure", erasure::progress)
            .about(
                Tag::Evidence,
                "See how far an erasure is",
                "`running`, `done`, or `refused` where a flow came to show what was to go. What has gone stays gone.",
            )
            .responds(json(200, "How far it is.", "ErasureAnswer"))
            .refuses(&[404]),
    ]
}
