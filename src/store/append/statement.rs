//! The statement of `append.sql`: its text, its parameters, and what a run of it found.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::batch::Batch;
use super::function::CALL;
use super::marks::MarkColumns;
use super::parameters::{LISTS, Parameters};
use super::{Appended, StoreError};
use crate::flow::digest::Digest;
use crate::store::form::Form;

/// Behind its heading, which describes what stands in braces.
pub(super) static TEXT: LazyLock<&str> = LazyLock::new(|| {
    let text = include_str!("append.sql");
    text.find("\nWITH ").map_or(text, |at| &text[at + 1..])
});

/// For one Postgres: a call may be about many organizations.
static MANY_ORGANIZATIONS: LazyLock<String> = LazyLock::new(|| {
    filled(*TEXT, &Parameters::described().lists, |place| match place {
        "told" | "given" | "keyed" => place.to_owned(),
        "proven" => "log = ANY (ARRAY(SELECT p.log FROM proven p))".to_owned(),
        "unstopped" => "NOT EXISTS (SELECT FROM stopped s WHERE s.log = t.log) \
             AND NOT EXISTS (SELECT FROM answered a WHERE a.log = t.log)"
            .to_owned(),
        "returning t.log" => "RETURNING t.log".to_owned(),
        _ => match place.strip_prefix("$1") {
            Some(index) => format!("($1::uuid[]){index}"),
            None => place.to_owned(),
        },
    })
});

/// Fills in the lists of columns, conditions, and all other places by what is given for them.
pub(super) fn filled(text: &str, lists: &[String; LISTS.len()], given: impl Fn(&str) -> String) -> String {
    let mut text = text.to_owned();
    for (name, list) in LISTS.iter().zip(lists) {
        text = text.replace(name, list);
    }
    let marks = [
        ("{mark columns}", MarkColumns::listed(|column| format!(", {column}"))),
        ("{marks given}", MarkColumns::listed(|column| format!(", g.{column}"))),
        ("{marks assigned}", MarkColumns::assigned()),
    ];
    for (name, list) in &marks {
        text = text.replace(name, list);
    }
    let mut filled = String::with_capacity(text.len());
    for part in text.split_inclusive('}') {
        match part.strip_suffix('}').and_then(|part| part.split_once('{')) {
            Some((before, place)) => {
                filled.push_str(before);
                match place.strip_prefix("when ") {
                    Some(when) => filled.push_str(when),
                    None => filled.push_str(&given(place)),
                }
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

/// Writes the batch to those of its logs that nothing stops.
pub(super) async fn write(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    form: Form,
) -> Result<Observed, StoreError> {
    let (text, parameters) = match form {
        Form::Together => (MANY_ORGANIZATIONS.as_str(), Parameters::of(batch)),
        Form::OfOne => (CALL.as_str(), Parameters::of_one(batch)),
    };
    let parameters = parameters.map_err(|error| StoreError::Statement(sqlx::Error::Encode(error)))?;
    let rows = sqlx::query_as_with::<_, ObservedRow, _>(text, parameters.arguments);
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
