//! The two ways to the one statement. Where the end of a log is remembered the statement goes out alone: it proves that
//! the log still ends there. Otherwise, or where the log has moved, its head is locked first, in one transaction.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::batch::{Batch, PlacedAppend};
use super::heads::lock;
use super::memory::{Actors, KnownEnd, WriterMemory};
use super::statement::{Observed, write};
use super::{Append, Appended, Outcome, StoreError};
use crate::store::form::Form;
use crate::store::writer::Row as _;

/// How often ids of actors are looked up anew while erasures change them.
const LOOKS_MAX: usize = 3;

/// Appends rows that are grouped by ascending organization and of different streams and idempotency keys.
pub(super) async fn append(
    connection: &mut PgConnection,
    memory: &mut WriterMemory,
    appends: &[Append],
) -> Result<Vec<Outcome>, StoreError> {
    check(appends)?;
    let mut actors = memory.actors(connection, appends).await?;
    let mut outcomes = Outcomes { appends, found: vec![None; appends.len()], wrote: false };
    for call in calls(appends, memory.form) {
        let done = append_call(connection, memory, &mut actors, &mut outcomes, call).await;
        // Other rows are in the database by now: the call as a whole is neither done nor undone.
        done.map_err(|error| if outcomes.wrote && !error.is_locked() { error.in_doubt() } else { error })?;
    }
    Ok(outcomes.found.into_iter().map(|outcome| outcome.expect("each append has its outcome")).collect())
}

/// Appends to one log in a transaction that holds its head already.
pub(super) async fn append_held(
    connection: &mut PgConnection,
    memory: &mut WriterMemory,
    appends: &[Append],
) -> Result<Vec<Outcome>, StoreError> {
    check(appends)?;
    let actors = memory.actors(connection, appends).await?;
    let mut outcomes = Outcomes { appends, found: vec![None; appends.len()], wrote: false };
    let written = write_locked(connection, memory, &actors, &mut outcomes, 0..appends.len()).await?;
    let moved = || StoreError::corrupt("log_head", "views were repaired while its row was locked");
    written.ok_or_else(moved)?;
    Ok(outcomes.found.into_iter().map(|outcome| outcome.expect("each append has its outcome")).collect())
}

/// Whether the ids of those who acted are those of now: an erasure, after which they may be others, counts as a repair.
fn are_current(append: &Append, heads: &HashMap<Uuid, KnownEnd>, actors: &Actors) -> bool {
    let repairs = heads.get(&append.org_id).map_or(0, |head| head.repairs);
    let mut acted = append.events.iter().map(|event| &actors[&(append.org_id, event.actor.clone())]);
    acted.all(|actor| actor.repairs == repairs)
}

/// The statement takes all appends at once, the function those of one organization.
fn calls(appends: &[Append], form: Form) -> Vec<Range<usize>> {
    let mut end = 0;
    let together = |a: &Append, b: &Append| form == Form::Together || a.org_id == b.org_id;
    let calls = appends.chunk_by(together).map(|call| {
        end += call.len();
        end - call.len()..end
    });
    calls.collect()
}

async fn append_call(
    connection: &mut PgConnection,
    memory: &mut WriterMemory,
    actors: &mut Actors,
    outcomes: &mut Outcomes<'_>,
    call: Range<usize>,
) -> Result<(), StoreError> {
    with_known_heads(connection, memory, actors, outcomes, call.clone()).await?;
    if outcomes.is_complete(call.clone()) {
        return Ok(());
    }
    with_locked_heads(connection, memory, actors, outcomes, call).await
}

fn check(appends: &[Append]) -> Result<(), StoreError> {
    let mut claimed = HashSet::new();
    let is_sound = appends.is_sorted_by_key(|append| append.org_id)
        && appends.iter().flat_map(|append| append.claims()).all(|claim| claimed.insert(claim));
    match is_sound {
        true => Ok(()),
        false => {
            Err(StoreError::corrupt("an append", "rows are out of order, or two are of one stream or key"))
        }
    }
}

/// What became of appends so far.
struct Outcomes<'a> {
    appends: &'a [Append],
    found: Vec<Option<Outcome>>,
    /// Whether anything was written and committed.
    wrote: bool,
}

