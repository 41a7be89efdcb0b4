//! The append against a model of it: whatever calls come, each append gets the outcome that the model says, and log,
//! views, keys and answers hold what the model holds. Seeds are drawn anew in each run; a failure names its seed, and
//! `APPEND_SEED=<seed>` replays it.

mod held;

use std::collections::HashMap;

use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::{EventType, State, StreamKind};
use flow_registry::flow::reference::{Reference, ReferenceKind};
use flow_registry::store::{
    Append, DecidedOn, InForceChange, KeyAnswer, NewEvent, Outcome, Store, ViewChange, WriterMemory,
};
use rand::rngs::StdRng;
use rand::{Rng, RngExt as _, SeedableRng as _};
use serde_json::json;
use uuid::Uuid;

use self::held::{held, trigger_types};
use super::rows::{change, idempotency, row, wrong_hashes};
use crate::support;

const SEEDS: usize = 6;
const CALLS: usize = 60;

/// A stream as the model has it: of a flow, or of an API key.
#[derive(Debug, Clone, Default, PartialEq)]
struct Stream {
    version: i64,
    position: i64,
    text: String,
    enabled: bool,
    deleted: bool,
    /// The version in force, the event that put it there, and its text.
    published: Option<(i64, i64, String)>,
}

impl Stream {
    fn state(&self, kind: StreamKind) -> State {
        match kind {
            StreamKind::Flow => State {
                document: Some(Digest::of(self.text.as_bytes())),
                enabled: self.enabled,
                deleted: self.deleted,
                published_version: self.published.as_ref().map(|published| published.0),
                published_by_version: self.published.as_ref().map(|published| published.1),
            },
            _ => State::without_document(self.deleted),
        }
    }

    fn published_document(&self) -> Option<Digest> {
        self.published.as_ref().map(|(_, _, text)| Digest::of(text.as_bytes()))
    }
}

/// A planned event: where it goes, what it was decided on, and the stream after it.
#[derive(Debug, Clone)]
struct Planned {
    stream: Uuid,
    expected: i64,
    is_decided_wrongly: bool,
    after: Stream,
    event: NewEvent,
}

/// The request that a key was first used for, and what it is answered with.
type KnownAnswer = (String, Vec<(Uuid, i64)>);

#[derive(Default)]
struct Model {
    streams: HashMap<Uuid, Stream>,
    positions: HashMap<Uuid, i64>,
    answers: HashMap<(Uuid, String), KnownAnswer>,
}

/// An outcome without the time, which only the database knows.
#[derive(Debug, PartialEq)]
enum Expected {
    Appended(Vec<(i64, i64)>),
    Other(Outcome),
}

impl From<Outcome> for Expected {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Appended(places) => {
                Self::Appended(places.iter().map(|place| (place.version, place.position)).collect())
            }
            other => Self::Other(other),
        }
    }
}

impl Model {
    fn append(&mut self, org: Uuid, events: &[Planned], key: Option<&(String, String)>) -> Expected {
        if let Some((key, request)) = key
            && let Some((first, answer)) = self.answers.get(&(org, key.clone()))
        {
            return Expected::Other(match first == request {
                true => Outcome::Replayed(answer.clone()),
                false => Outcome::KeyReused,
            });
        }
        for (index, event) in events.iter().enumerate() {
            let version = self.streams.get(&event.stream).map_or(0, |stream| stream.version);
            if version != event.expected {
                return Expected::Other(Outcome::Conflict { event: index, version });
            }
            if event.is_decided_wrongly {
                return Expected::Other(Outcome::StateDiffers { event: index });
            }
        }
        let position = self.positions.entry(org).or_default();
        let mut places = Vec::new();
        for event in events {
            *position += 1;
            let stream = Stream { position: *position, ..event.after.clone() };
            places.push((stream.version, stream.position));
            self.streams.insert(event.stream, stream);
        }
        if let Some((key, request)) = key {
            self.answers.insert((org, key.clone()), (request.clone(), answer(events)));
        }
        Expected::Appended(places)
    }
}

