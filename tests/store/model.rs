//! The append against a model of it: whatever calls come, each row gets the outcome the model says, and no other.

use std::collections::HashMap;

use flow_registry::flow::digest::Digest;
use flow_registry::store::{Append, Heads, Outcome, Store};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use super::rows::{row, with_key};
use crate::support;

const CALLS: usize = 120;

/// What the log should hold, as far as outcomes depend on it.
#[derive(Default)]
struct Model {
    versions: HashMap<Uuid, i64>,
    positions: HashMap<Uuid, i64>,
    answers: HashMap<(Uuid, String), (Digest, Uuid, i64)>,
}

/// An outcome without the time, which only the database knows.
#[derive(Debug, PartialEq)]
enum Expected {
    Appended { version: i64, position: i64 },
    Recorded,
    Replayed { stream_id: Uuid, version: i64 },
    KeyReused,
    Conflict { version: i64 },
}

impl From<Outcome> for Expected {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Appended(place) => Self::Appended { version: place.version, position: place.position },
            Outcome::Recorded => Self::Recorded,
            Outcome::Replayed { stream_id, version } => Self::Replayed { stream_id, version },
            Outcome::KeyReused => Self::KeyReused,
            Outcome::Conflict { version } => Self::Conflict { version },
        }
    }
}

impl Model {
    fn append(&mut self, row: &Append) -> Expected {
        let key = row.idempotency.as_ref().map(|idempotency| (row.org_id, idempotency.key.clone()));
        let request = row.idempotency.as_ref().map(|idempotency| idempotency.request);
        if let Some((first, stream_id, version)) = key.as_ref().and_then(|key| self.answers.get(key)) {
            return match Some(*first) == request {
                true => Expected::Replayed { stream_id: *stream_id, version: *version },
                false => Expected::KeyReused,
            };
        }
        let version = self.versions.entry(row.stream_id).or_default();
        let (outcome, answered) = match row.event {
            None => (Expected::Recorded, row.expected),
            Some(_) if row.expected != *version => return Expected::Conflict { version: *version },
            Some(_) => {
                let position = self.positions.entry(row.org_id).or_default();
                (*version, *position) = (*version + 1, *position + 1);
                (Expected::Appended { version: *version, position: *position }, *version)
            }
        };
        if let (Some(key), Some(request)) = (key, request) {
            self.answers.insert(key, (request, row.stream_id, answered));
        }
        outcome
    }
}

/// A call of rows of different streams and keys, some of which come too late, repeat a key, or append nothing.
fn call(random: &mut StdRng, streams: &[(Uuid, Uuid)], model: &Model) -> Vec<Append> {
    let mut rows = Vec::new();
    for (index, &(org_id, stream_id)) in streams.iter().enumerate() {
        if random.random_ratio(1, 2) {
            continue;
        }
        let version = model.versions.get(&stream_id).copied().unwrap_or_default();
        let late = version > 0 && random.random_ratio(1, 4);
        let text = format!("document {}", random.random_range(0..20));
        let mut row = row(org_id, stream_id, if late { version - 1 } else { version }, &text);
        if random.random_ratio(1, 2) {
            // Of every stream another key, so that no two of a call are the same.
            let key = format!("{index}-{}", random.random_range(0..6));
            row = with_key(row, &key, ["this", "that"][random.random_range(0..2)]);
            row.event = row.event.filter(|_| version == 0 || random.random_ratio(3, 4));
        }
        rows.push(row);
    }
    rows
}

/// Who makes the calls.
enum Writers {
    /// One who leaves everything to the call.
    Forgetful,
    /// One who remembers where logs ended.
    Remembering,
    /// Both by turns: each finds logs that the other has moved.
    Both,
}

#[tokio::test]
async fn every_row_gets_the_outcome_of_the_model() {
    check(Writers::Forgetful).await;
}

#[tokio::test]
async fn who_remembers_where_logs_ended_gets_the_same_outcomes() {
    check(Writers::Remembering).await;
    check(Writers::Both).await;
}

async fn check(writers: Writers) {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    let mut heads = Heads::default();
    let mut random = StdRng::seed_from_u64(7);
    let mut orgs = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    orgs.sort();
    let streams: Vec<_> = orgs.iter().flat_map(|org| (0..5).map(|_| (*org, Uuid::new_v4()))).collect();
    let mut model = Model::default();
    for number in 0..CALLS {
        let rows = call(&mut random, &streams, &model);
        let expected: Vec<_> = rows.iter().map(|row| model.append(row)).collect();
        let remembers = match writers {
            Writers::Forgetful => false,
            Writers::Remembering => true,
            Writers::Both => random.random_ratio(2, 3),
        };
        let outcomes = match remembers {
            true => store.append_after(&mut heads, &rows).await.unwrap(),
            false => store.append(&rows).await.unwrap(),
        };
        let outcomes: Vec<_> = outcomes.into_iter().map(Expected::from).collect();
        assert_eq!(outcomes, expected, "call {number}");
    }
    for (org, position) in &model.positions {
        let chained: (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE e.chain_hash = sha256(p.chain_hash || e.event_hash)) FROM event e \
             JOIN event p ON p.org_id = e.org_id AND p.position = e.position - 1 WHERE e.org_id = $1",
        )
        .bind(org)
        .fetch_one(store.pool())
        .await
        .unwrap();
        assert_eq!(
            chained,
            (position - 1, position - 1),
            "every event continues the chain of the one before"
        );
    }
    let lagging: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM flow_view v WHERE v.version IS DISTINCT FROM \
         (SELECT max(e.version) FROM event e WHERE e.org_id = v.org_id AND e.stream_id = v.flow_id)",
    )
    .fetch_one(store.pool())
    .await
    .unwrap();
    assert_eq!(lagging, 0);
}
