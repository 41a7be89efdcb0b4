//! Events as histories and the audit log show them. What was erased is null; the opaque id of who acted stays.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::instant;
use crate::flow::event::{ActorKind, Context};
use crate::registry::LogEntry;

/// What tells of people in an event.
const PEOPLE: [&str; 3] = ["actor", "onBehalfOf", "reason"];

/// An event of one flow. Its time has microseconds, so that it can be asked for exactly.
pub fn history_entry(entry: &LogEntry) -> Value {
    let mut members = payload(entry);
    let context = entry.context.as_ref();
    let text = |pick: fn(&Context) -> Option<&String>| context.and_then(pick);
    members.extend(object(json!({
        "version": entry.version,
        "position": entry.position,
        "type": entry.event_type,
        "at": entry.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        "actor": entry.actor(),
        "onBehalfOf": text(|context| context.on_behalf_of.as_ref()),
        "reason": text(|context| context.reason.as_ref()),
        "label": text(|context| context.label.as_ref()),
        "requestId": text(|context| context.request_id.as_ref()),
    })));
    Value::Object(members)
}

/// An event of a history for those who may not know who did it, for whom and why.
pub fn history_entry_without_people(entry: &LogEntry) -> Value {
    let mut shown = history_entry(entry);
    for member in PEOPLE {
        shown[member] = Value::Null;
    }
    shown
}

/// An event of an organization's log.
pub fn audit_entry(org_id: Uuid, entry: &LogEntry) -> Value {
    let context = entry.context.as_ref();
    let user = context.filter(|context| context.actor.kind == ActorKind::User);
    let mut metadata = history_entry(entry);
    if let (Value::Object(metadata), Some(prefix)) = (&mut metadata, context.map(|c| &c.key_prefix)) {
        metadata.insert("keyPrefix".to_owned(), json!(prefix));
    }
    json!({
        "id": entry.event_id,
        "organizationId": org_id,
        "actorUserId": user.map(|context| &context.actor.id),
        "action": entry.event_type,
        "resource": entry.stream_kind.as_str(),
        "resourceId": entry.stream_id,
        "resourceName": entry.resource_name,
        "metadata": metadata,
        "ip": context.and_then(|context| context.address.as_ref()),
        "userAgent": context.and_then(|context| context.user_agent.as_ref()),
        "createdAt": instant(entry.recorded_at),
    })
}

/// An event of the audit log for those who may know what happened to flows, but not who did it, for whom or from where.
pub fn audit_entry_without_actor(org_id: Uuid, entry: &LogEntry) -> Value {
    let mut shown = audit_entry(org_id, entry);
    for member in ["actorUserId", "ip", "userAgent"] {
        shown[member] = Value::Null;
    }
    for member in PEOPLE.into_iter().chain(["keyPrefix"]) {
        shown["metadata"][member] = Value::Null;
    }
    shown
}

fn payload(entry: &LogEntry) -> Map<String, Value> {
    let mut members = object(json!({
        "changed": [], "changedMore": 0, "enabled": null, "fromVersion": null, "mode": null,
        "publishedVersion": null, "sourceFlowId": null, "sourceVersion": null,
    }));
    members.extend(entry.payload.clone().unwrap_or_default());
    // For those who verify, and in exports of evidence.
    members.remove("secretDigest");
    members
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => unreachable!("written as an object"),
    }
}
