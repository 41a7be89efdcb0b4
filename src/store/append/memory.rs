//! What a writer remembers between calls: where logs ended, the ids of actors, and how far its clock is from the database's.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use quick_cache::unsync::Cache;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::{Append, StoreError};
use crate::flow::digest::Digest;
use crate::store::documents::read_digest;
use crate::store::form::Form;

/// Organizations whose logs are remembered.
const LOGS_MAX: usize = 10_000;
/// How long a log that other replicas write to is written under the lock of its head, without trying to do without.
const CONTESTED_FOR: Duration = Duration::from_secs(10);
/// Actors that are remembered.
const ACTORS_MAX: usize = 10_000;
/// How long an actor's id is trusted while nothing says that it is another. An erasure, after which a person gets a new one,
/// counts as a repair of views; this is for rows that were deleted by hand.
const ACTOR_TRUSTED_FOR: Duration = Duration::from_secs(60);

/// The end of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownEnd {
    pub(super) position: i64,
    pub(super) chain_hash: Digest,
    pub(super) recorded_at: DateTime<Utc>,
    /// How often views of the organization were repaired.
    pub(super) repairs: i64,
    /// The position of the last event that changed what is in force.
    pub(super) in_force_position: i64,
}

/// The id by which a log names somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownActor {
    pub(super) id: Uuid,
    /// How often views of the organization had been repaired when it was read. While that is so, nobody was erased.
    pub(super) repairs: i64,
    since: Instant,
}

/// The ids of actors, by organization and subject.
pub(super) type Actors = HashMap<(Uuid, String), KnownActor>;

#[derive(Debug, Clone, Copy)]
enum Known {
    EndsAt(KnownEnd),
    ContestedSince(Instant),
}

/// What a writer remembers.
#[derive(Debug)]
pub struct WriterMemory {
    logs: Cache<Uuid, Known>,
    actors: Cache<(Uuid, String), KnownActor>,
    /// The database's clock minus the clock of this machine.
    clock_offset: TimeDelta,
    pub(super) form: Form,
}

impl Default for WriterMemory {
    fn default() -> Self {
        Self {
            logs: Cache::new(LOGS_MAX),
            actors: Cache::new(ACTORS_MAX),
            clock_offset: TimeDelta::zero(),
            form: Form::Together,
        }
    }
}

/// $1: organizations, or the one that it is about.
macro_rules! heads {
    ($organizations:literal) => {
        concat!(
            "SELECT org_id, position, chain_hash, recorded_at, repairs, in_force_position \
             FROM log_head WHERE org_id = ",
            $organizations,
            " AND position > 0"
        )
    };
}

const HEADS_TOGETHER: &str = heads!("ANY ($1)");
const HEAD_OF_ONE: &str = heads!("$1");

pub(super) fn read_head(row: &PgRow) -> Result<(Uuid, KnownEnd), StoreError> {
    let head = KnownEnd {
        position: row.try_get("position")?,
        chain_hash: read_digest(row.try_get("chain_hash")?)?,
        recorded_at: row.try_get("recorded_at")?,
        repairs: row.try_get("repairs")?,
        in_force_position: row.try_get("in_force_position")?,
    };
    Ok((row.try_get("org_id")?, head))
}

/// An actor that is there already keeps its id.
macro_rules! add_actors {
    ($org:literal, $added:literal) => {
        concat!(
            "INSERT INTO actor (org_id, id, subject) SELECT ",
            $org,
            ", w.id, w.subject FROM ",
            $added,
            "id, subject) ON CONFLICT (org_id, subject) DO NOTHING"
        )
    };
}

const ADD_ACTORS_TOGETHER: &str =
    add_actors!("w.org_id", "unnest($1::uuid[], $2::uuid[], $3::text[]) AS w(org_id, ");
const ADD_ACTORS_OF_ONE: &str = add_actors!("$1", "unnest($2::uuid[], $3::text[]) AS w(");

macro_rules! actors {
    ($org:literal, $wanted:literal) => {
        concat!(
            "SELECT ",
            $org,
            "::uuid, w.subject, a.id, coalesce(h.repairs, 0) FROM ",
            $wanted,
            "subject) JOIN actor a ON a.org_id = ",
            $org,
            " AND a.subject = w.subject LEFT JOIN log_head h ON h.org_id = ",
            $org
        )
    };
}

const ACTORS_TOGETHER: &str = actors!("w.org_id", "unnest($1::uuid[], $2::text[]) AS w(org_id, ");
const ACTORS_OF_ONE: &str = actors!("$1", "unnest($2::text[]) AS w(");

impl WriterMemory {
    /// Of a writer to a database that is distributed by organization.
    pub fn for_distributed() -> Self {
        Self { form: Form::OfOne, ..Self::default() }
    }

    pub(in crate::store) fn of(form: Form) -> Self {
        match form {
            Form::Together => Self::default(),
            Form::OfOne => Self::for_distributed(),
        }
    }