fn answer(events: &[Planned]) -> Vec<(Uuid, i64)> {
    events.iter().map(|event| (event.stream, event.expected + 1)).collect()
}

/// The next event of a stream: late, decided on another state, or right.
fn plan(random: &mut StdRng, org: Uuid, id: Uuid, kind: StreamKind, model: &Model) -> Planned {
    let before = model.streams.get(&id).cloned().unwrap_or_default();
    let expected = match before.version > 0 && random.random_ratio(1, 6) {
        true => before.version - 1,
        false => before.version,
    };
    let mut after = Stream { version: expected + 1, ..before.clone() };
    let mut planned = row(org, id, expected, "");
    let text = format!("document {}", random.random_range(0..20));
    let is_first = expected == 0;
    let event_type = match (kind, is_first, random.random_range(0..6)) {
        (StreamKind::Flow, true, _) => {
            (after.text, after.enabled, after.deleted, after.published) = (text, true, false, None);
            EventType::FlowCreated
        }
        (StreamKind::Flow, _, 0) => {
            after.published = Some((after.version, after.version, after.text.clone()));
            EventType::FlowPublished
        }
        (StreamKind::Flow, _, 1) => {
            after.published = None;
            EventType::FlowUnpublished
        }
        (StreamKind::Flow, _, 2) => {
            after.enabled = !after.enabled;
            EventType::FlowUpdated
        }
        (StreamKind::Flow, _, 3) => {
            (after.deleted, after.published) = (!after.deleted, None);
            EventType::FlowDeleted
        }
        (StreamKind::Flow, _, _) => {
            after.text = text;
            EventType::FlowUpdated
        }
        (_, true, _) => {
            after.text = text;
            EventType::ApiKeyCreated
        }
        (_, _, 0) => {
            after.deleted = true;
            EventType::ApiKeyRevoked
        }
        _ => {
            after.text = text;
            EventType::ApiKeyChanged
        }
    };
    let is_decided_wrongly = kind == StreamKind::Flow && !is_first && random.random_ratio(1, 8);
    if kind == StreamKind::Flow {
        let view = change(&mut planned);
        view.phone_number_id = Some(format!("phone of {}", after.text));
        view.trigger_types = Some(trigger_types(&after.text));
        view.published_trigger_types = after.published.as_ref().map(|it| trigger_types(&it.2));
        view.search = (is_first || after.text != before.text).then(|| after.text.clone());
        view.published_document = after.published_document();
        view.published_phone_number_id = after.published.as_ref().map(|it| format!("phone of {}", it.2));
        view.in_force = in_force(&before, &after);
        view.decided_on = (!is_first).then(|| DecidedOn {
            state: State { enabled: before.enabled ^ is_decided_wrongly, ..before.state(StreamKind::Flow) },
            published_document: before.published_document(),
            is_erased: false,
        });
    }
    let mut event = planned.events.remove(0);
    event.stream_kind = kind;
    event.event_type = event_type;
    event.state = after.state(kind);
    event.document_bytes = event.state.document.map(|_| after.text.clone().into_bytes().into());
    if kind == StreamKind::ApiKey {
        let mut columns = json!({"name": after.text, "scopes": ["flows:read"], "phone_number_ids": []});
        if is_first {
            columns["prefix"] = json!(id.to_string());
            columns["secret_hash"] = json!("\\x00");
        }
        event.view = ViewChange::ApiKey(columns);
    }
    Planned { stream: id, expected, is_decided_wrongly, after, event }
}

fn in_force(before: &Stream, after: &Stream) -> Option<InForceChange> {
    let keeps_document = before.published_document() == after.published_document();
    let is_same = before.published == after.published && before.enabled == after.enabled;
    if keeps_document && (after.published.is_none() || is_same) {
        return None;
    }
    Some(match &after.published {
        _ if keeps_document => InForceChange::Kept,
        None => InForceChange::Ended,
        Some((_, _, text)) => InForceChange::Put {
            search: text.clone(),
            references: vec![Reference { kind: ReferenceKind::Keyword, value: text.clone() }],
        },
    })
}

