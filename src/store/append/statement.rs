//! The statement of `append.sql`: its text in two forms, its parameters, and what a run of it found.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgArguments;
use sqlx::types::Json;
use sqlx::{Arguments as _, Encode, FromRow, PgConnection, Postgres, Type};
use uuid::Uuid;

use super::batch::{Batch, PlacedEvent};
use super::{Appended, FlowChange, InForceChange, StoreError, ViewChange, column};
use crate::flow::digest::Digest;
use crate::flow::event::SCHEMA_VERSION;
use crate::flow::text::FOLDING;

const TEXT: &str = include_str!("append.sql");

/// The lists of columns that the text leaves open, as it names them.
const LISTS: [&str; 4] = ["{log columns}", "{event columns}", "{key columns}", "{reference columns}"];

/// The parameters before those of the lists: see the head of `append.sql`.
const SINGLE_TYPES: [&str; 8] =
    ["uuid[]", "integer", "integer", "integer", "integer", "boolean", "smallint", "smallint"];

/// By what the statement is run. Both have the same text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A plain statement, for one Postgres: a call may be about many organizations.
    Statement,
    /// The function `append_to_log`, for a database that is distributed by organization: a call is about one.
    Function,
}

/// For one Postgres: a call may be about many organizations.
static MANY_ORGANIZATIONS: LazyLock<String> = LazyLock::new(|| {
    text(|place| match place.strip_prefix("$1") {
        Some(index) => format!("($1::uuid[]){index}"),
        None => place.to_owned(),
    })
});

/// For a database that is distributed by organization: every table is bound to the one that the call is about.
fn one_organization() -> String {
    text(|_| "$1::uuid".to_owned())
}

/// A function for one organization, which a distributed database can run where that organization's rows are. Its body
/// is the same text.
pub(super) fn function() -> String {
    let types = Binder::of(&Batch::default()).map(|binder| binder.types).unwrap_or_default();
    let types: Vec<&str> = ["uuid"].into_iter().chain(types.into_iter().skip(1)).collect();
    format!(
        "CREATE OR REPLACE FUNCTION append_to_log({}) RETURNS TABLE (what text, n integer, event_id uuid, \
           \"position\" bigint, recorded_at timestamptz, last bigint, request_digest bytea, answer jsonb) \
         LANGUAGE plpgsql VOLATILE AS $body$\n#variable_conflict use_column\nBEGIN RETURN QUERY\n{}; END $body$",
        types.join(", "),
        one_organization()
    )
}

/// Fills in the lists of columns, and each place of an organization's id.
fn text(organization: impl Fn(&str) -> String) -> String {
    let lists = Binder::of(&Batch::default()).map(|binder| binder.lists).unwrap_or_default();
    let mut text = TEXT.to_owned();
    for (name, list) in LISTS.iter().zip(&lists) {
        text = text.replace(name, list);
    }
    let mut filled = String::with_capacity(text.len());
    for part in text.split_inclusive('}') {
        match part.strip_suffix('}').and_then(|part| part.split_once('{')) {
            Some((before, place)) => {
                filled.push_str(before);
                filled.push_str(&organization(place));
            }
            None => filled.push_str(part),
        }
    }
    filled
}

/// An event that the log holds in place of one of the batch, or a view that is not in the state that was decided on.
#[derive(Debug)]
pub(super) struct Stop {
    /// The last version of the stream.
    pub(super) last: i64,
    /// The event that has the version, and its place.
    pub(super) taken: Option<(Uuid, Appended)>,
}

/// What a run of the statement found. Rows are named by their index in the batch.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// The logs that ended where they were said to, and are written.
    pub(super) proven: HashSet<usize>,
    /// The events that were stopped.
    pub(super) stopped: HashMap<usize, Stop>,
    /// The idempotency keys that were known: the request and its answer.
    pub(super) answered: HashMap<usize, (Digest, Vec<(Uuid, i64)>)>,
    stopped_logs: HashSet<usize>,
}

impl Observed {
    /// Whether a row of the log was stopped, or its key known.
    pub(super) fn stops(&self, log: usize) -> bool {
        self.stopped_logs.contains(&log)
    }
}

#[derive(FromRow)]
struct ObservedRow {
    what: String,
    n: i32,
    event_id: Option<Uuid>,
    position: Option<i64>,
    recorded_at: Option<DateTime<Utc>>,
    last: Option<i64>,
    request_digest: Option<Vec<u8>>,
    answer: Option<Json<Vec<(Uuid, i64)>>>,
}

/// Calls the function.
static CALL: LazyLock<String> = LazyLock::new(|| {
    let count = Binder::of(&Batch::default()).map_or(0, |binder| binder.types.len());
    let parameters: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
    format!("SELECT * FROM append_to_log({})", parameters.join(", "))
});

/// Writes the batch to those of its logs that nothing stops.
pub(super) async fn write(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    form: Form,
) -> Result<Observed, StoreError> {
    let (text, binder) = match form {
        Form::Statement => (MANY_ORGANIZATIONS.as_str(), Binder::of(batch)),
        Form::Function => (CALL.as_str(), Binder::of_one(batch)),
    };
    let binder = binder.map_err(|error| StoreError::Statement(sqlx::Error::Encode(error)))?;
    let rows = sqlx::query_as_with::<_, ObservedRow, _>(text, binder.arguments);
    observed(batch, rows.fetch_all(connection).await.map_err(StoreError::of_write)?)
}

