//! Appends: rows in, outcomes out, in one transaction. The service gives each event its number, time and hashes; one
//! statement (`append.sql`) proves that the log still ends where the service believes and writes everything.

mod batch;
mod function;
mod heads;
mod marks;
mod memory;
mod parameters;
mod statement;
mod ways;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::form::Form;
use super::writer::Row;
use super::{Store, StoreError};
use crate::flow::digest::Digest;
use crate::flow::document::TriggerTypes;
use crate::flow::event::{EventType, State, StreamKind};
use crate::flow::marks::Marks;
use crate::flow::reference::Reference;

pub(super) use marks::marks_of_view;
pub use marks::{MarkColumns, SaidBy};
pub use memory::WriterMemory;

/// An event as it is handed to the log, which gives it version, position, time and hashes.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub stream_kind: StreamKind,
    pub stream_id: Uuid,
    /// The version the decision was made on; the event becomes the next one.
    pub expected: i64,
    /// Made by the caller (UUIDv7): a retry of the same event is recognised by it.
    pub event_id: Uuid,
    pub event_type: EventType,
    /// RFC 8785 bytes, stored and hashed as they are.
    pub payload: Bytes,
    pub context: Bytes,
    /// Kind and id of who acted, as filters name them. The log holds an opaque id in its place.
    pub actor: String,
    /// The state after the event.
    pub state: State,
    /// The bytes of `state.document`, where the event may bring a new one.
    pub document_bytes: Option<Bytes>,
    pub view: ViewChange,
}

/// What the views learn from an event beyond the event itself.
#[derive(Debug, Clone)]
pub enum ViewChange {
    None,
    Flow(Box<FlowChange>),
    /// The row of `api_key`, by column name.
    ApiKey(Value),
}

/// What an event changes in the views of a flow. What comes from a document the view already stands at is ignored.
#[derive(Debug, Clone, Default)]
pub struct FlowChange {
    /// Who acted, as views show it: RFC 8785 bytes.
    pub author: Bytes,
    /// Of the draft.
    pub phone_number_id: Option<String>,
    /// What the draft starts by.
    pub trigger_types: Option<TriggerTypes>,
    /// Folded name and description of the draft, where they are other than before.
    pub search: Option<String>,
    /// The document in force after the event.
    pub published_document: Option<Digest>,
    pub published_phone_number_id: Option<String>,
    pub published_trigger_types: Option<TriggerTypes>,
    /// `None` where what is in force stays as it was.
    pub in_force: Option<InForceChange>,
    pub marks: Marks,
    /// What the change was decided on; without it the version alone is proven.
    pub decided_on: Option<DecidedOn>,
}

/// How an event changes what is in force of a flow.
#[derive(Debug, Clone)]
pub enum InForceChange {
    /// The document in force is paused, resumed, or published again.
    Kept,
    /// No document is in force any more.
    Ended,
    /// Another document comes in force.
    Put {
        /// Its name and description, folded.
        search: String,
        /// What it refers to.
        references: Vec<Reference>,
    },
}

impl InForceChange {
    fn search(&self) -> Option<&str> {
        match self {
            Self::Put { search, .. } => Some(search),
            Self::Kept | Self::Ended => None,
        }
    }

    fn references(&self) -> &[Reference] {
        match self {
            Self::Put { references, .. } => references,
            Self::Kept | Self::Ended => &[],
        }
    }
}

/// A flow as it was when somebody decided on it. The append proves that it still is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidedOn {
    pub state: State,
    /// The document in force.
    pub published_document: Option<Digest>,
    /// Whether the content of the draft was erased.
    pub is_erased: bool,
}

/// A caller's key for one request, and the digest of that request.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: String,
    pub request: Digest,
}

/// What an idempotency key is answered with from now on.
#[derive(Debug, Clone)]
pub struct KeyAnswer {
    pub idempotency: Idempotency,
    /// Streams, and the version of each.
    pub answer: Vec<(Uuid, i64)>,
}

/// Events of one organization, of different streams, that are written together or not at all. Without an event it only
/// records its idempotency key.
#[derive(Debug, Clone)]
pub struct Append {
    pub org_id: Uuid,
    pub events: Vec<NewEvent>,
    pub key: Option<KeyAnswer>,
    /// The position of the last event that changed what is in force, where the decision depends on it: the append counts
    /// only while it is still the last.
    pub in_force_at: Option<i64>,
}

impl Append {
    /// One event; its idempotency key is answered with the event's stream and version.
    pub fn event(org_id: Uuid, event: NewEvent, idempotency: Option<Idempotency>) -> Self {
        let answer = vec![(event.stream_id, event.expected + 1)];
        let key = idempotency.map(|idempotency| KeyAnswer { idempotency, answer });
        Self { org_id, events: vec![event], key, in_force_at: None }
    }