    /// The time by the database's clock, as far as is known, in microseconds.
    pub(super) fn now(&self) -> DateTime<Utc> {
        (Utc::now() + self.clock_offset).trunc_subsecs(6)
    }

    pub(super) fn set_clock(&mut self, database: DateTime<Utc>) {
        self.clock_offset = database - Utc::now();
    }

    /// Where the logs of these organizations end, as far as is known. Without: logs that have no event yet, and those
    /// that other replicas write to as well.
    pub(super) async fn heads(
        &mut self,
        connection: &mut PgConnection,
        organizations: &[Uuid],
    ) -> Result<HashMap<Uuid, KnownEnd>, StoreError> {
        let unknown: Vec<Uuid> =
            organizations.iter().filter(|org_id| self.logs.peek(*org_id).is_none()).copied().collect();
        if !unknown.is_empty() {
            let heads = match self.form {
                Form::Together => sqlx::query(HEADS_TOGETHER).bind(unknown),
                Form::OfOne => sqlx::query(HEAD_OF_ONE).bind(unknown[0]),
            };
            for row in heads.fetch_all(connection).await? {
                let (org_id, head) = read_head(&row)?;
                self.remember(org_id, head);
            }
        }
        let mut heads = HashMap::with_capacity(organizations.len());
        for org_id in organizations {
            match self.logs.get(org_id).copied() {
                Some(Known::EndsAt(head)) => drop(heads.insert(*org_id, head)),
                Some(Known::ContestedSince(since)) if since.elapsed() > CONTESTED_FOR => self.forget(*org_id),
                Some(Known::ContestedSince(_)) | None => {}
            }
        }
        Ok(heads)
    }

    pub(super) fn remember(&mut self, org_id: Uuid, head: KnownEnd) {
        self.logs.insert(org_id, Known::EndsAt(head));
    }

    /// The log did not end where it was thought to: another replica writes to it.
    pub(super) fn contest(&mut self, org_id: Uuid) {
        self.logs.insert(org_id, Known::ContestedSince(Instant::now()));
    }

    pub(super) fn is_contested(&self, org_id: Uuid) -> bool {
        matches!(self.logs.peek(&org_id), Some(Known::ContestedSince(_)))
    }

    pub(super) fn forget(&mut self, org_id: Uuid) {
        self.logs.remove(&org_id);
    }

    /// Lets go of the ids of those who acted in these appends.
    pub(super) fn forget_actors(&mut self, appends: &[Append]) {
        for append in appends {
            for event in &append.events {
                self.actors.remove(&(append.org_id, event.actor.clone()));
            }
        }
    }

    /// The ids under which the log names those who acted; new ones are given ids.
    pub(super) async fn actors(
        &mut self,
        connection: &mut PgConnection,
        appends: &[Append],
    ) -> Result<Actors, StoreError> {
        let mut found = HashMap::new();
        let mut unknown = Vec::new();
        for append in appends {
            for event in &append.events {
                let actor = (append.org_id, event.actor.clone());
                match self.actors.get(&actor) {
                    Some(known) if known.since.elapsed() < ACTOR_TRUSTED_FOR => {
                        found.insert(actor, *known);
                    }
                    _ if !unknown.contains(&actor) => unknown.push(actor),
                    _ => {}
                }
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        unknown.sort();
        let form = self.form;
        for together in unknown.chunk_by(|(a, _), (b, _)| form == Form::Together || a == b) {
            let read = with_ids(&mut *connection, form, together).await?;
            if read.len() != together.len() {
                // An erasure took the row in between, or somebody's hand: asked again, it is made anew.
                return Err(StoreError::late());
            }
            for (org_id, subject, id, repairs) in read {
                let known = KnownActor { id, repairs, since: Instant::now() };
                self.actors.insert((org_id, subject.clone()), known);
                found.insert((org_id, subject), known);
            }
        }
        Ok(found)
    }
}

/// Gives ids to those who have none, and reads the ids of all, with how often views of the organization were repaired.
async fn with_ids(
    connection: &mut PgConnection,
    form: Form,
    actors: &[(Uuid, String)],
) -> Result<Vec<(Uuid, String, Uuid, i64)>, StoreError> {
    let (organizations, subjects): (Vec<Uuid>, Vec<String>) = actors.iter().cloned().unzip();
    let ids: Vec<Uuid> = organizations.iter().map(|_| Uuid::new_v4()).collect();
    let (add, read) = match form {
        Form::Together => (
            sqlx::query(ADD_ACTORS_TOGETHER).bind(organizations.clone()),
            sqlx::query_as(ACTORS_TOGETHER).bind(organizations),
        ),
        Form::OfOne => (
            sqlx::query(ADD_ACTORS_OF_ONE).bind(organizations[0]),
            sqlx::query_as(ACTORS_OF_ONE).bind(organizations[0]),
        ),
    };
    add.bind(ids).bind(&subjects).execute(&mut *connection).await?;
    Ok(read.bind(subjects).fetch_all(connection).await?)
}
