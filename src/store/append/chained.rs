//! Appends by a writer that knows where the logs end. It gives events their numbers, times and hashes itself, and one
//! plain statement writes them if the logs do still end there: that costs the database a third less than the call.
//! Rows of another kind go by the call, and so do those that the statement did not write.

use std::collections::HashSet;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use sqlx::PgConnection;

use super::heads::{Head, Heads, Log};
use super::{Append, Appended, DecidedOn, FlowRow, NewEvent, Outcome, Projection, StoreError, call, column};
use crate::flow::chain::{EventHashInput, chain_next, event_hash};
use crate::flow::digest::Digest;
use crate::flow::event::{SCHEMA_VERSION, StreamKind};

const APPEND: &str = include_str!("chained.sql");

/// Appends rows, which must be grouped by ascending organization and be of different streams and idempotency keys.
pub(super) async fn append(
    connection: &mut PgConnection,
    heads: &mut Heads,
    rows: &[Append],
) -> Result<Vec<Outcome>, StoreError> {
    let changes: Option<Vec<Change<'_>>> = rows.iter().map(Change::of).collect();
    let logs = match changes {
        Some(_) => heads.of(connection, rows).await?,
        None => None,
    };
    // Until it is known what becomes of the rows, nothing is known of their logs.
    heads.forget(rows);
    let (Some(changes), Some(logs)) = (changes, logs) else { return call::append(connection, rows).await };
    let (events, ends) = chain(&logs, changes);
    let standing = match write(connection, &logs, &ends, &events).await {
        // Nothing was written: the call tells which row is in the way of the others.
        Err(StoreError::Statement(error)) => {
            tracing::debug!(%error, rows = rows.len(), "appending by the call");
            return call::append(connection, rows).await;
        }
        standing => standing?,
    };
    for (index, (log, end)) in logs.iter().zip(ends).enumerate() {
        match standing.contains(&index) {
            true => heads.remember(log.org_id, end),
            false => heads.share(log.org_id),
        }
    }
    let left = rows.iter().zip(&events).filter(|(_, event)| !standing.contains(&event.log));
    let left: Vec<Append> = left.map(|(row, _)| row.clone()).collect();
    let mut called = match left.is_empty() {
        true => Vec::new(),
        // The events of the logs that stand are in the database by now.
        false if !standing.is_empty() => {
            call::append(connection, &left).await.map_err(StoreError::in_doubt)?
        }
        false => call::append(connection, &left).await?,
    }
    .into_iter();
    let outcome = |event: &Event<'_>| match standing.contains(&event.log) {
        true => Some(Outcome::Appended(event.place)),
        false => called.next(),
    };
    Ok(events.iter().map_while(outcome).collect())
}

/// A row that brings an event of a flow, and all of it that such a row has.
#[derive(Debug, Clone, Copy)]
struct Change<'r> {
    row: &'r Append,
    event: &'r NewEvent,
    flow: &'r FlowRow,
    document: Digest,
}

impl<'r> Change<'r> {
    fn of(row: &'r Append) -> Option<Self> {
        let event = row.event.as_ref().filter(|_| row.stream_kind == StreamKind::Flow)?;
        let Projection::Flow(flow) = &row.projection else { return None };
        Some(Self { row, event, flow, document: event.document? })
    }
}

/// An event with its place in the log, and the hashes that follow from it.
#[derive(Debug)]
struct Event<'r> {
    change: Change<'r>,
    /// Which of the logs it goes to.
    log: usize,
    place: Appended,
    payload: Digest,
    context: Digest,
    hash: Digest,
    chain_hash: Digest,
    /// The document's bytes, with the first event of a log that brings them: a statement changes no row twice.
    document: Option<&'r [u8]>,
}

/// Gives the events their places behind the ends of their logs, and says where those end then.
fn chain<'r>(logs: &[Log], changes: Vec<Change<'r>>) -> (Vec<Event<'r>>, Vec<Head>) {
    let now = Utc::now().trunc_subsecs(6);
    let mut ends: Vec<Head> = logs.iter().map(|log| log.end).collect();
    let mut brought = HashSet::new();
    let mut log = 0;
    let mut events = Vec::with_capacity(changes.len());
    for change in changes {
        while logs[log].org_id != change.row.org_id {
            log += 1;
        }
        let brings = change.event.document_bytes.is_some() && brought.insert((log, change.document));
        events.push(place(change, log, &mut ends[log], now, brings));
    }
    (events, ends)
}

