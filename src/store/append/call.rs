//! The call: `append_events` of the migrations, which can do whatever rows ask for, at the price of what a function
//! costs. It gives every event its number, its time and its hashes.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{Append, Appended, DecidedOn, FlowRow, NewEvent, Outcome, Projection, StoreError, column};
use crate::flow::event::SCHEMA_VERSION;

#[derive(FromRow)]
struct OutcomeRow {
    o_outcome: String,
    o_stream_id: Uuid,
    o_version: i64,
    o_position: Option<i64>,
    o_recorded_at: Option<DateTime<Utc>>,
}

const APPEND: &str = "SELECT o_outcome, o_stream_id, o_version, o_position, o_recorded_at FROM append_events(\
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
    $24, $25, $26, $27, $28, $29)";

pub(super) async fn append(
    connection: &mut PgConnection,
    rows: &[Append],
) -> Result<Vec<Outcome>, StoreError> {
    debug_assert!(rows.is_sorted_by_key(|row| row.org_id), "rows must be grouped by organization");
    let events = |pick: fn(&NewEvent) -> Option<&[u8]>| column(rows, |row| row.event.as_ref().and_then(pick));
    let flows: Vec<Option<&FlowRow>> = column(rows, |row| match &row.projection {
        Projection::Flow(flow) => Some(flow),
        _ => None,
    });
    let query = sqlx::query_as::<_, OutcomeRow>(APPEND)
        .bind(column(rows, |row| row.org_id))
        .bind(column(rows, |row| i16::from(row.stream_kind.number())))
        .bind(column(rows, |row| row.stream_id))
        .bind(column(rows, |row| row.expected))
        .bind(column(rows, |row| row.event.as_ref().map(|event| event.event_id)))
        .bind(column(rows, |row| row.event.as_ref().map(|event| event.event_type.as_str())))
        .bind(column(rows, |_| SCHEMA_VERSION))
        .bind(events(|event| Some(&event.payload)))
        .bind(events(|event| Some(&event.context)))
        .bind(column(rows, |row| row.event.as_ref().map(|event| event.actor.as_str())))
        .bind(events(|event| event.document.as_ref().map(|digest| &digest.as_bytes()[..])))
        .bind(events(|event| event.document_bytes.as_deref()))
        .bind(column(rows, |row| row.event.as_ref().map(|event| event.enabled)))
        .bind(column(rows, |row| row.event.as_ref().map(|event| event.deleted)))
        .bind(column(rows, |row| row.event.as_ref().and_then(|event| event.published_version)))
        .bind(column(rows, |row| row.event.as_ref().and_then(|event| event.published_by_version)))
        .bind(events(|event| Some(&event.author)))
        .bind(column(&flows, |row| row.and_then(|row| row.phone_number_id.as_deref())))
        .bind(column(&flows, |row| row.map(|row| row.search.as_str())))
        .bind(column(&flows, |row| {
            row.and_then(|row| row.published_digest.as_ref()).map(|digest| &digest.as_bytes()[..])
        }))
        .bind(column(&flows, |row| row.and_then(|row| row.published_phone_number_id.as_deref())))
        .bind(column(&flows, |row| row.and_then(|row| row.published_search.as_deref())))
        .bind(column(&flows, |row| row.and_then(|row| row.duplicated_from).map(|from| from.0)))
        .bind(column(&flows, |row| row.and_then(|row| row.duplicated_from).map(|from| from.1)))
        .bind(column(&flows, |row| row.and_then(|row| row.restored_from)))
        .bind(column(rows, |row| match &row.projection {
            Projection::ApiKey(key) => Some(Json(key)),
            _ => None,
        }))
        .bind(column(rows, |row| row.idempotency.as_ref().map(|idempotency| idempotency.key.as_str())))
        .bind(column(rows, |row| {
            row.idempotency.as_ref().map(|idempotency| &idempotency.request.as_bytes()[..])
        }))
        .bind(column(&flows, |row| row.and_then(|row| row.decided_on.as_ref()).map(DecidedOn::as_bytes)));
    let outcomes = query.fetch_all(&mut *connection).await.map_err(StoreError::of_write)?;
    if outcomes.len() != rows.len() {
        return Err(StoreError::corrupt("append_events", "answered with another number of rows"));
    }
    outcomes.into_iter().map(outcome).collect()
}

fn outcome(row: OutcomeRow) -> Result<Outcome, StoreError> {
    Ok(match row.o_outcome.as_str() {
        "appended" => match (row.o_position, row.o_recorded_at) {
            (Some(position), Some(recorded_at)) => {
                Outcome::Appended(Appended { version: row.o_version, position, recorded_at })
            }
            _ => return Err(StoreError::corrupt("append_events", "appended without a place")),
        },
        "recorded" => Outcome::Recorded,
        "replayed" => Outcome::Replayed { stream_id: row.o_stream_id, version: row.o_version },
        "key_reused" => Outcome::KeyReused,
        "conflict" => Outcome::Conflict { version: row.o_version },
        other => return Err(StoreError::corrupt("append_events", format!("unknown outcome {other:?}"))),
    })
}
