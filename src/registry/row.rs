//! From a decided change to the row that is appended, and to the record that row leads to.

use bytes::Bytes;
use uuid::Uuid;

use super::caller::Intent;
use super::command::plan::Plan;
use super::reads::FlowAnswer;
use crate::flow::canonical_json::of_sorted;
use crate::flow::decide::Change;
use crate::flow::event::{Context, StreamKind};
use crate::store::{Append, Appended, DecidedOn, FlowRecord, FlowRow, NewEvent, Projection, Published};

/// The row of a change, with everything the log and the view keep of it.
pub(super) fn row(
    intent: &Intent,
    found: Option<&FlowAnswer>,
    flow_id: Uuid,
    plan: &Plan,
    change: &Change,
) -> Append {
    let actor = &intent.caller.actor;
    let event = NewEvent {
        event_id: Uuid::now_v7(),
        event_type: change.event_type,
        payload: of_sorted(&change.payload).into(),
        context: of_sorted(&context(intent, plan.label.clone())).into(),
        actor: actor.opaque_id(),
        // Without room to grow: it is kept for as long as the flow is remembered.
        author: Bytes::copy_from_slice(&of_sorted(actor)),
        document: Some(change.after.document),
        document_bytes: plan.draft.as_ref().map(|draft| draft.bytes.clone()),
        enabled: change.after.enabled,
        deleted: change.after.deleted,
        published_version: change.after.published_version,
        published_by_version: change.after.published_by_version,
    };
    let draft = plan.draft.as_ref().map(|draft| &draft.lookup);
    let in_force = plan.in_force.as_ref().map(|in_force| &in_force.lookup);
    let projection = FlowRow {
        phone_number_id: draft.and_then(|draft| draft.phone_number_id.clone()),
        search: draft.map(|draft| draft.search.clone()).unwrap_or_default(),
        published_digest: change.published_document,
        published_phone_number_id: in_force.and_then(|in_force| in_force.phone_number_id.clone()),
        published_search: in_force.map(|in_force| in_force.search.clone()),
        duplicated_from: change.payload.source_flow_id.zip(change.payload.source_version),
        restored_from: change.payload.from_version,
        decided_on: found.map(decided_on),
    };
    Append {
        org_id: intent.caller.org_id,
        stream_kind: StreamKind::Flow,
        stream_id: flow_id,
        expected: change.version - 1,
        event: Some(event),
        projection: Projection::Flow(projection),
        idempotency: intent.idempotency.clone(),
    }
}

fn decided_on(found: &FlowAnswer) -> DecidedOn {
    let published = found.record.published.as_ref().map(|published| published.document);
    DecidedOn::new(&found.record.state(), published, found.document.is_erased())
}

/// The circumstances of an event, salted so that the digest of an erased context tells nothing.
pub(super) fn context(intent: &Intent, label: Option<String>) -> Context {
    Context {
        salt: hex::encode(rand::random::<[u8; 16]>()),
        actor: intent.caller.actor.clone(),
        key_prefix: intent.caller.key_prefix.clone(),
        on_behalf_of: intent.on_behalf_of.clone(),
        reason: intent.reason.clone(),
        label,
        request_id: Some(intent.request_id.clone()),
        address: intent.address.clone(),
        user_agent: intent.user_agent.clone(),
    }
}

/// The record a view holds after the change, without reading it back.
pub(super) fn after(
    before: Option<&FlowRecord>,
    flow_id: Uuid,
    plan: &Plan,
    change: &Change,
    place: Appended,
    author: Bytes,
) -> FlowRecord {
    let published = change.after.published_version.zip(change.after.published_by_version);
    let published_at = before.and_then(|before| before.published.as_ref()).map(|published| published.at);
    FlowRecord {
        flow_id,
        version: place.version,
        position: place.position,
        document: change.after.document,
        phone_number_id: match &plan.draft {
            Some(draft) => draft.lookup.phone_number_id.clone(),
            None => before.and_then(|before| before.phone_number_id.clone()),
        },
        enabled: change.after.enabled,
        deleted: change.after.deleted,
        published: published.zip(change.published_document).map(|((version, by_version), document)| {
            Box::new(Published {
                version,
                by_version,
                at: if by_version == place.version {
                    place.recorded_at
                } else {
                    published_at.unwrap_or(place.recorded_at)
                },
                document,
            })
        }),
        created_at: before.map_or(place.recorded_at, |before| before.created_at),
        created_by: before.map_or_else(|| author.clone(), |before| before.created_by.clone()),
        updated_at: place.recorded_at,
        updated_by: author,
        duplicated_from: match before {
            Some(before) => before.duplicated_from.clone(),
            None => change.payload.source_flow_id.zip(change.payload.source_version).map(Box::new),
        },
        restored_from: change.payload.from_version,
    }
}
