//! From a decided change to the row that is appended, and to the record that row leads to.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::caller::Intent;
use super::command::plan::Plan;
use super::reads::FlowAnswer;
use crate::flow::canonical_json::of_sorted;
use crate::flow::decide::DecidedChange;
use crate::flow::event::{Actor, Context, DraftChange, Payload, State, StreamKind};
use crate::flow::marks::Marks;
use crate::store::{
    Append, Appended, DecidedOn, FlowChange, FlowRecord, InForceChange, NewEvent, Published, ViewChange,
};

/// The append of a change, with everything the log and the views keep of it.
pub(super) fn row(
    intent: &Intent,
    found: Option<&FlowAnswer>,
    flow_id: Uuid,
    plan: &Plan,
    change: &DecidedChange,
) -> Append {
    let event = event(intent, found, flow_id, plan, change);
    let in_force_at = plan.in_force_at;
    Append { in_force_at, ..Append::event(intent.caller.org_id, event, intent.idempotency.clone()) }
}

/// The event of a change.
pub(super) fn event(
    intent: &Intent,
    found: Option<&FlowAnswer>,
    flow_id: Uuid,
    plan: &Plan,
    change: &DecidedChange,
) -> NewEvent {
    let actor = &intent.caller.actor;
    NewEvent {
        stream_kind: StreamKind::Flow,
        stream_id: flow_id,
        expected: change.version - 1,
        event_id: Uuid::now_v7(),
        event_type: change.event_type,
        payload: of_sorted(&change.payload).into(),
        context: of_sorted(&context(intent, plan.label.clone())).into(),
        actor: actor.opaque_id(),
        state: change.after,
        // A restored document is in the log already: bytes that were erased meanwhile must not come back with it.
        document_bytes: plan
            .draft
            .as_ref()
            .filter(|_| change.event_type.writes_document())
            .map(|draft| draft.bytes.clone()),
        view: ViewChange::Flow(Box::new(flow_change(actor, found, plan, change))),
    }
}

fn flow_change(actor: &Actor, found: Option<&FlowAnswer>, plan: &Plan, change: &DecidedChange) -> FlowChange {
    let draft = plan.draft.as_ref().map(|draft| &draft.lookup);
    let in_force = plan.in_force.as_ref().map(|in_force| &in_force.lookup);
    FlowChange {
        // Without room to grow: it is kept for as long as the flow is remembered.
        author: Bytes::copy_from_slice(&of_sorted(actor)),
        phone_number_id: draft.and_then(|draft| draft.phone_number_id.clone()),
        trigger_types: draft.map(|draft| draft.trigger_types),
        search: draft.filter(|_| changes_labels(change)).map(|draft| draft.search.clone()),
        published_document: change.published_document,
        published_phone_number_id: in_force.and_then(|in_force| in_force.phone_number_id.clone()),
        published_trigger_types: in_force.map(|in_force| in_force.trigger_types),
        in_force: in_force_change(found, plan, change),
        marks: Marks::after(found.map(|found| &found.record.marks), &change.payload),
        decided_on: found.map(decided_on),
    }
}

/// Whether name or description of the draft may be other than before.
fn changes_labels(change: &DecidedChange) -> bool {
    let Payload { changed, changed_more, .. } = &change.payload;
    change.version == 1
        || change.event_type.draft() == Some(DraftChange::TakesBack)
        || *changed_more > 0
        || changed.iter().any(|path| path == "name" || path == "description")
}

/// How the change alters what is in force: nothing, or which document, or whether it is paused.
fn in_force_change(found: Option<&FlowAnswer>, plan: &Plan, change: &DecidedChange) -> Option<InForceChange> {
    let before = found.map(decided_on);
    let document = before.and_then(|before| before.published_document);
    let in_force = |state: &State| (state.published_version, state.published_by_version, state.enabled);
    let was = before.as_ref().map(|before| in_force(&before.state));
    if document == change.published_document {
        // A flow that is gone can be referred to no more, whatever of it was in force.
        let is_same = match document {
            None => !change.after.deleted,
            Some(_) => was == Some(in_force(&change.after)),
        };
        return (!is_same).then_some(InForceChange::Kept);
    }
    Some(match &plan.in_force {
        Some(put) => {
            InForceChange::Put { search: put.lookup.search.clone(), references: put.references.clone() }
        }
        None => InForceChange::Ended,
    })
}

fn decided_on(found: &FlowAnswer) -> DecidedOn {
    DecidedOn {
        state: found.record.state(),
        published_document: found.record.published.as_ref().map(|published| published.document),
        is_erased: found.document.is_erased(),
    }
}

/// The circumstances of an event, salted so that the digest of an erased context tells nothing.
pub(super) fn context(intent: &Intent, label: Option<String>) -> Context {
    Context {
        accessors: Vec::new(),
        salt: hex::encode(rand::random::<[u8; 16]>()),
        actor: intent.caller.actor.clone(),
        key_prefix: intent.caller.key_prefix.clone(),
        on_behalf_of: intent.on_behalf_of.clone(),
        reason: intent.reason.clone(),
        label,
        request_id: Some(intent.request_id.clone()),
        address: intent.address.clone(),
        token_id: intent.caller.token_id.clone(),
        user_agent: intent.user_agent.clone(),
    }
}

/// The record a view holds after the change, without reading it back.
pub(super) fn after(
    before: Option<&FlowRecord>,
    flow_id: Uuid,
    plan: &Plan,
    change: &DecidedChange,
    place: Appended,
    author: Arc<[u8]>,
) -> FlowRecord {
    let published = change.after.published_version.zip(change.after.published_by_version);
    let published_at = before.and_then(|before| before.published.as_ref()).map(|published| published.at);
    FlowRecord {
        flow_id,
        version: place.version,
        position: place.position,
        document: change.after.document.expect("a flow has a draft"),
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
        marks: Marks::after(before.map(|before| &before.marks), &change.payload),
    }
}