fn place<'r>(change: Change<'r>, log: usize, end: &mut Head, now: DateTime<Utc>, brings: bool) -> Event<'r> {
    let Change { row, event, .. } = change;
    let (payload, context) = (Digest::of(&event.payload), Digest::of(&event.context));
    let place = Appended {
        version: row.expected + 1,
        position: end.position + 1,
        recorded_at: now.max(end.recorded_at + TimeDelta::microseconds(1)),
    };
    let hash = event_hash(&EventHashInput {
        organization: row.org_id,
        stream_kind: row.stream_kind,
        stream: row.stream_id,
        event: event.event_id,
        version: place.version,
        position: place.position,
        recorded_at_us: place.recorded_at.timestamp_micros(),
        schema_version: SCHEMA_VERSION,
        document: Some(change.document),
        enabled: event.enabled,
        deleted: event.deleted,
        published_version: event.published_version,
        published_by_version: event.published_by_version,
        payload,
        context,
        event_type: event.event_type.as_str(),
    });
    let chain_hash = chain_next(end.chain_hash, hash);
    *end = Head { position: place.position, chain_hash, recorded_at: place.recorded_at };
    let document = event.document_bytes.as_deref().filter(|_| brings);
    Event { change, log, place, payload, context, hash, chain_hash, document }
}

/// Writes the events of the logs that stand, and says which those are.
async fn write(
    connection: &mut PgConnection,
    logs: &[Log],
    ends: &[Head],
    events: &[Event<'_>],
) -> Result<Vec<usize>, StoreError> {
    let bytes = |digest: &Digest| digest.as_bytes().to_vec();
    let all = |pick: fn(&Event<'_>) -> Digest| column(events, |event| bytes(&pick(event)));
    let query = sqlx::query_scalar::<_, Vec<i32>>(APPEND)
        .bind(column(logs, |log| log.org_id))
        .bind(column(logs, |log| log.end.position))
        .bind(column(logs, |log| bytes(&log.end.chain_hash)))
        .bind(column(ends, |end| end.position))
        .bind(column(ends, |end| bytes(&end.chain_hash)))
        .bind(column(ends, |end| end.recorded_at))
        .bind(column(events, |event| ordinal(event.log)))
        .bind(column(events, |event| event.change.row.stream_id))
        .bind(column(events, |event| event.place.version))
        .bind(column(events, |event| event.place.position))
        .bind(column(events, |event| event.change.event.event_id))
        .bind(column(events, |event| event.change.event.event_type.as_str()))
        .bind(column(events, |event| event.place.recorded_at))
        .bind(column(events, |event| &event.change.event.payload[..]))
        .bind(column(events, |event| &event.change.event.context[..]))
        .bind(all(|event| event.payload))
        .bind(all(|event| event.context))
        .bind(column(events, |event| event.change.event.actor.as_str()))
        .bind(all(|event| event.change.document))
        .bind(column(events, |event| event.document))
        .bind(column(events, |event| event.change.event.enabled))
        .bind(column(events, |event| event.change.event.deleted))
        .bind(column(events, |event| event.change.event.published_version))
        .bind(column(events, |event| event.change.event.published_by_version))
        .bind(all(|event| event.hash))
        .bind(all(|event| event.chain_hash))
        .bind(column(events, |event| &event.change.event.author[..]))
        .bind(column(events, |event| event.change.flow.phone_number_id.as_deref()))
        .bind(column(events, |event| event.change.flow.search.as_str()))
        .bind(column(events, |event| event.change.flow.published_digest.as_ref().map(bytes)))
        .bind(column(events, |event| event.change.flow.published_phone_number_id.as_deref()))
        .bind(column(events, |event| event.change.flow.published_search.as_deref()))
        .bind(column(events, |event| event.change.flow.duplicated_from.map(|from| from.0)))
        .bind(column(events, |event| event.change.flow.duplicated_from.map(|from| from.1)))
        .bind(column(events, |event| event.change.flow.restored_from))
        .bind(column(events, |event| event.change.row.idempotency.as_ref().map(|own| own.key.as_str())))
        .bind(column(events, |event| event.change.row.idempotency.as_ref().map(|own| bytes(&own.request))))
        .bind(SCHEMA_VERSION)
        .bind(column(events, |event| event.change.flow.decided_on.as_ref().map(DecidedOn::as_bytes)));
    let standing = query.fetch_one(connection).await.map_err(StoreError::of_write)?;
    Ok(standing.into_iter().filter_map(|ordinal| usize::try_from(ordinal - 1).ok()).collect())
}

/// As Postgres counts the items of an array.
fn ordinal(index: usize) -> i32 {
    i32::try_from(index + 1).expect("a call has few rows")
}