impl<'a> Outcomes<'a> {
    /// The appends of a call whose outcome is not known yet.
    fn left(&self, call: Range<usize>) -> impl Iterator<Item = (usize, &'a Append)> {
        let appends = self.appends;
        call.filter(|index| self.found[*index].is_none()).map(move |index| (index, &appends[index]))
    }

    fn is_complete(&self, call: Range<usize>) -> bool {
        self.left(call).next().is_none()
    }

    fn organizations(&self, call: Range<usize>) -> Vec<Uuid> {
        let mut organizations: Vec<Uuid> = self.left(call).map(|(_, append)| append.org_id).collect();
        organizations.dedup();
        organizations
    }

    /// Takes over what a run of the statement wrote, and what it found in the way of appends. Says which logs were written.
    fn settle(&mut self, batch: &Batch<'_>, observed: &Observed) -> HashSet<usize> {
        for member in &batch.members {
            let outcome = match observed.proven.contains(&member.log) {
                true => Some(Outcome::Appended(
                    batch.events[member.events.clone()].iter().map(|event| event.place).collect(),
                )),
                false => obstacle(batch, member, observed),
            };
            self.found[member.append] = outcome;
        }
        observed.proven.clone()
    }
}

/// What keeps an append from being written, if it is anything of its own.
fn obstacle(batch: &Batch<'_>, member: &PlacedAppend, observed: &Observed) -> Option<Outcome> {
    let stops: Vec<_> =
        member.events.clone().filter_map(|event| Some((event, observed.stopped.get(&event)?))).collect();
    // All of its own events are in the log: an earlier try of this append put them there.
    let is_own = |(event, stop): &(usize, &super::statement::Stop)| {
        stop.taken.as_ref().is_some_and(|(id, _)| *id == batch.events[*event].event.event_id)
    };
    if !member.events.is_empty() && stops.len() == member.events.len() && stops.iter().all(is_own) {
        let places = stops.iter().filter_map(|(_, stop)| stop.taken.map(|(_, place)| place));
        return Some(Outcome::Appended(places.collect()));
    }
    if let Some((request, answer)) = member.key.and_then(|key| observed.answered.get(&key)) {
        let is_same = member.key.is_some_and(|key| batch.keys[key].key.idempotency.request == *request);
        return Some(match is_same {
            true => Outcome::Replayed(answer.clone()),
            false => Outcome::KeyReused,
        });
    }
    let (event, stop) = stops.first()?;
    let index = event - member.events.start;
    Some(match stop.last > batch.events[*event].event.expected {
        true => Outcome::Conflict { event: index, version: stop.last },
        false => Outcome::StateDiffers { event: index },
    })
}

/// Appends to the logs whose ends are remembered.
async fn with_known_heads(
    connection: &mut PgConnection,
    memory: &mut WriterMemory,
    actors: &Actors,
    outcomes: &mut Outcomes<'_>,
    call: Range<usize>,
) -> Result<(), StoreError> {
    let heads = memory.heads(connection, &outcomes.organizations(call.clone())).await?;
    let known = outcomes
        .left(call.clone())
        .filter(|(_, append)| heads.contains_key(&append.org_id) && are_current(append, &heads, actors));
    let batch = Batch::new(known, &heads, actors, memory.now());
    if batch.logs.is_empty() {
        return Ok(());
    }
    // Until it is known what became of the rows, nothing is known of their logs.
    batch.logs.iter().for_each(|log| memory.forget(log.org_id));
    let observed = match write(connection, &batch, memory.form).await {
        // Somebody else wrote one of the keys meanwhile. Under the locks it will be found.
        Err(error) if error.is_breach_of_key() => Observed::default(),
        observed => observed?,
    };
    let written = outcomes.settle(&batch, &observed);
    for (index, log) in batch.logs.iter().enumerate() {
        if written.contains(&index) {
            memory.remember(log.org_id, log.end);
        } else if !observed.stops(index) {
            memory.contest(log.org_id);
        }
    }
    outcomes.wrote |= !written.is_empty();
    Ok(())
}