fn observed(batch: &Batch<'_>, rows: Vec<ObservedRow>) -> Result<Observed, StoreError> {
    let mut observed = Observed::default();
    for row in rows {
        let index = usize::try_from(row.n - 1).unwrap_or(usize::MAX);
        match row.what.as_str() {
            "proven" => {
                observed.proven.insert(index);
            }
            "stopped" => {
                let last = row.last.unwrap_or(0);
                let event = batch.events.get(index).ok_or_else(misread)?;
                let taken = row.event_id.zip(row.position.zip(row.recorded_at));
                let taken = taken.map(|(id, (position, recorded_at))| {
                    (id, Appended { version: event.place.version, position, recorded_at })
                });
                observed.stopped_logs.insert(event.log);
                observed.stopped.insert(index, Stop { last, taken });
            }
            _ => {
                let key = batch.keys.get(index).ok_or_else(misread)?;
                let request =
                    row.request_digest.as_deref().and_then(Digest::from_slice).ok_or_else(misread)?;
                let Json(answer) = row.answer.ok_or_else(misread)?;
                observed.stopped_logs.insert(key.log);
                observed.answered.insert(index, (request, answer));
            }
        }
    }
    Ok(observed)
}

fn misread() -> StoreError {
    StoreError::corrupt("an append", "its statement named a row that was not given")
}

type EncodeError = Box<dyn std::error::Error + Send + Sync>;

/// The parameters of a run, and with them the lists of columns that they are read by.
struct Binder {
    arguments: PgArguments,
    types: Vec<&'static str>,
    lists: [String; LISTS.len()],
    list: usize,
    /// Only the first batch, which is empty, spells the lists out.
    spells: bool,
}

impl Binder {
    fn of(batch: &Batch<'_>) -> Result<Self, EncodeError> {
        let mut arguments = PgArguments::default();
        arguments.add(column(&batch.logs, |log| log.org_id))?;
        Self::after(arguments, batch)
    }

    /// For a batch of one log.
    fn of_one(batch: &Batch<'_>) -> Result<Self, EncodeError> {
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
        let mut binder = Self {
            arguments,
            types: if spells { SINGLE_TYPES.to_vec() } else { Vec::new() },
            lists: Default::default(),
            list: 0,
            spells,
        };
        binder.bind_logs(batch)?;
        binder.list += 1;
        binder.bind_events(&batch.events)?;
        binder.bind_views(&batch.events)?;
        binder.list += 1;
        binder.bind_keys(batch)?;
        binder.list += 1;
        binder.bind("event", "integer[]", column(&references, |(n, _)| *n))?;
        binder.bind("kind", "smallint[]", column(&references, |(_, it)| it.kind.number()))?;
        binder.bind("value", "text[]", column(&references, |(_, it)| it.value.as_str()))?;
        Ok(binder)
    }

    fn bind_logs(&mut self, batch: &Batch<'_>) -> Result<(), EncodeError> {
        let logs = &batch.logs;
        self.bind("position", "bigint[]", column(logs, |log| log.told.position))?;
        self.bind("chain_hash", "bytea[]", column(logs, |log| &log.told.chain_hash.as_bytes()[..]))?;
        self.bind("repairs", "bigint[]", column(logs, |log| log.told.repairs))?;
        self.bind("new_position", "bigint[]", column(logs, |log| log.end.position))?;
        self.bind("new_chain_hash", "bytea[]", column(logs, |log| &log.end.chain_hash.as_bytes()[..]))?;
        self.bind("new_recorded_at", "timestamptz[]", column(logs, |log| log.end.recorded_at))?;
        self.bind("new_in_force_position", "bigint[]", column(logs, |log| log.in_force_position))
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
        self.bind("search", "text[]", column(&flows, |it| (*it)?.search.as_deref()))?;
        self.bind(
            "published_digest",
            "bytea[]",
            column(&flows, |it| bytes((*it)?.published_document.as_ref())),
        )?;
        let number = column(&flows, |it| (*it)?.published_phone_number_id.as_deref());
        self.bind("published_phone_number_id", "text[]", number)?;
        self.bind("published_search", "text[]", column(&changes, |it| (*it)?.search()))?;
        let replaces = |change: &InForceChange| !matches!(change, InForceChange::Kept);
        self.bind("changes_in_force", "boolean[]", column(&changes, |it| it.is_some_and(replaces)))?;
        self.bind("duplicated_from_flow", "uuid[]", column(&flows, |it| Some((*it)?.duplicated_from?.0)))?;
        self.bind(
            "duplicated_from_version",
            "bigint[]",
            column(&flows, |it| Some((*it)?.duplicated_from?.1)),
        )?;
        self.bind("restored_from", "bigint[]", column(&flows, |it| (*it)?.restored_from))?;
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
    fn bind<'q, T>(&mut self, name: &str, sql_type: &'static str, values: Vec<T>) -> Result<(), EncodeError>
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
