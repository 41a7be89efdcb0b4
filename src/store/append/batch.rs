//! Appends with their places: the numbers, times and hashes that their events get behind the ends of their logs.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::memory::{Actors, KnownEnd};
use super::{Append, Appended, KeyAnswer, NewEvent};
use crate::flow::chain::{EventHashInput, chain_next, event_hash};
use crate::flow::digest::Digest;
use crate::flow::event::SCHEMA_VERSION;

/// A log that is written to.
#[derive(Debug)]
pub(super) struct WrittenLog {
    pub(super) org_id: Uuid,
    /// Where it ended when that was last seen.
    pub(super) told: KnownEnd,
    /// Where it ends with the batch.
    pub(super) end: KnownEnd,
}

/// An event with its place, and the hashes that follow from it.
#[derive(Debug)]
pub(super) struct PlacedEvent<'a> {
    pub(super) event: &'a NewEvent,
    /// Which of the batch's logs it goes to.
    pub(super) log: usize,
    pub(super) actor: Uuid,
    pub(super) place: Appended,
    pub(super) payload: Digest,
    pub(super) context: Digest,
    pub(super) hash: Digest,
    pub(super) chain_hash: Digest,
    /// The document's bytes, with the first event of a log that brings them: a statement changes no row twice.
    pub(super) document: Option<&'a [u8]>,
}

/// An idempotency key that is recorded.
#[derive(Debug)]
pub(super) struct PlacedKey<'a> {
    pub(super) log: usize,
    pub(super) key: &'a KeyAnswer,
    pub(super) recorded_at: DateTime<Utc>,
}

/// Which events and which key of the batch are those of one append.
#[derive(Debug)]
pub(super) struct PlacedAppend {
    /// The append's index in the call.
    pub(super) append: usize,
    pub(super) log: usize,
    pub(super) events: Range<usize>,
    pub(super) key: Option<usize>,
}

/// What one run of the statement is given.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    pub(super) logs: Vec<WrittenLog>,
    pub(super) events: Vec<PlacedEvent<'a>>,
    pub(super) keys: Vec<PlacedKey<'a>>,
    pub(super) members: Vec<PlacedAppend>,
    /// Appends that are left out, by their index in the call: what is in force is not as they depend on it.
    pub(super) moved: Vec<usize>,
    /// Whether the times were read from the database's clock while the heads were locked.
    pub(super) is_timed_by_database: bool,
}

impl<'a> Batch<'a> {
    /// Gives places to appends, grouped by organization, of whose logs the heads are given.
    pub(super) fn new(
        appends: impl Iterator<Item = (usize, &'a Append)>,
        heads: &HashMap<Uuid, KnownEnd>,
        actors: &Actors,
        now: DateTime<Utc>,
    ) -> Self {
        let mut batch = Self::default();
        let mut brought = HashSet::new();
        for (index, append) in appends {
            let known = batch.logs.last().filter(|log| log.org_id == append.org_id).map(|log| log.end);
            let end = known.unwrap_or_else(|| heads[&append.org_id]);
            // Behind appends of the same call that change what is in force it is decided anew, as behind any other.
            if append.in_force_at.is_some_and(|position| position != end.in_force_position) {
                batch.moved.push(index);
                continue;
            }
            if known.is_none() {
                batch.logs.push(WrittenLog { org_id: append.org_id, told: end, end });
            }
            let log = batch.logs.len() - 1;
            let first = batch.events.len();
            for event in &append.events {
                let actor = actors[&(append.org_id, event.actor.clone())].id;
                let brings = event.document_bytes.is_some() && brought.insert((log, event.state.document));
                let placed = place(event, log, actor, &mut batch.logs[log], now, brings);
                batch.events.push(placed);
            }
            let key = append.key.as_ref().map(|key| {
                batch.keys.push(PlacedKey { log, key, recorded_at: now });
                batch.keys.len() - 1
            });
            batch.members.push(PlacedAppend { append: index, log, events: first..batch.events.len(), key });
        }
        batch
    }
}

fn place<'a>(
    event: &'a NewEvent,
    log_index: usize,
    actor: Uuid,
    log: &mut WrittenLog,
    now: DateTime<Utc>,
    brings: bool,
) -> PlacedEvent<'a> {
    let (payload, context) = (Digest::of(&event.payload), Digest::of(&event.context));
    let place = Appended {
        version: event.expected + 1,
        position: log.end.position + 1,
        recorded_at: now.max(log.end.recorded_at + TimeDelta::microseconds(1)),
    };
    let hash = event_hash(&EventHashInput {
        organization: log.org_id,
        stream_kind: event.stream_kind,
        stream: event.stream_id,
        event: event.event_id,
        version: place.version,
        position: place.position,
        recorded_at_us: place.recorded_at.timestamp_micros(),
        schema_version: SCHEMA_VERSION,
        state: event.state,
        payload,
        context,
        event_type: event.event_type.as_str(),
    });
    let chain_hash = chain_next(log.end.chain_hash, hash);
    let in_force_position = match event.changes_in_force() {
        true => place.position,
        false => log.end.in_force_position,
    };
    log.end = KnownEnd {
        position: place.position,
        chain_hash,
        recorded_at: place.recorded_at,
        in_force_position,
        ..log.end
    };
    let document = event.document_bytes.as_deref().filter(|_| brings);
    PlacedEvent { event, log: log_index, actor, place, payload, context, hash, chain_hash, document }
}