/// An append with what the model needs of it.
type Call = Vec<(Uuid, Vec<Planned>, Option<(String, String)>)>;

/// A call of appends of different streams and keys: alone or in groups, some too late, some that repeat a key.
fn call(random: &mut StdRng, streams: &[(Uuid, Uuid, StreamKind)], model: &Model) -> Call {
    let mut call: Call = Vec::new();
    for &(org, id, kind) in streams {
        if random.random_ratio(1, 2) {
            continue;
        }
        let planned = plan(random, org, id, kind, model);
        if let Some((last, events, _)) = call.last_mut()
            && *last == org
            && random.random_ratio(1, 4)
        {
            events.push(planned);
            continue;
        }
        // Of every append another key, so that no two of a call are the same.
        let key = format!("{}-{}", call.len(), random.random_range(0..6));
        let request = ["this", "that"][random.random_range(0..2)].to_owned();
        call.push((org, vec![planned], random.random_ratio(1, 2).then_some((key, request))));
    }
    for (_, events, key) in &mut call {
        if key.is_some() && random.random_ratio(1, 6) {
            // Nothing but an answer to the key.
            events.clear();
        }
    }
    call
}

fn rows(call: &Call) -> Vec<Append> {
    let append = |(org_id, events, key): &(Uuid, Vec<Planned>, Option<(String, String)>)| Append {
        org_id: *org_id,
        events: events.iter().map(|planned| planned.event.clone()).collect(),
        key: key.as_ref().map(|(key, request)| KeyAnswer {
            idempotency: idempotency(key, request),
            answer: answer(events),
        }),
        in_force_at: None,
    };
    call.iter().map(append).collect()
}

#[tokio::test]
async fn every_append_gets_the_outcome_of_the_model() {
    let drawn = || rand::rng().next_u64();
    let seeds: Vec<u64> = match std::env::var("APPEND_SEED") {
        Ok(seed) => vec![seed.parse().expect("APPEND_SEED is a number")],
        Err(_) => (0..SEEDS).map(|_| drawn()).collect(),
    };
    for seed in seeds {
        check(seed).await;
    }
}

async fn check(seed: u64) {
    let database = support::database().await;
    let store = Store::new(database.pool.clone());
    store.make_append_function().await.unwrap();
    // Two who remember where logs ended, one by each form, and one who remembers nothing: each finds logs moved.
    let mut writers = [WriterMemory::default(), WriterMemory::for_distributed()];
    let mut random = StdRng::seed_from_u64(seed);
    let mut orgs = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    orgs.sort();
    let kinds = [StreamKind::Flow, StreamKind::Flow, StreamKind::Flow, StreamKind::Flow, StreamKind::ApiKey];
    let streams: Vec<_> =
        orgs.iter().flat_map(|org| kinds.map(|kind| (*org, Uuid::new_v4(), kind))).collect();
    let mut model = Model::default();
    for number in 0..CALLS {
        let call = call(&mut random, &streams, &model);
        let expected: Vec<Expected> =
            call.iter().map(|(org, events, key)| model.append(*org, events, key.as_ref())).collect();
        let rows = rows(&call);
        let outcomes = match random.random_range(0..3) {
            2 => store.append(&rows).await,
            writer => store.append_with(&mut writers[writer], &rows).await,
        };
        let outcomes: Vec<Expected> = outcomes.unwrap().into_iter().map(Expected::from).collect();
        assert_eq!(outcomes, expected, "call {number}; replay with APPEND_SEED={seed}");
    }
    let held = held(&store, &streams).await;
    assert_eq!(held, model.rows(&streams), "replay with APPEND_SEED={seed}");
    assert_eq!(wrong_hashes(&store).await, 0, "replay with APPEND_SEED={seed}");
}