/// Appends with the heads of the logs locked, so that nobody else appends to them meanwhile.
async fn with_locked_heads(
    connection: &mut PgConnection,
    memory: &mut WriterMemory,
    actors: &mut Actors,
    outcomes: &mut Outcomes<'_>,
    call: Range<usize>,
) -> Result<(), StoreError> {
    for _ in 0..LOOKS_MAX {
        if lock_and_write(&mut *connection, memory, actors, outcomes, call.clone()).await? {
            return Ok(());
        }
        memory.forget_actors(&outcomes.appends[call.clone()]);
        actors.extend(memory.actors(&mut *connection, &outcomes.appends[call.clone()]).await?);
    }
    Err(StoreError::late())
}

/// One try of it; `false` where those who acted have other ids by now.
async fn lock_and_write(
    connection: &mut PgConnection,
    memory: &mut WriterMemory,
    actors: &Actors,
    outcomes: &mut Outcomes<'_>,
    call: Range<usize>,
) -> Result<bool, StoreError> {
    let mut transaction = connection.begin().await.map_err(StoreError::of_write)?;
    let ends = match write_locked(&mut transaction, memory, actors, outcomes, call).await {
        Ok(Some(ends)) => ends,
        nothing => {
            // At once, so that nobody waits for the locks of what failed.
            if let Err(error) = transaction.rollback().await {
                tracing::debug!(%error, "an append was not rolled back: its connection is gone");
            }
            return nothing.map(|_| false);
        }
    };
    transaction.commit().await.map_err(StoreError::of_write)?;
    outcomes.wrote |= !ends.is_empty();
    for (org_id, end) in ends {
        if !memory.is_contested(org_id) {
            memory.remember(org_id, end);
        }
    }
    Ok(true)
}

/// What is done under the locks. Returns where the logs that it wrote end then; `None`, with nothing written, where those who
/// acted have other ids by now.
async fn write_locked(
    connection: &mut PgConnection,
    memory: &mut WriterMemory,
    actors: &Actors,
    outcomes: &mut Outcomes<'_>,
    call: Range<usize>,
) -> Result<Option<Vec<(Uuid, KnownEnd)>>, StoreError> {
    let (heads, now) = lock(&mut *connection, memory.form, &outcomes.organizations(call.clone())).await?;
    memory.set_clock(now);
    if !outcomes.left(call.clone()).all(|(_, append)| are_current(append, &heads, actors)) {
        return Ok(None);
    }
    let mut ends = Vec::new();
    // Whatever is in the way of appends is found by the first run; the others are written by the second.
    for _ in 0..2 {
        let mut batch = Batch::new(outcomes.left(call.clone()), &heads, actors, now);
        batch.is_timed_by_database = true;
        for index in std::mem::take(&mut batch.moved) {
            outcomes.found[index] = Some(moved(&mut *connection, &outcomes.appends[index]).await?);
        }
        if outcomes.is_complete(call.clone()) {
            break;
        }
        let observed = write(&mut *connection, &batch, memory.form).await?;
        let written = outcomes.settle(&batch, &observed);
        ends.extend(written.iter().map(|log| (batch.logs[*log].org_id, batch.logs[*log].end)));
        if outcomes.is_complete(call.clone()) {
            break;
        }
    }
    if !outcomes.is_complete(call) {
        return Err(StoreError::corrupt("log_head", "it does not hold what was read under its lock"));
    }
    Ok(Some(ends))
}

/// What became of an append that depends on what was in force before: it is in the log where an earlier try put it there.
async fn moved(connection: &mut PgConnection, append: &Append) -> Result<Outcome, StoreError> {
    let mut places = Vec::with_capacity(append.events.len());
    for event in &append.events {
        let version = event.expected + 1;
        let query = sqlx::query_as(
            "SELECT position, recorded_at FROM event \
             WHERE org_id = $1 AND stream_id = $2 AND version = $3 AND event_id = $4",
        );
        let query = query.bind(append.org_id).bind(event.stream_id).bind(version).bind(event.event_id);
        let Some((position, recorded_at)) = query.fetch_optional(&mut *connection).await? else {
            return Ok(Outcome::InForceMoved);
        };
        places.push(Appended { version, position, recorded_at });
    }
    Ok(Outcome::Appended(places))
}
