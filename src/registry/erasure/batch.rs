//! One batch of an erasure: content goes, views forget it, and the event says so, in one transaction.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::order::{ErasureOrder, Selection};
use super::plan::ErasurePlan;
use crate::evidence::ErasedContent;
use crate::flow::digest::Digest;
use crate::flow::event::{EventType, canonical_bytes};
use crate::registry::RegistryError;
use crate::registry::access::said_again;
use crate::registry::caller::Intent;
use crate::registry::log::organization_event;
use crate::registry::projections::Projections;
use crate::store::{Append, Held, NewEvent, PersonRows};

/// What a key is called whose name was erased.
const NAMELESS: &str = "(erased)";

/// Carries out a batch in a transaction that holds the organization. Says how many events and rows lost something.
pub(super) async fn erase_batch(
    projections: &Projections,
    held: &mut Held,
    intent: &Intent,
    order: &ErasureOrder,
    mut batch: ErasurePlan,
    is_first: bool,
) -> Result<usize, RegistryError> {
    let org_id = intent.caller.org_id;
    let documents = batch.digests();
    if order.selection != Selection::Absent {
        check_standing(held, &documents).await?;
    }
    // Somebody who acted since the plan was made keeps their row, and is found by the next one.
    batch.rows.actors = held.without_acts(&batch.rows.actors).await?;
    if batch.is_empty() {
        return Ok(0);
    }
    let count = batch.len();
    let event = record(intent, order, &batch, held.absent_among(&said_before(&batch)).await?);
    let place = held.append(Append::event(org_id, event, None)).await?;
    held.erase_recorded(place.position, &batch.contexts).await?;
    if let (Selection::Versions { flow_id, .. }, true) = (&order.selection, is_first) {
        held.forget_runs(*flow_id).await?;
    }
    held.delete_rows(&batch.rows).await?;
    let flows = held.computed_from(&documents, &batch.payloads).await?;
    projections.mend_held(held, org_id, &flows).await?;
    rename_keys(held, intent, order, &batch).await?;
    Ok(count)
}

/// The documents that erasures put on record whose own records go now.
fn said_before(batch: &ErasurePlan) -> Vec<Digest> {
    batch.said_before.iter().flat_map(|(_, before)| before.documents.iter().copied()).collect()
}

/// What the batch takes, and what is absent by records that it takes: a document that was written again is not.
fn record(intent: &Intent, order: &ErasureOrder, batch: &ErasurePlan, absent: Vec<Digest>) -> NewEvent {
    let PersonRows { runs, idempotency_keys, actors, sessions } = &batch.rows;
    let rows = [
        ("actor", actors.len()),
        ("console_session", sessions.len()),
        ("idempotency_key", idempotency_keys.len()),
        ("test_run", runs.len()),
    ];
    let rows: BTreeMap<String, usize> = rows
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(table, count)| (table.into(), count))
        .collect();
    let mut told = ErasedContent {
        contexts: batch.contexts.clone(),
        documents: [batch.digests(), absent].concat(),
        erasure: order.id,
        payloads: batch.payloads.clone(),
        reason: order.reason.clone(),
        rows,
    };
    for (_, before) in &batch.said_before {
        told.contexts.extend(&before.contexts);
        told.payloads.extend(&before.payloads);
    }
    told.contexts.sort_unstable();
    told.contexts.dedup();
    told.payloads.sort_unstable();
    told.payloads.dedup();
    organization_event(intent, EventType::ContentErased, canonical_bytes(&told))
}

/// Keys in use say again what they are, without the name: what their rows are held against went with their payloads.
async fn rename_keys(
    held: &mut Held,
    intent: &Intent,
    order: &ErasureOrder,
    batch: &ErasurePlan,
) -> Result<(), RegistryError> {
    let mut keys: BTreeMap<Uuid, Option<Digest>> =
        batch.named_keys.iter().map(|key_id| (*key_id, None)).collect();
    for (_, key) in &batch.keys {
        let known = keys.entry(key.id).or_default();
        *known = known.or(key.secret_digest);
    }
    for (key_id, secret_digest) in keys {
        let Some(key) = held.key(key_id).await? else { continue };
        let is_said_no_more = batch.keys.iter().any(|(_, key)| key.id == key_id);
        let is_named = match &order.selection {
            Selection::Person(person) => person.stands_in(&key.name),
            Selection::Versions { .. } | Selection::Absent => false,
        };
        let name = if is_named { NAMELESS } else { &key.name };
        if key.revoked_at.is_none() && (is_named || is_said_no_more) {
            held.append(said_again(intent, &key, name, secret_digest)).await?;
        } else if is_named && key.revoked_at.is_some() {
            held.rename_revoked_keys(&[key_id], name).await?;
        }
    }
    Ok(())
}

/// A document that is shown is not taken away.
pub(super) async fn check_standing(held: &mut Held, documents: &[Digest]) -> Result<(), RegistryError> {
    match held.standing(documents).await?.first() {
        None => Ok(()),
        Some(flow) => Err(RegistryError::ContentInUse(*flow)),
    }
}
