//! The parameters of the append's statement, and the lists of columns that it reads them by.

use std::fmt::Write as _;

use sqlx::postgres::PgArguments;
use sqlx::types::Json;
use sqlx::{Arguments as _, Encode, Postgres, Type};

use super::batch::{Batch, PlacedEvent};
use super::marks::MarkColumns;
use super::{FlowChange, InForceChange, ViewChange, column};
use crate::flow::digest::Digest;
use crate::flow::event::SCHEMA_VERSION;
use crate::flow::text::FOLDING;

/// The lists of columns that the text leaves open, as it names them.
pub(super) const LISTS: [&str; 4] =
    ["{log columns}", "{event columns}", "{key columns}", "{reference columns}"];

/// The parameters before those of the lists: see the head of `append.sql`.
const SINGLE_TYPES: [&str; 8] =
    ["uuid[]", "integer", "integer", "integer", "integer", "boolean", "smallint", "smallint"];

pub(super) type EncodeError = Box<dyn std::error::Error + Send + Sync>;

/// The parameters of a run, and with them the lists of columns that they are read by.
pub(super) struct Parameters {
    pub(super) arguments: PgArguments,
    /// The SQL type of each parameter. Only those of the empty batch say them, and the lists.
    pub(super) types: Vec<&'static str>,
    pub(super) lists: [String; LISTS.len()],
    list: usize,
    spells: bool,
}

impl Parameters {
    /// Those of no rows, which tell types and lists.
    pub(super) fn described() -> Self {
        Self::of(&Batch::default()).expect("lists without rows can be encoded")
    }

    pub(super) fn of(batch: &Batch<'_>) -> Result<Self, EncodeError> {
        let mut arguments = PgArguments::default();
        arguments.add(column(&batch.logs, |log| log.org_id))?;
        Self::after(arguments, batch)
    }

    /// For a batch of one log.
    pub(super) fn of_one(batch: &Batch<'_>) -> Result<Self, EncodeError> {
        let [log] = &batch.logs[..] else {
            return Err("a call of the function is about one organization".into());
        };
        let mut arguments = PgArguments::default();
        arguments.add(log.org_id)?;
        Self::after(arguments, batch)
    }

    /// All parameters but the first, which says the organizations.
    fn after(mut arguments: PgArguments, batch: &Batch<'_>) -> Result<Self, EncodeError> {
        let references: Vec<_> = (1..)
            .zip(&batch.events)
            .flat_map(|(n, event)| {
                let change = flow(event).and_then(|flow| flow.in_force.as_ref());
                change.into_iter().flat_map(move |change| change.references().iter().map(move |it| (n, it)))
            })
            .collect();
        let counts = [batch.logs.len(), batch.events.len(), batch.keys.len(), references.len()];
        for count in counts {
            arguments.add(ordinal(count))?;
        }
        arguments.add(batch.is_timed_by_database)?;
        arguments.add(SCHEMA_VERSION)?;
        arguments.add(FOLDING)?;
        let spells = batch.logs.is_empty();
        let mut parameters = Self {
            arguments,
            types: if spells { SINGLE_TYPES.to_vec() } else { Vec::new() },
            lists: Default::default(),
            list: 0,
            spells,
        };
        parameters.bind_logs(batch)?;
        parameters.list += 1;
        parameters.bind_events(&batch.events)?;
        parameters.bind_views(&batch.events)?;
        parameters.list += 1;
        parameters.bind_keys(batch)?;
        parameters.list += 1;
        parameters.bind("event", "integer[]", column(&references, |(n, _)| *n))?;
        parameters.bind("kind", "smallint[]", column(&references, |(_, it)| it.kind.number()))?;
        parameters.bind("value", "text[]", column(&references, |(_, it)| it.value.as_str()))?;
        Ok(parameters)
    }