    /// No event: the idempotency key is answered with a stream as it is.
    pub fn unchanged(org_id: Uuid, stream_id: Uuid, version: i64, idempotency: Idempotency) -> Self {
        let key = Some(KeyAnswer { idempotency, answer: vec![(stream_id, version)] });
        Self { org_id, events: Vec::new(), key, in_force_at: None }
    }

    /// Whether any of its events changes what is in force.
    pub fn changes_in_force(&self) -> bool {
        self.events.iter().any(NewEvent::changes_in_force)
    }
}

impl NewEvent {
    pub(super) fn changes_in_force(&self) -> bool {
        matches!(&self.view, ViewChange::Flow(flow) if flow.in_force.is_some())
    }
}

/// The place an event got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub version: i64,
    pub position: i64,
    pub recorded_at: DateTime<Utc>,
}

/// What became of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its events are in the log, at these places; the idempotency key is recorded.
    Appended(Vec<Appended>),
    /// The key was known: these streams and versions are its answer.
    Replayed(Vec<(Uuid, i64)>),
    /// The key was known, for another request.
    KeyReused,
    /// Nothing was written: the stream of this event has moved on to this version.
    Conflict { event: usize, version: i64 },
    /// Nothing was written: the view of this event's stream is not in the state that was decided on.
    StateDiffers { event: usize },
    /// Nothing was written: what is in force changed since the decision, which depends on it.
    InForceMoved,
}

impl Store {
    /// Appends, and returns one outcome for each append. They must be grouped by ascending organization and be of
    /// different streams and idempotency keys.
    ///
    /// An error means that nothing of it happened or, for [`StoreError::OutcomeUnknown`], that calling again with the
    /// same event ids is safe.
    pub async fn append(&self, appends: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        self.append_with(&mut WriterMemory::of(self.form), appends).await
    }

    /// Makes the function that appends for one organization, which a distributed database runs where its rows are.
    pub async fn make_append_function(&self) -> Result<(), StoreError> {
        sqlx::query(AssertSqlSafe(append_function().1)).execute(&self.pool).await?;
        Ok(())
    }

    /// Like `append`, using and updating what a writer remembers of the logs it writes to.
    pub async fn append_with(
        &self,
        memory: &mut WriterMemory,
        appends: &[Append],
    ) -> Result<Vec<Outcome>, StoreError> {
        ways::append(&mut *self.pool.acquire().await?, memory, appends).await
    }
}

/// The function that appends for one organization: its name with the types of its arguments, and what makes it.
pub(super) fn append_function() -> (String, String) {
    (function::signature(), function::make())
}

/// Appends in a transaction that holds the head of the log already.
pub(super) async fn append_held(
    connection: &mut PgConnection,
    form: Form,
    append: Append,
) -> Result<Outcome, StoreError> {
    let mut outcomes = ways::append_held(connection, &mut WriterMemory::of(form), &[append]).await?;
    outcomes.pop().ok_or_else(|| StoreError::corrupt("an append", "no outcome"))
}

/// What only one append of a call can have: a stream of its organization, or an idempotency key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    Stream(Uuid, Uuid),
    Key(Uuid, String),
}

impl Row for Append {
    type Outcome = Outcome;
    type Claim = Claim;
    type Memory = WriterMemory;
    const WRITER: &'static str = "log";

    fn memory(form: Form) -> WriterMemory {
        WriterMemory::of(form)
    }

    fn size(&self) -> usize {
        let bytes = |event: &NewEvent| {
            size_of_val(event)
                + event.payload.len()
                + event.context.len()
                + event.document_bytes.as_ref().map_or(0, |bytes| bytes.len())
        };
        size_of_val(self) + self.events.iter().map(bytes).sum::<usize>()
    }

    /// Organizations ascending; a stream keeps its order.
    fn order(&self) -> (Uuid, Uuid) {
        (self.org_id, self.events.first().map_or(self.org_id, |event| event.stream_id))
    }

    fn claims(&self) -> impl Iterator<Item = Claim> {
        let key = self.key.as_ref().map(|key| Claim::Key(self.org_id, key.idempotency.key.clone()));
        let streams = self.events.iter().map(|event| Claim::Stream(self.org_id, event.stream_id));
        key.into_iter().chain(streams)
    }

    async fn write(
        connection: &mut PgConnection,
        memory: &mut WriterMemory,
        rows: &[Self],
    ) -> Result<Vec<Outcome>, StoreError> {
        ways::append(connection, memory, rows).await
    }
}

/// One parameter of a statement: a value of each row.
pub(super) fn column<'a, R, T>(rows: &'a [R], pick: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(pick).collect()
}