    fn bind_logs(&mut self, batch: &Batch<'_>) -> Result<(), EncodeError> {
        let logs = &batch.logs;
        self.bind("position", "bigint[]", column(logs, |log| log.told.position))?;
        self.bind("chain_hash", "bytea[]", column(logs, |log| &log.told.chain_hash.as_bytes()[..]))?;
        self.bind("repairs", "bigint[]", column(logs, |log| log.told.repairs))?;
        self.bind("new_position", "bigint[]", column(logs, |log| log.end.position))?;
        self.bind("new_chain_hash", "bytea[]", column(logs, |log| &log.end.chain_hash.as_bytes()[..]))?;
        self.bind("new_recorded_at", "timestamptz[]", column(logs, |log| log.end.recorded_at))?;
        self.bind("new_in_force_position", "bigint[]", column(logs, |log| log.end.in_force_position))
    }

    fn bind_events<'e>(&mut self, events: &'e [PlacedEvent<'e>]) -> Result<(), EncodeError> {
        let digest = |pick: fn(&PlacedEvent<'_>) -> Digest| column(events, |it| pick(it).as_bytes().to_vec());
        self.bind("log", "integer[]", column(events, |it| ordinal(it.log + 1)))?;
        self.bind(
            "stream_kind",
            "smallint[]",
            column(events, |it| i16::from(it.event.stream_kind.number())),
        )?;
        self.bind("stream_id", "uuid[]", column(events, |it| it.event.stream_id))?;
        self.bind("version", "bigint[]", column(events, |it| it.place.version))?;
        self.bind("position", "bigint[]", column(events, |it| it.place.position))?;
        self.bind("recorded_at", "timestamptz[]", column(events, |it| it.place.recorded_at))?;
        self.bind("event_id", "uuid[]", column(events, |it| it.event.event_id))?;
        self.bind("type", "text[]", column(events, |it| it.event.event_type.as_str()))?;
        self.bind("payload", "bytea[]", column(events, |it| &it.event.payload[..]))?;
        self.bind("context", "bytea[]", column(events, |it| &it.event.context[..]))?;
        self.bind("payload_digest", "bytea[]", digest(|it| it.payload))?;
        self.bind("context_digest", "bytea[]", digest(|it| it.context))?;
        self.bind("actor", "uuid[]", column(events, |it| it.actor))?;
        self.bind("event_hash", "bytea[]", digest(|it| it.hash))?;
        self.bind("chain_hash", "bytea[]", digest(|it| it.chain_hash))?;
        self.bind("document", "bytea[]", column(events, |it| it.document))?;
        self.bind(
            "document_digest",
            "bytea[]",
            column(events, |it| bytes(it.event.state.document.as_ref())),
        )?;
        self.bind("enabled", "boolean[]", column(events, |it| it.event.state.enabled))?;
        self.bind("deleted", "boolean[]", column(events, |it| it.event.state.deleted))?;
        self.bind("published_version", "bigint[]", column(events, |it| it.event.state.published_version))?;
        let by_version = column(events, |it| it.event.state.published_by_version);
        self.bind("published_by_version", "bigint[]", by_version)
    }

    fn bind_views(&mut self, events: &[PlacedEvent<'_>]) -> Result<(), EncodeError> {
        let flows = column(events, flow);
        let decided = column(&flows, |it| it.and_then(|flow| flow.decided_on.as_ref()));
        let changes = column(&flows, |it| it.and_then(|flow| flow.in_force.as_ref()));
        self.bind("author", "bytea[]", column(&flows, |it| it.map(|flow| &flow.author[..])))?;
        self.bind("phone_number_id", "text[]", column(&flows, |it| (*it)?.phone_number_id.as_deref()))?;
        let types = column(&flows, |it| Some((*it)?.trigger_types?.bits()));
        self.bind("trigger_types", "smallint[]", types)?;
        self.bind("search", "text[]", column(&flows, |it| (*it)?.search.as_deref()))?;
        self.bind(
            "published_digest",
            "bytea[]",
            column(&flows, |it| bytes((*it)?.published_document.as_ref())),
        )?;
        let number = column(&flows, |it| (*it)?.published_phone_number_id.as_deref());
        self.bind("published_phone_number_id", "text[]", number)?;
        let types = column(&flows, |it| Some((*it)?.published_trigger_types?.bits()));
        self.bind("published_trigger_types", "smallint[]", types)?;
        self.bind("published_search", "text[]", column(&changes, |it| (*it)?.search()))?;
        let replaces = |change: &InForceChange| !matches!(change, InForceChange::Kept);
        self.bind("changes_in_force", "boolean[]", column(&changes, |it| it.is_some_and(replaces)))?;
        let marks = column(&flows, |it| it.map(|flow| MarkColumns::of(&flow.marks)));
        MarkColumns::bind(self, &marks)?;
        self.bind("is_decided", "boolean[]", column(&decided, Option::is_some))?;
        self.bind(
            "was_document_digest",
            "bytea[]",
            column(&decided, |it| bytes(it.as_ref()?.state.document.as_ref())),
        )?;
        self.bind("was_enabled", "boolean[]", column(&decided, |it| it.map(|was| was.state.enabled)))?;
        self.bind("was_deleted", "boolean[]", column(&decided, |it| it.map(|was| was.state.deleted)))?;
        self.bind(
            "was_published_version",
            "bigint[]",
            column(&decided, |it| it.as_ref()?.state.published_version),
        )?;
        let by_version = column(&decided, |it| it.as_ref()?.state.published_by_version);
        self.bind("was_published_by_version", "bigint[]", by_version)?;
        let published = column(&decided, |it| bytes(it.as_ref()?.published_document.as_ref()));
        self.bind("was_published_digest", "bytea[]", published)?;
        self.bind("was_erased", "boolean[]", column(&decided, |it| it.map(|was| was.is_erased)))?;
        let api_key = |it: &PlacedEvent<'_>| match &it.event.view {
            ViewChange::ApiKey(key) => Some(Json(key.clone())),
            _ => None,
        };
        self.bind("api_key", "jsonb[]", column(events, api_key))
    }

    fn bind_keys(&mut self, batch: &Batch<'_>) -> Result<(), EncodeError> {
        let keys = &batch.keys;
        self.bind("log", "integer[]", column(keys, |it| ordinal(it.log + 1)))?;
        self.bind("key", "text[]", column(keys, |it| it.key.idempotency.key.as_str()))?;
        self.bind(
            "request_digest",
            "bytea[]",
            column(keys, |it| &it.key.idempotency.request.as_bytes()[..]),
        )?;
        self.bind("answer", "jsonb[]", column(keys, |it| Json(&it.key.answer)))?;
        self.bind("recorded_at", "timestamptz[]", column(keys, |it| it.recorded_at))
    }

    /// One column of the current list: a value of each row.
    pub(super) fn bind<'q, T>(
        &mut self,
        name: &str,
        sql_type: &'static str,
        values: Vec<T>,
    ) -> Result<(), EncodeError>
    where
        Vec<T>: 'q + Encode<'q, Postgres> + Type<Postgres>,
    {
        self.arguments.add(values)?;
        if self.spells {
            self.types.push(sql_type);
            let number = self.types.len();
            write!(self.lists[self.list], ", (${number}::{sql_type})[n] AS {name}")?;
        }
        Ok(())
    }
}

fn flow<'a>(event: &'a PlacedEvent<'_>) -> Option<&'a FlowChange> {
    match &event.event.view {
        ViewChange::Flow(flow) => Some(flow),
        ViewChange::None | ViewChange::ApiKey(_) => None,
    }
}

fn bytes(digest: Option<&Digest>) -> Option<Vec<u8>> {
    digest.map(|digest| digest.as_bytes().to_vec())
}

fn ordinal(number: usize) -> i32 {
    i32::try_from(number).expect("a call has few rows")
}
